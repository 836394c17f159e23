"""Asks getaddrinfo() for the address to bind to without saying the host, so that it receives on all addresses."""
import argparse
import contextlib
import socket
import sys


class UdpServer(contextlib.AbstractContextManager):
    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.buffer = bytearray(65535)

    def __enter__(self) -> "UdpServer":
        try:
            if self.port > 65535:
                raise OverflowError("port must be 0-65535")
            *kind, _, address = socket.getaddrinfo(None, self.port, socket.AF_INET, socket.SOCK_DGRAM,
                                                   flags=socket.AI_PASSIVE)[0]
            self.socket = socket.socket(*kind)
            self.socket.bind(address)
        except (OSError, OverflowError) as error:
            sys.exit(f"udp_server.py: cannot receive on {self.host}, port {self.port}: {error}")
        return self

    def __exit__(self, *exception) -> bool:
        self.socket.close()
        return exception[0] is KeyboardInterrupt

    def run(self) -> None:
        while True:
            size, sender = self.socket.recvfrom_into(self.buffer)
            message = self.buffer[:size]
            print("[{}:{}] {}".format(*sender, message.decode(errors="replace")), flush=True)
            self.socket.sendto(message, sender)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    arguments = parser.parse_args()
    with UdpServer(arguments.host, arguments.port) as server:
        server.run()
