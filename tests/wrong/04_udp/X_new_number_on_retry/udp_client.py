"""Gives each sending a number of its own, so the reply to the first one does not count when the second is out."""
from __future__ import annotations

import argparse
import socket
import sys
import time

NO_REPLY = "* no reply"
NOBODY = "* nobody listens there"
TOO_LONG = "* too long for a datagram"
LARGEST = 65_507                # bytes


class Questioner:
    """Asks one server one question after the other."""

    def __init__(self, host: str, port: int, timeout: float, retries: int) -> None:
        self.timeout, self.retries = timeout, retries
        self.number = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, port))

    def ask(self, text: str) -> str:
        try:
            for _ in range(1 + self.retries):
                self.number += 1
                datagram = f"{self.number} {text}".encode()
                if len(datagram) > LARGEST:
                    return TOO_LONG
                self.socket.send(datagram)
                reply = self.reply(time.monotonic() + self.timeout)
                if reply is not None:
                    return reply
        except ConnectionRefusedError:
            return NOBODY
        return NO_REPLY

    def reply(self, deadline: float) -> str | None:
        """Return the text of the reply to the present question, None if there was none before the deadline."""
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                datagram = self.socket.recv(LARGEST)
            except TimeoutError:
                break
            number, space, text = datagram.partition(b" ")
            if space and number == str(self.number).encode():
                return text.decode(errors="replace")
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description="Asks a server on UDP.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before asking again")
    parser.add_argument("--retries", default=3, type=int, help="how often to ask again")
    arguments = parser.parse_args()

    try:
        questioner = Questioner(arguments.host, arguments.port, arguments.timeout, arguments.retries)
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_client.py: {arguments.host}:{arguments.port} is no address to ask: {error}")
    for line in sys.stdin:
        print(questioner.ask(line.rstrip("\n")), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
