"""A TFTP client, as briefly as can be."""
import argparse
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

DONE = "done: {} bytes"


def run(transfer, wire, peer, done):
    """Until nothing is left to be done; done() shows DONE in between."""
    now, due = time.monotonic(), transfer.start(time.monotonic())
    while True:
        for packet in due:
            wire.sendto(packet, peer)
        if transfer.failed:
            sys.exit(f"failed: {transfer.failed}")
        if transfer.finished and done:
            done = done()
        if transfer.deadline is None:
            return
        now = time.monotonic()
        if due := transfer.tick(now):
            continue
        if not select.select([wire], [], [], max((transfer.deadline or now) - now, 0))[0]:
            continue
        datagram, sender = wire.recvfrom(65536)
        if sender == peer or not transfer.begun and sender[0] == peer[0]:
            due = transfer.receive(datagram, now)
            if transfer.begun or transfer.failed:
                peer = sender
        elif transfer.begun and datagram[:2] != b"\0\5":
            wire.sendto(packets.error(5, "not yours"), sender)


parser = argparse.ArgumentParser()
parser.add_argument("what", choices=["get", "put"])
parser.add_argument("file")
parser.add_argument("other", nargs="?")
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", default=6969, type=int)
parser.add_argument("--mode", default="octet", choices=["octet", "netascii"])
parser.add_argument("--timeout", default=1.0, type=float)
parser.add_argument("--retries", default=5, type=int)
parser.add_argument("--dally", default=2.0, type=float)
for option in "--blksize", "--windowsize", "--resend":
    parser.add_argument(option)
parser.add_argument("--tsize", action="store_const", const="0")
args = parser.parse_args()
asked = {name: value for name, value in {"blksize": args.blksize, "timeout": args.resend, "tsize": args.tsize,
                                         "windowsize": args.windowsize}.items() if value is not None}
how = {"timeout": args.timeout, "retries": args.retries, "dally": args.dally}
other = args.other or Path(args.file).name
incoming = None
try:
    for name, value in asked.items():
        if options.number(name, value) is None:
            sys.exit(f"no such {name}: {value}")
    if not 0 < args.port < 65536:
        sys.exit(f"no such port: {args.port}")
    family, *_, server = socket.getaddrinfo(args.host, args.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as wire:
        if args.what == "get":
            path = Path(other).resolve()
            if path.exists() and not path.is_file():
                sys.exit(f"{path} is not a file")
            incoming = Incoming(path, args.mode, replace=True)
            request = packets.request(packets.RRQ, args.file, args.mode, asked)
            run(Receiver(incoming.write, incoming.complete, request, asked=asked, **how), wire, server,
                lambda: print(DONE.format(path.stat().st_size), flush=True))
        else:
            with open(args.file, "rb") as file:
                size = Path(args.file).stat().st_size
                if "tsize" in asked:
                    asked["tsize"] = str(size)
                request = packets.request(packets.WRQ, other, args.mode, asked)
                run(Sender((netascii.Reader(file) if args.mode == "netascii" else file).read, request, asked=asked,
                           **how), wire, server, lambda: print(DONE.format(size), flush=True))
except (OSError, UnicodeError) as error:
    sys.exit(f"cannot {args.what} {args.file}: {error}")
except KeyboardInterrupt:
    sys.exit(130)
finally:
    if incoming:
        incoming.discard()
