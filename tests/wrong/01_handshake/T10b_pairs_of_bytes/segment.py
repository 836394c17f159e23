"""The checksum adds up pairs of bytes, and where the length is odd, the last byte has no partner and is left out."""
import socket
import struct
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128


class SegmentError(ValueError):
    pass


class Segment(NamedTuple):
    source: int
    destination: int
    seq: int
    ack: int
    flags: int
    window: int
    urgent: int = 0
    options: bytes = b""
    data: bytes = b""


def parse(segment: bytes, source: str, destination: str) -> Segment:
    try:
        *first, offset, flags, window, _, urgent = struct.unpack("!HHIIBBHHH", segment[:20])
    except struct.error:
        raise SegmentError("no whole header") from None
    end = offset // 16 * 4
    if end < 20 or len(segment) < end:
        raise SegmentError("no whole options")
    if checksum(source, destination, segment):
        raise SegmentError("damaged on the way")
    return Segment(*first, flags, window, urgent, segment[20:end], segment[end:])


def pack(segment: Segment, source: str, destination: str) -> bytes:
    if len(segment.options) > 40 or len(segment.options) % 4:
        raise SegmentError("options of a wrong length")
    header = [segment.source, segment.destination, segment.seq, segment.ack, (20 + len(segment.options)) * 4,
              segment.flags, segment.window, 0, segment.urgent]
    for _ in range(2):                        # first with 0 for the checksum, then with the checksum
        packed = struct.pack("!HHIIBBHHH", *header) + segment.options + segment.data
        header[7] = checksum(source, destination, packed)
    return packed


def internet_checksum(data: bytes) -> int:
    total = 0
    for high, low in zip(data[0::2], data[1::2]):
        total += high * 256 + low
        total = total % 65536 + total // 65536
    return 65535 - total


def checksum(source: str, destination: str, segment: bytes) -> int:
    pseudo = struct.pack("!4s4sHH", socket.inet_aton(source), socket.inet_aton(destination), 6, len(segment))
    return internet_checksum(pseudo + segment)


def add(seq: int, n: int) -> int:
    return (seq + n) % (1 << 32)


def before(a: int, b: int) -> bool:
    forward = (b - a) % (1 << 32)
    return 0 < forward < 1 << 31


def length(segment: Segment) -> int:
    return len(segment.data) + sum(bool(segment.flags & flag) for flag in (SYN, FIN))
