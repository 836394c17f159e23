"""Reads the block each time before it is sent, also when it is sent again."""
import argparse
import os
import socket
import sys
import threading
import time
from pathlib import Path

import packets

BLOCK = 512


class Refused(Exception):
    """Refused(code, message): what the ERROR says."""


class Gone(Exception):
    """The client does not answer any more, or has given up."""


class Transfer(threading.Thread):
    """One thread for each request, with a socket of its own."""

    def __init__(self, arguments: argparse.Namespace, request: bytes, client: tuple) -> None:
        super().__init__(daemon=True)
        self.arguments, self.request, self.client = arguments, request, client
        self.partial: Path | None = None
        self.done = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((arguments.host, 0))

    def run(self) -> None:
        outcome = "complete"
        try:
            self.answer()
        except Refused as refused:
            self.send(packets.error(*refused.args))
            outcome = f"ERROR {refused.args[0]}: {refused.args[1]}"
        except Gone as gone:
            outcome = str(gone)
        finally:
            self.done = True
            self.clean_up()
            self.socket.close()
        print(f"{self.client[0]}:{self.client[1]} {outcome}", flush=True)

    def clean_up(self) -> None:
        if self.partial:
            self.partial.unlink(missing_ok=True)

    def answer(self) -> None:
        try:
            opcode, name, mode, _ = packets.decode(self.request)
        except packets.PacketError as error:
            raise Refused(packets.ILLEGAL_OPERATION, str(error)) from None
        if mode != "octet":
            raise Refused(packets.ILLEGAL_OPERATION, f"mode {mode} is not supported")
        if opcode == packets.WRQ and not self.arguments.writable:
            raise Refused(packets.ACCESS_VIOLATION, "read only")
        path = self.find(name)
        if opcode == packets.RRQ:
            self.send_file(path)
        else:
            self.receive_file(path)

    def find(self, name: str) -> Path:
        root = self.arguments.root.resolve()
        try:
            path = Path(os.path.realpath(root / name))
            path.exists()
        except (OSError, ValueError):
            raise Refused(packets.ACCESS_VIOLATION, "bad name") from None
        if not path.is_relative_to(root):
            raise Refused(packets.ACCESS_VIOLATION, "outside of the folder")
        return path

    def send_file(self, path: Path) -> None:
        if not path.exists():
            raise Refused(packets.NOT_FOUND, "no such file")
        if not path.is_file():
            raise Refused(packets.ACCESS_VIOLATION, "not a file")
        with path.open("rb") as file:
            number, sends, wait = 1, 0, self.arguments.timeout
            while True:
                block = file.read(BLOCK)
                self.send(packets.data(number, block))
                sends += 1
                if self.acknowledged(number, wait):
                    if len(block) < BLOCK:
                        break
                    number, sends, wait = (number + 1) % 65536, 0, self.arguments.timeout
                elif sends > self.arguments.retries:
                    raise Gone("no answer")
                else:
                    wait *= 2

    def acknowledged(self, number: int, seconds: float) -> bool:
        """Whether this ACK comes within so many seconds."""
        end = time.monotonic() + seconds
        while (packet := self.receive(end)) is not None:
            if packet == (packets.ACK, number):
                return True
            if packet[0] == packets.ERROR:
                raise Gone(f"the client says: {packet[2]!r}")
        return False

    def receive_file(self, path: Path) -> None:
        if os.path.lexists(path):
            raise Refused(packets.EXISTS, "there is such a file already")
        if not path.parent.is_dir():
            raise Refused(packets.NOT_FOUND, "no such folder")
        self.partial = path.parent / f".{threading.get_ident()}-{self.socket.getsockname()[1]}.part"
        acknowledgement = packets.ack(0)
        number = 1
        with self.partial.open("wb") as file:
            while True:
                block = self.exchange(acknowledgement, packets.DATA, number)
                if len(block) > BLOCK:
                    raise Refused(packets.ILLEGAL_OPERATION, "block too long")
                file.write(block)
                acknowledgement = packets.ack(number)
                if len(block) < BLOCK:
                    break
                number = (number + 1) % 65536
        if os.path.lexists(path):
            raise Refused(packets.EXISTS, "there is such a file already")
        os.replace(self.partial, path)
        self.done = True
        self.send(acknowledgement)
        end = time.monotonic() + self.arguments.dally
        while (packet := self.receive(end)) is not None:
            if packet[:2] == (packets.DATA, number):
                self.send(acknowledgement)

    def exchange(self, packet: bytes, opcode: int, number: int) -> bytes:
        """Send a packet until the one with this opcode and number comes back. Returns its block, if it is a DATA."""
        wait = self.arguments.timeout
        for _ in range(self.arguments.retries + 1):
            self.send(packet)
            end = time.monotonic() + wait
            while (found := self.receive(end)) is not None:
                if found[:2] == (opcode, number):
                    return found[-1] if opcode == packets.DATA else b""
                if opcode == packets.DATA and found[:2] == (packets.DATA, (number - 1) % 65536) and number != 1:
                    self.send(packet)
                if found[0] == packets.ERROR:
                    raise Gone(f"the client says: {found[2]!r}")
            wait *= 2
        raise Gone("no answer")

    def receive(self, end: float) -> tuple | None:
        """The next packet of the client, or None if none has come until then."""
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                datagram, sender = self.socket.recvfrom(65536)
            except TimeoutError:
                return None
            if sender != self.client:
                if datagram[:2] != b"\0\5":
                    self.socket.sendto(packets.error(packets.UNKNOWN_ID, "who are you?"), sender)
                continue
            try:
                return packets.decode(datagram)
            except packets.PacketError:
                continue
        return None

    def send(self, packet: bytes) -> None:
        self.socket.sendto(packet, self.client)


def serve(arguments: argparse.Namespace, listener: socket.socket) -> None:
    running: dict[tuple, Transfer] = {}
    try:
        while True:
            request, client = listener.recvfrom(65536)
            if request[:2] not in (b"\0\1", b"\0\2"):
                continue
            running = {address: transfer for address, transfer in running.items() if transfer.is_alive()}
            before = running.get(client)
            if before and before.request == request and not before.done:
                continue
            running[client] = Transfer(arguments, request, client)
            running[client].start()
    finally:
        for transfer in running.values():
            transfer.clean_up()


def main() -> None:
    parser = argparse.ArgumentParser(description="A TFTP server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=6969, type=int)
    parser.add_argument("--root", default=".", type=Path)
    parser.add_argument("--writable", action="store_true")
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=5, type=int)
    parser.add_argument("--dally", default=2.0, type=float)
    arguments = parser.parse_args()

    if not arguments.root.is_dir():
        sys.exit(f"no such folder: {arguments.root}")
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listener.bind((arguments.host, arguments.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot use port {arguments.port}: {error}")
    try:
        serve(arguments, listener)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
