"""A chat room in classes. A client is a thread, and has a state: a stranger at first, then a member."""
from __future__ import annotations

import argparse
import collections
import contextlib
import socket
import sys
import threading
import time


class Mailbox:
    """What one client is told. Posting never waits; a postman, who comes when there is too much, does."""

    CAPACITY = 1000

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._letters: collections.deque[bytes] = collections.deque()
        self._postman: threading.Thread | None = None
        self._closed = False
        self._lock = threading.Lock()

    def post(self, line: str) -> None:
        letter = f"{line}\n".encode()
        with self._lock:
            if self._closed:
                return
            if self._postman is None:
                letter = letter[self._send_now(letter):]
                if letter and not self._closed:
                    self._letters.append(letter)
                    self._postman = threading.Thread(target=self._carry, daemon=True)
                    self._postman.start()
            elif len(self._letters) < self.CAPACITY:
                self._letters.append(letter)
            else:
                self._close()

    def close(self) -> None:
        with self._lock:
            self._close()
        self.wait()

    def wait(self) -> None:
        """Wait until everything is carried out, or never can be."""
        if (postman := self._postman) is not None:
            postman.join()

    def _send_now(self, letter: bytes) -> int:
        try:
            return self._connection.send(letter, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except OSError:
            self._closed = True
            return 0

    def _close(self) -> None:
        self._closed = True
        self._letters.clear()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _carry(self) -> None:
        while True:
            with self._lock:
                if not self._letters:
                    self._postman = None
                    return
                letter = self._letters.popleft()
            try:
                self._connection.sendall(letter)
            except OSError:
                with self._lock:
                    self._closed = True
                    self._letters.clear()


class Room:
    def __init__(self) -> None:
        self._mailboxes: dict[str, Mailbox] = {}
        self._lock = threading.RLock()

    def admit(self, name: str, mailbox: Mailbox) -> bool:
        with self._lock:
            if not (name.isalnum() and len(name) <= 16) or name in self._mailboxes:
                return False
            self._mailboxes[name] = mailbox
            self.announce(f"* {name} joined")
        return True

    def dismiss(self, name: str) -> None:
        with self._lock:
            del self._mailboxes[name]
            self.announce(f"* {name} left")

    def announce(self, line: str, but: str | None = None) -> None:
        with self._lock:
            for name, mailbox in self._mailboxes.items():
                if name != but:
                    mailbox.post(line)


class State:
    """What becomes of a line."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def hear(self, line: str) -> State:
        raise NotImplementedError

    def gone(self) -> None:
        """The client's end has come."""


class Stranger(State):
    def hear(self, line: str) -> State:
        if self.client.room.admit(line, self.client.mailbox):
            return Member(self.client, line)
        self.client.mailbox.post("* name refused")
        return self


class Member(State):
    def __init__(self, client: Client, name: str) -> None:
        super().__init__(client)
        self.name = name

    def hear(self, line: str) -> State:
        self.client.room.announce(f"{self.name}: {line}", but=self.name)
        return self

    def gone(self) -> None:
        self.client.room.dismiss(self.name)


class Client(threading.Thread):
    LIMIT = 4096
    DRAIN_SECONDS = 2.0

    def __init__(self, connection: socket.socket, room: Room) -> None:
        super().__init__(daemon=True)
        self.connection = connection
        self.room = room
        self.mailbox = Mailbox(connection)

    def run(self) -> None:
        state: State = Stranger(self)
        bye = False
        for line in self._lines():
            if line == "bye":
                bye = True
                break
            state = state.hear(line)
        state.gone()
        if bye:
            self.mailbox.wait()
            self._part()
        self.mailbox.close()
        self.connection.close()

    def _lines(self):
        rest = b""
        with contextlib.suppress(OSError):
            while piece := self.connection.recv(4096):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    if len(line) > self.LIMIT:
                        return
                    yield line.decode("utf-8", errors="replace")
                if len(rest) > self.LIMIT:
                    return

    def _part(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.sendall(b"^^^\n")
            self.connection.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + self.DRAIN_SECONDS
            while (left := deadline - time.monotonic()) > 0:
                self.connection.settimeout(left)
                if not self.connection.recv(65536):
                    return


class Program:
    def __init__(self) -> None:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", default=12345, type=int)
        self._options = parser.parse_args()

    def run(self) -> int:
        try:
            listener = socket.create_server((self._options.host, self._options.port), backlog=256)
        except (OSError, OverflowError, ValueError) as error:
            print(f"no chat on {self._options.host}, port {self._options.port}: {error}", file=sys.stderr)
            return 1
        room = Room()
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                time.sleep(0.05)
            else:
                Client(connection, room).start()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(Program().run())
