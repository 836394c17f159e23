"""Writes each DATA that it acknowledges: a block that comes twice is in the file twice."""
import argparse
import os
import socket
import sys
import time
from pathlib import Path

import packets

FULL = 512


def receive(sock, server, seconds):
    """The next packet that comes from the server, and its address; (None, None) if there is none in this time.

    server: host and port; port None if it is not known yet.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            datagram, sender = sock.recvfrom(65536)
        except OSError:
            continue
        if sender[0] != server[0] or server[1] not in (None, sender[1]):
            if datagram[:2] != b"\0\5":
                sock.sendto(packets.error(packets.UNKNOWN_ID, "unknown"), sender)
            continue
        try:
            packet = packets.decode(datagram)
        except packets.PacketError:
            continue
        if packet[0] == packets.ERROR:
            text = "".join(letter if letter.isprintable() else "?" for letter in packet[2])
            raise OSError(f"the server says: ERROR {packet[1]}, {text}")
        return packet, sender
    return None, None


def ask(sock, packet, to, server, wanted, args):
    """Send a packet, as often as it takes. Returns the answer, and where it came from."""
    wait = args.timeout
    for _ in range(args.retries + 1):
        sock.sendto(packet, to)
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            answer, sender = receive(sock, server, left)
            if answer and answer[:2] in wanted:
                return answer, sender
        wait = max(wait, min(wait * 2, 60))
    raise OSError("no answer")


def get(sock, address, args):
    path = Path(args.other or Path(args.file).name)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            packet, number = packets.request(packets.RRQ, args.file), 0
            to, server = address, (address[0], None)
            block = bytes(FULL)
            while len(block) == FULL:
                after = (number + 1) % 65536
                wanted = [(packets.DATA, after)] + ([(packets.DATA, number)] if server[1] else [])
                answer, to = ask(sock, packet, to, server, wanted, args)
                server = to
                _, number, block = answer
                file.write(block)
                packet = packets.ack(number)
        os.replace(temporary, path)
        print(f"done: {path.stat().st_size} bytes", flush=True)
    finally:
        temporary.unlink(missing_ok=True)
    end = time.monotonic() + args.dally
    sock.sendto(packet, to)
    while (left := end - time.monotonic()) > 0:
        answer, _ = receive(sock, to, left)
        if answer and answer[:2] == (packets.DATA, number):
            sock.sendto(packet, to)


def put(sock, address, args):
    with open(args.file, "rb") as file:
        packet = packets.request(packets.WRQ, args.other or Path(args.file).name)
        _, server = ask(sock, packet, address, (address[0], None), [(packets.ACK, 0)], args)
        number, size = 0, 0
        while True:
            block = file.read(FULL)
            number = (number + 1) % 65536
            ask(sock, packets.data(number, block), server, server, [(packets.ACK, number)], args)
            size += len(block)
            if len(block) < FULL:
                break
    print(f"done: {size} bytes", flush=True)


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
    try:
        if not 0 < args.port < 65536:
            raise OSError(f"there is no port {args.port}")
        address = (socket.gethostbyname(args.host), args.port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("", 0))
            (get if args.what == "get" else put)(sock, address, args)
    except OSError as error:
        sys.exit(f"tftp_client.py: {args.file}: {error}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
