"""Takes in all that waits before it answers, and has one variable for the sender: all answers go to the last one."""
import argparse
import select
import socket
import sys


class UdpServer:
    """Shows datagrams and sends them back, as many at once as there are."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind((host, port))
        except (OSError, OverflowError) as error:
            sys.exit(f"udp_server.py: {host}, port {port}: {error}")
        self.waiting: list[bytes] = []
        self.sender = None

    def take_in(self) -> None:
        """Receive until nothing is left, and show it."""
        while select.select([self.socket], [], [], 0 if self.waiting else None)[0]:
            data, self.sender = self.socket.recvfrom(65535)
            print("[%s:%d] %s" % (*self.sender, data.decode("utf-8", "replace")), flush=True)
            self.waiting.append(data)

    def answer(self) -> None:
        while self.waiting:
            self.socket.sendto(self.waiting.pop(0), self.sender)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    server = UdpServer(arguments.host, arguments.port)
    try:
        while True:
            server.take_in()
            server.answer()
    except KeyboardInterrupt:
        pass
