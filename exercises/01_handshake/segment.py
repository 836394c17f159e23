"""A segment of TCP, as bytes and as a tuple, and the arithmetic of sequence numbers: RFC 9293, sections 3.1 and 3.4.

A segment is what TCP puts into one IP packet: a header of 20 bytes or more, and then the data. All numbers are in
network byte order (the high byte first). Each line of this picture is 32 bits, 4 bytes, wide:

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-------------------------------+-------------------------------+
    |          source port          |       destination port        |      bytes  0 to 3
    +-------------------------------+-------------------------------+
    |                    sequence number (SEQ)                      |             4 to 7
    +---------------------------------------------------------------+
    |                 acknowledgment number (ACK)                   |             8 to 11
    +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
    |  data |  re-  |C|E|U|A|P|R|S|F|                               |
    |offset |served |W|C|R|C|S|S|Y|I|            window             |            12 to 15
    |       |       |R|E|G|K|H|T|N|N|                               |
    +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
    |           checksum            |        urgent pointer         |            16 to 19
    +-------------------------------+-------------------------------+
    |                  options: 0 to 40 bytes, padded               |            20 to …
    +---------------------------------------------------------------+
    |                             data                              |
    +---------------------------------------------------------------+

Sequence number   the number of the first byte of data. Each byte has one. A SYN and a FIN have one each, too: the SYN
                  before the data, the FIN behind it.
Acknowledgment    (only if the flag ACK is set) the number of the byte that its sender expects next. So it says that all
number            before this one have arrived.
Data offset       where the data begins, counted in units of 4 bytes: 5 where there are no options, 15 at the most.
Reserved          4 bits: zero when sent, and not looked at when received.
Flags             8 bits, in one byte. FIN is the lowest bit, so it counts 1; SYN counts 2; and so on up to CWR, 128.
Window            how many bytes its sender is ready to take, from the acknowledgment number on: flow control.
Checksum          see checksum(). Over the whole segment, and some of what IP's header says.
Urgent pointer    means something only if URG is set. Hardly anybody uses it any more.
"""
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
    """The segment in these bytes, which came in an IP packet from source to destination ("10.0.0.1").

    Raises SegmentError for what cannot be one: shorter than 20 bytes; a data offset of less than 5, or one that points
    behind the end; a wrong checksum. (Read the fields first. To verify the checksum can wait until checksum() works.)
    """
    # TODO 1: take a segment apart
    raise NotImplementedError("TODO 1: take a segment apart")


def pack(segment: Segment, source: str, destination: str) -> bytes:
    """The bytes of this segment, for an IP packet from source to destination. What parse() undoes.

    The data offset follows from the options. The checksum is computed while its own field is zero, and then put there.
    Raises SegmentError if the options are longer than 40 bytes, or if their length is no multiple of 4.
    (It needs checksum(). You may write TODO 3 and 4 first; the checks do.)
    """
    # TODO 2: put a segment together
    raise NotImplementedError("TODO 2: put a segment together")


def internet_checksum(data: bytes) -> int:
    """The checksum of RFC 1071, which IP, UDP and TCP all use.

    The data is a row of numbers of 16 bits; if its length is odd, a zero byte is added at the end. Add them all up.
    What does not fit into 16 bits, the carry, is added to the 16 low bits, again and again until there is none. The
    checksum is that sum with all 16 bits turned over. RFC 1071's own example: 00 01 f2 03 f4 f5 f6 f7 have the sum
    ddf2, and the checksum 220d.
    """
    # TODO 3: add up, fold the carry, turn over
    raise NotImplementedError("TODO 3: add up, fold the carry, turn over")


def checksum(source: str, destination: str, segment: bytes) -> int:
    """The checksum of a segment between these two addresses: RFC 9293, section 3.1.

    It covers a pseudo-header, which is never sent, and behind it the whole segment as it stands here:

        4 bytes   source address: socket.inet_aton("10.0.0.1") makes them
        4 bytes   destination address
        1 byte    zero
        1 byte    6, the number of TCP
        2 bytes   length of the segment in bytes, header and data

    So a segment that IP has carried to the wrong address is noticed. For one that is intact the result is 0, for
    then the checksum is in there too, and all 16 bits of the sum are 1.
    """
    # TODO 4: the pseudo-header and the segment
    raise NotImplementedError("TODO 4: the pseudo-header and the segment")


def add(seq: int, n: int) -> int:
    """The number that comes n after seq: modulo 2³² (RFC 9293, section 3.4)."""
    # TODO 5: add, and come round
    raise NotImplementedError("TODO 5: add, and come round")


def before(a: int, b: int) -> bool:
    """Whether the number a comes before b: RFC 9293, section 3.4.

    Sequence numbers go round in a circle, like hours on a clock: 11 comes before 1, though 1 is the smaller number.
    a comes before b if the way forward from a to b is shorter than half of the circle, 2³¹, and is not 0. (Who is
    exactly opposite is never asked for: no window is so large.)
    """
    # TODO 6: compare on the circle
    raise NotImplementedError("TODO 6: compare on the circle")


def length(segment: Segment) -> int:
    """How many sequence numbers a segment takes (the RFC's SEG.LEN): one for each byte of data, one for SYN, one for
    FIN. A segment with none of them, such as a bare ACK, takes no number."""
    # TODO 7: count the numbers that a segment takes
    raise NotImplementedError("TODO 7: count the numbers that a segment takes")
