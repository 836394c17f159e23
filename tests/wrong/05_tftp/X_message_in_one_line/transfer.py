"""Takes the newlines out of the message of an ERROR, and nothing else that moves the cursor."""
import errno
import struct
from collections.abc import Callable
from typing import Any

import options
import packets

MOST_WAIT = 60.0                              # s between two sendings, unless timeout is longer
BLKSIZE = 512                                 # bytes of a block, unless another size was agreed upon
MODULUS = 1 << 16                             # numbers of blocks are counted modulo this
HEADER = struct.Struct("!HH")                 # opcode and number


class Transfer:
    """What the two halves have in common: when to send again, when to give up, how to end.

    opening: the packet that this side begins with. A client's is its request; a server's that receives ACK 0, or an
             OACK; one that sends has none, b"", since its first packet is DATA 1, except where it begins with an OACK.
    timeout: s until a packet is sent again, as long as nothing has been measured. retries: how often, at the most.
    dally:   s that a receiver stays after the end.
    asked: options that a client has put into its request; an OACK may grant them. None for a server.
    agreed: options that a server has put into its OACK.

    begun: whether the other side has answered the opening, and thereby shown its port.
    finished: whether the whole file has been sent and acknowledged, or received.
    failed: why there will be nothing more, in words; "" as long as there is hope.
    deadline: when tick() will have something to do; None if it is over, and nothing more will be sent.

    What start(), receive() and tick() return is to be sent at once: the transfer goes on using these lists.
    """

    def __init__(self, opening: bytes = b"", *, timeout: float = 1.0, retries: int = 5, dally: float = 2.0,
                 asked: dict[str, str] | None = None, agreed: dict[str, str] | None = None) -> None:
        self.begun = False
        self.finished = False
        self.failed = ""
        self.deadline: float | None = None
        self.blksize = BLKSIZE
        self.windowsize = 1                   # blocks under way at once: 1 without the option (bonus)
        self.timeout, self.retries, self.dally, self.asked = timeout, retries, dally, asked
        self._wait = timeout                  # s between a sending and the next
        self._fixed = False                   # whether that was agreed upon, and is not to change (bonus)
        self._unanswered = [opening] if opening else []     # packets that were sent last, and are sent again
        self._sends = 0                       # how often they were sent
        self._sent_at = 0.0                   # when they were sent last
        self._smoothed: float | None = None   # SRTT and RTTVAR of RFC 6298, section 2
        self._variation = 0.0
        if agreed:
            self._agree(agreed)

    def start(self, now: float) -> list[bytes]:
        """Begin. Returns the packets to send now."""
        return self._send(self._unanswered, now)

    def _send(self, unanswered: list[bytes], now: float) -> list[bytes]:
        """Note that these packets are sent now, for the first time. Returns them."""
        self._unanswered = unanswered
        self._sends = 1
        self._sent_at = now
        self.deadline = now + self._wait
        return unanswered

    def tick(self, now: float) -> list[bytes]:
        """The time is now. Returns the packets to send now: the same ones again, if the deadline has come.

        Each time the wait doubles. Too often: failed is set. After the end it ends the dallying.
        """
        if self.deadline is None or now < self.deadline:
            return []
        if self.finished or self._sends > self.retries:
            if not self.finished:
                self.failed = "no answer"
            self.deadline = None
            return []
        if not self._fixed:
            self._wait = max(self._wait, min(2 * self._wait, MOST_WAIT))
        self._sends += 1
        self.deadline = now + self._wait
        return self._unanswered

    def _answered(self, now: float) -> None:
        """What was sent last has been answered: measure, and compute the wait for what is sent next.

        As in 04_udp: not if it was sent more than once (Karn), and with timeout and MOST_WAIT as bounds.

            the first one, R      SRTT = R            RTTVAR = R / 2
            each later one, R     RTTVAR = 3/4 RTTVAR + 1/4 |SRTT − R|, then SRTT = 7/8 SRTT + 1/8 R
            after each            wait = SRTT + 4 RTTVAR
        """
        if self._sends != 1 or self._fixed:
            return
        took = now - self._sent_at
        if self._smoothed is None:
            self._smoothed, self._variation = took, took / 2
        else:
            self._variation += (abs(self._smoothed - took) - self._variation) / 4
            self._smoothed += (took - self._smoothed) / 8
        wait = self._smoothed + 4 * self._variation
        self._wait = self.timeout if wait < self.timeout else min(wait, MOST_WAIT)

    def abort(self, code: int, message: str) -> list[bytes]:
        """Give up, for this reason. Returns what is to be sent: an ERROR, once, for nobody acknowledges it."""
        self.failed, self.deadline = message, None
        return [packets.error(code, message)]

    def _refused(self, code: int, message: str) -> list[bytes]:
        """An ERROR has come: note why it failed. After the end of the file it means nothing any more.

        A message from a network may hold anything, also newlines, and bytes that move the cursor of a terminal.
        """
        if not self.finished:
            shown = " ".join(message.split())
            self.failed, self.deadline = f"ERROR {code}: {shown}", None
        return []

    def _broken(self, error: OSError) -> list[bytes]:
        """The file could not be read or written: an ERROR says why. Code 0 means: see the message."""
        code = {errno.ENOSPC: packets.DISK_FULL, errno.EDQUOT: packets.DISK_FULL, errno.EFBIG: packets.DISK_FULL,
                errno.EEXIST: packets.EXISTS}.get(error.errno, packets.UNDEFINED)
        return self.abort(code, error.strerror or "cannot use the file")

    def _granted(self, granted: dict[str, str]) -> list[bytes]:
        """Bonus. The first answer was this OACK. Returns an ERROR if it is none to what was asked; else it is in force.

        Only for a client (asked is not None); what a server grants, the other one cannot.
        """
        try:
            options.check(self.asked or {}, granted)
        except options.OptionError as error:
            return self.abort(packets.BAD_OPTIONS, str(error))
        self._agree(granted)
        return []

    def _agree(self, agreed: dict[str, str]) -> None:
        """Bonus. These options are in force from here on."""
        self.blksize = int(agreed.get("blksize", BLKSIZE))
        self.windowsize = int(agreed.get("windowsize", 1))
        if "timeout" in agreed:
            self._wait, self._fixed = float(agreed["timeout"]), True


