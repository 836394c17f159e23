"""A TFTP client with asyncio: what arrives goes through a queue, and asyncio.timeout() is its clock."""
import argparse
import asyncio
import contextlib
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


class Inbox(asyncio.DatagramProtocol):
    def __init__(self):
        self.queue = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.queue.put_nowait((data, addr))

    def error_received(self, exc):
        pass


class Wire:
    """The server, seen from here."""

    def __init__(self, transport, queue, server, args):
        self.transport, self.queue, self.server, self.args = transport, queue, server, args
        self.tid = None
        self.wait, self.fixed, self.mean, self.deviation = args.timeout, False, None, 0.0

    def send(self, due):
        for packet in due:
            self.transport.sendto(packet, self.tid or self.server)

    async def hear(self):
        """The next packet from the server, and who sent it."""
        while True:
            datagram, sender = await self.queue.get()
            if self.tid and sender != self.tid:
                if datagram[:2] != b"\0\5":
                    self.transport.sendto(packets.error(packets.UNKNOWN_ID, "we have not met"), sender)
                continue
            if sender[0] != self.server[0]:
                continue
            with contextlib.suppress(packets.PacketError):
                return packets.decode(datagram), sender

    async def ask(self, due, take, quietly=False, again=lambda: None):
        """Send these packets, again and again, until take(packet) returns something but None. Returns that.

        quietly: the first time just act as if they had been sent. again: called before each later sending.
        """
        began = time.monotonic()
        for attempt in range(self.args.retries + 1):
            if attempt:
                again()
            if attempt or not quietly:
                self.send(due)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.wait):
                    while True:
                        packet, sender = await self.hear()
                        if packet[0] == packets.ERROR:
                            words = "".join(letter if letter.isprintable() else "?" for letter in packet[2])
                            raise Failure(f"ERROR {packet[1]}: {words}")
                        taken = take(packet)
                        if taken is not None:
                            self.tid = sender
                            if attempt == 0 and not self.fixed:
                                self.measure(time.monotonic() - began)
                            return taken
            if not self.fixed and attempt < self.args.retries:
                self.wait = max(self.wait, min(self.wait * 2, MOST_WAIT))
        raise Failure("no answer")

    def measure(self, took):
        if self.mean is None:
            self.mean, self.deviation = took, took / 2
        else:
            self.deviation += (abs(self.mean - took) - self.deviation) / 4
            self.mean += (took - self.mean) / 8
        self.wait = max(self.args.timeout, min(self.mean + 4 * self.deviation, MOST_WAIT))

    def agree(self, asked, granted):
        """Take what an OACK grants, or fail."""
        try:
            options.check(asked, granted)
        except options.OptionError as error:
            self.send([packets.error(packets.BAD_OPTIONS, str(error))])
            raise Failure(f"a wrong OACK: {error}") from None
        if "timeout" in granted:
            self.wait, self.fixed = float(granted["timeout"]), True
        return int(granted.get("blksize", 512)), int(granted.get("windowsize", 1))


async def get(wire, args, asked):
    path = Path(args.other or Path(args.file).name).resolve()
    if path.exists() and not path.is_file():
        raise Failure(f"{path} is not a file")
    incoming = Incoming(path, args.mode, replace=True)
    try:
        due, blksize, window = [packets.request(packets.RRQ, args.file, args.mode, asked)], 512, 1

        def answer(packet):
            return packet if packet[0] == packets.OACK or packet[:2] == (packets.DATA, 1) else None

        first = await wire.ask(due, answer)
        if first[0] == packets.OACK:
            blksize, window = wire.agree(asked, first[1])
            due, first = [packets.ack(0)], None
        await receive(wire, incoming, due, first, blksize, window)
    finally:
        incoming.discard()


async def receive(wire, incoming, due, packet, blksize, window):
    number, since, told = 0, 0, False

    def take(packet):
        nonlocal since, told
        ahead = (packet[1] - number) % 65536 if packet[0] == packets.DATA else None
        if ahead == 1:
            return packet
        if packet[0] == packets.OACK and due == [packets.ack(0)]:
            wire.send(due)
        elif ahead == 0 and not since and due[0][:2] == b"\0\4":
            wire.send(due)
        elif ahead and ahead <= window and not told:
            told, since = True, 0
            wire.send(due)
        return None

    def begin_a_window():
        nonlocal since
        since = 0

    def complain(code, why):
        wire.send([packets.error(code, why)])
        raise Failure(why)

    while True:
        packet = packet or await wire.ask(due, take, quietly=since > 0, again=begin_a_window)
        number, block, packet, told = packet[1], packet[2], None, False
        if len(block) > blksize:
            complain(packets.ILLEGAL_OPERATION, "a block that is too long")
        try:
            incoming.write(block)
            if len(block) < blksize:
                incoming.complete()
                break
        except OSError as error:
            complain(packets.DISK_FULL, error.strerror)
        due, since = [packets.ack(number)], (since + 1) % window
    last = [packets.ack(number)]
    wire.send(last)
    print(DONE.format(incoming.path.stat().st_size), flush=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wire.args.dally):
            while True:
                packet, _ = await wire.hear()
                if packet[:2] == (packets.DATA, number):
                    wire.send(last)


async def put(wire, args, asked):
    path = Path(args.file)
    with path.open("rb") as file:
        size = path.stat().st_size
        if "tsize" in asked:
            asked["tsize"] = str(size)
        read = netascii.Reader(file).read if args.mode == "netascii" else file.read
        opening = packets.request(packets.WRQ, args.other or path.name, args.mode, asked)
        first = await wire.ask([opening], lambda packet: packet if packet[0] == packets.OACK
                               or packet == (packets.ACK, 0) else None)
        blksize, window = wire.agree(asked, first[1] if first[0] == packets.OACK else {})
        due, acknowledged, more = [], 0, True
        while more or due:
            while more and len(due) < window:
                block = read(blksize)
                more = len(block) == blksize
                due.append(packets.data((acknowledged + len(due) + 1) % 65536, block))

            def arrived(packet):
                count = (packet[1] - acknowledged) % 65536 if packet[0] == packets.ACK else 0
                return count if 1 <= count <= len(due) else None

            count = await wire.ask(due, arrived)
            acknowledged += count
            due = due[count:]
    print(DONE.format(size), flush=True)


async def run(args):
    asked = {"blksize": args.blksize, "timeout": args.resend, "tsize": args.tsize, "windowsize": args.windowsize}
    asked = {name: value for name, value in asked.items() if value is not None}
    for name, value in asked.items():
        if options.number(name, value) is None:
            raise Failure(f"no such {name}: {value}")
    if not 0 < args.port < 65536:
        raise Failure(f"no such port: {args.port}")
    loop = asyncio.get_running_loop()
    try:
        family, *_, server = (await loop.getaddrinfo(args.host, args.port, type=2))[0]
    except (OSError, UnicodeError) as error:
        raise Failure(f"unknown host {args.host}: {error}") from None
    transport, inbox = await loop.create_datagram_endpoint(
        Inbox, local_addr=("::" if ":" in server[0] else "0.0.0.0", 0), family=family)
    try:
        await (get if args.what == "get" else put)(Wire(transport, inbox.queue, server, args), args, asked)
    finally:
        transport.close()


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
        asyncio.run(run(args))
    except (Failure, OSError) as error:
        sys.exit(f"tftp_client.py: cannot {args.what} {args.file}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
