"""Waits with a selector before it reads, but never before it writes: one full socket blocks the only thread."""
import argparse
import dataclasses
import selectors
import socket
import time

from chat_server import listen
from protocol import ANSWER, BYE, DRAIN_SECONDS, LINE_LIMIT, send_line

REFUSED = "* name refused"


@dataclasses.dataclass(eq=False)
class Guest:
    connection: socket.socket
    name: str | None = None
    unfinished: bytes = b""
    deadline: float | None = None             # set once it has said bye

    def tell(self, text):
        try:
            send_line(self.connection, text)
        except OSError:
            pass                              # it is gone, as recv() will tell


def announce(guests, text, but=None):
    for guest in guests:
        if guest.name and guest.deadline is None and guest is not but:
            guest.tell(text)


def hear(guests, guest):
    """Take what a guest has sent. Returns False when it is over with it."""
    try:
        piece = guest.connection.recv(4096)
    except OSError:
        return False
    if not piece:
        return False
    if guest.deadline is not None:
        return True                           # it has said bye: nothing counts any more
    *whole, guest.unfinished = (guest.unfinished + piece).split(b"\n")
    for raw in whole:
        if len(raw) > LINE_LIMIT:
            return False
        line = raw.decode("utf-8", "replace")
        if line == BYE:
            guest.tell(ANSWER)
            guest.deadline = time.monotonic() + DRAIN_SECONDS
            try:
                guest.connection.shutdown(socket.SHUT_WR)
            except OSError:
                return False
            return True
        if guest.name:
            announce(guests, f"{guest.name}: {line}", but=guest)
        elif not line.isalnum() or len(line) > 16 or any(line == other.name for other in guests):
            guest.tell(REFUSED)
        else:
            guest.name = line
            announce(guests, f"* {line} joined")
    return len(guest.unfinished) <= LINE_LIMIT


def run(listener):
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    guests = []

    def leave(guest):
        selector.unregister(guest.connection)
        guest.connection.close()
        guests.remove(guest)
        if guest.name:
            announce(guests, f"* {guest.name} left")

    while True:
        deadlines = [guest.deadline for guest in guests if guest.deadline is not None]
        timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        for key, _ in selector.select(timeout):
            if key.data is None:
                connection, _ = listener.accept()
                guests.append(Guest(connection))
                selector.register(connection, selectors.EVENT_READ, guests[-1])
            elif not hear(guests, key.data):
                leave(key.data)
        for guest in guests[:]:
            if guest.deadline is not None and time.monotonic() >= guest.deadline:
                leave(guest)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    try:
        run(listen(arguments.host, arguments.port))
    except KeyboardInterrupt:
        pass
