"""Looks the port up with getaddrinfo(), which makes 23352 of 88888 silently: a port that does not exist works."""
import argparse
import socket
import sys
import time

DRAIN_SECONDS = 2.0


def listen(host, port):
    """After the example in the documentation of socket: try each address that the look-up returns."""
    try:
        found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM, 0, socket.AI_PASSIVE)
    except OSError as error:
        sys.exit(f"unknown address {host}: {error}")
    problem = None
    for family, kind, protocol, _, address in found:
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
            return listener
        except OSError as error:
            problem = error
            listener.close()
    sys.exit(f"cannot listen on {host}, port {port}: {problem}")


def serve(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                converse(connection)
            except OSError:
                pass


def converse(connection):
    pending = b""
    while True:
        data = connection.recv(65536)
        if not data:
            break
        pending += data
        lines = pending.split(b"\n")
        pending = lines.pop()
        for line in lines:
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
