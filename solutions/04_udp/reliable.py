"""A promise on top of UDP: every block arrives, once, in order, or the sender knows that it did not.

Stop-and-wait: the sender sends one block, and the next one only when the receiver has acknowledged this one. Both
halves are written without sockets and without clocks: they are told what has arrived and what time it is, and return
what is to be sent. So each fault of a network can be played to them, in any order, in no time. (Protocols written like
this are called sans-IO.) At the end of this file the two meet real sockets; that part is written already.

A packet is five bytes and what follows them:

    1 byte       DATA or ACK
    4 bytes      the number of the block, in network byte order. After 2³² − 1 comes 0
    the block    in a DATA; nothing in an ACK

Times are whole milliseconds (ms) on a clock that begins anywhere and never goes back.

Why not one bit for the number, since only one packet is on its way? Since a network may also delay one, and hand it
over when the bit has come round again.

What to write, in which order: that of the TODOs. The first check needs TODO 1, 2, 3 and 5, the second one TODO 4. The
measurements in TODO 3 can wait until the check "Waits grow".
"""
import argparse
import contextlib
import select
import socket
import struct
import sys
import time
from collections.abc import Sequence

DATA, ACK = 0, 1
MODULUS = 1 << 32               # numbers are counted modulo this
FIRST_WAIT = 1000               # ms until a packet is sent again, as long as nothing is known of the network
LEAST_WAIT, MOST_WAIT = 200, 60_000     # ms: no computed wait is shorter or longer
MOST_SENDS = 6                  # how often one packet is sent, before the sender gives up


class Sender:
    """Sends blocks, one after the other, each until it is acknowledged.

    blocks: what to send. first: the number of the first one.

    finished: whether all blocks are acknowledged. failed: whether it has given up, after which it sends nothing more.
    deadline: when tick() will have something to do (ms), None if there is nothing to wait for.
    """

    def __init__(self, blocks: Sequence[bytes], first: int = 0) -> None:
        self.blocks = list(blocks)
        # Of the block that is being sent. That is always blocks[0]: an acknowledged block is taken out.
        self.number = first
        self.finished = not self.blocks
        self.failed = False
        self.deadline: int | None = None
        self.wait = FIRST_WAIT                # ms between a sending and the next
        # You may begin with nothing here (delete the line that raises). Come back when you need it.
        ### BEGIN SOLUTION 1: what start(), receive() and tick() have to remember
        self.sends = 0                        # of this block, so far
        self.sent_at = 0
        self.smoothed: float | None = None    # SRTT and RTTVAR of RFC 6298, 2
        self.variation = 0.0
        ### END SOLUTION 1

    def start(self, now: int) -> list[bytes]:
        """Begin. Returns the packets to send now: the first DATA, or none if there is no block."""
        ### BEGIN SOLUTION 2: send the first block
        return [] if self.finished else self._send(now)
        ### END SOLUTION 2

    def receive(self, packet: bytes, now: int) -> list[bytes]:
        """A packet has arrived. Returns the packets to send now: the next DATA, if this was the ACK that it waits for.

        Only the ACK with the number of the block that was sent counts. Everything else changes nothing: an ACK
        of an earlier number, which was under way for long; a DATA; what is too short to be a packet.

        A block that was sent once gives a measurement: the time from its sending to its ACK. One that was sent more
        than once gives none, for who knows which of them was acknowledged (Karn's algorithm: RFC 6298, 3)? So after
        such a block the wait stays as it is. Measurements make the wait, as RFC 6298, 2 has it, in ms:

            the first one, R      SRTT = R            RTTVAR = R / 2
            each later one, R     RTTVAR = 3/4 RTTVAR + 1/4 |SRTT − R|, then SRTT = 7/8 SRTT + 1/8 R
            after each            wait = SRTT + 4 RTTVAR, but between LEAST_WAIT and MOST_WAIT (a float will do)
        """
        ### BEGIN SOLUTION 3: take the acknowledgement that is awaited, and no other
        if self.finished or self.failed or parse(packet) != (ACK, self.number, b""):
            return []
        if self.sends == 1:
            self._measure(now - self.sent_at)
        del self.blocks[0]
        self.number = (self.number + 1) % MODULUS
        self.sends = 0
        self.deadline = None
        self.finished = not self.blocks
        return [] if self.finished else self._send(now)

    def _send(self, now: int) -> list[bytes]:
        self.sends += 1
        self.sent_at, self.deadline = now, now + self.wait
        return [pack(DATA, self.number, self.blocks[0])]

    def _measure(self, time: int) -> None:
        if self.smoothed is None:
            self.smoothed, self.variation = time, time / 2
        else:
            self.variation = 0.75 * self.variation + 0.25 * abs(self.smoothed - time)
            self.smoothed = 0.875 * self.smoothed + 0.125 * time
        self.wait = min(max(round(self.smoothed + 4 * self.variation), LEAST_WAIT), MOST_WAIT)
        ### END SOLUTION 3

    def tick(self, now: int) -> list[bytes]:
        """The time is now. Returns the packets to send now: the same DATA again, if its deadline has come.

        With each sending again the wait doubles, up to MOST_WAIT: if the network is overloaded, to send more often
        makes it worse. When the last of MOST_SENDS has had its time too, the sender has failed.
        """
        ### BEGIN SOLUTION 4: send again, wait longer, give up
        if self.deadline is None or now < self.deadline:
            return []
        if self.sends == MOST_SENDS:
            self.failed, self.deadline = True, None
            return []
        self.wait = min(2 * self.wait, MOST_WAIT)
        return self._send(now)
        ### END SOLUTION 4


