"""A chat server made with socketserver. TCPServer serves one client at a time, which is just what is wanted."""
import argparse
import socket
import socketserver
import sys
import threading
import time

LINE_LIMIT = 4096
DRAIN_SECONDS = 2.0
JOINED = "* client joined"
LEFT = "* client left"


class Conversation(socketserver.StreamRequestHandler):
    """One client. self.rfile reads from it, self.wfile writes to it, without a buffer."""

    def handle(self):
        self.server.conversation = self
        print(JOINED, flush=True)
        try:
            while (line := self.rfile.readline(LINE_LIMIT + 1)).endswith(b"\n"):
                if line == b"bye\n":
                    self.server.conversation = None
                    with self.server.writing:
                        self.part()
                    return
                print(str(line[:-1], "utf-8", "replace"), flush=True)
        except OSError:
            pass                              # it is gone
        finally:
            self.server.conversation = None

    def part(self):
        self.wfile.write(b"^^^\n")
        self.request.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            self.request.settimeout(left)
            if not self.request.recv(65536):
                break


class ChatServer(socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address):
        self.conversation = None
        self.writing = threading.Lock()
        super().__init__(address, Conversation)

    def say(self, data):
        if self.conversation is None:
            return
        with self.writing:
            conversation = self.conversation
            if conversation is not None:
                try:
                    conversation.wfile.write(data)
                except (OSError, ValueError):
                    pass                      # it is gone, and its file may be closed

    def shutdown_request(self, request):
        try:
            request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.close_request(request)
        print(LEFT, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    try:
        server = ChatServer((arguments.host, arguments.port))
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"chat_server: {arguments.host}:{arguments.port}: {error}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in sys.stdin.buffer:
        server.say(line.removesuffix(b"\n") + b"\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
