"""Asks again and again, for ever, where nobody answers."""
import argparse
import os
import socket
import sys
import time
from pathlib import Path

import packets

BLOCK = 512


class Failure(Exception):
    pass


class Client:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.timeout, self.retries, self.dally = arguments.timeout, arguments.retries, arguments.dally
        if not 0 < arguments.port < 65536:
            raise Failure(f"no such port: {arguments.port}")
        try:
            self.server = socket.gethostbyname(arguments.host), arguments.port
        except OSError as error:
            raise Failure(f"{arguments.host}: {error}") from None
        self.tid: tuple | None = None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self, packet: bytes) -> None:
        self.socket.sendto(packet, self.tid or self.server)

    def receive(self, end: float) -> tuple | None:
        """A packet from the server; None if none has come until then."""
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                datagram, sender = self.socket.recvfrom(65536)
            except TimeoutError:
                return None
            if sender[0] != self.server[0]:
                continue
            if self.tid and sender != self.tid:
                if datagram[:2] != b"\0\5":
                    self.socket.sendto(packets.error(packets.UNKNOWN_ID, "wrong port"), sender)
                continue
            try:
                packet = packets.decode(datagram)
            except packets.PacketError:
                continue
            if packet[0] == packets.ERROR:
                text = "".join(letter if letter.isprintable() else "?" for letter in packet[2])
                raise Failure(f"the server says ERROR {packet[1]}: {text}")
            return (*packet, sender)
        return None

    def ask(self, packet: bytes, opcode: int, number: int) -> bytes:
        """Send it until the answer comes. Returns the block, if the answer is a DATA."""
        wait = self.timeout
        while True:
            self.send(packet)
            end = time.monotonic() + wait
            while answer := self.receive(end):
                if answer[:2] == (opcode, number):
                    self.tid = answer[-1]
                    return answer[2] if opcode == packets.DATA else b""
                if opcode == packets.DATA and self.tid and answer[:2] == (packets.DATA, (number - 1) % 65536):
                    self.send(packet)
            wait = min(wait * 2, 60)

    def get(self, name: str, path: Path) -> None:
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with partial.open("wb") as file:
                packet, number, size = packets.request(packets.RRQ, name), 1, 0
                while True:
                    block = self.ask(packet, packets.DATA, number)
                    if len(block) > BLOCK:
                        self.send(packets.error(packets.ILLEGAL_OPERATION, "block too long"))
                        raise Failure("a block is too long")
                    file.write(block)
                    size += len(block)
                    packet = packets.ack(number)
                    if len(block) < BLOCK:
                        break
                    number = (number + 1) % 65536
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        self.send(packet)
        print(f"done: {size} bytes", flush=True)
        self.stay(packet, number)

    def stay(self, packet: bytes, number: int) -> None:
        end = time.monotonic() + self.dally
        try:
            while answer := self.receive(end):
                if answer[:2] == (packets.DATA, number):
                    self.send(packet)
        except Failure:
            pass

    def put(self, path: Path, name: str) -> None:
        with path.open("rb") as file:
            self.ask(packets.request(packets.WRQ, name), packets.ACK, 0)
            number, size = 1, 0
            while True:
                block = file.read(BLOCK)
                self.ask(packets.data(number, block), packets.ACK, number)
                size += len(block)
                if len(block) < BLOCK:
                    break
                number = (number + 1) % 65536
        print(f"done: {size} bytes", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="A TFTP client.")
    parser.add_argument("what", choices=["get", "put"])
    parser.add_argument("file", help="name of the file where it comes from")
    parser.add_argument("other", nargs="?", help="name of the file where it goes to, if it is another one")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=6969, type=int, help="port of the server")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before the first sending again")
    parser.add_argument("--retries", default=5, type=int, help="how often to send again")
    parser.add_argument("--dally", default=2.0, type=float, help="seconds to stay when all has been received")
    arguments = parser.parse_args()
    other = arguments.other or Path(arguments.file).name
    try:
        client = Client(arguments)
        if arguments.what == "get":
            client.get(arguments.file, Path(other))
        else:
            client.put(Path(arguments.file), other)
    except (Failure, OSError) as error:
        sys.exit(f"tftp_client.py: {arguments.file}: {error}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
