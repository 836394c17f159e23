"""A TFTP server made of socketserver's parts: it hears the requests, and each handler has a socket and a thread."""
import argparse
import contextlib
import os
import select
import socket
import socketserver
import sys
import threading
import time
from pathlib import Path

import netascii
import options
import packets
from files import Incoming
from transfer import Receiver, Sender, Transfer

MOST_TRANSFERS = 100
LARGEST_UPLOAD = 1 << 28
LARGEST = 65536
NAP = 0.5                       # s after which a handler looks whether it is still wanted


class Refusal(Exception):
    """A request that is answered with an ERROR: Refusal(code, message)."""


class Handler(socketserver.BaseRequestHandler):
    """One request, and the transfer that follows."""

    transfer: Transfer | None = None

    def setup(self) -> None:
        self.wire = socket.socket(self.server.address_family, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):    # macOS sends no more than 9,216 bytes unless it is asked to
            self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        self.wire.bind((self.server.server_address[0], 0))

    def finish(self) -> None:
        self.server.done(self.request, self.client_address)
        self.wire.close()

    def is_wanted(self) -> bool:
        running = self.server.running.get(self.client_address, self.request)
        return running is self.request and not self.server.closing

    def handle(self) -> None:
        packet = self.request[0]
        try:
            opcode, name, mode, asked = packets.decode(packet)
            path = self.allowed(opcode, name, mode)
            with contextlib.ExitStack() as stack:
                self.transfer = (self.reading if opcode == packets.RRQ else self.writing)(path, mode, asked, stack)
                self.run()
            said = f"{name!r}: {self.transfer.failed or 'complete'}"
        except packets.PacketError as error:
            said = self.refuse(packets.ILLEGAL_OPERATION, str(error))
        except Refusal as refusal:
            said = self.refuse(*refusal.args)
        print(f"{self.client_address[0]}:{self.client_address[1]} {said}", flush=True)

    def refuse(self, code: int, message: str) -> str:
        self.send([packets.error(code, message)])
        return f"ERROR {code}: {message}"

    def allowed(self, opcode: int, name: str, mode: str) -> Path:
        if threading.active_count() > MOST_TRANSFERS + 1:
            raise Refusal(packets.UNDEFINED, "too many transfers")
        if mode not in ("octet", "netascii"):
            raise Refusal(packets.ILLEGAL_OPERATION, "no such mode")
        if opcode == packets.WRQ and not self.server.options.writable:
            raise Refusal(packets.ACCESS_VIOLATION, "not for writing")
        try:
            path = self.server.root.joinpath(name).resolve()
            path.exists()
        except (OSError, ValueError, RuntimeError):
            raise Refusal(packets.ACCESS_VIOLATION, "not a name") from None
        if self.server.root != path and self.server.root not in path.parents:
            raise Refusal(packets.ACCESS_VIOLATION, "outside of the root")
        return path

    def reading(self, path: Path, mode: str, asked: dict[str, str], stack: contextlib.ExitStack) -> Transfer:
        if not path.exists():
            raise Refusal(packets.NOT_FOUND, "no such file")
        if not path.is_file():
            raise Refusal(packets.ACCESS_VIOLATION, "no file")
        try:
            file = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise Refusal(packets.ACCESS_VIOLATION, error.strerror) from None
        size = os.fstat(file.fileno()).st_size
        if mode == "netascii":
            file, size = netascii.Reader(file), None
        agreed = options.grant(asked, size)
        return Sender(file.read, packets.oack(agreed) if agreed else b"", agreed=agreed, **self.server.how)

    def writing(self, path: Path, mode: str, asked: dict[str, str], stack: contextlib.ExitStack) -> Transfer:
        if os.path.lexists(path):
            raise Refusal(packets.EXISTS, "it exists")
        size = options.number("tsize", asked.get("tsize", ""))
        if size and size > LARGEST_UPLOAD:
            raise Refusal(packets.DISK_FULL, "too large")
        try:
            incoming = Incoming(path, mode, limit=LARGEST_UPLOAD)
        except FileNotFoundError:
            raise Refusal(packets.NOT_FOUND, "no such folder") from None
        except OSError as error:
            raise Refusal(packets.ACCESS_VIOLATION, error.strerror) from None
        stack.callback(incoming.discard)
        agreed = options.grant(asked, size)
        return Receiver(incoming.write, incoming.complete, packets.oack(agreed) if agreed else packets.ack(0),
                        agreed=agreed, **self.server.how)

    def run(self) -> None:
        self.send(self.transfer.start(time.monotonic()))
        while self.transfer.deadline is not None and self.is_wanted():
            left = min(max(self.transfer.deadline - time.monotonic(), 0), NAP)
            if select.select([self.wire], [], [], left)[0]:
                self.hear()
            self.send(self.transfer.tick(time.monotonic()))
            if self.transfer.finished:
                self.server.done(self.request, self.client_address)
        if self.transfer.deadline is not None and not self.transfer.finished:
            self.transfer.failed = "ended from outside"

    def hear(self) -> None:
        with contextlib.suppress(OSError):
            datagram, sender = self.wire.recvfrom(LARGEST)
            if sender == self.client_address:
                self.send(self.transfer.receive(datagram, time.monotonic()))
            elif datagram[:2] != b"\0\5":
                self.wire.sendto(packets.error(packets.UNKNOWN_ID, "somebody else's"), sender)

    def send(self, due: list[bytes]) -> None:
        with contextlib.suppress(OSError):
            for packet in due:
                self.wire.sendto(packet, self.client_address)


class Server(socketserver.ThreadingUDPServer):
    max_packet_size = LARGEST

    def __init__(self, given: argparse.Namespace) -> None:
        self.address_family = socket.AF_INET6 if ":" in given.host else socket.AF_INET
        self.options, self.root = given, given.root.resolve()
        self.how = {"timeout": given.timeout, "retries": given.retries, "dally": given.dally}
        self.running: dict[tuple, tuple[bytes, socket.socket]] = {}     # the requests that are served, by client
        self.closing = False
        self.lock = threading.Lock()
        super().__init__((given.host, given.port), Handler)

    def verify_request(self, request: tuple[bytes, socket.socket], client_address: tuple) -> bool:
        """Whether this is a request, and not one that is being served already."""
        if request[0][:2] not in (b"\0\1", b"\0\2"):
            return False
        with self.lock:
            running = self.running.get(client_address)
            if running and running[0] == request[0]:
                return False
            self.running[client_address] = request            # who serves another one from there sees that, and ends
        return True

    def done(self, request: tuple[bytes, socket.socket], client_address: tuple) -> None:
        """From here on the same request may come again."""
        with self.lock:
            if self.running.get(client_address) is request:
                del self.running[client_address]

    def server_close(self) -> None:
        """End all handlers, which remove what they have of files, and wait for them."""
        self.closing = True
        super().server_close()


def main() -> None:
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
    with server, contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
