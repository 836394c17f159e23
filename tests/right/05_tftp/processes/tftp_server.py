"""A TFTP server with a process for each transfer, forked from the one that hears the requests."""
import argparse
import contextlib
import errno
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import time
from pathlib import Path

import netascii
import options
import packets

MOST_TRANSFERS = 100
LARGEST_UPLOAD = 1 << 28
MOST_WAIT = 60.0
FORK = multiprocessing.get_context("fork")


class Refused(Exception):
    """This is answered with an ERROR: Refused(code, message)."""


class Over(Exception):
    """Nothing more is to be sent."""


class Timer:
    """How long to wait for an answer: RFC 6298, and what the client wants."""

    def __init__(self, least, fixed=False):
        self.wait, self.least, self.fixed, self.mean, self.spread = least, least, fixed, None, 0.0

    def double(self):
        if not self.fixed:
            self.wait = max(self.wait, min(self.wait * 2, MOST_WAIT))

    def measured(self, took):
        if self.fixed:
            return
        if self.mean is None:
            self.mean, self.spread = took, took / 2
        else:
            self.spread = 0.75 * self.spread + 0.25 * abs(self.mean - took)
            self.mean = 0.875 * self.mean + 0.125 * took
        self.wait = max(self.least, min(self.mean + 4 * self.spread, MOST_WAIT))


class Transfer(FORK.Process):
    def __init__(self, server, request, client):
        super().__init__()
        self.server, self.request, self.client = server, request, client
        self.done = FORK.RawValue("b", 0)                 # the parent sees it too

    def run(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)      # Ctrl-C is for the parent, which ends its children
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        self.server.listener.close()
        said = "%s:%d" % self.client[:2]
        with socket.socket(socket.AF_INET6 if ":" in self.server.args.host else socket.AF_INET,
                           socket.SOCK_DGRAM) as self.sock:
            with contextlib.suppress(OSError):            # macOS sends no more than 9,216 bytes otherwise
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
            self.sock.bind((self.server.args.host, 0))
            try:
                said += self.serve()
            except packets.PacketError as error:
                said += f" {error}"
                self.send(packets.error(packets.ILLEGAL_OPERATION, str(error)))
            except Refused as error:
                said += f" ERROR {error.args[0]}: {error.args[1]}"
                self.send(packets.error(*error.args))
            except Over as error:
                said += f" {error}"
        print(said, flush=True)

    def send(self, *due):
        with contextlib.suppress(OSError):
            for packet in due:
                self.sock.sendto(packet, self.client)

    def serve(self):
        opcode, name, mode, asked = packets.decode(self.request)
        args = self.server.args
        if len(self.server.running) >= MOST_TRANSFERS:
            raise Refused(packets.UNDEFINED, "too many transfers")
        if mode not in ("octet", "netascii"):
            raise Refused(packets.ILLEGAL_OPERATION, f"mode {mode!r}")
        if opcode == packets.WRQ and not args.writable:
            raise Refused(packets.ACCESS_VIOLATION, "read only")
        path = self.path(name)
        if opcode == packets.RRQ:
            self.give(path, mode, asked)
        else:
            self.take(path, mode, asked)
        return f" {'has read' if opcode == packets.RRQ else 'has written'} {name!r}"

    def path(self, name):
        try:
            path = Path(os.path.realpath(self.server.root / name))
            os.path.lexists(path) or path.exists()
        except (OSError, ValueError):
            raise Refused(packets.ACCESS_VIOLATION, "what a name") from None
        if self.server.root not in (path, *path.parents):
            raise Refused(packets.ACCESS_VIOLATION, "not in here")
        return path

    def agree(self, granted):
        self.blksize = int(granted.get("blksize", 512))
        self.window = int(granted.get("windowsize", 1))
        self.timer = Timer(float(granted.get("timeout", self.server.args.timeout)), "timeout" in granted)

    def begin(self, due, now=True):
        """Send these; if not now, then when the time is over."""
        if now:
            self.send(*due)
        self.due, self.sends, self.began, self.since = due, 1, time.monotonic(), 0
        self.deadline = self.began + self.timer.wait

    def next(self):
        """The next packet from the client. Sends again what is due while there is none."""
        while True:
            left = self.deadline - time.monotonic()
            if left <= 0:
                if self.sends > self.server.args.retries:
                    raise Over("no answer")
                self.timer.double()
                self.send(*self.due)
                self.sends, self.since = self.sends + 1, 0
                self.deadline = time.monotonic() + self.timer.wait
            elif packet := self.packet(left):
                if packet[0] == packets.ERROR:
                    raise Over(f"ERROR {packet[1]}: {packet[2]!r}")
                return packet

    def answered(self):
        if self.sends == 1:                               # else nobody knows which one was answered
            self.timer.measured(time.monotonic() - self.began)

    def packet(self, seconds):
        """What comes from the client within this time; None if nothing does, or nonsense."""
        self.sock.settimeout(seconds)
        try:
            datagram, sender = self.sock.recvfrom(65536)
        except OSError:
            return None
        if sender != self.client:
            if datagram[:2] != b"\0\5":
                with contextlib.suppress(OSError):
                    self.sock.sendto(packets.error(packets.UNKNOWN_ID, "who are you?"), sender)
            return None
        try:
            return packets.decode(datagram)
        except packets.PacketError:
            return None

    def deliver(self, due, first):
        """Send these, of which the first has this number, until some are acknowledged. Returns how many."""
        self.begin(due)
        while True:
            opcode, number, *_ = self.next()
            if opcode == packets.ACK and 1 <= (count := (number - first + 1) % 65536) <= len(due):
                self.answered()
                return count

    def give(self, path, mode, asked):
        if not path.exists():
            raise Refused(packets.NOT_FOUND, "no such file")
        if not path.is_file():
            raise Refused(packets.ACCESS_VIOLATION, "not a file")
        try:
            file = open(path, "rb")
        except OSError as error:
            raise Refused(packets.ACCESS_VIOLATION, error.strerror) from None
        with file:
            granted = options.grant(asked, None if mode == "netascii" else os.fstat(file.fileno()).st_size)
            self.agree(granted)
            if granted:
                self.deliver([packets.oack(granted)], 0)
            reader = netascii.Reader(file) if mode == "netascii" else file
            window, first, more = [], 1, True
            while True:
                while more and len(window) < self.window:
                    try:
                        block = reader.read(self.blksize)
                    except OSError as error:
                        raise Refused(packets.UNDEFINED, error.strerror) from None
                    more = len(block) == self.blksize
                    window.append(packets.data((first + len(window)) % 65536, block))
                if not window:
                    return
                count = self.deliver(window, first)
                del window[:count]
                first += count

    def take(self, path, mode, asked):
        if os.path.lexists(path):
            raise Refused(packets.EXISTS, "there is one of this name")
        size = options.number("tsize", asked.get("tsize", ""))
        if (size or 0) > LARGEST_UPLOAD:
            raise Refused(packets.DISK_FULL, "too large")
        granted = options.grant(asked, size)
        self.agree(granted)
        part = path.with_name(f".{secrets.token_hex(10)}.part")
        try:
            file = open(part, "xb")
        except FileNotFoundError:
            raise Refused(packets.NOT_FOUND, "no such folder") from None
        except OSError as error:
            raise Refused(packets.ACCESS_VIOLATION, error.strerror) from None
        try:
            with file:
                last = self.blocks(netascii.Writer(file) if mode == "netascii" else file,
                                   packets.oack(granted) if granted else packets.ack(0))
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            os.replace(part, path)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            raise Refused(packets.DISK_FULL if full else packets.EXISTS if error.errno == errno.EEXIST
                          else packets.UNDEFINED, error.strerror) from None
        finally:
            part.unlink(missing_ok=True)
        self.done.value = True
        self.dally(packets.ack(last), last)

    def blocks(self, file, answer):
        """Write block after block, beginning with this answer. Returns the number of the last one."""
        number, total, begun, told = 0, 0, False, False
        self.begin([answer])
        while True:                                       # self.since: blocks since the last ACK
            opcode, found, *block = self.next()
            if opcode != packets.DATA:
                continue
            ahead = (found - number) % 65536
            if ahead == 1:
                if len(block[0]) > self.blksize:
                    raise Refused(packets.ILLEGAL_OPERATION, "too long a block")
                total += len(block[0])
                if total > LARGEST_UPLOAD:
                    raise Refused(packets.DISK_FULL, "too large")
                file.write(block[0])
                if not self.since:
                    self.answered()
                number, begun, told, since = found, True, False, self.since + 1
                if len(block[0]) < self.blksize:
                    if isinstance(file, netascii.Writer):
                        file.end()
                    return number
                self.begin([packets.ack(number)], now=since == self.window)
                self.since = since % self.window
            elif begun and (not ahead and not self.since or 1 < ahead <= self.window and not told):
                told, self.since = told or ahead > 1, 0
                self.send(packets.ack(number))

    def dally(self, answer, number):
        self.send(answer)
        end = time.monotonic() + self.server.args.dally
        while (left := end - time.monotonic()) > 0:
            packet = self.packet(left)
            if packet and packet[:2] == (packets.DATA, number):
                self.send(answer)


