"""Segments, check by check, in the order in which you will want to make them pass. Then comes test_talking.py.

Run all of them with `pytest exercises/01_handshake`, or one with `-k`, and a part of its name:

    pytest exercises/01_handshake -k flags

These call the functions of your segment.py. What they get and what they are to return is compared with segments that
the tests have built by themselves, bit by bit, as RFC 9293, section 3.1 draws them.
"""
import struct

from pytest import fixture, mark

from autograder.tcp import ACK, CWR, ECE, FIN, PSH, RST, SYN, URG, Segment, pseudo_header
from autograder.wire import checksum

HERE, THERE = "10.9.0.2", "10.9.0.1"
TIMESTAMPS = bytes.fromhex("0101080a0000001100000022")           # an option that carries two clocks: RFC 7323
SYN_OPTIONS = bytes.fromhex("020405b40402080a000000110000000001030307")      # the five that Linux sends with its SYN


@fixture
def module(cast):
    """Your segment.py, whose functions are called."""
    return cast.calls("segment.py", lane="segment.py")


FIELDS = "source", "destination", "seq", "ack", "flags", "window", "urgent", "options", "data"


def finds(module, segment: Segment, *only: str) -> None:
    """Your parse() finds in these bytes what is in there; where only some fields are named, in these."""
    module.finds(dict(zip(FIELDS, fields(segment), strict=True)), "parse", segment.packed(THERE, HERE), THERE, HERE,
                 only=only or FIELDS)


def made(module, segment: Segment):
    """A Segment of yours with these fields."""
    return module.make("Segment", *fields(segment), said=f"Segment{tuple(fields(segment))}")


def fields(segment: Segment) -> list:
    """The fields of a segment, in the order of your Segment."""
    return [segment.source, segment.destination, segment.seq, segment.ack, segment.flags, segment.window, 0,
            segment.options, segment.data]


def sealed(segment: bytes) -> bytes:
    """The same with a checksum that is right for it, so that nothing else is wrong."""
    empty = segment[:16] + b"\0\0" + segment[18:]
    return empty[:16] + struct.pack("!H", checksum(pseudo_header(THERE, HERE, len(empty)) + empty)) + empty[18:]


@mark.check("segment", points=4,
            hint="All numbers are in network byte order, the high byte first: for struct that is the '!'. HEADER at "
                 "the top of the file has the format of all 20 bytes. HEADER.unpack(segment[:20]) gives nine numbers: "
                 "first the two ports, and the sequence and acknowledgment numbers.")
def test_numbers(cast, module):
    """Ports, sequence number and acknowledgment number are read"""
    for source, destination, seq, ack in (80, 4444, 100, 300), (65535, 1, 2**32 - 1, 2**31), (53, 49152, 0, 1):
        finds(module, Segment(seq, ack, ACK, source=source, destination=destination),
              "source", "destination", "seq", "ack")


@mark.check("segment", points=4, needs=[test_numbers], probes=["T08"],
            hint="The flags are the byte at index 13, all of it. Six of its bits are from 1981; CWR and ECE, the two "
                 "highest ones, came in 2001 with RFC 3168.")
def test_flags(cast, module):
    """All eight flags are read, each and together"""
    for flags in (FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, SYN | ACK, FIN | PSH | ACK, SYN | ECE | CWR, 255):
        finds(module, Segment(7, 8, flags), "flags")


@mark.check("segment", points=4, needs=[test_numbers], probes=["T07"],
            hint="The upper four bits of the byte at index 12 are the data offset, counted in words of four bytes. "
                 "That is where the data begins, and what is between byte 20 and there are the options. The data is "
                 "segment[(segment[12] >> 4) * 4:].")
def test_options(cast, module):
    """The data begins behind the options"""
    data = cast.line("data").encode()
    for options in b"", b"\x02\x04\x05\xb4", TIMESTAMPS, SYN_OPTIONS, b"\x01" * 40:
        for carried in data, b"":
            finds(module, Segment(7, 8, ACK, carried, options=options), "data", "options")


@mark.check("segment", points=6, probes=["T10", "T09"],
            hint="Add up the numbers of two bytes each; an odd last byte counts as a number with a zero byte behind "
                 "it. While the sum has more than 16 bits, add what is above them to what is below. At the end turn all"
                 " 16 bits over: total ^ 0xffff. ~ turns over all bits in front of them, too, and gives a negative "
                 "number. For checksum() the pseudo-header comes first: the two addresses, a zero byte, a byte 6, and "
                 "two bytes for the length of the segment.")
