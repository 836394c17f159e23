"""A chat room, which takes its time to start."""
import time

time.sleep(1.0)          # wait for a slow disk, say

import argparse
import collections
import socket
import sys
import threading

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0
REFUSED = "* name refused"
BACKLOG = 1000


def lines(connection):
    """Yield the lines that arrive, as text, until the other side is gone or has sent too long a line."""
    pending = bytearray()
    while True:
        try:
            piece = connection.recv(8192)
        except OSError:
            return
        if not piece:
            return
        pending += piece
        while (newline := pending.find(b"\n")) >= 0:
            if newline > LINE_LIMIT:
                return
            line = bytes(pending[:newline])
            del pending[:newline + 1]
            yield line.decode("utf-8", errors="replace")
        if len(pending) > LINE_LIMIT:
            return


def send_line(connection, text):
    connection.sendall(text.encode("utf-8", errors="surrogateescape") + b"\n")


def part(connection):
    """Answer, and end in good order: say that this was all, then drop what still comes until the client's end."""
    try:
        send_line(connection, ANSWER)
        connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                return
    except OSError:
        pass


def listen(host, port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"cannot listen on {host}, port {port}: {error}")
    return listener


class Member:
    """Somebody who is connected. What the network does not take at once is kept, and written by a thread."""

    def __init__(self, connection):
        self.connection = connection
        self._kept = collections.deque()
        self._count = 0                       # lines kept, those that are being written included
        self._over = False
        self._changed = threading.Condition()
        threading.Thread(target=self._write, daemon=True).start()

    def tell(self, text):
        """Never blocks."""
        data = text.encode() + b"\n"
        with self._changed:
            if self._over:
                return
            if not self._count:
                try:
                    data = data[self.connection.send(data, socket.MSG_DONTWAIT):]
                except BlockingIOError:
                    pass
                except OSError:
                    self._give_up()
                    return
                if not data:
                    return
            if self._count >= BACKLOG:
                self._give_up()
                self.hang_up()
                return
            self._kept.append(data)
            self._count += 1
            self._changed.notify_all()

    def finish(self):
        """Wait until all is written, or cannot be."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or not self._count)

    def stop(self):
        with self._changed:
            self._give_up()

    def hang_up(self):
        """Wake whoever reads or writes here."""
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _give_up(self):
        self._over = True
        self._kept.clear()
        self._count = 0
        self._changed.notify_all()

    def _write(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._kept)
                if self._over:
                    return
                batch = [self._kept.popleft() for _ in range(min(50, len(self._kept)))]
            try:
                self.connection.sendall(b"".join(batch))
            except OSError:
                self.stop()
                return
            with self._changed:
                if not self._over:
                    self._count -= len(batch)
                    self._changed.notify_all()


class Room:
    """Who is here, by name."""

    def __init__(self):
        self._lock = threading.Lock()
        self._members = {}

    def enter(self, name, member):
        with self._lock:
            if name in self._members or len(name) > 16 or not name.isalnum():
                return False
            self._members[name] = member
            self._tell_all(f"* {name} joined")
            return True

    def leave(self, name):
        with self._lock:
            del self._members[name]
            self._tell_all(f"* {name} left")

    def say(self, name, text):
        with self._lock:
            self._tell_all(f"{name}: {text}", name)

    def _tell_all(self, text, but=None):
        for name, member in self._members.items():
            if name != but:
                member.tell(text)


def visit(room, connection):
    """Serve one client, in a thread of its own."""
    with connection:
        member = Member(connection)
        name = None
        said_bye = False
        for line in lines(connection):
            if line == BYE:
                said_bye = True
                break
            if name is not None:
                room.say(name, line)
            elif room.enter(line, member):
                name = line
            else:
                member.tell(REFUSED)
        if name is not None:
            room.leave(name)                  # nobody tells it anything any more
        if said_bye:
            member.finish()
            part(connection)
        member.stop()
        member.hang_up()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()

    try:
        listener = listen(arguments.host, arguments.port)
        room = Room()
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                time.sleep(0.05)
                continue
            threading.Thread(target=visit, args=[room, connection], daemon=True).start()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
