"""Says who has broken off by asking the socket for its peer, which after a reset it no longer has."""
import argparse
import socket
import sys
import time

DRAIN_SECONDS = 2.0


class Guest:
    def __init__(self, connection):
        self.connection = connection
        self.unfinished = b""

    @property
    def name(self):
        host, port = self.connection.getpeername()
        return f"{host}:{port}"

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.connection.close()

    def lines(self):
        while data := self.connection.recv(32768):
            *lines, self.unfinished = (self.unfinished + data).split(b"\n")
            yield from lines

    def entertain(self):
        for line in self.lines():
            if line == b"q":
                self.see_off()
                break
            self.connection.sendall(line + b"\n")

    def see_off(self):
        self.connection.shutdown(socket.SHUT_WR)
        end = time.monotonic() + DRAIN_SECONDS
        while (left := end - time.monotonic()) > 0:
            self.connection.settimeout(left)
            try:
                if not self.connection.recv(65536):
                    return
            except OSError:
                return


def converse(connection):
    Guest(connection).entertain()


def listen(host, port):
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {host}:{port}: {error}")


def serve(listener):
    while True:
        with Guest(listener.accept()[0]) as guest:
            try:
                guest.entertain()
            except OSError as error:
                print(f"{guest.name} broke off: {error.strerror}", file=sys.stderr, flush=True)


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
