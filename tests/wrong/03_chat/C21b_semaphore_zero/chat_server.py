"""Lets one client in at a time with a Semaphore that begins at 0, so it waits for ever and never accepts anybody."""
import argparse
import socket
import sys
import threading

from protocol import BYE, lines, part, send_line


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")


class ChatServer:
    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.chair = threading.Semaphore(0)   # how many are on the chair for the one client: none yet
        self.client: socket.socket | None = None
        self.sending = threading.Lock()

    def accept(self) -> None:
        while True:
            self.chair.acquire()
            connection, _ = self.listener.accept()
            threading.Thread(target=self.talk, args=[connection], daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        with connection:
            self.client = connection
            print("* client joined", flush=True)
            for line in lines(connection):
                if line == BYE:
                    with self.sending:
                        part(connection)
                    break
                print(line, flush=True)
            self.client = None
        print("* client left", flush=True)
        self.chair.release()

    def keyboard(self) -> None:
        for line in sys.stdin:
            connection = self.client
            if connection is None:
                continue
            try:
                with self.sending:
                    send_line(connection, line.removesuffix("\n"))
            except OSError:
                pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    server = ChatServer(listen(arguments.host, arguments.port))
    threading.Thread(target=server.accept, daemon=True).start()
    try:
        server.keyboard()
    except KeyboardInterrupt:
        pass
