"""An echo server that reads and writes the connection as a file."""
import argparse
import socket
import sys
import time

DRAIN_SECONDS = 2.0


def listen(host, port):
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"echo_server.py: cannot listen on {host} port {port}: {error}")


def converse(connection):
    with connection.makefile("rb") as reader, connection.makefile("wb", buffering=0) as writer:
        while (line := reader.readline()).endswith(b"\n"):
            if line == b"q\n":
                part(connection)
                break
            left = memoryview(line)
            while left:                                 # an unbuffered file may write less than it is given
                left = left[writer.write(left):]


def part(connection):
    connection.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + DRAIN_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        if not connection.recv(65536):
            break


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    options = parser.parse_args()
    with listen(options.host, options.port) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    converse(connection)
                except OSError:
                    pass


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
