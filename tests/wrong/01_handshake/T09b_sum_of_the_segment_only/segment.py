"""The checksum covers what is sent, header and data; the pseudo-header, which never is, is left out."""
import struct
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128

HEADER = struct.Struct("!HHIIBBHHH")


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
    if len(segment) < HEADER.size:
        raise SegmentError("shorter than a header")
    sport, dport, seq, ack, offset, flags, window, _, urgent = HEADER.unpack_from(segment)
    header_size = (offset >> 4) * 4
    if not HEADER.size <= header_size <= len(segment):
        raise SegmentError("data offset")
    if checksum(source, destination, segment) != 0:
        raise SegmentError("checksum")
    options, data = segment[HEADER.size:header_size], segment[header_size:]
    return Segment(sport, dport, seq, ack, flags, window, urgent, options, data)


def pack(segment: Segment, source: str, destination: str) -> bytes:
    if len(segment.options) % 4 or len(segment.options) > 40:
        raise SegmentError("options")
    offset = (HEADER.size + len(segment.options)) // 4 << 4
    fields = [segment.source, segment.destination, segment.seq, segment.ack, offset, segment.flags, segment.window, 0,
              segment.urgent]
    rest = segment.options + segment.data
    fields[7] = checksum(source, destination, HEADER.pack(*fields) + rest)
    return HEADER.pack(*fields) + rest


def internet_checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def checksum(source: str, destination: str, segment: bytes) -> int:
    return internet_checksum(segment)


def add(seq: int, n: int) -> int:
    return (seq + n) % 2**32


def before(a: int, b: int) -> bool:
    return 0 < (b - a) % 2**32 < 2**31


def length(segment: Segment) -> int:
    return len(segment.data) + bool(segment.flags & SYN) + bool(segment.flags & FIN)
