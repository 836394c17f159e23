"""A promise on top of UDP, in few words."""
import argparse
import contextlib
import select
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Sequence

DATA, ACK = 0, 1
MODULUS = 1 << 32
FIRST_WAIT, LEAST_WAIT, MOST_WAIT, MOST_SENDS = 1000, 200, 60_000, 6


class Sender:
    failed, deadline, wait, srtt, rttvar = False, None, FIRST_WAIT, None, 0

    def __init__(self, blocks, first=0):
        self.queue = deque(pack(DATA, (first + n) % MODULUS, block) for n, block in enumerate(blocks))
        self.sent = []

    finished = property(lambda self: not self.queue)

    def start(self, now):
        self.sent.append(now)
        self.deadline = now + self.wait if self.queue else None
        return [self.queue[0]] if self.queue else []

    def receive(self, packet, now):
        if self.failed or not self.queue or packet != b"\1" + self.queue[0][1:5]:
            return []
        if len(self.sent) == 1:
            r = now - self.sent[0]
            self.rttvar = r / 2 if self.srtt is None else (3 * self.rttvar + abs(self.srtt - r)) / 4
            self.srtt = r if self.srtt is None else (7 * self.srtt + r) / 8
            self.wait = int(min(max(self.srtt + 4 * self.rttvar, LEAST_WAIT), MOST_WAIT))
        self.queue.popleft()
        self.sent.clear()
        return self.start(now)

    def tick(self, now):
        if self.deadline is None or now < self.deadline:
            return []
        if len(self.sent) == MOST_SENDS:
            self.failed, self.deadline = True, None
            return []
        self.wait = min(2 * self.wait, MOST_WAIT)
        return self.start(now)


class Receiver:
    def __init__(self, first=0):
        self.next = first

    def receive(self, packet):
        kind, number, block = parse(packet)
        new = number == self.next
        if kind != DATA or not new and number != (self.next - 1) % MODULUS:
            return [], []
        self.next = (number + 1) % MODULUS
        return [block] * new, [pack(ACK, number)]


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
