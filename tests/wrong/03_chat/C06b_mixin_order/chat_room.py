"""Names ThreadingMixIn behind TCPServer, so its process_request() is never reached and clients are served in turn."""
import argparse
import contextlib
import queue
import socket
import socketserver
import threading

from chat_server import listen
from protocol import BYE, lines, part, send_line

REFUSED = "* name refused"
BACKLOG = 1000


class RoomServer(socketserver.TCPServer, socketserver.ThreadingMixIn):
    """A server with one thread for each client, and what these threads share."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname()[:2], Guest, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.names: dict[str, Guest] = {}
        self.lock = threading.RLock()

    def tell(self, text: str, silent: "Guest | None" = None) -> None:
        with self.lock:
            for guest in self.names.values():
                if guest is not silent:
                    guest.post(text)


class Guest(socketserver.BaseRequestHandler):
    def setup(self) -> None:
        self.name = ""
        self.outbox: queue.Queue[str | None] = queue.Queue(BACKLOG)
        self.postman = threading.Thread(target=self.deliver, daemon=True)
        self.postman.start()

    def handle(self) -> None:
        for line in lines(self.request):
            if line == BYE:
                self.post(None)
                self.postman.join()
                part(self.request)
                return
            if self.name:
                self.server.tell(f"{self.name}: {line}", silent=self)
            else:
                self.introduce(line)

    def introduce(self, name: str) -> None:
        with self.server.lock:
            if not name.isalnum() or len(name) > 16 or name in self.server.names:
                self.post(REFUSED)
                return
            self.name = name
            self.server.names[name] = self
            self.server.tell(f"* {name} joined")

    def finish(self) -> None:
        with self.server.lock:
            if self.name:
                del self.server.names[self.name]
                self.server.tell(f"* {self.name} left")
        self.post(None)

    def post(self, text: str | None) -> None:
        try:
            self.outbox.put_nowait(text)
        except queue.Full:
            with contextlib.suppress(OSError):
                self.request.shutdown(socket.SHUT_RDWR)

    def deliver(self) -> None:
        with contextlib.suppress(OSError):
            while (text := self.outbox.get()) is not None:
                send_line(self.request, text)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        RoomServer(listen(arguments.host, arguments.port)).serve_forever()


if __name__ == "__main__":
    main()
