"""The format of a segment."""
import struct
from typing import NamedTuple

from sequence import add, before
from sums import checksum, internet_checksum

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128

__all__ = ["ACK", "CWR", "ECE", "FIN", "PSH", "RST", "SYN", "URG", "Segment", "SegmentError", "add", "before",
           "checksum", "internet_checksum", "length", "pack", "parse"]


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

    @property
    def size(self):
        return len(self.data) + (SYN & self.flags > 0) + (FIN & self.flags > 0)

    def has(self, flag):
        return bool(self.flags & flag)


def length(segment):
    return segment.size


def parse(segment, source, destination):
    try:
        first, second, seq, ack, rest, window, _, urgent = struct.unpack_from(">HHLLHHHH", segment)
    except struct.error as error:
        raise SegmentError(str(error)) from error
    begin = (rest >> 12) * 4
    if begin < 20 or len(segment) < begin:
        raise SegmentError(f"a header of {begin} bytes, in {len(segment)}")
    if checksum(source, destination, segment) != 0:
        raise SegmentError("the checksum is not 0")
    return Segment(first, second, seq, ack, rest & 255, window, urgent, segment[20:begin], segment[begin:])


def pack(segment, source, destination):
    if len(segment.options) > 40:
        raise SegmentError("too many options")
    if len(segment.options) % 4 != 0:
        raise SegmentError("options are not padded")
    packed = bytearray(20)
    struct.pack_into(">HHLLHHHH", packed, 0, segment.source, segment.destination, segment.seq, segment.ack,
                     (5 + len(segment.options) // 4) << 12 | segment.flags, segment.window, 0, segment.urgent)
    packed += segment.options
    packed += segment.data
    struct.pack_into(">H", packed, 16, checksum(source, destination, bytes(packed)))
    return bytes(packed)
