"""Deletes a member that is gone from the dict while it iterates over that dict: RuntimeError ends the room."""
import argparse
import collections
import selectors
import socket
import time

from chat_server import listen

REFUSED = "* name refused"
BACKLOG = 1000
LINE_LIMIT = 4096


class Member:
    """One connection that never blocks, and the lines that wait to be written to it."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.name = ""
        self.inbox = b""
        self.outbox: collections.deque[bytes] = collections.deque()
        self.parting = False
        self.deadline = float("inf")
        self.dead = False

    def tell(self, text: str) -> None:
        if self.parting or self.dead:
            return
        if len(self.outbox) >= BACKLOG:
            self.dead = True
        else:
            self.outbox.append(text.encode() + b"\n")

    def write(self) -> None:
        try:
            while self.outbox:
                count = self.connection.send(self.outbox[0])
                self.outbox[0] = self.outbox[0][count:]
                if not self.outbox[0]:
                    self.outbox.popleft()
            if self.parting and self.deadline == float("inf"):
                self.connection.shutdown(socket.SHUT_WR)
                self.deadline = time.monotonic() + 2.0
        except BlockingIOError:
            pass
        except OSError:
            self.outbox.clear()
            if self.parting:
                self.deadline = 0.0

    def part(self) -> None:
        self.outbox.append(b"^^^\n")
        self.parting = True


class Room:
    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.connected: set[Member] = set()
        self.members: dict[str, Member] = {}

    def run(self) -> None:
        while True:
            wake = min((member.deadline for member in self.connected), default=float("inf"))
            timeout = None if wake == float("inf") else max(0.0, wake - time.monotonic())
            for key, events in self.selector.select(timeout):
                if key.data is None:
                    self.accept()
                    continue
                if events & selectors.EVENT_WRITE:
                    key.data.write()
                if events & selectors.EVENT_READ and key.data in self.connected:
                    self.read(key.data)
            for member in list(self.connected):
                self.look_after(member)
            for member in self.connected:
                self.want(member)

    def accept(self) -> None:
        connection, _ = self.listener.accept()
        member = Member(connection)
        self.connected.add(member)
        self.selector.register(connection, selectors.EVENT_READ, member)

    def look_after(self, member: Member) -> None:
        if member.deadline <= time.monotonic():
            self.forget(member)
            self.members.pop(member.name, None)
            if member.name:
                self.broadcast(f"* {member.name} left")
        elif member.dead:
            self.forget(member)
            if member.name in self.members:
                self.broadcast(f"* {member.name} left")

    def want(self, member: Member) -> None:
        pending = member.outbox or member.parting and member.deadline == float("inf")
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if pending else 0)
        if self.selector.get_key(member.connection).events != wanted:
            self.selector.modify(member.connection, wanted, member)

    def forget(self, member: Member) -> None:
        self.connected.discard(member)
        self.selector.unregister(member.connection)
        member.connection.close()

    def broadcast(self, text: str, silent: Member | None = None) -> None:
        for name, member in self.members.items():
            if member not in self.connected:
                del self.members[name]        # a dead one: out with it
            elif member is not silent:
                member.tell(text)

    def read(self, member: Member) -> None:
        try:
            piece = member.connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if member.parting:
            if not piece:
                member.deadline = 0.0
            return
        if not piece:
            member.dead = True
            return
        *whole, member.inbox = (member.inbox + piece).split(b"\n")
        for raw in whole:
            if len(raw) > LINE_LIMIT:
                member.dead = True
                return
            line = raw.decode("utf-8", "replace")
            if line == "bye":
                member.part()
                return
            self.heard(member, line)
        if len(member.inbox) > LINE_LIMIT:
            member.dead = True

    def heard(self, member: Member, line: str) -> None:
        if member.name:
            self.broadcast(f"{member.name}: {line}", silent=member)
        elif line.isalnum() and len(line) <= 16 and line not in self.members:
            member.name = line
            self.members[line] = member
            self.broadcast(f"* {line} joined")
        else:
            member.tell(REFUSED)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    try:
        Room(listen(arguments.host, arguments.port)).run()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
