"""A request that decode() does not understand gets no answer."""
import argparse
import contextlib
import os
import selectors
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netascii
import options
import packets
from files import Incoming
from transfer import Receiver, Sender, Transfer

MOST_TRANSFERS = 100
LARGEST_UPLOAD = 1 << 28        # bytes
LARGEST = 65536                 # bytes: no datagram has more


class Refusal(Exception):
    """A request that is answered with an ERROR: Refusal(code, message)."""


def bind(host: str, port: int) -> socket.socket:
    """Return a UDP socket with this address, which does not wait: recvfrom() raises BlockingIOError if nothing is
    there. Port 0 is any free one. It must not be connected: a connected one would never hear of strangers.

    Raises OSError where the port is taken, OverflowError where there is no such port.
    """
    wire = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        with contextlib.suppress(OSError):    # macOS sends no more than 9,216 bytes unless it is asked to
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        wire.bind((host, port))
        wire.setblocking(False)
    except BaseException:
        wire.close()
        raise
    return wire


def send(wire: socket.socket, due: list[bytes], address: tuple) -> None:
    """Send these packets. Where that cannot be they are as good as lost on the way: no room in a buffer, no route."""
    try:
        for packet in due:
            wire.sendto(packet, address)
    except OSError:
        pass


def locate(root: Path, name: str) -> Path:
    """The path of this name below root, which is absolute and free of links. Raises Refusal(2) if it leads out of it.

    It need not exist. Compare what it really is, with all links and .. resolved (os.path.realpath), and compare paths,
    not texts: /srv/files-secret begins with /srv/files. A name may also be such that the operating system
    takes none of it, as an empty one or one that is too long: OSError or ValueError.
    """
    try:
        path = Path(os.path.realpath(root / name))
        path.exists()                         # asks the operating system: some names raise OSError here
    except (OSError, ValueError):
        raise Refusal(packets.ACCESS_VIOLATION, "no name of a file") from None
    if not path.is_relative_to(root):
        raise Refusal(packets.ACCESS_VIOLATION, "outside of what is served")
    return path


@dataclass(slots=True)
class Session:
    """One transfer, with its socket, its client and its file."""

    wire: socket.socket
    client: tuple                             # its address and port, as recvfrom() returns them
    request: bytes
    title: str                                # of the request, for the screen
    transfer: Transfer
    close: Callable[[], object]               # what to do with the file at the end


def reading(path: Path, mode: str, asked: dict[str, str], **how: Any) -> tuple[Transfer, Callable[[], object]]:
    """Open a file to be read. Returns its transfer, which is a Sender, and what to call at the end.

    how: timeout, retries and dally, for the Sender. asked: the options, which count as bonus; else do not look at them.
    Raises Refusal if nothing of this name is there, or no file. What is no file must not be opened: to open a FIFO can
    block for ever.
    """
    if not path.exists():
        raise Refusal(packets.NOT_FOUND, "no such file")
    if not path.is_file():
        raise Refusal(packets.ACCESS_VIOLATION, "not a file")
    try:
        file = path.open("rb")
    except OSError as error:
        raise Refusal(packets.ACCESS_VIOLATION, error.strerror) from None
    size = None if mode == "netascii" else os.fstat(file.fileno()).st_size
    agreed = options.grant(asked, size)
    read = netascii.Reader(file).read if mode == "netascii" else file.read
    return Sender(read, packets.oack(agreed) if agreed else b"", agreed=agreed, **how), file.close


def writing(path: Path, mode: str, asked: dict[str, str], **how: Any) -> tuple[Transfer, Callable[[], object]]:
    """Open a file to be written. Returns its transfer, which is a Receiver, and what to call at the end.

    As reading(). Raises Refusal if the name is there already, or the folder is not.
    """
    if os.path.lexists(path):
        raise Refusal(packets.EXISTS, "this name is there already")
    size = options.number("tsize", asked.get("tsize", ""))
    if size is not None and size > LARGEST_UPLOAD:
        raise Refusal(packets.DISK_FULL, f"no more than {LARGEST_UPLOAD} bytes")
    try:
        file = Incoming(path, mode, limit=LARGEST_UPLOAD)
    except FileNotFoundError:
        raise Refusal(packets.NOT_FOUND, "no such folder") from None
    except OSError as error:
        raise Refusal(packets.ACCESS_VIOLATION, error.strerror) from None
    agreed = options.grant(asked, size)
    opening = packets.oack(agreed) if agreed else packets.ack(0)
    return Receiver(file.write, file.complete, opening, agreed=agreed, **how), file.discard


