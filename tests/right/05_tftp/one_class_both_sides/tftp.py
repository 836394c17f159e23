"""Both ends of a TFTP transfer in one class, with its socket: whether it sends or receives, asks or is asked."""
import contextlib
import errno
import socket
import time

import options
import packets

MOST_WAIT = 60.0
LARGEST = 65536


def make_socket(host, port=0):
    """A UDP socket that does not wait. host: an address, or "" for all of them."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        with contextlib.suppress(OSError):    # macOS sends no more than 9,216 bytes unless it is asked to
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        made.bind((host, port))
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made


class Peer:
    """One end.

    reader: has read(size), on the end that sends the file. writer: has write(block) and complete(), on the other one.
    request: what a client sends first. granted: the options that a server grants.
    over: nothing more is to be done. complete: the file is. problem: why it did not become so.
    """

    def __init__(self, sock, address, given, reader=None, writer=None, request=None, asked=None, granted=None):
        self.sock, self.address, self.given = sock, address, given
        self.reader, self.writer, self.request, self.asked = reader, writer, request, asked
        self.over = self.complete = False
        self.problem = ""
        self.tid = None if request else address           # the other end's address, once it is known
        self.blksize, self.windowsize, self.fixed = 512, 1, False
        self.wait, self.srtt, self.rttvar = given.timeout, None, 0.0
        self.due, self.sends, self.sent = [], 0, 0.0
        self.deadline = 0.0
        self.number = 0                                   # of the last block that was sent, or written
        self.got, self.told, self.end = 0, False, False   # blocks since the last ACK; a gap was told of; the last block
        self.begun = False
        if granted:
            self.agree(granted)
        if request:
            self.say([request])
        elif granted:
            self.say([packets.oack(granted)])
        elif writer:
            self.say([packets.ack(0)])
        else:
            self.due = []
            self.send_on()

    def agree(self, granted):
        self.blksize = int(granted.get("blksize", 512))
        self.windowsize = int(granted.get("windowsize", 1))
        if "timeout" in granted:
            self.wait, self.fixed = float(granted["timeout"]), True

    # Sending, and sending again

    def transmit(self, due=None):
        with contextlib.suppress(OSError):                # as good as lost
            for packet in self.due if due is None else due:
                self.sock.sendto(packet, self.tid or self.address)

    def say(self, due, quietly=False):
        self.due, self.sends, self.sent = due, 1, time.monotonic()
        self.deadline = self.sent + self.wait
        if not quietly:
            self.transmit()

    def look_at_the_clock(self):
        if self.over or time.monotonic() < self.deadline:
            return
        if self.complete or self.sends > self.given.retries:
            self.stop("" if self.complete else "no answer")
            return
        if not self.fixed:
            self.wait = max(self.wait, min(self.wait * 2, MOST_WAIT))
        self.sends += 1
        self.got = 0
        self.deadline = time.monotonic() + self.wait
        self.transmit()

    def answered(self):
        if self.sends == 1 and not self.fixed:
            r = time.monotonic() - self.sent
            if self.srtt is None:
                self.srtt, self.rttvar = r, r / 2
            else:
                self.rttvar += (abs(self.srtt - r) - self.rttvar) / 4
                self.srtt += (r - self.srtt) / 8
            self.wait = max(self.given.timeout, min(self.srtt + 4 * self.rttvar, MOST_WAIT))

    def stop(self, problem=""):
        self.over, self.problem = True, problem

    def fail(self, code, problem):
        self.transmit([packets.error(code, problem)])
        self.stop(problem)

    # Hearing

    def hear(self):
        """Take one datagram, if there is one."""
        try:
            datagram, sender = self.sock.recvfrom(LARGEST)
        except OSError:
            return
        if self.over:
            return
        if self.tid and sender != self.tid:
            if datagram[:2] != b"\0\5":
                with contextlib.suppress(OSError):
                    self.sock.sendto(packets.error(packets.UNKNOWN_ID, "wrong port"), sender)
            return
        if sender[0] != self.address[0]:
            return
        try:
            opcode, *rest = packets.decode(datagram)
        except packets.PacketError:
            return
        if opcode == packets.ERROR:
            shown = "".join(letter if letter.isprintable() else "?" for letter in rest[1])
            self.stop("" if self.complete else f"ERROR {rest[0]}: {shown}")
        elif opcode == packets.OACK and self.request:
            self.hear_oack(sender, *rest)
        elif opcode == packets.ACK and self.reader:
            self.hear_ack(sender, *rest)
        elif opcode == packets.DATA and self.writer:
            self.hear_data(sender, *rest)

    def hear_oack(self, sender, granted):
        if self.begun:
            if self.due == [packets.ack(0)]:
                self.transmit()
            return
        self.begun, self.tid = True, sender
        try:
            options.check(self.asked, granted)
        except options.OptionError as error:
            self.fail(packets.BAD_OPTIONS, str(error))
            return
        self.answered()
        self.agree(granted)
        if self.writer:
            self.say([packets.ack(0)])
        else:
            self.due = []
            self.send_on()

    def hear_ack(self, sender, number):
        still = (self.number - number) % 65536            # so many are under way
        if still >= len(self.due):
            return
        self.begun, self.tid = True, sender
        self.answered()
        self.due = self.due[len(self.due) - still:]
        self.send_on()

    def send_on(self):
        while len(self.due) < self.windowsize and not self.end:
            try:
                block = self.reader.read(self.blksize)
            except OSError as error:
                self.fail(packets.UNDEFINED, str(error.strerror))
                return
            self.number = (self.number + 1) % 65536
            self.end = len(block) < self.blksize
            self.due.append(packets.data(self.number, block))
        if self.due:
            self.say(self.due)
        else:
            self.complete = True
            self.stop()

    def hear_data(self, sender, number, block):
        ahead = (number - self.number) % 65536
        if ahead == 1 and not self.complete:
            self.tid = sender
            self.take(number, block)
        elif self.begun and ahead == 0 and not self.got:
            self.transmit()
        elif self.begun and 1 < ahead <= self.windowsize and not self.told and not self.complete:
            self.told, self.got = True, 0
            self.transmit()

    def take(self, number, block):
        if len(block) > self.blksize:
            self.fail(packets.ILLEGAL_OPERATION, "the block is too long")
            return
        last = len(block) < self.blksize
        try:
            self.writer.write(block)
            if last:
                self.writer.complete()
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            self.fail(packets.DISK_FULL if full else packets.EXISTS if error.errno == errno.EEXIST
                      else packets.UNDEFINED, str(error.strerror))
            return
        if not self.got:
            self.answered()
        self.begun, self.number, self.told = True, number, False
        self.got = 0 if last else (self.got + 1) % self.windowsize
        self.say([packets.ack(number)], quietly=self.got > 0)
        if last:
            self.complete = True
            self.deadline = time.monotonic() + self.given.dally
