"""Holds one lock for all clients while it sends: one that never reads keeps the lock, and everybody waits."""
import argparse
import socket
import sys
import threading

from echo_server import part

sending = threading.Lock()          # threads must not write at the same time


class Visit(threading.Thread):
    def __init__(self, connection):
        super().__init__(daemon=True)
        self.connection = connection

    def run(self):
        try:
            self.converse()
        except OSError:
            pass
        finally:
            self.connection.close()

    def converse(self):
        pending = b""
        while data := self.connection.recv(8192):
            pending += data
            while b"\n" in pending:
                line, pending = pending.split(b"\n", 1)
                if line == b"q":
                    part(self.connection)
                    return
                with sending:
                    self.connection.sendall(line + b"\n")


def listen(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        sys.exit(f"echo_many.py: {host} port {port}: {error}")
    return listener


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    arguments = parser.parse_args()
    listener = listen(arguments.host, arguments.port)
    try:
        while True:
            connection, _ = listener.accept()
            Visit(connection).start()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
