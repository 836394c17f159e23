"""Believes that shutdown() alone makes the end orderly: what comes behind the "q" is unread, and close() resets."""
import argparse
import socket
import sys


def listen(host, port):
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        sys.exit(f"echo_server.py: cannot listen on {host}:{port}: {error}")
    return listener


def read_line(connection):
    """Return the next line, and leave what comes behind it in the socket. b"" at the end."""
    line = b""
    while True:
        there = connection.recv(65536, socket.MSG_PEEK)         # look at it first
        if not there:
            return b""
        newline = there.find(b"\n")
        line += connection.recv(newline + 1 if newline >= 0 else len(there))
        if line.endswith(b"\n"):
            return line


def converse(connection):
    while line := read_line(connection):
        if line == b"q\n":
            part(connection)
            return
        connection.sendall(line)


def part(connection):
    """Let all that was sent arrive: only then does close() close."""
    connection.shutdown(socket.SHUT_RDWR)


def serve(listener):
    while True:
        connection, _ = listener.accept()
        try:
            with connection:
                converse(connection)
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
