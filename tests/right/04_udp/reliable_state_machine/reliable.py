"""A promise on top of UDP, as a state machine: a table says what happens in which state. It counts in integers only."""
import argparse
import contextlib
import enum
import select
import socket
import struct
import sys
import time
from collections.abc import Sequence

DATA, ACK = 0, 1
MODULUS = 1 << 32
FIRST_WAIT = 1000
LEAST_WAIT, MOST_WAIT = 200, 60_000
MOST_SENDS = 6

State = enum.Enum("State", ["IDLE", "ONCE", "AGAIN", "FINISHED", "FAILED"])
Event = enum.Enum("Event", ["START", "ACKNOWLEDGED", "TIME_UP"])


class Clock:
    """RFC 6298 in the manner of kernels: eight times SRTT and four times RTTVAR, in whole milliseconds."""

    def __init__(self) -> None:
        self.wait = FIRST_WAIT
        self.srtt8 = self.rttvar4 = -1

    def measured(self, rtt: int) -> None:
        if self.srtt8 < 0:
            self.srtt8, self.rttvar4 = 8 * rtt, 2 * rtt
        else:
            difference = rtt - (self.srtt8 >> 3)
            self.rttvar4 += abs(difference) - (self.rttvar4 >> 2)
            self.srtt8 += difference
        self.wait = min(max((self.srtt8 >> 3) + self.rttvar4, LEAST_WAIT), MOST_WAIT)

    def back_off(self) -> None:
        self.wait = min(self.wait << 1, MOST_WAIT)


class Sender:
    def __init__(self, blocks: Sequence[bytes], first: int = 0) -> None:
        self.state = State.IDLE if blocks else State.FINISHED
        self.packets = [pack(DATA, (first + i) % MODULUS, block) for i, block in enumerate(blocks)]
        self.position = 0
        self.clock = Clock()
        self.sends = 0
        self.sent_at = 0
        self.deadline: int | None = None

    @property
    def finished(self) -> bool:
        return self.state is State.FINISHED

    @property
    def failed(self) -> bool:
        return self.state is State.FAILED

    @property
    def wait(self) -> int:
        return self.clock.wait

    def start(self, now: int) -> list[bytes]:
        return self.handle(Event.START, now)

    def receive(self, packet: bytes, now: int) -> list[bytes]:
        if self.position < len(self.packets):
            number = self.packets[self.position][1:5]
            if packet == bytes([ACK]) + number:
                return self.handle(Event.ACKNOWLEDGED, now)
        return []

    def tick(self, now: int) -> list[bytes]:
        if self.deadline is not None and now >= self.deadline:
            return self.handle(Event.TIME_UP, now)
        return []

    def handle(self, event: Event, now: int) -> list[bytes]:
        action = self.TABLE.get((self.state, event))
        return action(self, now) if action else []

    def transmit(self, now: int) -> list[bytes]:
        self.sends += 1
        self.state = State.ONCE if self.sends == 1 else State.AGAIN
        self.sent_at, self.deadline = now, now + self.clock.wait
        return [self.packets[self.position]]

    def measure_and_advance(self, now: int) -> list[bytes]:
        self.clock.measured(now - self.sent_at)
        return self.advance(now)

    def advance(self, now: int) -> list[bytes]:
        self.position += 1
        self.sends = 0
        if self.position < len(self.packets):
            return self.transmit(now)
        self.state, self.deadline = State.FINISHED, None
        return []

    def repeat(self, now: int) -> list[bytes]:
        if self.sends < MOST_SENDS:
            self.clock.back_off()
            return self.transmit(now)
        self.state, self.deadline = State.FAILED, None
        return []

    TABLE = {
        (State.IDLE, Event.START): transmit,
        (State.ONCE, Event.ACKNOWLEDGED): measure_and_advance,
        (State.AGAIN, Event.ACKNOWLEDGED): advance,
        (State.ONCE, Event.TIME_UP): repeat,
        (State.AGAIN, Event.TIME_UP): repeat,
    }


class Receiver:
    def __init__(self, first: int = 0) -> None:
        self.number = first

    def receive(self, packet: bytes) -> tuple[list[bytes], list[bytes]]:
        match parse(packet):
            case (0, number, block) if number == self.number:
                self.number = (number + 1) % MODULUS
                return [block], [pack(ACK, number)]
            case (0, number, _) if 0 < (self.number - number) % MODULUS < MODULUS // 2:
                return [], [pack(ACK, number)]                # every old one, since its sender may still wait
            case _:
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
