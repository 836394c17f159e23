"""Ends the conversation when the client is silent for a second: takes a timeout for the end."""
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
            converse(connection, patience=1.0)
        except OSError as error:
            print("lost", address, error, file=sys.stderr)
        finally:
            connection.close()


def converse(connection, patience=None):
    """Send each line back."""
    connection.settimeout(patience)
    buffer = b""
    while True:
        try:
            data = connection.recv(4096)
        except TimeoutError:
            print("nothing more comes", file=sys.stderr)
            return
        if not data:
            return
        buffer += data
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            if line == QUIT:
                part(connection)
                return
            connection.settimeout(None)       # however slowly the client reads
            connection.sendall(line + b"\n")
            connection.settimeout(patience)


def part(connection):
    """Say that nothing more comes, then drop what the client still sends."""
    connection.shutdown(socket.SHUT_WR)
    end = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < end:
        connection.settimeout(max(0.01, end - time.monotonic()))
        if not connection.recv(4096):
            break


def main() -> None:
    parser = argparse.ArgumentParser(description="A server that sends every line back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt), listen(arguments.host, arguments.port) as listener:
        serve(listener)


if __name__ == "__main__":
    main()
