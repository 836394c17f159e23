"""A chat room of one thread, which never waits for anything but for the next thing to happen."""
import argparse
import collections
import selectors
import socket
import sys
import time

LINE_LIMIT = 4096
DRAIN_SECONDS = 2.0
BACKLOG = 1000


class Client:
    def __init__(self, connection):
        self.connection = connection
        self.inbox = b""
        self.outbox = collections.deque()     # lines; the first one may be a rest
        self.name = None
        self.can_send = True
        self.parting = False
        self.deadline = None
        self.ended = False
        self.gone = False
        self.events = 0                       # what the selector watches


class Room:
    def __init__(self, listener):
        self.listener = listener
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.clients = set()
        self.members = {}

    def run(self):
        while True:
            now = time.monotonic()
            deadlines = [client.deadline for client in self.clients if client.deadline is not None]
            timeout = max(0, min(deadlines) - now) if deadlines else None
            for key, events in self.selector.select(timeout):
                client = key.data
                if client is None:
                    self.accept()
                    continue
                if events & selectors.EVENT_WRITE:
                    self.flush(client)
                if events & selectors.EVENT_READ and not client.gone:
                    self.receive(client)
            self.tidy()

    def tidy(self):
        """Take leave of those who are gone, and watch for what the others need."""
        now = time.monotonic()
        for client in self.clients:
            if client.deadline is not None and now >= client.deadline:
                client.gone = True
        while gone := [client for client in self.clients if client.gone]:
            for client in gone:
                self.clients.discard(client)
                self.watch(client, 0)
                client.connection.close()
                self.leave(client)            # telling the others may reveal that more are gone
        for client in self.clients:
            wanted = (0 if client.ended else selectors.EVENT_READ) | (selectors.EVENT_WRITE if client.outbox else 0)
            self.watch(client, wanted)

    def watch(self, client, wanted):
        if wanted == client.events:
            return
        if not wanted:
            self.selector.unregister(client.connection)
        elif client.events:
            self.selector.modify(client.connection, wanted, client)
        else:
            self.selector.register(client.connection, wanted, client)
        client.events = wanted

    def accept(self):
        try:
            connection, _ = self.listener.accept()
        except OSError:
            time.sleep(0.01)
            return
        connection.setblocking(False)
        self.clients.add(Client(connection))

    def leave(self, client):
        if client.name is not None:
            name, client.name = client.name, None
            del self.members[name]
            self.tell_all(f"* {name} left")

    def tell_all(self, text, but=None):
        data = f"{text}\n".encode()
        for member in self.members.values():
            if member is not but:
                self.tell(member, data)

    def tell(self, client, data):
        if client.gone or not client.can_send:
            return
        client.outbox.append(data)
        if len(client.outbox) == 1:
            self.flush(client)
        if len(client.outbox) > BACKLOG:
            client.outbox.clear()
            client.gone = True

    def flush(self, client):
        while client.outbox:
            data = client.outbox[0]
            try:
                sent = client.connection.send(data)
            except BlockingIOError:
                return
            except OSError:
                client.can_send = False       # what it sent before may still be read
                client.outbox.clear()
                client.gone = client.parting
                return
            if sent < len(data):
                client.outbox[0] = data[sent:]
            else:
                client.outbox.popleft()
        if client.parting and client.deadline is None:
            client.deadline = time.monotonic() + DRAIN_SECONDS
            try:
                client.connection.shutdown(socket.SHUT_WR)
            except OSError:
                client.gone = True
            client.gone = client.gone or client.ended

    def receive(self, client):
        try:
            piece = client.connection.recv(16384)
        except BlockingIOError:
            return
        except OSError:
            client.gone = True
            return
        if client.parting:
            if not piece:
                client.ended = True
                client.gone = client.deadline is not None
            return
        if not piece:
            client.gone = True
            return
        *lines, client.inbox = (client.inbox + piece).split(b"\n")
        for line in lines:
            if len(line) > LINE_LIMIT or client.gone:
                client.gone = True
                return
            self.hear(client, line.decode("utf-8", "replace"))
            if client.parting:
                return
        if len(client.inbox) > LINE_LIMIT:
            client.gone = True

    def hear(self, client, line):
        if line == "bye":
            self.leave(client)
            client.parting = True
            if client.can_send:
                client.outbox.append(b"^^^\n")
                self.flush(client)
            else:
                client.gone = True
        elif client.name is not None:
            self.tell_all(f"{client.name}: {line}", but=client)
        elif line.isalnum() and len(line) <= 16 and line not in self.members:
            client.name = line
            self.members[line] = client
            self.tell_all(f"* {line} joined")
        else:
            self.tell(client, b"* name refused\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((arguments.host, arguments.port))
        listener.listen(100)
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"cannot listen on {arguments.host}:{arguments.port}: {error}")
    listener.setblocking(False)
    Room(listener).run()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
