"""The client with a selector, which waits for the keyboard and the connection in turn."""
import argparse
import os
import selectors
import socket
import sys
import time

SILENT = "* no reply yet"
GONE = "* server gone"


class Source:
    """Lines from something that a selector can wait for."""

    def __init__(self, thing, read):
        self.read = read
        self.rest = b""
        self.open = True
        self.selector = selectors.DefaultSelector()
        self.selector.register(thing, selectors.EVENT_READ)

    def line(self, patience=None, impatient=None):
        """Return a line without its newline, or None at the end, and call impatient() once if patience runs out."""
        deadline = None if patience is None else time.monotonic() + patience
        while b"\n" not in self.rest and self.open:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if self.selector.select(left):
                try:
                    piece = self.read()
                except OSError:
                    piece = b""
                self.rest += piece
                self.open = bool(piece)
            elif deadline is not None and time.monotonic() >= deadline:
                impatient()
                deadline = None
        line, newline, rest = self.rest.partition(b"\n")
        if not newline:
            return None
        self.rest = rest
        return line


class Stdin:
    """The keyboard. It may be a file too, for which there is nothing to wait; its last line may have no newline."""

    def __init__(self):
        self.rest = b""
        self.open = True

    def line(self):
        while b"\n" not in self.rest and self.open:
            piece = os.read(0, 65536)
            self.rest += piece
            self.open = bool(piece)
        line, newline, self.rest = self.rest.partition(b"\n")
        return line if line or newline else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    parser.add_argument("--timeout", type=float, default=5.0)
    options = parser.parse_args()

    with socket.socket() as connection:
        try:
            connection.connect((options.host, options.port))
        except (OSError, OverflowError) as error:
            sys.exit(f"cannot connect to {options.host}, port {options.port}: {error}")
        keyboard, server = Stdin(), Source(connection, lambda: connection.recv(4096))
        try:
            while (line := keyboard.line()) not in (None, b"q"):
                connection.sendall(line + b"\n")
                reply = server.line(options.timeout, lambda: print(SILENT, flush=True))
                if reply is None:
                    raise ConnectionError
                print("<-", reply.decode("utf-8", "replace"), flush=True)
            connection.sendall(b"q\n")
        except OSError:
            print(GONE, flush=True)
            sys.exit(1)
        while server.line() is not None:
            pass


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
