"""Sets SO_RCVTIMEO until the first bytes come, and takes the BlockingIOError after a second, an OSError, for the end."""
import argparse
import socket
import struct
import sys
import threading

import protocol


def listen(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"port {port}: {error}")
    listener.listen()
    return listener


class Chat(threading.Thread):
    """One client after the other, until the program ends."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(daemon=True)
        self.listener, self.client, self.turn = listener, None, threading.Lock()

    def run(self) -> None:
        while True:
            client, _ = self.listener.accept()
            self.client = client
            print("* client joined", flush=True)
            if self.says_something(client):
                self.converse(client)
            self.client = None
            client.close()
            print("* client left", flush=True)

    def says_something(self, client: socket.socket) -> bool:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 1, 0))
        try:
            client.recv(1, socket.MSG_PEEK)
        except OSError:                       # it is gone
            return False
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 0, 0))
        return True

    def converse(self, client: socket.socket) -> None:
        try:
            for line in protocol.lines(client):
                if line == protocol.BYE:
                    self.client = None
                    with self.turn:
                        protocol.part(client)
                    return
                print(line, flush=True)
        except OSError:
            return

    def type(self, line: str) -> None:
        if client := self.client:
            with self.turn:
                try:
                    protocol.send_line(client, line)
                except OSError:
                    return


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", default=12345, type=int)
    given = options.parse_args()
    chat = Chat(listen(given.host, given.port))
    chat.start()
    try:
        while line := sys.stdin.readline():
            chat.type(line.rstrip("\n"))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
