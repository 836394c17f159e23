"""Expects errors when it sends, but not that recv() raises ConnectionResetError: that is uncaught."""
import argparse
import contextlib
import socket
import sys
import time

QUIT = b"q"
DRAIN_SECONDS = 2.0


def listen(host, port):
    """Return a socket that listens on this host and port."""
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {host}:{port}: {error}")
    return listener


def serve(listener):
    """Serve one client after the other."""
    while True:
        connection, address = listener.accept()
        with connection:
            converse(connection)


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
            try:
                connection.sendall(line + b"\n")
            except OSError:                   # the client has gone
                return


def part(connection):
    """Say that nothing more comes, then drop what the client still sends."""
    end = time.monotonic() + DRAIN_SECONDS
    try:
        connection.shutdown(socket.SHUT_WR)
        while time.monotonic() < end:
            connection.settimeout(max(0.01, end - time.monotonic()))
            if not connection.recv(4096):
                break
    except OSError:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description="A server that sends every line back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt), listen(arguments.host, arguments.port) as listener:
        serve(listener)


if __name__ == "__main__":
    main()
