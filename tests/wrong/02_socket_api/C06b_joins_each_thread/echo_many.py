"""Starts a thread for each client, and joins it before it accepts the next one."""
import argparse
import contextlib
import socket
import sys
import threading

from echo_server import converse


def listen(host: str, port: int) -> socket.socket:
    """Return a TCP socket of the host's family that listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        sys.exit(f"echo_many.py: cannot listen on {host}, port {port}: {error}")


class Visit(threading.Thread):
    """One client, in a thread of its own."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(daemon=True)
        self.connection = connection

    def run(self) -> None:
        with self.connection, contextlib.suppress(OSError):
            converse(self.connection)


def serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        visit = Visit(connection)
        visit.start()
        visit.join()


def main() -> None:
    parser = argparse.ArgumentParser(description="An echo server for many clients at once.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt), listen(arguments.host, arguments.port) as listener:
        serve(listener)


if __name__ == "__main__":
    main()
