"""Keeps a list of all who were there, and ends connections with shutdown() but never closes them."""
import argparse
import contextlib
import select
import socket
import sys
import time

QUIT = b"q"
DRAIN_SECONDS = 2.0


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"echo_server.py: no listening on {host}, port {port}: {error}")


visitors = []                 # all who were here: connection, address, since when


def serve(listener: socket.socket) -> None:
    while True:
        connection, address = listener.accept()
        visitors.append((connection, address, time.time()))
        with contextlib.suppress(OSError):
            converse(connection)
            connection.shutdown(socket.SHUT_RDWR)


def converse(connection):
    """Send each line back."""
    buffer = b""
    while True:
        data = connection.recv(4096)
        if not data:
            return
        buffer += data
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            if line == QUIT:
                part(connection)
                return
            connection.sendall(line + b"\n")


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