def test_checksum(cast, module):
    """The checksum: ones' complement sum, odd lengths, pseudo-header"""
    for data, expected in ((bytes.fromhex("0001f203f4f5f6f7"), 0x220D), (b"", 0xFFFF), (b"\x01", 0xFEFF),
                           (b"\xff\xff\x00\x01", 0xFFFE), (b"\xff" * 9, 0x00FF), (b"\xff" * 6 + b"\1", 0xFEFF),
                           (b"\xff\xff" * 70_000 + b"\x12\x34", 0xEDCB)):
        module.returns(expected, "internet_checksum", data, shown="{:#06x}".format)
    for carried in b"", b"even", b"odd":
        whole = Segment(100, 300, ACK, carried).packed(THERE, HERE)
        module.returns(0, "checksum", THERE, HERE, whole, meaning="a segment that is intact")
        empty = whole[:16] + b"\0\0" + whole[18:]
        module.returns(int.from_bytes(whole[16:18], "big"), "checksum", THERE, HERE, empty,
                       meaning="with a zero in its field: what belongs there")


@mark.check("segment", points=4, needs=[test_options, test_checksum],
            hint="Make the segment with 0 for the checksum first. Compute the checksum over all of it, and put it into "
                 "bytes 16 and 17. The data offset is the length of header and options, in words of four bytes, in the "
                 "upper half of its byte: (20 + len(segment.options)) // 4 << 4. HEADER.pack(…) makes the 20 bytes.")
def test_pack(cast, module):
    """pack() and parse() agree, and others can read what is packed"""
    for segment in (Segment(100, 300, SYN | ACK), Segment(2**32 - 1, 0, SYN, options=SYN_OPTIONS, window=65535),
                    Segment(7, 8, ACK | PSH, cast.line("odd").encode() + b"!", options=TIMESTAMPS),
                    Segment(7, 8, ACK | CWR, bytes(range(256)))):
        module.returns(segment.packed(THERE, HERE), "pack", made(module, segment), THERE, HERE)
        finds(module, segment)
    for options in b"\x01" * 3, b"\x01" * 44:
        module.refuses("SegmentError", "pack", made(module, Segment(1, 2, ACK, options=options)), THERE, HERE)


@mark.check("segment", points=4, needs=[test_checksum],
            hint="Before you unpack, look at the length: 20 bytes at least, and the data offset neither below five "
                 "words nor behind the end. A checksum() that is not 0 says that a bit has changed on the way.")
def test_broken(cast, module):
    """A segment that is cut or damaged raises SegmentError"""
    whole = Segment(100, 300, ACK, b"hello", options=TIMESTAMPS).packed(THERE, HERE)
    before, after = whole[:12], whole[13:]              # around the data offset
    for broken in (b"", whole[:19], sealed(before + b"\x40" + after), sealed(before + b"\xf0" + after),
                   sealed(whole[:24]), whole[:-1], whole[:4] + bytes([whole[4] ^ 1]) + whole[5:],
                   whole[:-1] + bytes([whole[-1] ^ 0x80])):
        module.refuses("SegmentError", "parse", broken, THERE, HERE)
    module.refuses("SegmentError", "parse", whole, "10.9.0.3", HERE)    # it has come from elsewhere


@mark.check("segment", points=6, probes=["T04", "T05"],
            hint="Numbers go round: behind 2**32 − 1 comes 0. So a comes before b if the way forward from a to b is "
                 "less than half of the circle, and not 0. That way is (b - a) % 2**32, and add() is (seq + n) % "
                 "2**32.")
def test_circle(cast, module):
    """Numbers are added and compared on a circle of 2³²"""
    top = 2**32 - 1
    for seq, n, expected in (100, 1, 101), (top, 1, 0), (top - 4, 10, 5), (0, 0, 0), (top, 0, top), (5, -6, top):
        module.returns(expected, "add", seq, n)
    for a, b, expected in ((1, 2, True), (2, 1, False), (7, 7, False), (top, 0, True), (0, top, False),
                           (top - 10, 10, True), (10, top - 10, False), (0, 2**31 - 1, True), (2**31 - 1, 0, False),
                           (2**31 + 5, 4, True)):
        module.returns(expected, "before", a, b)


@mark.check("segment", points=5, probes=["T01.length", "T02.length", "T03.length"],
            hint="Each byte of the data takes a number; so does SYN, and so does FIN, since they have to be "
                 "acknowledged. An ACK takes none, or acknowledging would never end.")
def test_length(cast, module):
    """SYN and FIN take a sequence number each, a bare ACK takes none"""
    for flags, data, expected in ((ACK, b"", 0), (SYN, b"", 1), (SYN | ACK, b"", 1), (FIN | ACK, b"", 1),
                                  (ACK | PSH, b"hello", 5), (FIN | ACK, b"hello", 6), (RST | ACK, b"", 0),
                                  (SYN | FIN, b"", 2)):     # nobody sends that, but two numbers it would take
        segment = Segment(1, 2, flags, data)
        module.returns(expected, "length", made(module, segment),
                       meaning=f"{segment} has a length of {expected}")
