"""Takes one line at most out of what each recv() brought: the second of two lines in one piece waits for the next."""
import argparse
import socket
import sys
import time

DRAIN_SECONDS = 2.0


class LineBuffer:
    """Collects pieces, and gives lines."""

    def __init__(self):
        self.data = bytearray()

    def add(self, piece):
        self.data += piece

    def line(self):
        """Return the next line with its newline, or None if there is none yet."""
        end = self.data.find(b"\n") + 1
        if end == 0:
            return None
        line = bytes(self.data[:end])
        del self.data[:end]
        return line


def listen(host, port):
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"echo_server.py: {host}:{port}: {error}")


def serve(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                converse(connection)
            except OSError:
                pass


def answer(connection, line):
    """Answer one line. Returns whether the conversation goes on."""
    if line == b"q\n":
        part(connection)
        return False
    connection.sendall(line)
    return True


def converse(connection):
    buffer = LineBuffer()
    while True:
        piece = connection.recv(65536)
        if not piece:
            break
        buffer.add(piece)
        line = buffer.line()
        if line is not None and not answer(connection, line):
            return
    # the client is done: what is left?
    while (line := buffer.line()) is not None:
        if not answer(connection, line):
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
