"""Leaves a client that has closed in the selector until the next one comes, so select() returns at once for ever."""
import argparse
import selectors
import socket
import sys
import threading

from protocol import BYE, LINE_LIMIT, part, send_line


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")


class Network(threading.Thread):
    """Accepts and hears, with a selector. The keyboard sends through say()."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(daemon=True)
        self.listener = listener
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ, self.accept)
        self.connection: socket.socket | None = None
        self.present = False
        self.pending = b""
        self.lock = threading.Lock()

    def run(self) -> None:
        while True:
            for key, _ in self.selector.select():
                key.data()

    def accept(self) -> None:
        if self.connection:
            self.close()                      # the one before
        self.connection, _ = self.listener.accept()
        self.pending = b""
        self.selector.unregister(self.listener)
        self.selector.register(self.connection, selectors.EVENT_READ, self.hear)
        self.present = True
        print("* client joined", flush=True)

    def hear(self) -> None:
        try:
            piece = self.connection.recv(4096)
        except OSError:
            self.close()
            self.left()
            return
        if not piece:
            self.left()
            return
        *whole, self.pending = (self.pending + piece).split(b"\n")
        for line in whole:
            if len(line) > LINE_LIMIT:
                break
            if line == BYE.encode():
                with self.lock:
                    part(self.connection)
                break
            print(line.decode(errors="replace"), flush=True)
        else:
            if len(self.pending) <= LINE_LIMIT:
                return
        self.close()
        self.left()

    def left(self) -> None:
        if self.present:
            self.present = False
            if self.connection:
                try:
                    self.connection.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
            print("* client left", flush=True)

    def close(self) -> None:
        self.selector.unregister(self.connection)
        self.connection.close()
        self.connection = None

    def say(self, line: str) -> None:
        connection = self.connection
        if self.present and connection:
            try:
                with self.lock:
                    send_line(connection, line)
            except OSError:
                pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    network = Network(listen(arguments.host, arguments.port))
    network.start()
    try:
        for line in sys.stdin:
            network.say(line.rstrip("\n"))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
