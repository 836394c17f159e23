"""Reads on until a newline has come, and never asks whether the client has closed: recv() returns b"" for ever."""
import argparse
import contextlib
import socket
import sys
import time

DRAIN_SECONDS = 2.0


class Client:
    """One client, and what it has sent that is not yet a line."""

    def __init__(self, connection):
        self.connection = connection
        self.buffer = b""

    def readline(self):
        while b"\n" not in self.buffer:
            self.buffer += self.connection.recv(65536)
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def writeline(self, line):
        self.connection.sendall(line + b"\n")

    def say_goodbye(self):
        self.connection.shutdown(socket.SHUT_WR)
        until = time.monotonic() + DRAIN_SECONDS
        while (seconds := until - time.monotonic()) > 0:
            self.connection.settimeout(seconds)
            if not self.connection.recv(65536):
                break


def listen(host, port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {host}:{port} ({error})")
    return listener


def serve(listener):
    while True:
        connection, _ = listener.accept()
        with contextlib.suppress(OSError):
            converse(connection)
        connection.close()


def converse(connection):
    client = Client(connection)
    while True:
        line = client.readline()
        if line == b"q":
            client.say_goodbye()
            break
        client.writeline(line)


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
