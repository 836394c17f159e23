"""Shuts each connection down at its end, and keeps the socket object in a log of visits: it is never closed."""
import argparse
import socket
import sys
import time


class EchoServer:
    """Serves one client after the other."""

    def __init__(self, host: str, port: int) -> None:
        self.listener = socket.socket()
        try:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((host, port))
            self.listener.listen(16)
        except (OSError, OverflowError) as error:
            sys.exit(f"echo_server.py: {host}, port {port}: {error}")
        self.visits: list[tuple[float, socket.socket]] = []

    def run(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            self.visits.append((time.time(), connection))
            try:
                converse(connection)
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def converse(connection: socket.socket) -> None:
    """Send each line back, until the end or "q"."""
    buffer = bytearray()
    while data := connection.recv(8192):
        buffer += data
        while (end := buffer.find(b"\n")) >= 0:
            line = bytes(buffer[:end + 1])
            del buffer[:end + 1]
            if line == b"q\n":
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(2)
                while connection.recv(65536):
                    pass
                return
            connection.sendall(line)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    try:
        EchoServer(arguments.host, arguments.port).run()
    except KeyboardInterrupt:
        pass
