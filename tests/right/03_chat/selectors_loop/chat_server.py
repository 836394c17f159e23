"""A chat server of one thread, which never waits for anything but for the next thing to happen."""
import argparse
import os
import selectors
import socket
import sys
import time

LINE_LIMIT = 4096
DRAIN_SECONDS = 2.0
JOINED = "* client joined"
LEFT = "* client left"
ENOUGH = 65536                                # with so much unsent, no more is read from the keyboard
KEYBOARD = 0


class Client:
    def __init__(self, connection):
        connection.setblocking(False)
        self.connection = connection
        self.inbox = b""
        self.outbox = bytearray()
        self.can_send = True
        self.parting = False
        self.deadline = None                  # when parting, and the answer is out
        self.ended = False                    # its end has come
        self.gone = False

    def send(self, data):
        if self.can_send:
            self.outbox += data
            self.flush()

    def flush(self):
        """Send as much as can be sent now."""
        while self.outbox and self.can_send:
            try:
                sent = self.connection.send(self.outbox)
            except BlockingIOError:
                return
            except OSError:
                self.can_send = False
                self.outbox.clear()
                if self.parting:
                    self.gone = True
                return
            del self.outbox[:sent]
        if self.parting and self.deadline is None and not self.gone:
            self.deadline = time.monotonic() + DRAIN_SECONDS
            try:
                self.connection.shutdown(socket.SHUT_WR)
            except OSError:
                self.gone = True
            if self.ended:
                self.gone = True

    def receive(self):
        try:
            piece = self.connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            self.gone = True
            return
        if self.parting:
            if not piece:
                self.ended = True
                self.gone = self.deadline is not None
            return
        if not piece:
            self.gone = True
            return
        *lines, self.inbox = (self.inbox + piece).split(b"\n")
        for line in lines:
            if len(line) > LINE_LIMIT:
                self.gone = True
                return
            if line == b"bye":
                self.parting = True
                if self.can_send:
                    self.send(b"^^^\n")
                else:
                    self.gone = True
                return
            print(line.decode("utf-8", "replace"), flush=True)
        if len(self.inbox) > LINE_LIMIT:
            self.gone = True


class Server:
    def __init__(self, listener):
        self.listener = listener
        self.client = None
        self.typed = b""
        self.typing = True

    def run(self):
        while self.typing or (self.client and self.client.outbox):
            for what in self.wait():
                if what == "listener":
                    self.accept()
                elif what == "keyboard":
                    self.read_keyboard()
                elif what == "write" and self.client:
                    self.client.flush()
                elif what == "read" and self.client:
                    self.client.receive()
            client = self.client
            if client and (client.gone or client.deadline and time.monotonic() >= client.deadline):
                client.connection.close()
                self.client = None
                print(LEFT, flush=True)

    def wait(self):
        """Wait until something can be done. Returns what."""
        interests = []
        client = self.client
        timeout = None
        if client is None:
            if self.typing:
                interests.append((self.listener, selectors.EVENT_READ, {selectors.EVENT_READ: "listener"}))
        else:
            events = (0 if client.ended else selectors.EVENT_READ) | (selectors.EVENT_WRITE if client.outbox else 0)
            if events:
                names = {selectors.EVENT_WRITE: "write", selectors.EVENT_READ: "read"}
                interests.append((client.connection, events, names))
            if client.deadline is not None:
                timeout = max(0, client.deadline - time.monotonic())
        if self.typing and not (client and len(client.outbox) > ENOUGH):
            interests.append((KEYBOARD, selectors.EVENT_READ, {selectors.EVENT_READ: "keyboard"}))
        with selectors.PollSelector() as selector:
            for what, events, names in interests:
                selector.register(what, events, names)
            return [name for key, events in selector.select(timeout)
                    for event, name in key.data.items() if event & events]

    def accept(self):
        try:
            connection, _ = self.listener.accept()
        except OSError:
            time.sleep(0.01)
            return
        self.client = Client(connection)
        print(JOINED, flush=True)

    def read_keyboard(self):
        piece = os.read(KEYBOARD, 65536)
        if not piece:
            self.typing = False
            piece = b"\n" if self.typed else b""
        end = (self.typed + piece).rfind(b"\n") + 1
        whole, self.typed = (self.typed + piece)[:end], (self.typed + piece)[end:]
        if whole and self.client and not self.client.parting:
            self.client.send(whole)


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
    Server(listener).run()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
