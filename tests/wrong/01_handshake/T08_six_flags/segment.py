"""Knows the six flags of 1981 only, and masks the two others away as reserved bits."""
import array
import socket
import struct
import sys
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128

TCP = 6
MODULUS = 1 << 32
HEADER = struct.Struct("!HHIIBBHHH")
HALF = MODULUS // 2
FLAGS = FIN | SYN | RST | PSH | ACK | URG


class SegmentError(ValueError):
    """No segment."""


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
        header = HEADER.unpack(segment[:20])
    except struct.error:
        raise SegmentError("no header") from None
    offset = (header[4] >> 4) * 4
    if offset < 20 or len(segment) < offset:
        raise SegmentError(f"offset {offset}")
    if checksum(source, destination, segment) != 0:
        raise SegmentError("checksum")
    return Segment(*header[:4], header[5] & FLAGS, header[6], header[8], segment[20:offset], segment[offset:])


def pack(segment: Segment, source: str, destination: str) -> bytes:
    if len(segment.options) not in range(0, 44, 4):
        raise SegmentError("length of the options")
    offset = 20 + len(segment.options)
    whole = bytearray(HEADER.pack(segment.source, segment.destination, segment.seq, segment.ack, offset // 4 << 4,
                                  segment.flags, segment.window, 0, segment.urgent))
    whole += segment.options + segment.data
    whole[16:18] = checksum(source, destination, bytes(whole)).to_bytes(2, "big")
    return bytes(whole)


def internet_checksum(data: bytes) -> int:
    words = array.array("H", data + b"\0" * (len(data) % 2))
    if sys.byteorder == "little":
        words.byteswap()
    total = 0
    for word in words:
        total += word
        if total > 0xFFFF:                    # the end-around carry
            total -= 0xFFFF
    return total ^ 0xFFFF


def checksum(source: str, destination: str, segment: bytes) -> int:
    pseudo = struct.pack("!4s4sxBH", socket.inet_aton(source), socket.inet_aton(destination), TCP, len(segment))
    return internet_checksum(pseudo + segment)


def add(seq: int, n: int) -> int:
    return (seq + n) % MODULUS


def before(a: int, b: int) -> bool:
    return a != b and (b - a) % MODULUS < HALF


def length(segment: Segment) -> int:
    return len(segment.data) + sum(1 for flag in (SYN, FIN) if segment.flags & flag)
