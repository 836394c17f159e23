"""A TFTP server, as briefly as can be."""
import argparse
import os
import selectors
import socket
import sys
import time
from pathlib import Path

import netascii
import options
import packets
from files import Incoming
from transfer import Receiver, Sender

sessions = {}                   # client: (wire, transfer, close, request)


def bind(port):
    wire = socket.socket(type=socket.SOCK_DGRAM)
    wire.bind((args.host, port))
    wire.setblocking(False)
    return wire


def send(wire, due, client):
    try:
        for packet in due:
            wire.sendto(packet, client)
    except OSError:
        pass


def begin(wire, client, request):
    """The transfer that is asked for, and how to close it; or code and message of an ERROR."""
    try:
        opcode, name, mode, asked = packets.decode(request)
    except packets.PacketError as error:
        return 4, str(error)
    reads = opcode == packets.RRQ
    how = {"timeout": args.timeout, "retries": args.retries, "dally": args.dally}
    if len(sessions) >= 100:
        return 0, "too many"
    if mode not in ("octet", "netascii"):
        return 4, "bad mode"
    if not reads and not args.writable:
        return 2, "read only"
    try:
        path = Path(os.path.realpath(root / name))
        if not path.is_relative_to(root) or reads and path.exists() and not path.is_file():
            return 2, "no"
        if not reads and os.path.lexists(path):
            return 6, "exists"
        file = path.open("rb") if reads else Incoming(path, mode, limit=1 << 28)
    except FileNotFoundError:
        return 1, "not found"
    except (OSError, ValueError) as error:
        return 2, str(error)
    if reads:
        text = mode == "netascii"
        agreed = options.grant(asked, None if text else os.fstat(file.fileno()).st_size)
        return Sender((netascii.Reader(file) if text else file).read, packets.oack(agreed) if agreed else b"",
                      agreed=agreed, **how), file.close
    size = options.number("tsize", asked.get("tsize", ""))
    if (size or 0) > 1 << 28:
        file.discard()
        return 3, "too large"
    agreed = options.grant(asked, size)
    return Receiver(file.write, file.complete, packets.oack(agreed) if agreed else packets.ack(0), agreed=agreed,
                    **how), file.discard


def end(client):
    wire, transfer, close, _ = sessions.pop(client)
    selector.unregister(wire)
    wire.close()
    close()
    print(client, transfer.failed or "complete", flush=True)


def answer(client, due):
    send(sessions[client][0], due, client)
    if sessions[client][1].deadline is None:
        end(client)


def heard(wire, mine):
    try:
        datagram, sender = wire.recvfrom(65536)
    except OSError:
        return
    if mine:
        if sender == mine:
            answer(mine, sessions[mine][1].receive(datagram, time.monotonic()))
        elif datagram[:2] != b"\0\5":
            send(wire, [packets.error(5, "not yours")], sender)
    elif datagram[:2] in (b"\0\1", b"\0\2"):
        if before := sessions.get(sender):
            if before[3] == datagram and not before[1].finished:
                return
            end(sender)
        own = bind(0)
        transfer, close = begin(own, sender, datagram)
        if isinstance(transfer, int):
            with own:
                send(own, [packets.error(transfer, close)], sender)
            print(sender, close, flush=True)
        else:
            sessions[sender] = own, transfer, close, datagram
            selector.register(own, selectors.EVENT_READ, sender)
            answer(sender, transfer.start(time.monotonic()))


parser = argparse.ArgumentParser()
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", default=6969, type=int)
parser.add_argument("--root", default=".", type=Path)
parser.add_argument("--writable", action="store_true")
parser.add_argument("--timeout", default=1.0, type=float)
parser.add_argument("--retries", default=5, type=int)
parser.add_argument("--dally", default=2.0, type=float)
args = parser.parse_args()
sys.stdout.reconfigure(errors="backslashreplace")
root = args.root.resolve()
if not root.is_dir():
    sys.exit(f"no such folder: {root}")
selector = selectors.DefaultSelector()
try:
    selector.register(bind(args.port), selectors.EVENT_READ)
except (OSError, OverflowError) as error:
    sys.exit(f"port {args.port}: {error}")
try:
    while True:
        first = min((transfer.deadline for _, transfer, *_ in sessions.values()), default=None)
        for key, _ in selector.select(first and max(first - time.monotonic(), 0)):
            if key.fd in selector.get_map() and selector.get_map()[key.fd] == key:     # not closed a moment ago
                heard(key.fileobj, key.data)
        for client in list(sessions):
            answer(client, sessions[client][1].tick(time.monotonic()))
except KeyboardInterrupt:
    pass
finally:
    for client in list(sessions):
        end(client)
