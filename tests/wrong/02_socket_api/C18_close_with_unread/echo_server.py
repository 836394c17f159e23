"""Closes at once after "q" although the client's input is not all read, so the kernel resets."""
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
        try:
            converse(connection)
        except OSError as error:
            print("lost", address, error, file=sys.stderr)
        finally:
            connection.close()


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
                return
            connection.sendall(line + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="A server that sends every line back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt), listen(arguments.host, arguments.port) as listener:
        serve(listener)


if __name__ == "__main__":
    main()
