"""A chat room made with socketserver.ThreadingTCPServer: a thread for each client, and one more for who is slow."""
import argparse
import collections
import socket
import socketserver
import sys
import threading
import time

LINE_LIMIT = 4096
DRAIN_SECONDS = 2.0
BACKLOG = 1000


class Guest(socketserver.StreamRequestHandler):
    """One client."""

    def setup(self):
        super().setup()
        self.name = None
        self.kept = collections.deque()
        self.writing = False                  # a thread is writing what is kept
        self.dead = False
        self.state = threading.Condition()

    def handle(self):
        bye = False
        try:
            while not bye and (line := self.rfile.readline(LINE_LIMIT + 1)).endswith(b"\n"):
                bye = line == b"bye\n"
                if not bye:
                    self.hear(str(line[:-1], "utf-8", "replace"))
        except OSError:
            pass
        if self.name is not None:
            self.server.leave(self.name)
        if bye:
            with self.state:
                self.state.wait_for(lambda: not self.writing)
            try:
                self.part()
            except OSError:
                pass
        self.hang_up()
        with self.state:
            self.dead = True
            self.kept.clear()
            self.state.wait_for(lambda: not self.writing)

    def hear(self, line):
        if self.name is not None:
            self.server.tell(f"{self.name}: {line}", but=self)
        elif self.server.enter(line, self):
            self.name = line
        else:
            self.tell(b"* name refused\n")

    def tell(self, data):
        """Never blocks."""
        with self.state:
            if self.dead:
                return
            if self.writing:
                self.kept.append(data)
                if len(self.kept) > BACKLOG:
                    self.dead = True
                    self.kept.clear()
                    self.hang_up()
                return
            try:
                sent = self.request.send(data, socket.MSG_DONTWAIT)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.dead = True
                return
            if sent < len(data):
                self.kept.append(data[sent:])
                self.writing = True
                threading.Thread(target=self.write, daemon=True).start()

    def write(self):
        while True:
            with self.state:
                if self.dead or not self.kept:
                    self.kept.clear()
                    self.writing = False
                    self.state.notify_all()
                    return
                data = self.kept.popleft()
            try:
                self.request.sendall(data)
            except OSError:
                with self.state:
                    self.dead = True

    def part(self):
        if self.dead:
            return
        self.request.sendall(b"^^^\n")
        self.request.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            self.request.settimeout(left)
            if not self.request.recv(65536):
                break

    def hang_up(self):
        try:
            self.request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Room(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address):
        self.guests = {}
        self.lock = threading.Lock()
        super().__init__(address, Guest)

    def enter(self, name, guest):
        with self.lock:
            if name in self.guests or not name.isalnum() or len(name) > 16:
                return False
            self.guests[name] = guest
            self._tell(f"* {name} joined", None)
            return True

    def leave(self, name):
        with self.lock:
            del self.guests[name]
            self._tell(f"* {name} left", None)

    def tell(self, line, but):
        with self.lock:
            self._tell(line, but)

    def _tell(self, line, but):
        for guest in self.guests.values():
            if guest is not but:
                guest.tell(line.encode() + b"\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    try:
        room = Room((arguments.host, arguments.port))
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"chat_room: {arguments.host}:{arguments.port}: {error}")
    room.serve_forever()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
