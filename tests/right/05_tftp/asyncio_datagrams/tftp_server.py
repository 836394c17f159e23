"""A TFTP server with asyncio: one protocol hears the requests, and each transfer has a transport and a protocol."""
import argparse
import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path

import netascii
import options
import packets
from files import Incoming

MOST_TRANSFERS = 100
LARGEST_UPLOAD = 1 << 28
MOST_WAIT = 60.0


class Refusal(Exception):
    """A request that is answered with an ERROR: Refusal(code, message)."""


class Transfer(asyncio.DatagramProtocol):
    """Whatever a transfer sends again until it is answered, with a timer of the event loop."""

    transport = timer = None
    title = "?"
    result = "interrupted"
    finished = False

    def __init__(self, server, request, client):
        self.server, self.request, self.client = server, request, client
        self.srtt = self.rttvar = None
        self.sends, self.sent_at, self.due = 0, 0.0, []

    # What asyncio calls

    def connection_made(self, transport):
        self.transport = transport
        try:
            opcode, name, mode, asked = packets.decode(self.request)
            self.title = f"{'read' if opcode == packets.RRQ else 'write'} {name!r}"
            self.open(opcode, name, mode, asked)
        except packets.PacketError as error:
            self.error(packets.ILLEGAL_OPERATION, str(error))
        except Refusal as refusal:
            self.error(*refusal.args)

    def datagram_received(self, data, addr):
        if self.transport.is_closing():
            return
        if addr != self.client:
            if data[:2] != b"\0\5":
                self.transport.sendto(packets.error(packets.UNKNOWN_ID, "not yours"), addr)
            return
        try:
            packet = packets.decode(data)
        except packets.PacketError:
            return
        if packet[0] == packets.ERROR:
            self.end("complete" if self.finished else f"ERROR {packet[1]}: {packet[2]!r}")
        elif packet[0] == self.listens_to:
            self.heard(*packet[1:])

    def error_received(self, exc):
        """Somebody has gone: the timer will find that out."""

    def connection_lost(self, exc):
        if self.timer:
            self.timer.cancel()
        self.close()
        self.server.gone(self)
        print(f"{self.client[0]}:{self.client[1]} {self.title}: {self.result}", flush=True)

    # For those who inherit

    listens_to = None

    def heard(self, number, block=b""):
        raise NotImplementedError

    def close(self):
        pass

    def open(self, opcode, name, mode, asked):
        """Become what the request asks for."""
        if len(self.server.running) > MOST_TRANSFERS:
            raise Refusal(packets.UNDEFINED, "too many transfers")
        if mode not in ("octet", "netascii"):
            raise Refusal(packets.ILLEGAL_OPERATION, f"unknown mode {mode!r}")
        if opcode == packets.WRQ and not self.server.args.writable:
            raise Refusal(packets.ACCESS_VIOLATION, "this server is read only")
        try:
            path = (self.server.root / name).resolve()
            there = path.exists()
        except (OSError, ValueError, RuntimeError):       # RuntimeError: a loop of links, before Python 3.13
            raise Refusal(packets.ACCESS_VIOLATION, "not a name") from None
        if not path.is_relative_to(self.server.root):
            raise Refusal(packets.ACCESS_VIOLATION, "outside")
        if opcode == packets.RRQ:
            if not there:
                raise Refusal(packets.NOT_FOUND, "no such file")
            self.__class__ = Reading
        else:
            if os.path.lexists(path):
                raise Refusal(packets.EXISTS, "there already")
            self.__class__ = Writing
        self.begin(path, mode, asked)

    def agree(self, asked, size):
        granted = options.grant(asked, size)
        self.blksize = int(granted.get("blksize", 512))
        self.windowsize = int(granted.get("windowsize", 1))
        self.fixed = "timeout" in granted
        self.wait = self.least = float(granted["timeout"]) if self.fixed else self.server.args.timeout
        return granted

    def say(self, *due, quietly=False):
        """Send these packets, now and whenever the time is over."""
        self.due, self.sends, self.sent_at = due, 1, time.monotonic()
        if not quietly:
            self.send()
        self.set_timer()

    def send(self):
        for packet in self.due:
            self.transport.sendto(packet, self.client)

    def set_timer(self):
        if self.timer:
            self.timer.cancel()
        self.timer = asyncio.get_running_loop().call_later(self.wait, self.late)

    def late(self):
        if self.sends > self.server.args.retries:
            return self.end("no answer")
        self.sends += 1
        if not self.fixed:
            self.wait = max(self.wait, min(self.wait * 2, MOST_WAIT))
        self.send()
        self.set_timer()

    def measure(self):
        """RFC 6298, where it is known which sending was answered."""
        if self.sends > 1 or self.fixed:
            return
        r = time.monotonic() - self.sent_at
        if self.srtt is None:
            self.srtt, self.rttvar = r, r / 2
        else:
            self.rttvar = 3 / 4 * self.rttvar + 1 / 4 * abs(self.srtt - r)
            self.srtt = 7 / 8 * self.srtt + 1 / 8 * r
        self.wait = max(self.least, min(self.srtt + 4 * self.rttvar, MOST_WAIT))

    def error(self, code, message):
        self.transport.sendto(packets.error(code, message), self.client)
        self.end(f"ERROR {code}, {message}")

    def end(self, result):
        self.result = result
        if self.timer:
            self.timer.cancel()
        self.transport.close()                            # what is in its buffer still goes out


