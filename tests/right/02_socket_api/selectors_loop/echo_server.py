"""An echo server that never blocks: one loop, a selector, and a buffer each way.

It listens for the next client only while there is none. echo_many.py uses the same loop, and always listens.
"""
import argparse
import contextlib
import selectors
import socket
import sys
import time

DRAIN_SECONDS = 2.0
ENOUGH = 1 << 18                # so much unsent: read no more until some of it is gone


class Visitor:
    """One client. done is set when it can be closed."""

    def __init__(self, connection):
        connection.setblocking(False)
        self.connection = connection
        self.inbox = bytearray()
        self.outbox = bytearray()
        self.reading = True             # lines may still come
        self.quitting = False           # "q" was said
        self.deadline = None            # set while only the client's end is waited for
        self.done = False

    def interest(self):
        if self.deadline is not None:
            return selectors.EVENT_READ
        events = selectors.EVENT_WRITE if self.outbox else 0
        if self.reading and len(self.outbox) < ENOUGH:
            events |= selectors.EVENT_READ
        return events

    def ready(self, events):
        try:
            if events & selectors.EVENT_READ:
                self.read()
            if events & selectors.EVENT_WRITE and self.outbox:
                del self.outbox[:self.connection.send(self.outbox)]
            self.think()
        except BlockingIOError:
            pass
        except OSError:
            self.done = True

    def read(self):
        piece = self.connection.recv(65536)
        if self.deadline is not None:
            self.done = not piece
        elif not piece:
            self.reading = False
        else:
            self.inbox += piece
            self.take_lines()

    def take_lines(self):
        while self.reading and (end := self.inbox.find(b"\n") + 1):
            line = self.inbox[:end]
            del self.inbox[:end]
            if line == b"q\n":
                self.quitting, self.reading = True, False
            else:
                self.outbox += line

    def think(self):
        """Is everything said?"""
        if self.reading or self.outbox or self.deadline is not None:
            return
        if self.quitting:
            self.connection.shutdown(socket.SHUT_WR)
            self.deadline = time.monotonic() + DRAIN_SECONDS
        else:
            self.done = True


class Loop:
    def __init__(self, listener, most):
        """most: how many clients at once."""
        listener.setblocking(False)
        self.listener = listener
        self.most = most
        self.visitors = set()
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)

    def run(self):
        while True:
            for key, events in self.selector.select(self.patience()):
                if key.data is None:
                    self.welcome()
                else:
                    self.serve(key.data, events)
            for visitor in list(self.visitors):
                if visitor.deadline is not None and visitor.deadline <= time.monotonic():
                    self.dismiss(visitor)

    def patience(self):
        deadlines = [visitor.deadline for visitor in self.visitors if visitor.deadline is not None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def welcome(self):
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        visitor = Visitor(connection)
        self.visitors.add(visitor)
        self.selector.register(connection, visitor.interest(), visitor)
        if len(self.visitors) == self.most:
            self.selector.unregister(self.listener)

    def serve(self, visitor, events):
        visitor.ready(events)
        if visitor.done:
            self.dismiss(visitor)
        else:
            self.selector.modify(visitor.connection, visitor.interest(), visitor)

    def dismiss(self, visitor):
        if len(self.visitors) == self.most:
            self.selector.register(self.listener, selectors.EVENT_READ)
        self.visitors.remove(visitor)
        self.selector.unregister(visitor.connection)
        visitor.connection.close()


def main(most=1):
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    options = parser.parse_args()
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        listener = socket.create_server((options.host, options.port), family=family, backlog=100)
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {options.host}, port {options.port}: {error}")
    with listener, contextlib.suppress(KeyboardInterrupt):
        Loop(listener, most).run()


if __name__ == "__main__":
    main()
