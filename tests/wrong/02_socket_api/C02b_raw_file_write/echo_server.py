"""Writes to an unbuffered makefile() of a non-blocking socket: like send(), its write() may take only a part."""
import argparse
import select
import socket
import sys
import time

DRAIN_SECONDS = 2.0


def listen(host, port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)     # for each client: one line at most
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot use port {port} of {host}: {error}")
    listener.listen()
    return listener


def serve(listener):
    while True:
        connection, _ = listener.accept()
        try:
            converse(connection)
        except OSError:
            pass
        finally:
            connection.close()


def converse(connection):
    connection.setblocking(False)
    with connection.makefile("wb", buffering=0) as out:
        rest = b""
        while True:
            select.select([connection], [], [])
            data = connection.recv(65536)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            leaving = b"q" in lines
            if leaving:
                del lines[lines.index(b"q"):]
            if lines:
                select.select([], [connection], [])             # wait until there is room
                out.write(b"\n".join(lines) + b"\n")
            if leaving:
                part(connection)
                return


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
