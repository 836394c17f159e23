"""Catches only OSError, but a port above 65535 makes bind() raise OverflowError."""
import argparse
import contextlib
import selectors
import socket
import sys
from typing import NamedTuple


class Message(NamedTuple):
    content: bytes
    address: str
    port: int

    def show(self) -> None:
        text = self.content.decode(encoding="utf-8", errors="replace")
        print(f"[{self.address}:{self.port}] {text}", flush=True)


class UdpServer:
    """Shows what comes, and sends it back."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind((host, port))
        except OSError as error:
            sys.exit(f"udp_server.py: port {port} on {host} is not to be had: {error}")
        self.socket.setblocking(False)

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            while True:
                selector.select()
                with contextlib.suppress(BlockingIOError):
                    self.handle()

    def handle(self) -> None:
        content, (address, port) = self.socket.recvfrom(1 << 16)
        message = Message(content, address, port)
        message.show()
        self.socket.sendto(message.content, (message.address, message.port))


def main() -> None:
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt):
        UdpServer(arguments.host, arguments.port).run()


if __name__ == "__main__":
    main()
