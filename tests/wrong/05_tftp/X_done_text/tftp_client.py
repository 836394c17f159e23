"""Shows something else than DONE at the end."""
import argparse
import os
import select
import socket
import sys
import tempfile
import time
from pathlib import Path

from packets import ACK, DATA, ERROR, RRQ, UNKNOWN_ID, WRQ, PacketError, ack, data, decode, error, request

BLOCK = 512


class TftpError(Exception):
    pass


class Client:
    """Asks a server, and talks on with the port that answers."""

    def __init__(self, host, port, timeout, retries, dally):
        if not 0 < port < 65536:
            raise TftpError(f"no such port: {port}")
        self.server = (socket.gethostbyname(host), port)
        self.tid = None                     # known when the server has answered
        self.timeout, self.retries, self.stay = timeout, retries, dally
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.sock.close()

    def send(self, packet):
        """Send it for the first time."""
        self.last, self.left, self.wait = packet, self.retries, self.timeout
        self.again()

    def again(self):
        self.sock.sendto(self.last, self.tid or self.server)
        self.deadline = time.monotonic() + self.wait

    def next(self):
        """The next packet from the server. Sends again in the meantime, and raises TftpError if it gives up."""
        while True:
            ready, _, _ = select.select([self.sock], [], [], max(self.deadline - time.monotonic(), 0))
            if time.monotonic() >= self.deadline:
                if not self.left:
                    raise TftpError("no answer")
                self.left -= 1
                self.wait = max(self.wait, min(60, 2 * self.wait))
                self.again()
            if ready and (packet := self.take()):
                return packet

    def take(self):
        """What has arrived, if it is a packet from the server, else None."""
        try:
            datagram, sender = self.sock.recvfrom(65536)
            packet = decode(datagram)
        except (OSError, PacketError):
            return None
        if self.tid is None and sender[0] == self.server[0]:
            first = packet[0] == DATA and packet[1] == 1 or packet == (ACK, 0)
            if first or packet[0] == ERROR:
                self.tid = sender
        if sender != self.tid:
            if packet[0] != ERROR:
                self.sock.sendto(error(UNKNOWN_ID, "this is not your transfer"), sender)
            return None
        if packet[0] == ERROR:
            message = packet[2] if packet[2].isprintable() else ascii(packet[2])
            raise TftpError(f"ERROR {packet[1]}: {message}")
        return packet

    def get(self, name, path):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tftp")
        try:
            with open(handle, "wb") as file:
                self.send(request(RRQ, name))
                size = self.receive_into(file)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        self.send(self.ending)
        print(f"Received {name}, {size} bytes.", flush=True)
        self.dally()

    def receive_into(self, file):
        number, size = 0, 0
        while True:
            opcode, found, *rest = self.next()
            if opcode == DATA and found == (number + 1) % 65536:
                number = found
                file.write(rest[0])
                size += len(rest[0])
                self.ending = ack(number)
                if len(rest[0]) < BLOCK:
                    return size
                self.send(ack(number))
            elif opcode == DATA and found == number and size:
                self.again()

    def dally(self):
        end = time.monotonic() + self.stay
        number = decode(self.last)[1]
        while select.select([self.sock], [], [], max(end - time.monotonic(), 0))[0]:
            try:
                packet = self.take()
            except TftpError:
                continue
            if packet and packet[:2] == (DATA, number):
                self.again()

    def put(self, path, name):
        with path.open("rb") as file:
            self.send(request(WRQ, name))
            number, block = 0, b" " * BLOCK
            while True:
                if self.next() != (ACK, number):
                    continue
                if len(block) < BLOCK:
                    break
                number, block = (number + 1) % 65536, file.read(BLOCK)
                self.send(data(number, block))
        print(f"Sent {path}, {path.stat().st_size} bytes.", flush=True)


def main():
    parser = argparse.ArgumentParser(description="A TFTP client.")
    parser.add_argument("what", choices=["get", "put"])
    parser.add_argument("file")
    parser.add_argument("other", nargs="?")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=6969, type=int)
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=5, type=int)
    parser.add_argument("--dally", default=2.0, type=float)
    args = parser.parse_args()
    other = args.other or Path(args.file).name
    try:
        with Client(args.host, args.port, args.timeout, args.retries, args.dally) as client:
            if args.what == "get":
                client.get(args.file, Path(other))
            else:
                client.put(Path(args.file), other)
    except (TftpError, OSError) as failure:
        sys.exit(f"cannot {args.what} {args.file}: {failure}")


if __name__ == "__main__":
    main()
