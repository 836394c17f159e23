"""Takes turns: after each piece from the client it waits for a typed line, and only then for the client again."""
import argparse
import os
import select
import socket
import sys

from protocol import BYE, LINE_LIMIT, part


def listen(host, port):
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")


class Keyboard:
    def __init__(self):
        self.typed = b""
        self.ended = False

    def more(self):
        piece = os.read(0, 4096)
        self.typed += piece
        self.ended = not piece

    def ask(self):
        """Return the next line that is typed, like input()."""
        while b"\n" not in self.typed and not self.ended:
            self.more()
        if not self.typed and self.ended:
            raise EOFError
        line, _, self.typed = self.typed.partition(b"\n")
        return line

    def drop(self):
        """Nobody is here to read what was typed."""
        self.more()
        self.typed = self.typed.rpartition(b"\n")[2]
        if self.ended:
            raise EOFError


def conversation(connection, keyboard):
    kept = b""
    while True:
        try:
            piece = connection.recv(4096)
        except OSError:
            return
        if not piece:
            return
        *whole, kept = (kept + piece).split(b"\n")
        for line in whole:
            if len(line) > LINE_LIMIT:
                return
            text = line.decode("utf-8", "replace")
            if text == BYE:
                part(connection)
                return
            print(text, flush=True)
        if len(kept) > LINE_LIMIT:
            return
        if whole:
            reply = keyboard.ask()
            try:
                connection.sendall(reply + b"\n")
            except OSError:
                return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    listener = listen(arguments.host, arguments.port)
    keyboard = Keyboard()
    try:
        while True:
            ready, _, _ = select.select([listener, 0], [], [])
            if 0 in ready:
                keyboard.drop()
            if listener in ready:
                connection, _ = listener.accept()
                with connection:
                    print("* client joined", flush=True)
                    conversation(connection, keyboard)
                keyboard.typed = b""
                print("* client left", flush=True)
    except (EOFError, KeyboardInterrupt):
        pass


if __name__ == "__main__":
    main()
