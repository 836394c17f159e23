"""An echo server that takes a while to start."""
import argparse
import contextlib
import socket
import sys
import time

time.sleep(0.7)                 # a large library is imported here

DRAIN_SECONDS = 2.0


class Echo:
    """Decides what may be sent back. said_q is set when the client wants to leave."""

    def __init__(self):
        self.at_start = True            # of a line
        self.held = b""                 # a "q" there
        self.said_q = False

    def take(self, piece):
        """Return what is to be sent back now."""
        piece = self.held + piece
        self.held = b""
        place = 0
        while place < len(piece):
            if self.at_start and piece[place:] == b"q":
                self.held = b"q"
                break
            if self.at_start and piece.startswith(b"q\n", place):
                self.said_q = True
                break
            newline = piece.find(b"\n", place)
            self.at_start = newline >= 0
            place = newline + 1 if self.at_start else len(piece)
        return piece[:place]


def converse(connection):
    echo = Echo()
    while piece := connection.recv(2048):
        connection.sendall(echo.take(piece))
        if echo.said_q:
            part(connection)
            return


def part(connection):
    connection.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + DRAIN_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        if not connection.recv(65536):
            return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    options = parser.parse_args()
    try:
        listener = socket.create_server((options.host, options.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {options.host} port {options.port}: {error}")
    with listener, contextlib.suppress(KeyboardInterrupt):
        while True:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                converse(connection)


if __name__ == "__main__":
    main()
