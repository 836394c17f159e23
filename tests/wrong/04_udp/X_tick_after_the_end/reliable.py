"""tick() compares the time with the deadline, also when that is None, which raises TypeError."""
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
    def __init__(self, blocks: Sequence[bytes], first: int = 0) -> None:
        self.blocks = list(blocks)
        self.number = first
        self.finished = not self.blocks
        self.failed = False
        self.deadline: int | None = None
        self.wait = FIRST_WAIT
        self.sends = 0                        # how often the block was sent
        self.sent_at = 0                      # when it was sent
        self.srtt = None
        self.rttvar = None

    def start(self, now: int) -> list[bytes]:
        if not self.blocks:
            return []
        self.deadline = now + self.wait
        self.sent_at = now
        self.sends = 1
        return [pack(DATA, self.number, self.blocks[0])]

    def receive(self, packet: bytes, now: int) -> list[bytes]:
        kind, number, block = parse(packet)
        if self.finished or self.failed:
            return []
        if kind != ACK or number != self.number:
            return []
        if self.sends == 1:
            measured = now - self.sent_at
            if self.srtt is None:
                self.srtt = measured
                self.rttvar = measured / 2
            else:
                self.rttvar = 3 / 4 * self.rttvar + 1 / 4 * abs(self.srtt - measured)
                self.srtt = 7 / 8 * self.srtt + 1 / 8 * measured
            self.wait = min(max(self.srtt + 4 * self.rttvar, LEAST_WAIT), MOST_WAIT)
        self.blocks.pop(0)
        self.number = (self.number + 1) % MODULUS
        if not self.blocks:
            self.finished = True
            self.deadline = None
            return []
        return self.start(now)

    def tick(self, now: int) -> list[bytes]:
        if now < self.deadline:
            return []
        if self.sends == MOST_SENDS:
            self.failed = True
            self.deadline = None
            return []
        self.sends += 1
        self.wait = min(2 * self.wait, MOST_WAIT)
        self.deadline = now + self.wait
        return [pack(DATA, self.number, self.blocks[0])]


class Receiver:
    def __init__(self, first: int = 0) -> None:
        self.number = first

    def receive(self, packet: bytes) -> tuple[list[bytes], list[bytes]]:
        kind, number, block = parse(packet)
        if kind != DATA:
            return [], []
        if number == self.number:
            self.number = (self.number + 1) % MODULUS
            return [block], [pack(ACK, number)]
        return [], [pack(ACK, number)]


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
