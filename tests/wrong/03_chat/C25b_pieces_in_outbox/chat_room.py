"""Puts a line into each outbox in two pieces, who and what, without a lock, so that two who speak mix their lines."""
import argparse
import contextlib
import queue
import socket
import threading
import time

from chat_server import listen
from protocol import BYE, lines, part

REFUSED = "* name refused"
BACKLOG = 1000


class Client(threading.Thread):
    """One client: run() hears it, and a second thread empties its outbox."""

    everybody: dict[str, "Client"] = {}
    change = threading.Lock()

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(daemon=True)
        self.connection = connection
        self.known_as = ""
        self.outbox: queue.Queue[bytes] = queue.Queue(2 * BACKLOG)
        self.writer = threading.Thread(target=self.write, daemon=True)

    def write(self) -> None:
        with contextlib.suppress(OSError):
            while piece := self.outbox.get():
                self.connection.sendall(piece)

    def put(self, piece: bytes) -> None:
        try:
            self.outbox.put_nowait(piece)
        except queue.Full:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        self.writer.start()
        with self.connection:
            for line in lines(self.connection):
                if line == BYE:
                    self.put(b"")
                    self.writer.join()
                    part(self.connection)
                    break
                if self.known_as:
                    self.say(line)
                else:
                    self.enter(line)
            self.leave()
        self.put(b"")

    def say(self, line: str) -> None:
        with self.change:
            others = [client for client in self.everybody.values() if client is not self]
        for other in others:
            other.put(f"{self.known_as}: ".encode())
        time.sleep(0.001)                     # let the other threads have their share
        for other in others:
            other.put(f"{line}\n".encode())

    def enter(self, name: str) -> None:
        with self.change:
            if not (name.isalnum() and len(name) <= 16) or name in self.everybody:
                self.put(f"{REFUSED}\n".encode())
                return
            self.known_as = name
            self.everybody[name] = self
            for client in self.everybody.values():
                client.put(f"* {name} joined\n".encode())

    def leave(self) -> None:
        with self.change:
            if self.everybody.pop(self.known_as, None):
                for client in self.everybody.values():
                    client.put(f"* {self.known_as} left\n".encode())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    listener = listen(arguments.host, arguments.port)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            Client(listener.accept()[0]).start()


if __name__ == "__main__":
    main()
