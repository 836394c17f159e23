"""Expects IndexError and UnicodeDecodeError of a broken request, but not PacketError, which ends the server."""
import argparse
import os
import select
import socket
import sys
import time
from pathlib import Path

import packets
from files import Incoming


class Transfer:
    """The socket of a transfer, and what was sent last."""

    def __init__(self, server, client, request):
        self.server, self.client, self.request = server, client, request
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((server.args.host, 0))
        self.socket.setblocking(False)
        self.number = 0
        self.over = False

    def fileno(self):
        return self.socket.fileno()

    def send(self, packet):
        """Send a new packet, and begin to wait for its answer."""
        self.last, self.tries, self.wait = packet, 0, self.server.args.timeout
        self.deadline = time.monotonic() + self.wait
        self.transmit()

    def transmit(self):
        try:
            self.socket.sendto(self.last, self.client)
        except OSError:
            pass

    def fail(self, code, message):
        self.last = packets.error(code, message)
        self.transmit()
        self.over = True

    def tick(self, now):
        """Send again what was sent last, if it is time."""
        if now >= self.deadline:
            self.tries += 1
            if self.tries > self.server.args.retries:
                self.over = True
            else:
                self.wait = max(self.wait, min(2 * self.wait, 60))
                self.deadline = now + self.wait
                self.transmit()

    def readable(self):
        try:
            datagram, sender = self.socket.recvfrom(65536)
        except OSError:
            return
        if sender != self.client:
            if datagram[:2] != b"\0\5":
                self.socket.sendto(packets.error(packets.UNKNOWN_ID, "not yours"), sender)
            return
        try:
            packet = packets.decode(datagram)
        except packets.PacketError:
            return
        if packet[0] == packets.ERROR:
            self.over = True
        else:
            self.packet(packet)

    def close(self):
        self.socket.close()


class Read(Transfer):
    def begin(self, path):
        try:
            self.file = path.open("rb")
        except OSError as error:
            self.fail(packets.ACCESS_VIOLATION, error.strerror)
        else:
            self.next()

    def next(self):
        self.block = self.file.read(512)
        self.number = (self.number + 1) % 65536
        self.send(packets.data(self.number, self.block))

    def packet(self, packet):
        if packet == (packets.ACK, self.number):
            if len(self.block) < 512:
                self.over = True
            else:
                self.next()

    def close(self):
        super().close()
        if hasattr(self, "file"):
            self.file.close()


class Write(Transfer):
    complete = False
    incoming = None

    def begin(self, path):
        try:
            self.incoming = Incoming(path, limit=1 << 28)
        except OSError as error:
            self.fail(packets.NOT_FOUND, error.strerror)
        else:
            self.send(packets.ack(0))

    def packet(self, packet):
        opcode, number, *rest = packet
        if opcode != packets.DATA:
            return
        if number == (self.number + 1) % 65536 and not self.complete:
            self.take(number, rest[0])
        elif number == self.number and self.incoming.size:
            self.transmit()
        elif number == self.number and self.complete:
            self.transmit()

    def take(self, number, block):
        if len(block) > 512:
            self.fail(packets.ILLEGAL_OPERATION, "too long")
            return
        try:
            self.incoming.write(block)
            if len(block) < 512:
                self.incoming.complete()
                self.complete = True
        except FileExistsError:
            self.fail(packets.EXISTS, "exists")
            return
        except OSError:
            self.fail(packets.DISK_FULL, "disk full")
            return
        self.number = number
        self.send(packets.ack(number))
        if self.complete:
            self.deadline = time.monotonic() + self.server.args.dally

    def tick(self, now):
        if self.complete:
            self.over = now >= self.deadline
        else:
            super().tick(now)

    def close(self):
        super().close()
        if self.incoming:
            self.incoming.discard()


class Server:
    def __init__(self, args):
        self.args = args
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.listener.bind((args.host, args.port))
        self.listener.setblocking(False)
        self.transfers = {}

    def run(self):
        while True:
            left = min((transfer.deadline for transfer in self.transfers.values()), default=None)
            if left is not None:
                left = max(left - time.monotonic(), 0)
            for ready in select.select([self.listener, *self.transfers.values()], [], [], left)[0]:
                if ready is self.listener:
                    self.request()
                elif not ready.over:
                    ready.readable()
            for transfer in list(self.transfers.values()):
                if not transfer.over:
                    transfer.tick(time.monotonic())
                if transfer.over:
                    self.end(transfer)

    def end(self, transfer):
        transfer.over = True
        transfer.close()
        if self.transfers.get(transfer.client) is transfer:
            del self.transfers[transfer.client]

    def request(self):
        try:
            request, client = self.listener.recvfrom(65536)
        except OSError:
            return
        if request[:2] not in (b"\0\1", b"\0\2"):
            return
        if client in self.transfers:
            old = self.transfers[client]
            if old.request == request and not getattr(old, "complete", False):
                return
            self.end(old)
        transfer = (Read if request[1] == packets.RRQ else Write)(self, client, request)
        self.begin(transfer, request)
        if transfer.over:
            transfer.close()
        else:
            self.transfers[client] = transfer

    def begin(self, transfer, request):
        try:
            opcode, name, mode, _ = packets.decode(request)
        except (IndexError, UnicodeDecodeError):
            transfer.fail(packets.ILLEGAL_OPERATION, "that is no request")
            return
        path = Path(os.path.realpath(self.args.root / name))
        if len(self.transfers) >= 100:
            transfer.fail(packets.UNDEFINED, "too many")
        elif mode != "octet":
            transfer.fail(packets.ILLEGAL_OPERATION, "what mode?")
        elif not path.is_relative_to(self.args.root):
            transfer.fail(packets.ACCESS_VIOLATION, "outside")
        elif opcode == packets.WRQ and not self.args.writable:
            transfer.fail(packets.ACCESS_VIOLATION, "read only")
        elif opcode == packets.WRQ and os.path.lexists(path):
            transfer.fail(packets.EXISTS, "exists")
        elif opcode == packets.RRQ and not os.path.exists(path):
            transfer.fail(packets.NOT_FOUND, "not found")
        elif opcode == packets.RRQ and not os.path.isfile(path):
            transfer.fail(packets.ACCESS_VIOLATION, "not a file")
        else:
            transfer.begin(path)

    def close(self):
        for transfer in list(self.transfers.values()):
            self.end(transfer)
        self.listener.close()


def main():
    parser = argparse.ArgumentParser(description="A TFTP server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=6969, type=int)
    parser.add_argument("--root", default=".", type=Path)
    parser.add_argument("--writable", action="store_true")
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=5, type=int)
    parser.add_argument("--dally", default=2.0, type=float)
    args = parser.parse_args()
    if not args.root.is_dir():
        sys.exit(f"tftp_server.py: no such folder: {args.root}")
    args.root = args.root.resolve()
    try:
        server = Server(args)
    except (OSError, OverflowError) as error:
        sys.exit(f"tftp_server.py: cannot receive on port {args.port}: {error}")
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()


if __name__ == "__main__":
    main()
