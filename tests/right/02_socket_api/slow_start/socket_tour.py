"""A tour that takes a while to start."""
import argparse
import contextlib
import socket
import sys
import time

time.sleep(0.7)                 # a large library is imported here


class Tour:
    seconds = 0.5
    size = 20000

    def __init__(self, host, port):
        self.socket = socket.socket()
        self.socket.connect((host, port))

    def say(self, *words):
        sys.stdout.write(" ".join(map(str, words)) + "\n")
        sys.stdout.flush()

    def addresses(self):
        own = "own {} {}".format(*self.socket.getsockname())
        self.socket.send(own.encode("ascii") + b"\n")            # short, and the first: it is taken whole
        self.say("peer {} {}".format(*self.socket.getpeername()))
        self.say(own)

    def options(self):
        self.socket.settimeout(self.seconds)
        self.say("timeout", self.socket.gettimeout())
        for name, option, value in [("rcvbuf", socket.SO_RCVBUF, self.size), ("keepalive", socket.SO_KEEPALIVE, True)]:
            self.socket.setsockopt(socket.SOL_SOCKET, option, value)
            self.say(name, self.socket.getsockopt(socket.SOL_SOCKET, option))

    def silence(self):
        with contextlib.suppress(TimeoutError):
            self.socket.recv(1)
            return
        self.say("timed out")

    def end(self):
        self.socket.shutdown(socket.SHUT_WR)
        self.socket.settimeout(None)
        with self.socket, self.socket.makefile("rb") as file:
            self.say("received", len(file.read()), "bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    options = parser.parse_args()
    try:
        tour = Tour(options.host, options.port)
    except (OSError, OverflowError) as error:
        sys.exit(f"socket_tour.py: cannot connect to {options.host}, port {options.port}: {error}")
    for stop in tour.addresses, tour.options, tour.silence, tour.end:
        stop()
