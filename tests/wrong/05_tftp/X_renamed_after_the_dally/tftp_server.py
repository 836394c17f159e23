"""Gives an uploaded file its name only when it has stayed long enough, after the last ACK."""
import argparse
import contextlib
import os
import socket
import socketserver
import sys
import time
from pathlib import Path

import packets

FULL = 512
MOST_BYTES = 1 << 28


class Stop(Exception):
    """Ends a transfer. Its arguments are those of the ERROR to be sent, if there are any."""


class Tftp(socketserver.BaseRequestHandler):
    """One request. self.client_address is whose it is."""

    def setup(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((self.server.options.host, 0))

    def finish(self):
        self.sock.close()
        if self.server.busy.get(self.client_address) is self.request[0]:
            del self.server.busy[self.client_address]

    def handle(self):
        try:
            try:
                opcode, name, mode, _ = packets.decode(self.request[0])
            except packets.PacketError:
                raise Stop(4, "that is no request") from None
            if mode != "octet":
                raise Stop(4, "only octet")
            path = Path(os.path.realpath(self.server.options.root / name))
            if not path.is_relative_to(self.server.options.root):
                raise Stop(2, "not from here")
            if opcode == packets.RRQ:
                self.read(path)
            elif not self.server.options.writable:
                raise Stop(2, "nothing can be written here")
            else:
                self.write(path)
        except Stop as stop:
            if stop.args:
                self.send(packets.error(*stop.args))

    def send(self, packet):
        with contextlib.suppress(OSError):
            self.sock.sendto(packet, self.client_address)

    def receive(self, end):
        """The next packet of the client; None if there is none until the end, which is a time."""
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            with contextlib.suppress(packets.PacketError, OSError):
                datagram, sender = self.sock.recvfrom(65536)
                if sender == self.client_address:
                    packet = packets.decode(datagram)
                    if packet[0] == packets.ERROR:
                        raise Stop
                    return packet
                if datagram[:2] != b"\0\5":
                    self.sock.sendto(packets.error(5, "unknown transfer"), sender)
        return None

    def read(self, path):
        if not os.path.exists(path):
            raise Stop(1, "file not found")
        if not path.is_file():
            raise Stop(2, "not a file")
        with path.open("rb") as file:
            number, full = 0, True
            while full:
                block = file.read(FULL)
                number, full = (number + 1) % 65536, len(block) == FULL
                self.exchange(packets.data(number, block), (packets.ACK, number))

    def exchange(self, packet, wanted):
        """Send until what comes begins like this."""
        wait = self.server.options.timeout
        for _ in range(1 + self.server.options.retries):
            if self.server.busy.get(self.client_address) is not self.request[0]:
                raise Stop
            self.send(packet)
            end = time.monotonic() + wait
            while answer := self.receive(end):
                if answer[:2] == wanted:
                    return answer
            wait = max(wait, min(60, wait * 2))
        raise Stop

    def write(self, path):
        if os.path.lexists(path):
            raise Stop(6, "there is one already")
        if not path.parent.is_dir():
            raise Stop(1, "no such folder")
        part = path.with_name(f".{os.getpid()}-{self.sock.getsockname()[1]}.part")
        try:
            with part.open("xb") as file:
                number = self.receive_blocks(file)
            self.server.busy.pop(self.client_address, None)
            self.dally(number)
            if os.path.lexists(path):
                raise Stop(6, "there is one already")
            part.rename(path)
        except OSError as error:
            raise Stop(3, error.strerror) from None
        finally:
            part.unlink(missing_ok=True)

    def dally(self, number):
        """Acknowledge the last block, each time that it comes."""
        self.send(packets.ack(number))
        end = time.monotonic() + self.server.options.dally
        while packet := self.receive(end):
            if packet[:2] == (packets.DATA, number):
                self.send(packets.ack(number))

    def receive_blocks(self, file):
        number, size, wait, tries = 0, 0, self.server.options.timeout, 0
        self.send(packets.ack(0))
        end = time.monotonic() + wait
        while True:
            packet = self.receive(end)
            if self.server.busy.get(self.client_address) is not self.request[0]:
                raise Stop
            if packet is None:
                tries += 1
                if tries > self.server.options.retries:
                    raise Stop
                wait = max(wait, min(60, wait * 2))
                end = time.monotonic() + wait
                self.send(packets.ack(number))
            elif packet[:2] == (packets.DATA, number) and size:
                self.send(packets.ack(number))
            elif packet[:2] == (packets.DATA, (number + 1) % 65536):
                number, block = packet[1:]
                size += len(block)
                if len(block) > FULL:
                    raise Stop(4, "too long")
                if size > MOST_BYTES:
                    raise Stop(3, "too large")
                file.write(block)
                if len(block) < FULL:
                    return number
                tries, wait = 0, self.server.options.timeout
                end = time.monotonic() + wait
                self.send(packets.ack(number))


class Server(socketserver.ThreadingUDPServer):
    """Starts a thread with a handler for each request."""

    daemon_threads = True
    max_packet_size = 65536

    def __init__(self, options):
        self.options, self.busy = options, {}
        super().__init__((options.host, options.port), Tftp)

    def verify_request(self, request, client):
        if request[0][:2] not in (b"\0\1", b"\0\2") or self.busy.get(client) == request[0] or len(self.busy) >= 100:
            return False
        self.busy[client] = request[0]
        return True


def main():
    parser = argparse.ArgumentParser(description="A TFTP server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=6969, type=int)
    parser.add_argument("--root", default=".", type=Path)
    parser.add_argument("--writable", action="store_true")
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=5, type=int)
    parser.add_argument("--dally", default=2.0, type=float)
    options = parser.parse_args()
    if not options.root.is_dir():
        sys.exit(f"tftp_server.py: {options.root} is no folder")
    options.root = options.root.resolve()
    try:
        server = Server(options)
    except (OSError, OverflowError) as error:
        sys.exit(f"tftp_server.py: port {options.port}: {error}")
    with server, contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
