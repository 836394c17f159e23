"""A UDP server of one thread on a non-blocking socket, which takes all that is there, and answers when it can."""
import argparse
import collections
import selectors
import socket
import sys


class Loop:
    def __init__(self, sock):
        self.sock = sock
        self.outbox = collections.deque()
        self.selector = selectors.DefaultSelector()
        self.selector.register(sock, selectors.EVENT_READ)

    def run(self):
        while True:
            for _, events in self.selector.select():
                if events & selectors.EVENT_READ:
                    self.read()
                if self.outbox:
                    self.write()
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.outbox else 0)
            self.selector.modify(self.sock, wanted)

    def read(self):
        while True:
            try:
                message, sender = self.sock.recvfrom(1 << 16)
            except BlockingIOError:
                return
            except OSError:
                continue
            print(f"[{sender[0]}:{sender[1]}] {message.decode(errors='replace')}", flush=True)
            self.outbox.append((message, sender))

    def write(self):
        while self.outbox:
            try:
                self.sock.sendto(*self.outbox[0])
            except BlockingIOError:
                return
            except OSError:
                pass
            self.outbox.popleft()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    args = parser.parse_args()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    try:
        sock.bind((args.host, args.port))
    except (OSError, OverflowError) as error:
        print(f"udp_server.py: {args.host}:{args.port}: {error}", file=sys.stderr)
        return 1
    try:
        Loop(sock).run()
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
