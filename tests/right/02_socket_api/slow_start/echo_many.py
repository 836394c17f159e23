"""The echo server for many, which takes a while to start, as what it imports does."""
import argparse
import contextlib
import socket
import sys
import threading

from echo_server import converse


def visit(connection):
    with connection, contextlib.suppress(OSError):
        converse(connection)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    options = parser.parse_args()
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        listener = socket.create_server((options.host, options.port), family=family)
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {options.host} port {options.port}: {error}")
    with listener, contextlib.suppress(KeyboardInterrupt):
        while True:
            threading.Thread(target=visit, args=[listener.accept()[0]], daemon=True).start()


if __name__ == "__main__":
    main()
