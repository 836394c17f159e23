"""A TFTP client whose transfers are generators: they yield what to send, or how long to wait, and are given packets.

So they read like a story, from the first packet to the last, and know nothing of sockets.
"""
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

DONE = "done: {} bytes"
MOST_WAIT = 60.0


class Failure(Exception):
    """Why a transfer did not succeed, in words."""


class Link:
    """The socket, and who is at the other end of it."""

    def __init__(self, wire, server):
        self.wire, self.server = wire, server
        self.peer = self.sender = None                    # the server's TID, and who has sent the last packet

    def send(self, due, to=None):
        for packet in due:
            with contextlib.suppress(BlockingIOError):
                self.wire.sendto(packet, to or self.peer or self.server)

    def receive(self, until):
        """The next packet from the server; None if there is none until then."""
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.wire], [], [], left)[0]:
                continue
            with contextlib.suppress(OSError, packets.PacketError):
                datagram, self.sender = self.wire.recvfrom(65536)
                if self.sender == self.peer or not self.peer and self.sender[0] == self.server[0]:
                    return packets.decode(datagram)
                if self.peer and datagram[:2] != b"\0\5":
                    self.send([packets.error(packets.UNKNOWN_ID, "nobody asked you")], self.sender)
        return None

    def play(self, story):
        """Do what a generator says: send a list of packets, or wait until a time, a float."""
        answer = None
        with contextlib.suppress(StopIteration):
            while True:
                wish = story.send(answer)
                answer = self.receive(wish) if isinstance(wish, float) else self.send(wish)


class Story:
    """A transfer."""

    def __init__(self, link, args, asked):
        self.link, self.args, self.asked = link, args, asked
        self.wait, self.fixed, self.srtt, self.rttvar = args.timeout, False, None, 0.0
        self.blksize, self.window, self.since = 512, 1, 0

    def ask(self, due, take, sent=False):
        """Send these packets, and again, until take(packet) returns something. Returns that. sent: they are already."""
        begin = time.monotonic()
        for attempt in range(self.args.retries + 1):
            if not sent:
                yield due
            sent = False
            deadline = time.monotonic() + self.wait
            while packet := (yield deadline):
                if packet[0] == packets.ERROR:
                    raise Failure(f"ERROR {packet[1]}: " + "".join(c if c.isprintable() else "?" for c in packet[2]))
                taken = take(packet)
                if taken is True:
                    yield due
                elif taken:
                    self.link.peer = self.link.sender
                    if not attempt:
                        self.measure(time.monotonic() - begin)
                    return taken
            self.since = 0
            if attempt < self.args.retries and not self.fixed:
                self.wait = max(self.wait, min(2 * self.wait, MOST_WAIT))
        raise Failure("no answer")

    def measure(self, took):
        if self.fixed:
            return
        self.rttvar = took / 2 if self.srtt is None else 3 / 4 * self.rttvar + abs(self.srtt - took) / 4
        self.srtt = took if self.srtt is None else 7 / 8 * self.srtt + took / 8
        self.wait = max(self.args.timeout, min(self.srtt + 4 * self.rttvar, MOST_WAIT))

    def agree(self, granted):
        try:
            options.check(self.asked, granted)
        except options.OptionError as error:
            yield from self.fail(packets.BAD_OPTIONS, str(error))
        self.blksize, self.window = int(granted.get("blksize", 512)), int(granted.get("windowsize", 1))
        if "timeout" in granted:
            self.wait, self.fixed = float(granted["timeout"]), True

    def fail(self, code, why):
        yield [packets.error(code, why)]
        raise Failure(why)

    def get(self, name, incoming):
        due = [packets.request(packets.RRQ, name, self.args.mode, self.asked)]
        packet = yield from self.ask(due, lambda packet: (packet[0] == packets.OACK or packet[:2] == (packets.DATA, 1))
                                     and packet)
        if packet[0] == packets.OACK:
            yield from self.agree(packet[1])
            due, packet = [packets.ack(0)], None
        number, told = 0, False

        def take(packet):
            """The packet, if it is the next block; True if the ACK has to be sent again."""
            nonlocal told
            if packet[0] == packets.OACK:
                return due == [packets.ack(0)]
            if packet[0] != packets.DATA:
                return None
            ahead = (packet[1] - number) % 65536
            if 1 < ahead <= self.window and not told:
                told, self.since = True, 0
                return True
            return packet if ahead == 1 else not ahead and not self.since

        while True:
            packet = packet or (yield from self.ask(due, take, sent=self.since > 0))
            (_, number, block), packet, told = packet, None, False
            due = [packets.ack(number)]
            if len(block) > self.blksize:
                yield from self.fail(packets.ILLEGAL_OPERATION, "a block is too long")
            try:
                incoming.write(block)
                if len(block) < self.blksize:
                    incoming.complete()
                    break
            except OSError as error:
                yield from self.fail(packets.DISK_FULL, error.strerror)
            self.since = (self.since + 1) % self.window
        yield due
        print(DONE.format(incoming.path.stat().st_size), flush=True)
        end = time.monotonic() + self.args.dally
        while packet := (yield end):
            if packet[:2] == (packets.DATA, number):
                yield due

    def put(self, name, read, size):
        if "tsize" in self.asked:
            self.asked["tsize"] = str(size)
        due = [packets.request(packets.WRQ, name, self.args.mode, self.asked)]
        packet = yield from self.ask(due, lambda packet: (packet[0] == packets.OACK or packet == (packets.ACK, 0))
                                     and packet)
        if packet[0] == packets.OACK:
            yield from self.agree(packet[1])
        blocks, due, acknowledged = self.blocks(read), [], 0
        while True:
            while len(due) < self.window and (packet := next(blocks, None)):
                due.append(packet)
            if not due:
                break

            def count(packet):
                arrived = (packet[1] - acknowledged) % 65536 if packet[0] == packets.ACK else 0
                return (arrived,) if 1 <= arrived <= len(due) else None

            arrived, = yield from self.ask(due, count)
            acknowledged += arrived
            del due[:arrived]
        print(DONE.format(size), flush=True)

    def blocks(self, read):
        number, full = 0, True
        while full:
            block = read(self.blksize)
            full = len(block) == self.blksize
            number = (number + 1) % 65536
            yield packets.data(number, block)


