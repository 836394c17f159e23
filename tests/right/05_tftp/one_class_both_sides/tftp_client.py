"""A TFTP client: a Peer that asks."""
import argparse
import contextlib
import select
import socket
import sys
import time
from pathlib import Path

import netascii
import options
import packets
from files import Incoming
from tftp import Peer, make_socket

DONE = "done: {} bytes"


def follow(peer, told):
    """Until nothing is left to do. told: whom to tell when the file is complete."""
    while not peer.over:
        if select.select([peer.sock], [], [], max(0.0, peer.deadline - time.monotonic()))[0]:
            peer.hear()
        peer.look_at_the_clock()
        if peer.complete and told:
            told = told()
    if peer.problem:
        raise OSError(peer.problem)


def address_of(host, port):
    if not 0 < port < 65536:
        raise OSError(f"no such port: {port}")
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4]
    except UnicodeError as error:
        raise OSError(f"no such host: {error}") from None


def main():
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
    given = parser.parse_args()
    asked = {"blksize": given.blksize, "timeout": given.resend, "tsize": given.tsize, "windowsize": given.windowsize}
    asked = {name: value for name, value in asked.items() if value is not None}
    other = given.other or Path(given.file).name
    try:
        for name, value in asked.items():
            if options.number(name, value) is None:
                raise OSError(f"no such {name}: {value}")
        server = address_of(given.host, given.port)
        with make_socket("::" if ":" in server[0] else "") as sock, contextlib.ExitStack() as stack:
            if given.what == "get":
                path = Path(other).resolve()
                if path.exists() and not path.is_file():
                    raise OSError(f"{path} is not a file")
                incoming = Incoming(path, given.mode, replace=True)
                stack.callback(incoming.discard)
                request = packets.request(packets.RRQ, given.file, given.mode, asked)
                follow(Peer(sock, server, given, writer=incoming, request=request, asked=asked),
                       lambda: print(DONE.format(path.stat().st_size), flush=True))
            else:
                file = stack.enter_context(open(given.file, "rb"))
                size = Path(given.file).stat().st_size
                if "tsize" in asked:
                    asked["tsize"] = str(size)
                request = packets.request(packets.WRQ, other, given.mode, asked)
                reader = netascii.Reader(file) if given.mode == "netascii" else file
                follow(Peer(sock, server, given, reader=reader, request=request, asked=asked),
                       lambda: print(DONE.format(size), flush=True))
    except OSError as error:
        sys.exit(f"tftp_client.py: cannot {given.what} {given.file}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
