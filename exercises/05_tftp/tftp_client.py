"""A TFTP client: it fetches a file from a server, or brings one there. RFC 1350; RFC 1123, section 4.2.3.

    python tftp_client.py get hello.txt --port 6969                 fetches hello.txt, into a file of that name here
    python tftp_client.py get pub/hello.txt mine.txt --port 6969    into mine.txt
    python tftp_client.py put mine.txt --port 6969                  brings mine.txt there, under that name
    python tftp_client.py put mine.txt yours.txt --port 6969        under the name yours.txt

What it does

  Request      goes to --port of --host. The server answers from another port (its TID: RFC 1350, section 4), and
               everything after that goes to the port that the first answer came from. A packet that makes no sense is
               no answer.
  Strangers    What comes from another port or address after that does not count. It gets ERROR 5 (bonus), unless it is
               an ERROR itself: a request that arrives twice may make a server answer twice, from two ports.
  get          The file appears under its name (and replaces the one that was there) when all of it has come. Then DONE
               is shown, and the program stays for a moment, as transfer.py says, in case that the last ACK was lost.
  put          DONE is shown when the last block is acknowledged.
  Options      (bonus) --blksize, --tsize, --windowsize and --resend ask for the options of options.py; without them
               none is asked for.
  Failure      One clear line on stderr, and exit code 1: an ERROR (with its code and message), no answer, a file that
               cannot be read or written, an unknown name of a host, a port above 65535. Nothing stays of a file that
               did not come to its end; one that was there before is there as before.
"""
import argparse
import contextlib
import select
import socket
import sys
import time
from pathlib import Path
from typing import Any

import netascii
import options
import packets
from files import Incoming
from transfer import Receiver, Sender, Transfer

DONE = "done: {} bytes"         # of the file
LARGEST = 65536                 # bytes: no datagram has more


class Failure(Exception):
    """Why a transfer did not succeed, in words."""


class Conversation:
    """A transfer, and the socket that it goes over.

    server: address and port that the request goes to. peer: those that everything goes to: the server's, until the
    first answer shows its TID.
    """

    def __init__(self, transfer: Transfer, wire: socket.socket, server: tuple) -> None:
        self.transfer, self.wire, self.server, self.peer = transfer, wire, server, server

    def run(self) -> None:
        """Begin, and go on until the transfer is finished. Raises Failure."""
        self.send(self.transfer.start(time.monotonic()))
        while not self.transfer.finished:
            self.step()

    def dally(self) -> None:
        """Go on until there is nothing more to wait for."""
        while self.transfer.deadline is not None:
            self.step()

    def step(self) -> None:
        """Wait for a datagram or for the deadline, and send what is due then. Raises Failure if the transfer failed.

        Look at the deadline first: who is sent junk all the time has to notice it too.
        """
        # TODO 1: wait for a datagram, or for the time
        raise NotImplementedError("TODO 1: wait for a datagram, or for the time")

    def arrived(self) -> list[bytes]:
        """Take a datagram, and give it to the transfer if it counts. Returns what is to be sent to the peer.

        Before the transfer has begun, what comes from the server's address counts, whatever port it is from: give it
        to the transfer. If that has begun then, or failed, the sender is the peer from there on. A packet that makes
        no sense has done neither, and does not decide who the peer is.
        """
        # TODO 2: take a datagram, if it counts
        raise NotImplementedError("TODO 2: take a datagram, if it counts")

    def send(self, due: list[bytes]) -> None:
        """Send these packets to the peer."""
        for packet in due:
            with contextlib.suppress(BlockingIOError):        # no room in the buffer: as good as lost on the way
                self.wire.sendto(packet, self.peer)


def connect(host: str, port: int) -> tuple[socket.socket, tuple]:
    """Return a UDP socket that is not connected, and the address to send to, with the host as a number (127.0.0.1, not
    localhost): recvfrom() gives numbers, and they are compared.

    connect() would not do: the answers come from another port. Raises Failure for an unknown name, and for a port that
    does not exist.
    """
    # TODO 3: a socket that hears every port
    raise NotImplementedError("TODO 3: a socket that hears every port")


def get(name: str, path: Path, mode: str, wire: socket.socket, server: tuple, asked: dict[str, str],
        **how: Any) -> None:
    """Fetch the server's file of this name into this path, show DONE, and dally.

    asked: options for the request (bonus). how: timeout, retries and dally of the transfer. Raises Failure, or OSError
    where the file here cannot be written; then nothing is left of it.
    """
    # TODO 4: fetch a file
    raise NotImplementedError("TODO 4: fetch a file")


def put(path: Path, name: str, mode: str, wire: socket.socket, server: tuple, asked: dict[str, str],
        **how: Any) -> None:
    """Bring the file at this path to the server, under this name, and show DONE. As get()."""
    # TODO 5: bring a file
    raise NotImplementedError("TODO 5: bring a file")


def main() -> None:
    parser = argparse.ArgumentParser(description="A TFTP client.")
    parser.add_argument("what", choices=["get", "put"])
    parser.add_argument("file", help="name of the file where it comes from")
    parser.add_argument("other", nargs="?", help="name of the file where it goes to, if it is another one")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=6969, type=int, help="port of the server")
    parser.add_argument("--mode", default="octet", choices=["octet", "netascii"], help="bytes, or lines of text")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before the first sending again")
    parser.add_argument("--retries", default=5, type=int, help="how often to send again")
    parser.add_argument("--dally", default=2.0, type=float, help="seconds to stay when all has been received")
    parser.add_argument("--blksize", metavar="BYTES", help="ask for blocks of so many bytes")
    parser.add_argument("--windowsize", metavar="BLOCKS", help="ask for so many blocks at once")
    parser.add_argument("--resend", metavar="SECONDS", help="ask the server to send again after so many seconds")
    parser.add_argument("--tsize", action="store_const", const="0", help="tell or ask for the size of the file")
    arguments = parser.parse_args()

    wanted = {"blksize": arguments.blksize, "timeout": arguments.resend, "tsize": arguments.tsize,
              "windowsize": arguments.windowsize}
    asked = {name: value for name, value in wanted.items() if value is not None}
    other = arguments.other or Path(arguments.file).name
    try:
        for name, value in asked.items():
            if options.number(name, value) is None:
                raise Failure(f"no such {name}: {value}")
        wire, server = connect(arguments.host, arguments.port)
        how = {"timeout": arguments.timeout, "retries": arguments.retries, "dally": arguments.dally}
        with wire:
            if arguments.what == "get":
                get(arguments.file, Path(other), arguments.mode, wire, server, asked, **how)
            else:
                put(Path(arguments.file), other, arguments.mode, wire, server, asked, **how)
    except (Failure, OSError) as error:
        sys.exit(f"tftp_client.py: cannot {arguments.what} {arguments.file}: {error}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)                         # ended by Ctrl-C, in the shell's usual number
