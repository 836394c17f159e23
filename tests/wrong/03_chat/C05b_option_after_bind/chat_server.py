"""Sets SO_REUSEADDR only after bind(), where it is too late, so a restart within the minute of TIME-WAIT fails."""
import argparse
import contextlib
import queue
import socket
import sys
import threading

from protocol import BYE, lines, part, send_line


def listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind((host, port))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")
    return listener


class Visit:
    """One client: this thread hears it, and a second thread writes to it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.lock = threading.Lock()

    def hear(self) -> None:
        for line in lines(self.connection):
            if line == BYE:
                with self.lock:
                    part(self.connection)
                return
            print(line, flush=True)

    def say(self, line: str) -> None:
        with contextlib.suppress(OSError), self.lock:
            send_line(self.connection, line)


class Server:
    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.visits: queue.LifoQueue[Visit] = queue.LifoQueue()

    def run(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            with connection:
                visit = Visit(connection)
                self.visits.put(visit)
                print("* client joined", flush=True)
                visit.hear()
                self.visits.get()
            print("* client left", flush=True)

    def say(self, line: str) -> None:
        with contextlib.suppress(IndexError):
            self.visits.queue[-1].say(line)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    server = Server(listen(arguments.host, arguments.port))
    threading.Thread(target=server.run, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        for line in sys.stdin:
            server.say(line.removesuffix("\n"))


if __name__ == "__main__":
    main()
