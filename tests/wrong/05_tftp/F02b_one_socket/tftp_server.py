"""Has one socket for everything: all that it sends comes from the port for requests."""
import argparse
import os
import select
import socket
import sys
import time
from pathlib import Path

import netascii
import options
import packets
from files import Incoming
from transfer import Receiver, Sender

UPLOAD = 1 << 28


class Refused(Exception):
    pass


class Server:
    """One socket; the transfers are told apart by the address of the client."""

    def __init__(self, args):
        self.args = args
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((args.host, args.port))
        self.transfers = {}             # address: request, transfer, what closes the file
        self.how = {"timeout": args.timeout, "retries": args.retries, "dally": args.dally}

    def send(self, client, due):
        for packet in due:
            try:
                self.sock.sendto(packet, client)
            except OSError:
                pass
        if client in self.transfers and self.transfers[client][1].deadline is None:
            self.end(client)

    def end(self, client):
        self.transfers.pop(client)[2]()

    def run(self):
        while True:
            deadlines = [transfer.deadline for _, transfer, _ in self.transfers.values()]
            left = max(min(deadlines) - time.monotonic(), 0) if deadlines else None
            if select.select([self.sock], [], [], left)[0]:
                try:
                    self.arrived(*self.sock.recvfrom(65536))
                except ConnectionError:
                    pass
            for client, (_, transfer, _) in list(self.transfers.items()):
                self.send(client, transfer.tick(time.monotonic()))

    def arrived(self, datagram, client):
        if datagram[:2] not in (b"\0\1", b"\0\2"):
            if client in self.transfers:
                self.send(client, self.transfers[client][1].receive(datagram, time.monotonic()))
            return
        if client in self.transfers:
            request, transfer, _ = self.transfers[client]
            if request == datagram and not transfer.finished:
                return
            self.end(client)
        try:
            transfer, close = self.open(*packets.decode(datagram))
        except packets.PacketError as error:
            self.send(client, [packets.error(packets.ILLEGAL_OPERATION, str(error))])
        except Refused as error:
            self.send(client, [packets.error(*error.args)])
        else:
            self.transfers[client] = datagram, transfer, close
            self.send(client, transfer.start(time.monotonic()))

    def open(self, opcode, name, mode, asked):
        path = Path(os.path.realpath(self.args.root / name))
        if len(self.transfers) >= 100:
            raise Refused(packets.UNDEFINED, "too many")
        if mode not in ("octet", "netascii"):
            raise Refused(packets.ILLEGAL_OPERATION, "no such mode")
        if not path.is_relative_to(self.args.root):
            raise Refused(packets.ACCESS_VIOLATION, "outside")
        try:
            return self.read(path, mode, asked) if opcode == packets.RRQ else self.write(path, mode, asked)
        except OSError as error:
            raise Refused(packets.ACCESS_VIOLATION, error.strerror) from None

    def read(self, path, mode, asked):
        if not os.path.exists(path):
            raise Refused(packets.NOT_FOUND, "not found")
        if not path.is_file():
            raise Refused(packets.ACCESS_VIOLATION, "not a file")
        file = path.open("rb")
        granted = options.grant(asked, path.stat().st_size if mode == "octet" else None)
        read = file.read if mode == "octet" else netascii.Reader(file).read
        return Sender(read, packets.oack(granted) if granted else b"", agreed=granted, **self.how), file.close

    def write(self, path, mode, asked):
        if not self.args.writable:
            raise Refused(packets.ACCESS_VIOLATION, "read only")
        if os.path.lexists(path):
            raise Refused(packets.EXISTS, "exists")
        if not path.parent.is_dir():
            raise Refused(packets.NOT_FOUND, "no such folder")
        size = options.number("tsize", asked.get("tsize", ""))
        if size and size > UPLOAD:
            raise Refused(packets.DISK_FULL, "too large")
        file = Incoming(path, mode, limit=UPLOAD)
        granted = options.grant(asked, size)
        opening = packets.oack(granted) if granted else packets.ack(0)
        return Receiver(file.write, file.complete, opening, agreed=granted, **self.how), file.discard


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
        for client in list(server.transfers):
            server.end(client)


if __name__ == "__main__":
    main()
