"""Closes right after the handler has written the answer to "bye": with input unread, the kernel sends a reset."""
import argparse
import contextlib
import socket
import socketserver
import sys
import threading

from protocol import ANSWER, BYE, LINE_LIMIT


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")


class Visit(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        print("* client joined", flush=True)
        self.server.visit = self
        with contextlib.suppress(OSError):
            while (raw := self.rfile.readline(LINE_LIMIT + 1)).endswith(b"\n"):
                text = raw[:-1].decode(errors="replace")
                if text == BYE:
                    with self.server.lock:
                        self.server.visit = None
                        self.wfile.write(ANSWER.encode() + b"\n")
                    break
                print(text, flush=True)
        self.server.visit = None


class ChatServer(socketserver.TCPServer):
    """Handles one request, that is one client, after the other."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname(), Visit, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.visit: Visit | None = None
        self.lock = threading.Lock()

    def shutdown_request(self, request: socket.socket) -> None:
        request.close()
        print("* client left", flush=True)

    def say(self, text: str) -> None:
        with self.lock:
            visit = self.visit
            if visit:
                with contextlib.suppress(OSError, ValueError):
                    visit.wfile.write(f"{text}\n".encode())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    server = ChatServer(listen(arguments.host, arguments.port))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        for line in sys.stdin:
            server.say(line.removesuffix("\n"))


if __name__ == "__main__":
    main()