class Sender(Transfer):
    """Sends a file.

    read: read(size) returns the next bytes of the file, exactly so many, fewer only at the end (b"" after it).
          Each byte is read once: what is sent again is kept.

    Bonus: it sends windowsize blocks at once (RFC 7440). An ACK acknowledges a block and all before it, and may come
    for each of them: it says that the next one was lost.
    """

    def __init__(self, read: Callable[[int], bytes], opening: bytes = b"", **how: Any) -> None:
        super().__init__(opening, **how)
        self._read = read
        self._number = 0                      # of the last packet in self._unanswered; that of an opening is 0
        self._at_end = False                  # whether the last block, which is a short one, is read
        self._awaited = packets.ack(0)        # the ACK that acknowledges all of them; that of an opening is ACK 0

    def start(self, now: float) -> list[bytes]:
        """Begin. Returns the packets to send now: the opening, or the first block where there is none."""
        return super().start(now) if self._unanswered else self._fill(now)

    def receive(self, datagram: bytes, now: float) -> list[bytes]:
        """A datagram has arrived. Returns the packets to send now: the next blocks, if this was the ACK awaited.

        A file ends with a block of fewer than blksize bytes. If its length is a multiple of blksize that is an empty
        one. When it is acknowledged, finished is True.
        """
        if self.deadline is None:             # it is over
            return []
        if datagram == self._awaited:         # so it is nearly always; the rest of this function is for the other times
            self.begun = True
            self._unanswered = []
            self._answered(now)
            return self._fill(now)
        try:
            packet = packets.decode(datagram)
        except packets.PacketError:
            return []
        match packet:
            case (packets.ACK, number):
                return self._acknowledged(number, now)
            case (packets.OACK, granted) if self.asked is not None and not self.begun:
                return self._granted(granted) or self._acknowledged(0, now)
            case (packets.ERROR, code, message):
                return self._refused(code, message)
        return []

    def _acknowledged(self, number: int, now: float) -> list[bytes]:
        """This number, and all before it. Returns the packets to send now."""
        # How many of those under way that makes. An ACK that came before makes 0 of them; an older one, or one of the
        # future, a large number.
        count = (number - (self._number - len(self._unanswered))) % MODULUS
        if not 1 <= count <= len(self._unanswered):
            return []
        self.begun = True
        self._unanswered = self._unanswered[count:]
        self._answered(now)
        return self._fill(now)


    def _fill(self, now: float) -> list[bytes]:
        """Read the next block (bonus: until a window is full). Returns the packets to send now.

        If there is no block any more, and all are acknowledged, it is finished, and there are none.
        """
        window, size = self._unanswered, self.blksize
        try:
            while len(window) < self.windowsize and not self._at_end:
                block = self._read(size)
                self._number = (self._number + 1) % MODULUS
                self._at_end = len(block) < size
                window.append(HEADER.pack(packets.DATA, self._number) + block)
        except OSError as error:
            return self._broken(error)
        if not window:
            self.finished, self.deadline = True, None
            return []
        self._awaited = HEADER.pack(packets.ACK, self._number)
        return self._send(window, now)