def run(args):
    asked = {"blksize": args.blksize, "timeout": args.resend, "tsize": args.tsize, "windowsize": args.windowsize}
    asked = {name: value for name, value in asked.items() if value is not None}
    for name, value in asked.items():
        if options.number(name, value) is None:
            raise Failure(f"no such {name}: {value}")
    if not 0 < args.port < 65536:
        raise Failure(f"no such port: {args.port}")
    try:
        family, kind, _, _, server = socket.getaddrinfo(args.host, args.port, type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError) as error:
        raise Failure(f"unknown host {args.host}: {error}") from None
    other = args.other or Path(args.file).name
    with socket.socket(family, kind) as wire, contextlib.ExitStack() as stack:
        wire.setblocking(False)
        with contextlib.suppress(OSError):    # macOS sends no more than 9,216 bytes unless it is asked to
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        link = Link(wire, server)
        story = Story(link, args, asked)
        if args.what == "get":
            path = Path(other).resolve()
            if path.exists() and not path.is_file():
                raise Failure(f"{path} is not a file")
            incoming = Incoming(path, args.mode, replace=True)
            stack.callback(incoming.discard)
            link.play(story.get(args.file, incoming))
        else:
            file = stack.enter_context(open(args.file, "rb"))
            read = netascii.Reader(file).read if args.mode == "netascii" else file.read
            link.play(story.put(other, read, Path(args.file).stat().st_size))


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
    args = parser.parse_args()
    try:
        run(args)
    except (Failure, OSError) as error:
        sys.exit(f"tftp_client.py: cannot {args.what} {args.file}: {error}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
