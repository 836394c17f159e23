"""Serves all clients in one thread, with a sendall() that blocks: who never reads holds up everybody."""
import argparse
import contextlib
import selectors
import socket
import sys
import time

QUIT = b"q"
DRAIN_SECONDS = 2.0


def listen(host: str, port: int) -> socket.socket:
    """Return a TCP socket of the host's family that listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        sys.exit(f"echo_many.py: cannot listen on {host}, port {port}: {error}")


class Visitor:
    """A client that is here."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.pending = b""
        self.deadline = None                  # when it said q: until then what it still sends is dropped

    def hear(self) -> bool:
        """Take what has come, and answer. False at the end."""
        piece = self.connection.recv(65536)
        if not piece:
            return False
        if self.deadline:
            return True
        *lines, self.pending = (self.pending + piece).split(b"\n")
        for line in lines:
            if line == QUIT:
                self.connection.shutdown(socket.SHUT_WR)
                self.deadline = time.monotonic() + DRAIN_SECONDS
                break
            self.connection.sendall(line + b"\n")
        return True


def serve(listener: socket.socket) -> None:
    """One loop for all: the selector tells who has said something."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    visitors = {}

    def forget(visitor: Visitor) -> None:
        selector.unregister(visitor.connection)
        del visitors[visitor.connection]
        visitor.connection.close()

    while True:
        parting = [visitor for visitor in visitors.values() if visitor.deadline]
        for key, _ in selector.select(0.1 if parting else None):
            if key.fileobj is listener:
                connection, _ = listener.accept()
                visitors[connection] = Visitor(connection)
                selector.register(connection, selectors.EVENT_READ)
                continue
            visitor = visitors[key.fileobj]
            try:
                here = visitor.hear()
            except OSError:
                here = False
            if not here:
                forget(visitor)
        for visitor in parting:
            if visitor.connection in visitors and time.monotonic() > visitor.deadline:
                forget(visitor)


def main() -> None:
    parser = argparse.ArgumentParser(description="An echo server for many clients at once.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt), listen(arguments.host, arguments.port) as listener:
        serve(listener)


if __name__ == "__main__":
    main()
