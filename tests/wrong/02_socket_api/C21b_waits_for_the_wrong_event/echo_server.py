"""Waits until the listening socket can be WRITTEN to before it accepts: it never can, so nobody is ever accepted."""
import argparse
import contextlib
import selectors
import socket
import sys
import time

DRAIN_SECONDS = 2.0


def listen(host, port):
    try:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
        listener.setblocking(False)
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {host}:{port}: {error}")
    return listener


def serve(listener):
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_WRITE)
    while True:
        for _ in selector.select():
            try:
                connection, _ = listener.accept()
            except BlockingIOError:
                continue
            connection.setblocking(True)
            with connection, contextlib.suppress(OSError):
                converse(connection)


def converse(connection):
    pending = b""
    while piece := connection.recv(65536):
        *whole, pending = (pending + piece).split(b"\n")
        for line in whole:
            if line == b"q":
                part(connection)
                return
            connection.sendall(line + b"\n")


def part(connection):
    connection.shutdown(socket.SHUT_WR)
    end = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < end:
        connection.settimeout(max(0.01, end - time.monotonic()))
        if connection.recv(4096) == b"":
            break


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
