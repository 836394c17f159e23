"""Does not set SO_REUSEADDR, so it cannot be started again while its port is in TIME-WAIT."""
import argparse
import contextlib
import select
import socket
import sys
import time

QUIT = b"q"
DRAIN_SECONDS = 2.0


def listen(host, port):
    """Return a socket that listens on this host and port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind((host, port))
        listener.listen(5)
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {host}:{port}: {error}")
    return listener


def serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            converse(connection)


def converse(connection: socket.socket) -> None:
    """Let the file object find the lines."""
    with connection.makefile("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                return                        # the end came in the middle of a line
            if line == QUIT + b"\n":
                part(connection)
                return
            connection.sendall(line)


def part(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + DRAIN_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([connection], [], [], left)
        if not readable or not connection.recv(65536):
            return


def main() -> None:
    parser = argparse.ArgumentParser(description="A server that sends every line back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt), listen(arguments.host, arguments.port) as listener:
        serve(listener)


if __name__ == "__main__":
    main()
