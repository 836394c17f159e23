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
    # TODO 1: make a socket
    raise NotImplementedError("TODO 1: make a socket")


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
    # TODO 2: keep the name below the root
    raise NotImplementedError("TODO 2: keep the name below the root")


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
    # TODO 3: open a file to be read
    raise NotImplementedError("TODO 3: open a file to be read")


def writing(path: Path, mode: str, asked: dict[str, str], **how: Any) -> tuple[Transfer, Callable[[], object]]:
    """Open a file to be written. Returns its transfer, which is a Receiver, and what to call at the end.

    As reading(). Raises Refusal if the name is there already (ERROR 6), if the folder is not (ERROR 1), or if no file
    can be made in it (ERROR 2).
    """
    # TODO 4: open a file to be written
    raise NotImplementedError("TODO 4: open a file to be written")


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
        # TODO 5: wait for datagrams, and for the time
        raise NotImplementedError("TODO 5: wait for datagrams, and for the time")

    def arrived(self, session: Session) -> None:
        """Something has arrived for a session: give it to the transfer, if it comes from its client."""
        # TODO 6: carry datagrams between the socket and the transfer
        raise NotImplementedError("TODO 6: carry datagrams between the socket and the transfer")

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
        # TODO 7: begin a session, or refuse
        raise NotImplementedError("TODO 7: begin a session, or refuse")

    def open(self, opcode: int, name: str, mode: str, asked: dict[str, str]) -> tuple[Transfer, Callable[[], object]]:
        """Do what a request asks for. Returns what reading() and writing() return, and raises Refusal as they do."""
        # TODO 8: read or write, or raise Refusal
        raise NotImplementedError("TODO 8: read or write, or raise Refusal")

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
