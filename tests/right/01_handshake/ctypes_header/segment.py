"""Segments whose header is a structure of ctypes, in network byte order, and whose checksum is added up as it comes."""
import ctypes
import enum
import functools
import ipaddress
import itertools
from typing import NamedTuple


class Flag(enum.IntFlag):
    FIN = 1
    SYN = 2
    RST = 4
    PSH = 8
    ACK = 16
    URG = 32
    ECE = 64
    CWR = 128


FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = Flag


class SegmentError(ValueError):
    """Not a segment."""


class TooShort(SegmentError):
    """Cut off."""


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


class Header(ctypes.BigEndianStructure):
    _pack_ = 1
    _fields_ = [("source", ctypes.c_uint16), ("destination", ctypes.c_uint16), ("seq", ctypes.c_uint32),
                ("ack", ctypes.c_uint32), ("offset", ctypes.c_uint8, 4), ("reserved", ctypes.c_uint8, 4),
                ("flags", ctypes.c_uint8), ("window", ctypes.c_uint16), ("checksum", ctypes.c_uint16),
                ("urgent", ctypes.c_uint16)]


class PseudoHeader(ctypes.BigEndianStructure):
    _pack_ = 1
    _fields_ = [("source", ctypes.c_uint32), ("destination", ctypes.c_uint32), ("zero", ctypes.c_uint8),
                ("protocol", ctypes.c_uint8), ("length", ctypes.c_uint16)]


def parse(segment: bytes, source: str, destination: str) -> Segment:
    if len(segment) < ctypes.sizeof(Header):
        raise TooShort(len(segment))
    header = Header.from_buffer_copy(segment)
    begin = header.offset * 4
    if begin < ctypes.sizeof(Header):
        raise SegmentError(f"data offset {header.offset}")
    if begin > len(segment):
        raise TooShort(f"{len(segment)} bytes, and the header has {begin}")
    if checksum(source, destination, segment):
        raise SegmentError("damaged")
    return Segment(header.source, header.destination, header.seq, header.ack, Flag(header.flags), header.window,
                   header.urgent, segment[ctypes.sizeof(Header):begin], segment[begin:])


def pack(segment: Segment, source: str, destination: str) -> bytes:
    words, odd = divmod(len(segment.options), 4)
    if odd or words > 10:
        raise SegmentError("options: a multiple of 4, and 40 at the most")
    header = Header(segment.source, segment.destination, segment.seq, segment.ack, 5 + words, 0, segment.flags,
                    segment.window, 0, segment.urgent)
    behind = segment.options + segment.data
    header.checksum = checksum(source, destination, bytes(header) + behind)
    return bytes(header) + behind


def internet_checksum(data: bytes) -> int:
    def end_around(total: int, word: int) -> int:
        total += word
        return total - 0xFFFF if total > 0xFFFF else total

    halves = itertools.zip_longest(data[::2], data[1::2], fillvalue=0)
    return 0xFFFF - functools.reduce(end_around, (high * 256 + low for high, low in halves), 0)


def checksum(source: str, destination: str, segment: bytes) -> int:
    pseudo = PseudoHeader(int(ipaddress.IPv4Address(source)), int(ipaddress.IPv4Address(destination)), 0, 6,
                          len(segment))
    return internet_checksum(bytes(pseudo) + segment)


def add(seq: int, n: int) -> int:
    return ctypes.c_uint32(seq + n).value


def before(a: int, b: int) -> bool:
    return ctypes.c_int32(a - b).value < 0


def length(segment: Segment) -> int:
    return len(segment.data) + sum(1 for flag in (SYN, FIN) if segment.flags & flag)
