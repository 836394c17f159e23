"""The flags are those of RFC 793: six bits, behind six that are reserved, and these are cleared in both directions."""
import struct
from socket import inet_aton
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (2**bit for bit in range(8))


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
    if len(segment) < 20:
        raise SegmentError(f"{len(segment)} bytes are too few")
    ports = struct.unpack("!HH", segment[:4])
    seq, ack, offset_reserved_flags, window, check, urgent = struct.unpack("!IIHHHH", segment[4:20])
    data_offset = (offset_reserved_flags >> 12) * 4
    flags = offset_reserved_flags & 0b111111
    if data_offset < 20 or data_offset > len(segment):
        raise SegmentError(f"data offset {data_offset}")
    if checksum(source, destination, segment[:16] + b"\0\0" + segment[18:]) != check:
        raise SegmentError(f"checksum {check:04x}")
    return Segment(*ports, seq, ack, flags, window, urgent, segment[20:data_offset], segment[data_offset:])


def pack(segment: Segment, source: str, destination: str) -> bytes:
    words, rest = divmod(len(segment.options), 4)
    if rest or words > 10:
        raise SegmentError("options")
    offset_reserved_flags = (5 + words) << 12 | segment.flags & 0b111111
    before_sum = struct.pack("!HHIIHH", segment.source, segment.destination, segment.seq, segment.ack,
                             offset_reserved_flags, segment.window)
    after_sum = struct.pack("!H", segment.urgent) + segment.options + segment.data
    check = checksum(source, destination, before_sum + b"\0\0" + after_sum)
    return before_sum + struct.pack("!H", check) + after_sum


def internet_checksum(data: bytes) -> int:
    total, position = 0, 0
    while position < len(data):
        total += data[position] << (8 if position % 2 == 0 else 0)
        if total > 0xFFFF:
            total -= 0xFFFF
        position += 1
    return 0xFFFF ^ total


def checksum(source: str, destination: str, segment: bytes) -> int:
    return internet_checksum(inet_aton(source) + inet_aton(destination) + struct.pack("!HH", 6, len(segment)) + segment)


def add(seq: int, n: int) -> int:
    return (seq + n) & 0xFFFFFFFF


def before(a: int, b: int) -> bool:
    return a != b and ((b - a) & 0xFFFFFFFF) < 0x80000000


def length(segment: Segment) -> int:
    return len(segment.data) + ((segment.flags & SYN) != 0) + ((segment.flags & FIN) != 0)