class Server:
    def __init__(self, listener, args):
        self.listener, self.args, self.root = listener, args, args.root.resolve()
        self.running = {}

    def serve(self):
        while True:
            try:
                request, client = self.listener.recvfrom(65536)
            except OSError:
                continue
            if request[:2] not in (b"\0\1", b"\0\2"):
                continue
            before = self.running.get(client)
            if before and before.is_alive():
                if before.request == request and not before.done.value:
                    continue
                before.terminate()
                before.join()
            self.running = {client: child for client, child in self.running.items() if child.is_alive()}
            transfer = Transfer(self, request, client)
            with contextlib.suppress(OSError):            # too many processes
                transfer.start()
                self.running[client] = transfer

    def close(self):
        """Nothing unfinished may stay."""
        for transfer in self.running.values():
            transfer.terminate()
        for transfer in self.running.values():
            transfer.join()


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
    with socket.socket(socket.AF_INET6 if ":" in args.host else socket.AF_INET, socket.SOCK_DGRAM) as listener:
        try:
            listener.bind((args.host, args.port))
        except (OSError, OverflowError) as error:
            sys.exit(f"tftp_server.py: port {args.port}: {error}")
        server = Server(listener, args)
        try:
            server.serve()
        except KeyboardInterrupt:
            server.close()


if __name__ == "__main__":
    main()