class Server:
    """Serves the files below root, to many clients at once.

    listener: the socket that requests come to. host: the address of the other sockets. root: absolute, without links.
    """

    def __init__(self, listener: socket.socket, host: str, root: Path, writable: bool, **how: Any) -> None:
        self.listener, self.host, self.root, self.writable, self.how = listener, host, root, writable, how
        self.sessions: dict[tuple, Session] = {}              # those that run, by the address and port of the client
        self.selector = selectors.DefaultSelector()

    def serve(self) -> None:
        """Serve for ever. One loop waits for all sockets at once, so nobody waits for somebody else's client.

        To look at every deadline after each datagram would be slow. No wait is shorter than the shortest one, so
        between two looks nothing becomes due that was not due soon at the first of them.
        """
        self.selector.register(self.listener, selectors.EVENT_READ)
        look = 0.0                            # when to look at the deadlines again
        while True:
            left = max(look - time.monotonic(), 0) if self.sessions else None
            for key, _ in self.selector.select(left):
                if key.data:
                    self.arrived(key.data)
                else:
                    self.requested()
            now = time.monotonic()
            if now >= look:
                for session in list(self.sessions.values()):
                    self.send(session, session.transfer.tick(now))
                look = min([now + min(self.how["timeout"], options.LIMITS["timeout"][0])]
                           + [session.transfer.deadline for session in self.sessions.values()])

    def arrived(self, session: Session) -> None:
        """Something has arrived for a session: give it to the transfer, if it comes from its client."""
        try:
            datagram, sender = session.wire.recvfrom(LARGEST)
        except OSError:                       # nothing after all; or, on Windows, an earlier answer found nobody
            return
        if sender == session.client:
            self.send(session, session.transfer.receive(datagram, time.monotonic()))
        elif not datagram.startswith(packets.ERROR.to_bytes(2, "big")):
            send(session.wire, [packets.error(packets.UNKNOWN_ID, "this is somebody else's transfer")], sender)

    def send(self, session: Session, due: list[bytes]) -> None:
        """Send what is due, and end the session if the transfer is over."""
        send(session.wire, due, session.client)
        if session.transfer.deadline is None:
            self.end(session)

    def end(self, session: Session) -> None:
        """Forget a session. Of a file that is not complete nothing stays."""
        self.selector.unregister(session.wire)
        session.wire.close()
        session.close()
        del self.sessions[session.client]
        outcome = "complete" if session.transfer.finished else session.transfer.failed or "broken off"
        print(f"{session.title}: {outcome}", flush=True)

    def requested(self) -> None:
        """Something has arrived where requests come to: begin a session, or refuse, each from a socket of its own."""
        try:
            request, client = self.listener.recvfrom(LARGEST)
        except OSError:
            return
        if request[:2] not in (b"\0\1", b"\0\2"):            # neither RRQ nor WRQ
            return
        if running := self.sessions.get(client):
            if running.request == request and not running.transfer.finished:
                return
            self.end(running)
        try:
            wire = bind(self.host, 0)
        except OSError:                       # too many open files: the client will ask again
            return
        title = f"{client[0]}:{client[1]}"
        try:
            opcode, name, mode, asked = packets.decode(request)
            title += f" {'reads' if opcode == packets.RRQ else 'writes'} {name!r}"
            transfer, close = self.open(opcode, name, mode, asked)
        except packets.PacketError as error:
            wire.close()
            print(f"{title}: {error}", flush=True)
            return
        except Refusal as error:
            refusal = error
        else:
            session = self.sessions[client] = Session(wire, client, request, title, transfer, close)
            self.selector.register(wire, selectors.EVENT_READ, session)
            self.send(session, transfer.start(time.monotonic()))
            return
        with wire:
            send(wire, [packets.error(*refusal.args)], client)
        print(f"{title}: ERROR {refusal.args[0]}: {refusal.args[1]}", flush=True)

    def open(self, opcode: int, name: str, mode: str, asked: dict[str, str]) -> tuple[Transfer, Callable[[], object]]:
        """Do what a request asks for. Returns what reading() and writing() return, and raises Refusal as they do."""
        if len(self.sessions) >= MOST_TRANSFERS:
            raise Refusal(packets.UNDEFINED, "too many transfers, try again later")
        if mode not in ("octet", "netascii"):
            raise Refusal(packets.ILLEGAL_OPERATION, f"no such mode: {mode!r}")
        if opcode == packets.WRQ and not self.writable:
            raise Refusal(packets.ACCESS_VIOLATION, "nothing can be written here")
        path = locate(self.root, name)
        return (reading if opcode == packets.RRQ else writing)(path, mode, asked, **self.how)

    def close(self) -> None:
        """End all sessions."""
        for session in list(self.sessions.values()):
            self.end(session)


def main() -> None:
    parser = argparse.ArgumentParser(description="A TFTP server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=6969, type=int, help="port for requests")
    parser.add_argument("--root", default=".", type=Path, help="folder of the files")
    parser.add_argument("--writable", action="store_true", help="let clients write new files")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before the first sending again")
    parser.add_argument("--retries", default=5, type=int, help="how often to send again")
    parser.add_argument("--dally", default=2.0, type=float, help="seconds to stay when all has been received")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")         # names of files may hold anything

    if not arguments.root.is_dir():
        sys.exit(f"tftp_server.py: no such folder: {arguments.root}")
    try:
        listener = bind(arguments.host, arguments.port)
    except (OSError, OverflowError) as error:
        sys.exit(f"tftp_server.py: cannot receive on {arguments.host}, port {arguments.port}: {error}")
    root = arguments.root.resolve()
    server = Server(listener, arguments.host, root, arguments.writable, timeout=arguments.timeout,
                    retries=arguments.retries, dally=arguments.dally)
    with listener, contextlib.closing(server), contextlib.suppress(KeyboardInterrupt):
        server.serve()


if __name__ == "__main__":
    main()
