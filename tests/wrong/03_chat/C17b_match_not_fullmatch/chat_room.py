"""Checks names with re.match(), which looks at the beginning only, so "bob: hi" or "bob left" is taken for a name."""
import argparse
import collections
import re
import socket
import sys
import threading

from chat_server import listen
from protocol import BYE, lines, part, send_line

REFUSED = "* name refused"
BACKLOG = 1000
NAME = re.compile(r"[^\W_]+")                 # letters and digits

members: dict[str, "Mailbox"] = {}
door = threading.RLock()


class Mailbox:
    """Lines for one client, which its own thread brings to it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.waiting: collections.deque[str] = collections.deque()
        self.changed = threading.Condition()
        self.ended = False
        self.carrier = threading.Thread(target=self.carry, daemon=True)
        self.carrier.start()

    def put(self, line: str) -> None:
        with self.changed:
            if len(self.waiting) < BACKLOG:
                self.waiting.append(line)
                self.changed.notify()
                return
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def end(self) -> None:
        with self.changed:
            self.ended = True
            self.changed.notify()

    def carry(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.waiting or self.ended)
                if not self.waiting:
                    return
                line = self.waiting.popleft()
            try:
                send_line(self.connection, line)
            except OSError:
                return


def publish(line: str, silent: Mailbox | None = None) -> None:
    with door:
        for mailbox in members.values():
            if mailbox is not silent:
                mailbox.put(line)


def enter(name: str, mailbox: Mailbox) -> bool:
    with door:
        if len(name) > 16 or not NAME.match(name) or name in members:
            mailbox.put(REFUSED)
            return False
        members[name] = mailbox
        publish(f"* {name} joined")
        return True


def visit(connection: socket.socket) -> None:
    name = ""
    with connection:
        mailbox = Mailbox(connection)
        for line in lines(connection):
            if line == BYE:
                mailbox.end()
                mailbox.carrier.join()
                part(connection)
                break
            if name:
                publish(f"{name}: {line}", silent=mailbox)
            elif enter(line, mailbox):
                name = line
        with door:
            if name:
                del members[name]
                publish(f"* {name} left")
        mailbox.end()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    listener = listen(arguments.host, arguments.port)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=visit, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
