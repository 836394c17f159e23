"""A UDP client of one thread, which waits for the keyboard, the network and the clock in one place."""
import argparse
import collections
import os
import selectors
import socket
import sys
import time

LARGEST = 65507


class Client:
    def __init__(self, sock, timeout, retries):
        self.sock, self.timeout, self.retries = sock, timeout, retries
        self.typed = b""                      # not yet a whole line
        self.ended = False
        self.lines = collections.deque()      # typed, not yet asked
        self.number = 0
        self.question = None                  # the datagram that waits for its reply
        self.left = 0                         # how often it may still be sent
        self.deadline = 0.0
        self.selector = selectors.SelectSelector()        # epoll would refuse a stdin that is a file
        self.selector.register(sock, selectors.EVENT_READ, self.network)
        self.selector.register(0, selectors.EVENT_READ, self.keyboard)

    def run(self):
        while True:
            self.next_question()
            if self.question is None and self.ended:
                return
            wait = None if self.question is None else max(0.0, self.deadline - time.monotonic())
            ready = self.selector.select(wait)
            for key, _ in ready:
                key.data()
            if self.question is not None and time.monotonic() >= self.deadline:
                self.send()

    def keyboard(self):
        piece = os.read(0, 1 << 16)
        if not piece:
            self.ended = True
            self.selector.unregister(0)
            if self.typed:
                self.lines.append(self.typed)
            return
        *whole, self.typed = (self.typed + piece).split(b"\n")
        self.lines.extend(whole)

    def network(self):
        while True:
            try:
                reply = self.sock.recv(LARGEST)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                self.show(b"* nobody listens there")
                continue
            if self.question is not None and reply.startswith(self.head):
                self.show(reply.removeprefix(self.head))

    def next_question(self):
        while self.question is None and self.lines:
            self.number += 1
            self.head = f"{self.number} ".encode()
            self.question = self.head + self.lines.popleft().decode("utf-8", "replace").encode()
            if len(self.question) > LARGEST:
                self.show(b"* too long for a datagram")
                continue
            self.left = 1 + self.retries
            self.send()

    def send(self):
        if self.left == 0:
            self.show(b"* no reply")
            return
        self.left -= 1
        self.deadline = time.monotonic() + self.timeout
        try:
            self.sock.send(self.question)
        except ConnectionRefusedError:
            self.show(b"* nobody listens there")
        except BlockingIOError:
            pass                              # as good as lost

    def show(self, text):
        if self.question is not None:
            self.question = None
            print(text.decode("utf-8", "replace"), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=3, type=int)
    args = parser.parse_args()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.connect((args.host, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_client.py: {args.host}:{args.port}: {error}")
    sock.setblocking(False)
    Client(sock, args.timeout, args.retries).run()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
