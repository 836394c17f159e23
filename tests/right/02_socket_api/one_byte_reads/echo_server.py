"""An echo server that takes one byte with each recv()."""
import argparse
import socket
import sys
import time

DRAIN_SECONDS = 2.0


def listen(host, port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {host} port {port}: {error}")
    return listener


def read_line(connection):
    """Return a line with its newline, or what there is at the end."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            break
        line += byte
    return bytes(line)


def converse(connection):
    while (line := read_line(connection)).endswith(b"\n"):
        if line == b"q\n":
            part(connection)
            return
        while line:
            sent = connection.send(line)
            line = line[sent:]


def part(connection):
    connection.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + DRAIN_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        if not connection.recv(1):
            return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    options = parser.parse_args()
    listener = listen(options.host, options.port)
    while True:
        connection, _ = listener.accept()
        try:
            converse(connection)
        except OSError:
            pass
        connection.close()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
