"""A chat room of threads: one for each client, one which knows who is here, and helpers for those who are slow.

Only the clerk changes the list of members, and only it tells them something: all others ask it, through its queue.
"""
import argparse
import collections
import queue
import socket
import sys
import threading
import time

LINE_LIMIT = 4096
BACKLOG = 1000
DRAIN_SECONDS = 2.0


def hang_up(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Outbox:
    """What one client has still to be told."""

    def __init__(self, connection):
        self.connection = connection
        self.waiting = collections.deque()
        self.lock = threading.Lock()
        self.idle = threading.Event()         # set: nothing waits, and no helper is at work
        self.idle.set()
        self.dead = False

    def put(self, data):
        """Send at once what the network takes at once. A helper thread cares for the rest, while there is a rest."""
        with self.lock:
            if self.dead:
                return
            if self.idle.is_set():
                try:
                    data = data[self.connection.send(data, socket.MSG_DONTWAIT):]
                except BlockingIOError:
                    pass
                except OSError:
                    self.dead = True
                    return
                if not data:
                    return
                self.idle.clear()
                self.waiting.append(data)
                threading.Thread(target=self.help, daemon=True).start()
            elif len(self.waiting) < BACKLOG:
                self.waiting.append(data)
            else:
                self.dead = True
                self.waiting.clear()
                hang_up(self.connection)

    def help(self):
        while True:
            with self.lock:
                if not self.waiting:
                    self.idle.set()
                    return
                data = self.waiting.popleft()
            try:
                self.connection.sendall(data)
            except OSError:
                with self.lock:
                    self.dead = True
                    self.waiting.clear()


def clerk(questions):
    members = {}

    def tell(text, but=None):
        data = text.encode() + b"\n"
        for name, outbox in members.items():
            if name != but:
                outbox.put(data)

    while True:
        kind, name, what, answer = questions.get()
        if kind == "enter":
            good = name.isalnum() and len(name) <= 16 and name not in members
            if good:
                members[name] = what
                tell(f"* {name} joined")
            answer.put(good)
        elif kind == "say":
            tell(f"{name}: {what}", but=name)
        else:
            del members[name]
            tell(f"* {name} left")
            answer.put(True)


def ask(questions, kind, name, what=None):
    answer = queue.SimpleQueue()
    questions.put((kind, name, what, answer))
    return answer.get()


def read_lines(connection):
    data = b""
    while len(data) <= LINE_LIMIT:
        try:
            more = connection.recv(2048)
        except OSError:
            return
        if more == b"":
            return
        data += more
        while b"\n" in data:
            line, data = data.split(b"\n", 1)
            if len(line) > LINE_LIMIT:
                return
            yield line.decode(errors="replace")


def guest(connection, questions):
    outbox = Outbox(connection)
    name = None
    bye = False
    for line in read_lines(connection):
        if line == "bye":
            bye = True
            break
        if name is not None:
            questions.put(("say", name, line, None))
        elif ask(questions, "enter", line, outbox):
            name = line
        else:
            outbox.put(b"* name refused\n")
    if name is not None:
        ask(questions, "leave", name)
    if bye:
        outbox.idle.wait()
        try:
            connection.sendall(b"^^^\n")
            connection.shutdown(socket.SHUT_WR)
            end = time.monotonic() + DRAIN_SECONDS
            while time.monotonic() < end:
                connection.settimeout(max(0.001, end - time.monotonic()))
                if connection.recv(1 << 16) == b"":
                    break
        except OSError:
            pass
    hang_up(connection)
    outbox.idle.wait()
    connection.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    options = parser.parse_args()
    try:
        try:
            listener = socket.create_server((options.host, options.port), backlog=200)
        except (OSError, OverflowError, ValueError) as problem:
            print(f"Cannot listen on port {options.port} of {options.host}: {problem}", file=sys.stderr)
            return 1
        questions = queue.Queue(100)
        threading.Thread(target=clerk, args=(questions,), daemon=True).start()
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                time.sleep(0.05)
                continue
            threading.Thread(target=guest, args=(connection, questions), daemon=True).start()
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
