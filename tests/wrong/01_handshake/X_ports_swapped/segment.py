"""Unpacks the destination port first, and the source port behind it."""
import socket
import struct
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128

TCP = 6                                       # the number of this protocol in IP's header
MODULUS = 1 << 32                             # sequence numbers are counted modulo this: after 2³² − 1 comes 0
HEADER = struct.Struct("!HHIIBBHHH")          # the 20 bytes: H is 2 bytes, I is 4, B is 1, and ! is network byte order


class SegmentError(ValueError):
    """Bytes that are no segment of TCP, or one that was damaged; or a segment that no bytes can be made of."""


class Segment(NamedTuple):
    """A segment. The checksum is missing, since parse() has verified it, and pack() computes it."""

    source: int                               # the ports
    destination: int
    seq: int
    ack: int
    flags: int                                # the sum of some of FIN, SYN, RST, …: SYN + ACK, which is also SYN | ACK
    window: int
    urgent: int = 0
    options: bytes = b""                      # as they are in the header, with the padding
    data: bytes = b""


def parse(segment: bytes, source: str, destination: str) -> Segment:
    """The segment in these bytes, which came in an IP packet from source to destination ("10.0.0.1")."""
    if len(segment) < 20:
        raise SegmentError("too short")
    dport, sport, seq, ack, offset, flags, window, _, urgent = HEADER.unpack_from(segment)
    begin = offset >> 4 << 2
    if begin < 20 or begin > len(segment):
        raise SegmentError("wrong data offset")
    if checksum(source, destination, segment):
        raise SegmentError("wrong checksum")
    return Segment(sport, dport, seq, ack, flags, window, urgent, segment[20:begin], segment[begin:])


def pack(segment: Segment, source: str, destination: str) -> bytes:
    """The bytes of this segment, for an IP packet from source to destination. What parse() undoes."""
    size = len(segment.options)
    if size % 4 or size > 40:
        raise SegmentError("wrong length of options")
    fields = [segment.source, segment.destination, segment.seq, segment.ack, (20 + size) // 4 << 4, segment.flags,
              segment.window, 0, segment.urgent]
    packed = HEADER.pack(*fields) + segment.options + segment.data
    fields[7] = checksum(source, destination, packed)
    return HEADER.pack(*fields) + segment.options + segment.data


def internet_checksum(data: bytes) -> int:
    """The checksum of RFC 1071, which IP, UDP and TCP all use."""
    if len(data) % 2:
        data += b"\0"
    total = 0
    for i in range(0, len(data), 2):
        total += data[i] << 8 | data[i + 1]
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def checksum(source: str, destination: str, segment: bytes) -> int:
    """The checksum of a segment between these two addresses: RFC 9293, section 3.1."""
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + bytes([0, TCP]) + \
        len(segment).to_bytes(2, "big")
    return internet_checksum(pseudo + segment)


def add(seq: int, n: int) -> int:
    """The number that comes n after seq: modulo 2³² (RFC 9293, section 3.4)."""
    return (seq + n) % MODULUS


def before(a: int, b: int) -> bool:
    """Whether the number a comes before b: RFC 9293, section 3.4."""
    return a != b and (b - a) % MODULUS < MODULUS // 2


def length(segment: Segment) -> int:
    """How many sequence numbers a segment takes (the RFC's SEG.LEN)."""
    numbers = len(segment.data)
    if segment.flags & SYN:
        numbers += 1
    if segment.flags & FIN:
        numbers += 1
    return numbers
