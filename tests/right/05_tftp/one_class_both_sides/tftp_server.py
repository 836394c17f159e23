"""A TFTP server: Peers that are asked."""
import argparse
import contextlib
import os
import select
import sys
import time
from pathlib import Path

import netascii
import options
import packets
from files import Incoming
from tftp import LARGEST, Peer, make_socket

MOST_TRANSFERS = 100
LARGEST_UPLOAD = 1 << 28


class Refusal(Exception):
    """A request that is answered with an ERROR: Refusal(code, message)."""


class Session:
    """A Peer, what was asked for, and what has to be closed at the end."""

    def __init__(self, server, client, request):
        self.client, self.request, self.title, self.stack = client, request, "", contextlib.ExitStack()
        try:
            self.sock = self.stack.enter_context(make_socket(server.given.host))
            self.peer = self.begin(server, *packets.decode(request))
        except packets.PacketError as error:
            self.refuse(packets.ILLEGAL_OPERATION, str(error))
            raise
        except Refusal as refusal:
            self.refuse(*refusal.args)
            raise

    def refuse(self, code, message):
        with contextlib.suppress(OSError):
            self.sock.sendto(packets.error(code, message), self.client)
        self.say(message)
        self.stack.close()

    def say(self, what):
        print(f"{self.client[0]}:{self.client[1]} {self.title}: {what}", flush=True)

    def begin(self, server, opcode, name, mode, asked):
        self.title = f"{'get' if opcode == packets.RRQ else 'put'} {name!r}"
        if len(server.sessions) >= MOST_TRANSFERS:
            raise Refusal(packets.UNDEFINED, "too many transfers")
        if mode not in ("octet", "netascii"):
            raise Refusal(packets.ILLEGAL_OPERATION, "no such mode")
        if opcode == packets.WRQ and not server.given.writable:
            raise Refusal(packets.ACCESS_VIOLATION, "read only")
        try:
            path = (server.root / name).resolve()
            there = path.exists()
        except (OSError, ValueError, RuntimeError):
            raise Refusal(packets.ACCESS_VIOLATION, "not a name") from None
        if not path.is_relative_to(server.root):
            raise Refusal(packets.ACCESS_VIOLATION, "not for you")
        size = options.number("tsize", asked.get("tsize", ""))
        if opcode == packets.RRQ and not there:
            raise Refusal(packets.NOT_FOUND, "no such file")
        if opcode == packets.RRQ and not path.is_file():
            raise Refusal(packets.ACCESS_VIOLATION, "not a file")
        if opcode == packets.WRQ and os.path.lexists(path):
            raise Refusal(packets.EXISTS, "there already")
        if opcode == packets.WRQ and (size or 0) > LARGEST_UPLOAD:
            raise Refusal(packets.DISK_FULL, "too large")
        try:
            if opcode == packets.WRQ:
                incoming = Incoming(path, mode, limit=LARGEST_UPLOAD)
                self.stack.callback(incoming.discard)
                return Peer(self.sock, self.client, server.given, writer=incoming, granted=options.grant(asked, size))
            file = self.stack.enter_context(path.open("rb"))
        except FileNotFoundError:
            raise Refusal(packets.NOT_FOUND, "no such folder") from None
        except OSError as error:
            raise Refusal(packets.ACCESS_VIOLATION, str(error.strerror)) from None
        size = os.fstat(file.fileno()).st_size
        if mode == "netascii":
            file, size = netascii.Reader(file), None
        return Peer(self.sock, self.client, server.given, reader=file, granted=options.grant(asked, size))


class Server:
    def __init__(self, given):
        self.given, self.root, self.sessions = given, given.root.resolve(), {}
        self.sock = make_socket(given.host, given.port)

    def serve(self):
        while True:
            by_sock = {session.sock: session for session in self.sessions.values()}
            deadlines = [session.peer.deadline for session in by_sock.values()]
            left = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
            ready = select.select([self.sock, *by_sock], [], [], left)[0]
            for sock in ready:
                if sock is not self.sock:
                    by_sock[sock].peer.hear()
            for session in by_sock.values():
                session.peer.look_at_the_clock()
                if session.peer.over:
                    self.end(session)
            if self.sock in ready:
                self.asked()

    def asked(self):
        try:
            request, client = self.sock.recvfrom(LARGEST)
        except OSError:
            return
        if request[:2] not in (b"\0\1", b"\0\2"):
            return
        if before := self.sessions.get(client):
            if before.request == request and not before.peer.complete:
                return
            self.end(before)
        with contextlib.suppress(OSError, packets.PacketError, Refusal):
            self.sessions[client] = Session(self, client, request)

    def end(self, session):
        session.stack.close()
        session.say(session.peer.problem or ("complete" if session.peer.complete else "stopped"))
        del self.sessions[session.client]


def main():
    parser = argparse.ArgumentParser(description="A TFTP server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=6969, type=int, help="port for requests")
    parser.add_argument("--root", default=".", type=Path, help="folder of the files")
    parser.add_argument("--writable", action="store_true", help="let clients write new files")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before the first sending again")
    parser.add_argument("--retries", default=5, type=int, help="how often to send again")
    parser.add_argument("--dally", default=2.0, type=float, help="seconds to stay when all has been received")
    given = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")
    if not given.root.is_dir():
        sys.exit(f"tftp_server.py: no such folder: {given.root}")
    try:
        server = Server(given)
    except (OSError, OverflowError) as error:
        sys.exit(f"tftp_server.py: cannot receive on {given.host}, port {given.port}: {error}")
    with server.sock, contextlib.suppress(KeyboardInterrupt):
        server.serve()
    for session in list(server.sessions.values()):
        server.end(session)


if __name__ == "__main__":
    main()
