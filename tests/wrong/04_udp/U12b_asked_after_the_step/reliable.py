"""Notes which blocks were sent again, but looks them up by the number of the next one: so each gives a measurement."""
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
        self.resent: dict[int, int] = {}      # number -> how often it was sent again
        self.last_sent = 0
        self.srtt = 0.0
        self.rttvar = 0.0
        self.measurements = 0

    def start(self, now: int) -> list[bytes]:
        return self.packets(now)

    def packets(self, now: int) -> list[bytes]:
        """The block whose turn it is, if there is one."""
        if not self.blocks:
            self.finished, self.deadline = True, None
            return []
        self.last_sent = now
        self.deadline = now + self.wait
        return [pack(DATA, self.number, self.blocks[0])]

    def receive(self, packet: bytes, now: int) -> list[bytes]:
        if self.finished or self.failed or packet != pack(ACK, self.number):
            return []
        self.blocks = self.blocks[1:]
        self.number = (self.number + 1) % MODULUS
        if self.number not in self.resent:    # Karn's algorithm
            self.update(now - self.last_sent)
        self.resent.clear()
        return self.packets(now)

    def update(self, r: int) -> None:
        self.measurements += 1
        if self.measurements == 1:
            self.srtt, self.rttvar = r, r / 2
        else:
            self.rttvar = 0.75 * self.rttvar + 0.25 * abs(self.srtt - r)
            self.srtt = 0.875 * self.srtt + 0.125 * r
        self.wait = sorted((LEAST_WAIT, round(self.srtt + 4 * self.rttvar), MOST_WAIT))[1]

    def tick(self, now: int) -> list[bytes]:
        if self.deadline is None or now < self.deadline:
            return []
        again = self.resent.get(self.number, 0) + 1
        if again == MOST_SENDS:
            self.failed, self.deadline = True, None
            return []
        self.resent[self.number] = again
        self.wait = min(2 * self.wait, MOST_WAIT)
        return self.packets(now)


class Receiver:
    def __init__(self, first: int = 0) -> None:
        self.number = first

    def receive(self, packet: bytes) -> tuple[list[bytes], list[bytes]]:
        kind, number, block = parse(packet)
        if kind == DATA and number == self.number:
            self.number = (number + 1) % MODULUS
            return [block], [pack(ACK, number)]
        if kind == DATA and number == (self.number - 1) % MODULUS:
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
