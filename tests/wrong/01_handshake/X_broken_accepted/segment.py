"""Never verifies a checksum: what was damaged on the way is taken as it is."""
from ipaddress import IPv4Address
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (2**i for i in range(8))

TCP = 6
MODULUS = 2**32


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


def field(segment, start, end):
    """The number in these bytes of a segment."""
    return int.from_bytes(segment[start:end], "big")


def parse(segment, source, destination):
    if len(segment) < 20:
        raise SegmentError("a header has 20 bytes")
    header_length = segment[12] // 16 * 4
    if not 20 <= header_length <= len(segment):
        raise SegmentError("data offset")
    return Segment(
        source=field(segment, 0, 2),
        destination=field(segment, 2, 4),
        seq=field(segment, 4, 8),
        ack=field(segment, 8, 12),
        flags=segment[13],
        window=field(segment, 14, 16),
        urgent=field(segment, 18, 20),
        options=segment[20:header_length],
        data=segment[header_length:],
    )


def pack(segment, source, destination):
    words, rest = divmod(len(segment.options), 4)
    if rest or words > 10:
        raise SegmentError("options")
    before_checksum = b"".join([
        segment.source.to_bytes(2, "big"),
        segment.destination.to_bytes(2, "big"),
        segment.seq.to_bytes(4, "big"),
        segment.ack.to_bytes(4, "big"),
        bytes([(5 + words) * 16, segment.flags]),
        segment.window.to_bytes(2, "big"),
    ])
    after_checksum = segment.urgent.to_bytes(2, "big") + segment.options + segment.data
    value = checksum(source, destination, before_checksum + bytes(2) + after_checksum)
    return before_checksum + value.to_bytes(2, "big") + after_checksum


def internet_checksum(data):
    if len(data) % 2 == 1:
        data = data + b"\x00"
    total = sum(field(data, i, i + 2) for i in range(0, len(data), 2))
    while total > 0xFFFF:
        carry, total = divmod(total, 0x10000)
        total += carry
    return 0xFFFF - total


def checksum(source, destination, segment):
    pseudo_header = (IPv4Address(source).packed + IPv4Address(destination).packed + TCP.to_bytes(2, "big")
                     + len(segment).to_bytes(2, "big"))
    return internet_checksum(pseudo_header + segment)


def add(seq, n):
    return (seq + n) & 0xFFFFFFFF


def before(a, b):
    distance = (b - a) & 0xFFFFFFFF
    return 0 < distance < 0x80000000


def length(segment):
    return len(segment.data) + (segment.flags & SYN != 0) + (segment.flags & FIN != 0)
