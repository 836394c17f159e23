"""A TFTP server: RFC 1350 and RFC 1123, section 4.2.3. (Bonus: the options of RFC 2347 to 2349 and RFC 7440.)

Try it by hand first: this in one terminal, tftp_client.py in a second one, or curl.

    python tftp_server.py --port 6969 --root shared_files
    curl --output - tftp://127.0.0.1:6969/hello.txt

Write TODO 1, 3, 7 and 8 of transfer.py before this. Then write TODO 1 to 3 in here, and then 8, 7, 6 and 5: what each
of these needs is there when you come to it. TODO 4 comes last, with TODO 9 of transfer.py and with files.py.

What it does

  Requests     come to --port. Nothing is ever sent from there: each transfer has a socket of its own, with a fresh
               port, its TID (RFC 1350, section 4), and so has each refusal. The client goes on with that port. When
               the transfer is over, its socket is closed.
  Many         transfers run at once, MOST_TRANSFERS at the most; one more gets ERROR 0. A request that comes again
               while its transfer runs (the same bytes, from the same address and port) is dropped. Another one from
               there ends that transfer: the client has begun something else.
  Names        of files are paths below --root, with / between folders. What leads out of it gets ERROR 2, in whichever
               way: .., an absolute path, a symbolic link. So does what is there and is no file. What is not there gets
               ERROR 1. A link that stays below --root is followed.
  Modes        octet, and (bonus) netascii. Every other one, as "mail", gets ERROR 4, and so does netascii without the
               bonus: what was asked for as text must not go out untranslated.
  Read         The file is sent as transfer.py has it.
  Write        With --writable only, else ERROR 2. A file is never overwritten: if the name is there, ERROR 6, also if
               it is there by the end only. The file appears when it is complete, before the last ACK is sent; of one
               that ended in another way nothing stays. More than LARGEST_UPLOAD bytes, or a full disk: ERROR 3.
  Strangers    What comes to a transfer's port from elsewhere is not let in, and does not disturb the transfer; the
               stranger gets ERROR 5 (bonus), unless it is an ERROR itself.
  Garbage      A broken request gets ERROR 4. Everything else that comes to --port and is no request is dropped; so is
               what comes to a transfer's port and is no packet.
  Screen       A line for each request, with what became of it; not for each packet, for there are very many. What it
               says is up to you.
  The end      On Ctrl-C the program ends quietly: exit code 0, no traceback, and no unfinished upload is left.
  No such port One clear line on stderr, and exit code 1: a port above 65535, or one that is taken; so for a --root
               that is no folder. Port 69, which TFTP has by right, needs privileges.
"""
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
    ### BEGIN SOLUTION 1: make a socket
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
    ### END SOLUTION 1


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
    not texts: /srv/files-secret begins with /srv/files.

    Some names the operating system does not take at all, one of 1,000 letters for example: then some call raises
    OSError or ValueError, here or later in exists(). The client gets an ERROR for it, and the server goes on. An empty
    name is the root itself, which is no file.
    """
    ### BEGIN SOLUTION 2: keep the name below the root
    try:
        path = Path(os.path.realpath(root / name))
        path.exists()                         # asks the operating system: some names raise OSError here
    except (OSError, ValueError):
        raise Refusal(packets.ACCESS_VIOLATION, "no name of a file") from None
    if not path.is_relative_to(root):
        raise Refusal(packets.ACCESS_VIOLATION, "outside of what is served")
    return path
    ### END SOLUTION 2


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
    Raises Refusal if nothing of this name is there (ERROR 1), if it is no file, or if it cannot be opened (ERROR 2).
    What is no file must not be opened: to open a FIFO can block for ever.
    """
    ### BEGIN SOLUTION 3: open a file to be read
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
    ### END SOLUTION 3


def writing(path: Path, mode: str, asked: dict[str, str], **how: Any) -> tuple[Transfer, Callable[[], object]]:
    """Open a file to be written. Returns its transfer, which is a Receiver, and what to call at the end.

    As reading(). Raises Refusal if the name is there already (ERROR 6), if the folder is not (ERROR 1), or if no file
    can be made in it (ERROR 2).
    """
    ### BEGIN SOLUTION 4: open a file to be written
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
    ### END SOLUTION 4


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

        Register the listener in self.selector, as each session's socket is (TODO 7). Wait until the next deadline,
        serve what has arrived, then tick() each session whose deadline has come. end() may close a socket that the
        same select() has returned: then its recvfrom() raises OSError, and that is as if nothing had come.

        (With very many transfers it is slow to look at all deadlines after every datagram: it is enough to look when
        the earliest one has come. No wait is shorter than the shortest one, so a new transfer need not be looked at
        sooner than that.)
        """
        ### BEGIN SOLUTION 5: wait for datagrams, and for the time
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
                    if session.transfer.deadline <= now:
                        self.send(session, session.transfer.tick(now))
                look = min([now + min(self.how["timeout"], options.LIMITS["timeout"][0])]
                           + [session.transfer.deadline for session in self.sessions.values()])
        ### END SOLUTION 5

    def arrived(self, session: Session) -> None:
        """Something has arrived for a session: give it to the transfer, if it comes from its client."""
        ### BEGIN SOLUTION 6: carry datagrams between the socket and the transfer
        try:
            datagram, sender = session.wire.recvfrom(LARGEST)
        except OSError:                       # nothing after all; or, on Windows, an earlier answer found nobody
            return
        if sender == session.client:
            self.send(session, session.transfer.receive(datagram, time.monotonic()))
        elif not datagram.startswith(packets.ERROR.to_bytes(2, "big")):
            send(session.wire, [packets.error(packets.UNKNOWN_ID, "this is somebody else's transfer")], sender)
        ### END SOLUTION 6

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
        ### BEGIN SOLUTION 7: begin a session, or refuse
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
            refusal = Refusal(packets.ILLEGAL_OPERATION, str(error))
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
        ### END SOLUTION 7

    def open(self, opcode: int, name: str, mode: str, asked: dict[str, str]) -> tuple[Transfer, Callable[[], object]]:
        """Do what a request asks for. Returns what reading() and writing() return, and raises Refusal as they do."""
        ### BEGIN SOLUTION 8: read or write, or raise Refusal
        if len(self.sessions) >= MOST_TRANSFERS:
            raise Refusal(packets.UNDEFINED, "too many transfers, try again later")
        if mode not in ("octet", "netascii"):
            raise Refusal(packets.ILLEGAL_OPERATION, f"no such mode: {mode!r}")
        if opcode == packets.WRQ and not self.writable:
            raise Refusal(packets.ACCESS_VIOLATION, "nothing can be written here")
        path = locate(self.root, name)
        return (reading if opcode == packets.RRQ else writing)(path, mode, asked, **self.how)
        ### END SOLUTION 8

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
