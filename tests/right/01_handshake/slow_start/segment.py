"""A segment of TCP, from a module that takes its time to be imported."""
import socket
import struct
import time
from typing import NamedTuple

time.sleep(0.5)                               # wait for a slow disk, say

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128

TCP = 6                                       # the number of this protocol in IP's header
MODULUS = 1 << 32                             # sequence numbers are counted modulo this: after 2³² − 1 comes 0
HEADER = struct.Struct("!HHIIBBHHH")          # the 20 bytes: H is 2 bytes, I is 4, B is 1, and ! is network byte order


class SegmentError(ValueError):
    """Bytes that are no segment of TCP, or one that was damaged; or a segment that no bytes can be made of."""


class Segment(NamedTuple):
    """A segment."""

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
        raise SegmentError(f"only {len(segment)} bytes")
    source_port, destination_port, seq, ack, offset, flags, window, _, urgent = HEADER.unpack(segment[:20])
    start = (offset >> 4) * 4
    if start < 20 or start > len(segment):
        raise SegmentError(f"data offset {offset >> 4}")
    if checksum(source, destination, segment) != 0:
        raise SegmentError("wrong checksum")
    return Segment(source_port, destination_port, seq, ack, flags, window, urgent, segment[20:start], segment[start:])


def pack(segment: Segment, source: str, destination: str) -> bytes:
    """The bytes of this segment, for an IP packet from source to destination."""
    options = segment.options
    if len(options) > 40 or len(options) % 4:
        raise SegmentError(f"options of {len(options)} bytes")
    offset = (20 + len(options)) // 4

    def header(check):
        return HEADER.pack(segment.source, segment.destination, segment.seq, segment.ack, offset << 4, segment.flags,
                           segment.window, check, segment.urgent)

    rest = options + segment.data
    return header(checksum(source, destination, header(0) + rest)) + rest


def internet_checksum(data: bytes) -> int:
    """The checksum of RFC 1071, which IP, UDP and TCP all use."""
    if len(data) % 2:
        data += b"\0"
    total = 0
    for i in range(0, len(data), 2):
        total += (data[i] << 8) + data[i + 1]
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def checksum(source: str, destination: str, segment: bytes) -> int:
    """The checksum of a segment between these two addresses."""
    pseudo = (socket.inet_aton(source) + socket.inet_aton(destination)
              + struct.pack("!BBH", 0, TCP, len(segment)))
    return internet_checksum(pseudo + segment)


def add(seq: int, n: int) -> int:
    """The number that comes n after seq: modulo 2³² (RFC 9293, section 3.4)."""
    return (seq + n) % MODULUS


def before(a: int, b: int) -> bool:
    """Whether the number a comes before b."""
    return 0 < (b - a) % MODULUS < MODULUS // 2


def length(segment: Segment) -> int:
    """How many sequence numbers a segment takes (the RFC's SEG.LEN): one for each byte of data."""
    return len(segment.data) + bool(segment.flags & SYN) + bool(segment.flags & FIN)
