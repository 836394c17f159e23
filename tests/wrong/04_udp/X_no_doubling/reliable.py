"""Waits the same time before each sending again, and does not double it."""
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
    """Sends blocks, one after the other, each until it is acknowledged."""

    def __init__(self, blocks: Sequence[bytes], first: int = 0) -> None:
        self.blocks = list(blocks)
        self.number = first                   # of the block that is being sent: the first one in blocks
        self.finished = not self.blocks
        self.failed = False
        self.deadline: int | None = None
        self.wait = FIRST_WAIT                # ms between a sending and the next
        self.index = 0
        self.count = 0                        # how often the block was sent
        self.when = 0                         # it was sent the last time
        self.srtt = None
        self.rttvar = None

    def start(self, now: int) -> list[bytes]:
        """Begin. Returns the packets to send now."""
        if self.finished:
            return []
        self.count = 1
        self.when = now
        self.deadline = now + self.wait
        return [pack(DATA, self.number, self.blocks[self.index])]

    def receive(self, packet: bytes, now: int) -> list[bytes]:
        """A packet has arrived. Returns the packets to send now."""
        kind, number, _ = parse(packet)
        if self.finished or self.failed:
            return []
        if kind != ACK or number != self.number:
            return []

        if self.count == 1:
            r = now - self.when
            if self.srtt is None:
                self.srtt = r
                self.rttvar = r / 2
            else:
                self.rttvar = 3 / 4 * self.rttvar + 1 / 4 * abs(self.srtt - r)
                self.srtt = 7 / 8 * self.srtt + 1 / 8 * r
            self.wait = max(LEAST_WAIT, min(MOST_WAIT, round(self.srtt + 4 * self.rttvar)))

        self.index += 1
        self.number = (self.number + 1) % MODULUS
        if self.index == len(self.blocks):
            self.finished = True
            self.deadline = None
            return []
        self.count = 1
        self.when = now
        self.deadline = now + self.wait
        return [pack(DATA, self.number, self.blocks[self.index])]

    def tick(self, now: int) -> list[bytes]:
        """The time is now. Returns the packets to send now."""
        if self.deadline is None or now < self.deadline:
            return []
        if self.count >= MOST_SENDS:
            self.failed = True
            self.deadline = None
            return []
        self.count += 1
        self.when = now
        self.deadline = now + self.wait
        return [pack(DATA, self.number, self.blocks[self.index])]


class Receiver:
    """Receives blocks. first: the number of the first one."""

    def __init__(self, first: int = 0) -> None:
        self.number = first                   # of the block that comes next

    def receive(self, packet: bytes) -> tuple[list[bytes], list[bytes]]:
        """A packet has arrived. Returns the blocks to hand over, and the packets to send."""
        kind, number, block = parse(packet)
        if kind != DATA:
            return [], []
        if number == self.number:
            self.number = (self.number + 1) % MODULUS
            return [block], [pack(ACK, number)]
        if number == (self.number - 1) % MODULUS:
            return [], [pack(ACK, number)]
        return [], []


def pack(kind: int, number: int, block: bytes = b"") -> bytes:
    """A packet of these parts."""
    return struct.pack("!BI", kind, number) + block


def parse(packet: bytes) -> tuple[int, int, bytes]:
    """The kind, the number and the block of a packet; of what is too short for one (-1, 0, b"")."""
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
                with contextlib.suppress(ConnectionRefusedError):       # nobody there yet: as good as lost
                    wire.send(packet)
            if sender.finished or sender.failed:
                return sender.finished
            left = max((sender.deadline or 0) - now(), 0) / 1000
            packets = sender.tick(now())
            if not packets and select.select([wire], [], [], left)[0]:
                with contextlib.suppress(ConnectionRefusedError):
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