class Receiver(Transfer):
    """Receives a file.

    write: write(block) appends these bytes to the file.
    complete: complete() is called when the last block is written, and before that is acknowledged: what has been
              acknowledged must be there. Either may raise OSError; then an ERROR goes out in place of an ACK.

    Bonus: it acknowledges every windowsize blocks, the last block, and once the last one before a gap (RFC 7440).
    """

    def __init__(self, write: Callable[[bytes], object], complete: Callable[[], object], opening: bytes,
                 **how: Any) -> None:
        super().__init__(opening, **how)
        self._write, self._complete = write, complete
        self._number = 0                      # of the last block that was written
        self._next = HEADER.pack(packets.DATA, 1)           # how the next DATA begins
        self._since = 0                       # blocks that were written since the last ACK
        self._gap = False                     # whether the sender has been told of a gap

    def tick(self, now: float) -> list[bytes]:
        """As in Transfer. A sender that is acknowledged in the middle of a window begins a new window there."""
        again = super().tick(now)
        if again:
            self._since = 0
        return again

    def receive(self, datagram: bytes, now: float) -> list[bytes]:
        """A datagram has arrived. Returns the packets to send now: the ACK of a block, if this is the next one, or
        the last one again.

        A block of fewer than blksize bytes is the last one: then finished is True, and the deadline is the end of
        the dallying.
        """
        if self.deadline is None:             # it is over
            return []
        if datagram.startswith(self._next) and not self.finished:       # so it is nearly always
            return self._take(datagram[4:], now)
        try:
            packet = packets.decode(datagram)
        except packets.PacketError:
            return []
        match packet:
            case (packets.DATA, number, _) if self.begun:
                return self._out_of_order(number)
            case (packets.OACK, granted) if self.asked is not None:
                return self._oack(granted, now)
            case (packets.ERROR, code, message):
                return self._refused(code, message)
        return []

    def _take(self, block: bytes, now: float) -> list[bytes]:
        """The next block."""
        if len(block) > self.blksize:
            return self.abort(packets.ILLEGAL_OPERATION, "the block is longer than agreed")
        last = len(block) < self.blksize
        try:
            self._write(block)
            if last:
                self._complete()
        except OSError as error:
            return self._broken(error)
        self.begun = True
        if not self._since:
            self._answered(now)
        self._number = (self._number + 1) % MODULUS
        self._next = HEADER.pack(packets.DATA, (self._number + 1) % MODULUS)
        self._gap = False
        self._since += 1
        due = self._send([HEADER.pack(packets.ACK, self._number)], now)
        if last:
            self.finished, self.deadline = True, now + self.dally
        elif self._since < self.windowsize:
            return []                         # in the middle of a window
        self._since = 0
        return due

    def _out_of_order(self, number: int) -> list[bytes]:
        """A block that is not the next one."""
        if number == self._number and not self._since:
            return self._unanswered           # the last one again, so its ACK may be lost
        if 0 < (number - self._number - 1) % MODULUS < self.windowsize and not self._gap and not self.finished:
            self._gap, self._since = True, 0
            return self._unanswered           # others before it were lost
        return []

    def _oack(self, granted: dict[str, str], now: float) -> list[bytes]:
        """The answer to the request is an OACK; ACK 0 takes it. That may be lost, and the OACK come again."""
        if self.begun:
            return self._unanswered if self._unanswered == [packets.ack(0)] else []
        if refused := self._granted(granted):
            return refused
        self.begun = True
        self._answered(now)
        return self._send([packets.ack(0)], now)