class Receiver:
    """Receives blocks. first: the number of the first one."""

    def __init__(self, first: int = 0) -> None:
        self.number = first                   # of the block that comes next

    def receive(self, packet: bytes) -> tuple[list[bytes], list[bytes]]:
        """A packet has arrived. Returns two lists: the blocks to hand over to who uses this, and the packets to send.

        The DATA that comes next is handed over, and acknowledged: an ACK with the same number. The one before it
        has come already; that it comes again says that its ACK was lost (or only late): it is acknowledged again,
        and not handed over again. Any other number is an old packet, which the network had kept; it is never handed
        over. (Whether it is acknowledged again is all the same.) What is no DATA, or too short, changes nothing.
        """
        ### BEGIN SOLUTION 5: hand over each block once, and acknowledge it each time
        kind, number, block = parse(packet)
        if kind != DATA:
            return [], []
        if number == self.number:
            self.number = (self.number + 1) % MODULUS
            return [block], [pack(ACK, number)]
        return [], [pack(ACK, number)] if number == (self.number - 1) % MODULUS else []
        ### END SOLUTION 5


def pack(kind: int, number: int, block: bytes = b"") -> bytes:
    """A packet of these parts."""
    return struct.pack("!BI", kind, number) + block


def parse(packet: bytes) -> tuple[int, int, bytes]:
    """The kind, the number and the block of a packet; of what is too short for one (-1, 0, b"").

    That is kind -1, so look at the kind before the number.
    """
    if len(packet) < 5:
        return -1, 0, b""
    kind, number = struct.unpack("!BI", packet[:5])
    return kind, number, packet[5:]


# With real sockets: nothing to write from here on -----------------------------------------------------------

DALLY = 3.0                     # s for which the receiver stays after the end, for the case that its last ACK was lost


def now() -> int:
    """Milliseconds on this machine's clock."""
    return time.monotonic_ns() // 1_000_000


def send(host: str, port: int, blocks: Sequence[bytes]) -> bool:
    """Send the blocks to a receiver, and an empty one that says that it was the last. Returns whether all arrived."""
    sender = Sender([*blocks, b""])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.connect((host, port))
        packets = sender.start(now())
        while True:
            for packet in packets:
                with contextlib.suppress(ConnectionError):              # nobody there yet: as good as lost
                    wire.send(packet)
            if sender.finished or sender.failed:
                return sender.finished
            left = max((sender.deadline or 0) - now(), 0) / 1000
            packets = sender.tick(now())
            if not packets and select.select([wire], [], [], left)[0]:
                with contextlib.suppress(ConnectionError):
                    packets = sender.receive(wire.recv(65535), now())


def receive(host: str, port: int) -> None:
    """Write the blocks that arrive to stdout, until the empty one has come; then dally."""
    receiver, over = Receiver(), False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind((host, port))
        print(f"receiving on port {port}", file=sys.stderr, flush=True)
        while True:
            wire.settimeout(DALLY if over else None)
            try:
                packet, sender = wire.recvfrom(65535)
            except TimeoutError:
                return
            except ConnectionError:                         # Windows: nobody was there for an earlier answer
                continue
            blocks, packets = receiver.receive(packet)
            for block in blocks:
                over = over or not block
                sys.stdout.buffer.write(block)
                sys.stdout.flush()
            for answer in packets:
                wire.sendto(answer, sender)


def main() -> None:
    parser = argparse.ArgumentParser(description="Sends stdin, line by line, or receives it, over UDP.")
    parser.add_argument("what", choices=["send", "receive"])
    parser.add_argument("--host", default="127.0.0.1", help="address of the receiver")
    parser.add_argument("--port", default=12345, type=int, help="port of the receiver")
    arguments = parser.parse_args()

    if arguments.what == "receive":
        with contextlib.suppress(KeyboardInterrupt):
            receive(arguments.host, arguments.port)
    elif not send(arguments.host, arguments.port, list(sys.stdin.buffer)):
        sys.exit("reliable.py: gave up, since nothing was acknowledged")


if __name__ == "__main__":
    main()
