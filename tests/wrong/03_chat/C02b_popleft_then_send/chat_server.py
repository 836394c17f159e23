"""Takes a line out of the outbox before send() has taken it, so that what a full socket refuses is lost."""
import argparse
import collections
import os
import select
import socket
import sys
import time

LINE_LIMIT = 4096
KEYBOARD = 0


def listen(host, port):
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}:{port} ({error})")


class Chat:
    """Everything in one thread: select() tells what can be done without waiting."""

    def __init__(self, listener):
        self.listener = listener
        self.client = None
        self.keyboard_open = True
        self.typed = b""
        self.forget()

    def forget(self):
        self.inbox = b""
        self.outbox = collections.deque()
        self.parting = False
        self.deadline = None

    def run(self):
        while self.keyboard_open or self.outbox:
            readers = [self.client or self.listener]
            if self.keyboard_open and len(self.outbox) < 1000:
                readers.append(KEYBOARD)
            writers = [self.client] if self.outbox else []
            timeout = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
            readable, writable, _ = select.select(readers, writers, [], timeout)
            if KEYBOARD in readable:
                self.read_keyboard()
            if self.listener in readable:
                self.welcome()
            if writable:
                self.write()
            if self.client in readable:
                self.read_client()
            if self.deadline is not None and time.monotonic() >= self.deadline:
                self.leave()

    def read_keyboard(self):
        piece = os.read(KEYBOARD, 65536)
        self.keyboard_open = bool(piece)
        *whole, self.typed = (self.typed + piece).split(b"\n")
        if not piece and self.typed:
            whole.append(self.typed)
        if self.client and not self.parting:
            self.outbox.extend(line + b"\n" for line in whole)
            self.write()                      # at once, if the socket takes it

    def welcome(self):
        self.client, _ = self.listener.accept()
        self.client.setblocking(False)
        print("* client joined", flush=True)

    def write(self):
        try:
            while self.outbox:
                self.client.send(self.outbox.popleft())
        except BlockingIOError:
            return                            # the socket is full: go on when select() says so
        except OSError:
            self.outbox.clear()               # gone, as recv() will tell
        if self.parting and not self.outbox:
            try:
                self.client.shutdown(socket.SHUT_WR)
                self.deadline = time.monotonic() + 2.0
            except OSError:
                self.deadline = time.monotonic()

    def read_client(self):
        try:
            piece = self.client.recv(4096)
        except OSError:
            piece = b""
        if not piece:
            self.leave()
            return
        if self.parting:
            return
        *whole, self.inbox = (self.inbox + piece).split(b"\n")
        for line in whole:
            if len(line) > LINE_LIMIT:
                self.leave()
                return
            if line == b"bye":
                self.outbox.append(b"^^^\n")
                self.parting = True
                return
            print(line.decode("utf-8", "replace"), flush=True)
        if len(self.inbox) > LINE_LIMIT:
            self.leave()

    def leave(self):
        self.client.close()
        self.client = None
        self.forget()
        print("* client left", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    given = parser.parse_args()
    try:
        Chat(listen(given.host, given.port)).run()
    except KeyboardInterrupt:
        pass
