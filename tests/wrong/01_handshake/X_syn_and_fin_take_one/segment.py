"""A SYN and a FIN in one segment take one number together."""
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
    if len(segment) < HEADER.size:
        raise SegmentError("shorter than a header")
    source_port, destination_port, seq, ack, offset, flags, window, _, urgent = HEADER.unpack(segment[:HEADER.size])
    start = (offset >> 4) * 4
    if not HEADER.size <= start <= len(segment):
        raise SegmentError(f"the data cannot begin at byte {start}")
    if checksum(source, destination, segment) != 0:
        raise SegmentError("wrong checksum")
    options, data = segment[HEADER.size:start], segment[start:]
    return Segment(source_port, destination_port, seq, ack, flags, window, urgent, options, data)


def pack(segment: Segment, source: str, destination: str) -> bytes:
    if len(segment.options) > 40 or len(segment.options) % 4:
        raise SegmentError(f"options of {len(segment.options)} bytes")
    offset = (HEADER.size + len(segment.options)) // 4
    header = HEADER.pack(segment.source, segment.destination, segment.seq, segment.ack, offset << 4, segment.flags,
                         segment.window, 0, segment.urgent)
    whole = header + segment.options + segment.data
    return whole[:16] + struct.pack("!H", checksum(source, destination, whole)) + whole[18:]


def internet_checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def checksum(source: str, destination: str, segment: bytes) -> int:
    pseudo_header = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, TCP, len(segment))
    return internet_checksum(pseudo_header + segment)


def add(seq: int, n: int) -> int:
    return (seq + n) % MODULUS


def before(a: int, b: int) -> bool:
    return 0 < (b - a) % MODULUS < MODULUS // 2


def length(segment: Segment) -> int:
    return len(segment.data) + bool(segment.flags & (SYN | FIN))
