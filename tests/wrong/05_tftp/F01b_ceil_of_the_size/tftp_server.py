"""Computes the number of blocks as ceil(size / 512): after a full last block no empty one comes."""
import argparse
import math
import os
import socket
import sys
import threading
import time
from pathlib import Path

import packets

running = {}                # address of a client: its request, as long as the transfer runs
MOST_TRANSFERS = 100
LARGEST_UPLOAD = 1 << 28


class Over(Exception):
    """This transfer is over, and nothing has to be said about it any more."""


def ask(wire, client, packet, wanted, args, request):
    """Send this packet, again and again, until the wanted answer is here. Returns the answer."""
    wait = args.timeout
    for _ in range(args.retries + 1):
        if running.get(client) is not request:
            raise Over("the client has begun something else")
        wire.sendto(packet, client)
        answer = wait_for(wire, client, wanted, wait)
        if answer:
            return answer
        wait = min(2 * wait, max(60, args.timeout))
    raise Over("no answer")


def wait_for(wire, client, wanted, seconds):
    """The next packet of the client that is wanted, within so many seconds; else None."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            datagram, sender = wire.recvfrom(65536)
        except OSError:
            continue
        if sender != client:
            if datagram[:2] != b"\0\5":
                wire.sendto(packets.error(packets.UNKNOWN_ID, "not your transfer"), sender)
            continue
        try:
            packet = packets.decode(datagram)
        except packets.PacketError:
            continue
        if packet[0] == packets.ERROR:
            raise Over(f"ERROR {packet[1]}")
        if wanted(packet):
            return packet
    return None


def send_file(wire, client, path, args, request):
    try:
        file = open(path, "rb")
    except OSError as error:
        refuse(wire, client, packets.ACCESS_VIOLATION, error.strerror)
        return
    with file:
        blocks = max(1, math.ceil(os.fstat(file.fileno()).st_size / 512))         # an empty file has one, too
        for count in range(1, blocks + 1):
            number = count % 65536
            ask(wire, client, packets.data(number, file.read(512)), lambda packet: packet == (packets.ACK, number),
                args, request)


def receive_file(wire, client, path, args, request):
    content, number, block = bytearray(), 0, b" " * 512
    while len(block) == 512:
        expected = (number + 1) % 65536
        end = time.monotonic() + args.timeout
        packet = None
        while packet is None or packet[1] != expected:
            packet = ask(wire, client, packets.ack(number),
                         lambda packet: packet[0] == packets.DATA and packet[1] in (number, expected) and
                         (number or packet[1] == expected), args, request)
        block = packet[2]
        if len(block) > 512:
            refuse(wire, client, packets.ILLEGAL_OPERATION, "too long")
            return
        content += block
        if len(content) > LARGEST_UPLOAD:
            refuse(wire, client, packets.DISK_FULL, "too much")
            return
        number = expected
    temporary = path.parent / f".upload-{threading.get_ident()}"
    try:
        temporary.write_bytes(content)
        if os.path.lexists(path):
            temporary.unlink()
            refuse(wire, client, packets.EXISTS, "it is there already")
            return
        temporary.rename(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        refuse(wire, client, packets.DISK_FULL, error.strerror)
        return
    running.pop(client, None)
    wire.sendto(packets.ack(number), client)
    end = time.monotonic() + args.dally
    while wait_for(wire, client, lambda packet: packet[:2] == (packets.DATA, number), end - time.monotonic()):
        wire.sendto(packets.ack(number), client)


def refuse(wire, client, code, message):
    wire.sendto(packets.error(code, message), client)


def transfer(request, client, args):
    """Do what the request wants, on a socket of its own."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.bind((args.host, 0))
            try:
                opcode, name, mode, _ = packets.decode(request)
            except packets.PacketError as error:
                refuse(wire, client, packets.ILLEGAL_OPERATION, str(error))
                return
            path = Path(os.path.realpath(args.root / name))
            if mode != "octet":
                refuse(wire, client, packets.ILLEGAL_OPERATION, f"no mode {mode} here")
            elif opcode == packets.WRQ and not args.writable:
                refuse(wire, client, packets.ACCESS_VIOLATION, "nothing can be written")
            elif not path.is_relative_to(args.root):
                refuse(wire, client, packets.ACCESS_VIOLATION, "outside")
            elif opcode == packets.RRQ:
                if not os.path.exists(path):
                    refuse(wire, client, packets.NOT_FOUND, "no such file")
                elif not os.path.isfile(path):
                    refuse(wire, client, packets.ACCESS_VIOLATION, "not a file")
                else:
                    send_file(wire, client, path, args, request)
            elif os.path.lexists(path):
                refuse(wire, client, packets.EXISTS, "it is there already")
            elif not os.path.isdir(path.parent):
                refuse(wire, client, packets.NOT_FOUND, "no such folder")
            else:
                receive_file(wire, client, path, args, request)
            print(f"{client}: {name!r}", flush=True)
    except (Over, OSError) as error:
        print(f"{client}: {error}", flush=True)
    finally:
        if running.get(client) is request:
            del running[client]


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
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listener.bind((args.host, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"tftp_server.py: cannot use port {args.port}: {error}")
    while True:
        request, client = listener.recvfrom(65536)
        if request[:2] in (b"\0\1", b"\0\2") and running.get(client) != request and len(running) < MOST_TRANSFERS:
            running[client] = request
            threading.Thread(target=transfer, args=(request, client, args), daemon=True).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
