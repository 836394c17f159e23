"""Expects sendall() to fail when the client is gone, but not the reading: a reset ends the server."""
import argparse
import socket
import sys
import time

DRAIN_SECONDS = 2.0


def listen(host, port):
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(20)
    except (OSError, OverflowError) as error:
        sys.exit(f"no server on {host}, port {port}: {error}")
    return listener


def serve(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            converse(connection)


def converse(connection):
    with connection.makefile("rb") as file:
        for line in file:
            if line == b"q\n":
                part(connection)
                break
            if not line.endswith(b"\n"):
                break                           # the client left in the middle of a line
            try:
                connection.sendall(line)
            except OSError:
                break                           # nobody there any more


def part(connection):
    """End the connection in good order."""
    try:
        connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                break
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser(description="An echo server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    arguments = parser.parse_args()
    try:
        with listen(arguments.host, arguments.port) as listener:
            serve(listener)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
