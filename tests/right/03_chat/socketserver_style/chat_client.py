"""A chat client in the style of socketserver's handlers: rfile to read from, wfile to write to."""
import argparse
import os
import socket
import sys
import threading

LINE_LIMIT = 4096


class ServerIsGone(Exception):
    pass


class Conversation:
    def __init__(self, connection):
        self.rfile = connection.makefile("rb")
        self.wfile = connection.makefile("wb", 0)

    def write(self, data):
        while data:
            data = data[self.wfile.write(data):]          # a raw file may take less

    def handle(self):
        while (line := self.readline()) != b"^^^\n":
            print(str(line[:-1], "utf-8", "replace"), flush=True)

    def readline(self):
        try:
            line = self.rfile.readline(LINE_LIMIT + 1)
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            raise ServerIsGone
        return line

    def type(self):
        try:
            for line in sys.stdin.buffer:
                line = line.removesuffix(b"\n") + b"\n"
                if line == b"bye\n":
                    break
                self.write(line)
            self.write(b"bye\n")
        except OSError:
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    try:
        if not 0 <= arguments.port <= 65535:
            raise ValueError("there is no such port")
        connection = socket.create_connection((arguments.host, arguments.port))
    except (OSError, ValueError) as error:
        sys.exit(f"chat_client: {arguments.host}:{arguments.port}: {error}")
    conversation = Conversation(connection)
    threading.Thread(target=conversation.type, daemon=True).start()
    try:
        conversation.handle()
    except ServerIsGone:
        print("* server gone", flush=True)
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        os._exit(130)