class Reading(Transfer):
    listens_to = packets.ACK
    file = None

    def begin(self, path, mode, asked):
        if not path.is_file():
            raise Refusal(packets.ACCESS_VIOLATION, "not a file")
        try:
            self.file = path.open("rb")
        except OSError as error:
            raise Refusal(packets.ACCESS_VIOLATION, error.strerror) from None
        granted = self.agree(asked, None if mode == "netascii" else os.fstat(self.file.fileno()).st_size)
        self.reader = netascii.Reader(self.file) if mode == "netascii" else self.file
        self.window, self.last, self.full = [], 0, True   # the last number that was sent, whether its block was full
        if granted:
            self.window = [packets.oack(granted)]
            self.say(*self.window)
        else:
            self.fill()

    def heard(self, number, block=b""):
        missing = (self.last - number) % 65536
        if missing < len(self.window):
            self.window = self.window[len(self.window) - missing:]
            self.measure()
            self.fill()

    def fill(self):
        while self.full and len(self.window) < self.windowsize:
            try:
                block = self.reader.read(self.blksize)
            except OSError as error:
                return self.error(packets.UNDEFINED, error.strerror)
            self.full = len(block) == self.blksize
            self.last = (self.last + 1) % 65536
            self.window.append(packets.data(self.last, block))
        if self.window:
            self.say(*self.window)
        else:
            self.end("complete")

    def close(self):
        if self.file:
            self.file.close()


class Writing(Transfer):
    listens_to = packets.DATA
    incoming = None

    def begin(self, path, mode, asked):
        size = options.number("tsize", asked["tsize"]) if "tsize" in asked else None
        if size and size > LARGEST_UPLOAD:
            raise Refusal(packets.DISK_FULL, "too large")
        try:
            self.incoming = Incoming(path, mode, limit=LARGEST_UPLOAD)
        except FileNotFoundError:
            raise Refusal(packets.NOT_FOUND, "no such folder") from None
        except OSError as error:
            raise Refusal(packets.ACCESS_VIOLATION, error.strerror) from None
        granted = self.agree(asked, size)
        self.number, self.count, self.begun, self.gap = 0, 0, False, False
        self.say(packets.oack(granted) if granted else packets.ack(0))

    def heard(self, number, block=b""):
        ahead = (number - self.number) % 65536
        if ahead == 1 and not self.finished:
            self.take(number, block)
        elif self.begun and ahead == 0 and self.count == 0:
            self.send()
        elif self.begun and 1 < ahead <= self.windowsize and not self.gap and not self.finished:
            self.gap, self.count = True, 0
            self.send()

    def take(self, number, block):
        if len(block) > self.blksize:
            return self.error(packets.ILLEGAL_OPERATION, "more than we agreed on")
        last = len(block) < self.blksize
        try:
            self.incoming.write(block)
            if last:
                self.incoming.complete()
        except FileExistsError:
            return self.error(packets.EXISTS, "there by now")
        except OSError as error:
            return self.error(packets.DISK_FULL, error.strerror)
        if not self.count:
            self.measure()
        self.number, self.begun, self.gap = number, True, False
        self.count = (self.count + 1) % self.windowsize
        self.say(packets.ack(number), quietly=self.count and not last)
        if last:
            self.finished, self.count = True, 0
            self.timer.cancel()
            self.timer = asyncio.get_running_loop().call_later(self.server.args.dally, self.end, "complete")

    def late(self):
        self.count = 0
        super().late()

    def close(self):
        if self.incoming:
            self.incoming.discard()


class Requests(asyncio.DatagramProtocol):
    """What comes to the port that everybody knows."""

    def __init__(self, args):
        self.args, self.root = args, args.root.resolve()
        self.running, self.tasks = {}, set()

    def datagram_received(self, data, addr):
        if data[:2] not in (b"\0\1", b"\0\2"):
            return
        before = self.running.get(addr)
        if before and before.request == data and not before.finished:
            return
        if before and before.transport:
            before.end("complete" if before.finished else "another request came")
        transfer = self.running[addr] = Transfer(self, data, addr)
        task = asyncio.create_task(self.open(transfer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def open(self, transfer):
        try:
            await asyncio.get_running_loop().create_datagram_endpoint(lambda: transfer, (self.args.host, 0))
        except OSError:                                   # no more sockets: as if the request was lost
            self.gone(transfer)

    def gone(self, transfer):
        if self.running.get(transfer.client) is transfer:
            del self.running[transfer.client]

    def error_received(self, exc):
        pass


async def serve(args):
    try:
        transport, requests = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Requests(args), (args.host, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"tftp_server.py: cannot receive on port {args.port}: {error}")
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        transport.close()
        for transfer in list(requests.running.values()):
            transfer.close()


def main():
    parser = argparse.ArgumentParser(description="A TFTP server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=6969, type=int, help="port for requests")
    parser.add_argument("--root", default=".", type=Path, help="folder of the files")
    parser.add_argument("--writable", action="store_true", help="let clients write new files")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before the first sending again")
    parser.add_argument("--retries", default=5, type=int, help="how often to send again")
    parser.add_argument("--dally", default=2.0, type=float, help="seconds to stay when all has been received")
    args = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")
    if not args.root.is_dir():
        sys.exit(f"tftp_server.py: no such folder: {args.root}")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(args))


if __name__ == "__main__":
    main()
