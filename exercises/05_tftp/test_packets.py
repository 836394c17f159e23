"""Packets, check by check, in the order in which you will want to make them pass. Then comes test_server.py.

Run all of them with `pytest exercises/05_tftp`, or one with `-k`, and a part of its name:

    pytest exercises/05_tftp -k requests

These call the functions of your packets.py, and compare what they return with what RFC 1350 says, byte by byte.
"""
from pytest import fixture, mark

RRQ, WRQ, DATA, ACK, ERROR, OACK = 1, 2, 3, 4, 5, 6


@fixture
def packets(cast):
    """Your packets.py, whose functions are called."""
    return cast.calls("packets.py", lane="packets.py")


def build(cast, packets, expected: bytes, function: str, *arguments: object) -> None:
    """A function of yours builds exactly this packet."""
    cast.compares("that is what the RFC says", expected, packets.calls(function, *arguments))


def decode(cast, packets, datagram: bytes, *expected: object) -> None:
    """Your decode() finds in these bytes what is in there."""
    cast.compares("that is what is in there", list(expected), packets.calls("decode", datagram))


@mark.check("packets", points=6, probes=["F09.packet"],
            hint="First comes the opcode, two bytes, the high one first; behind it stand two texts, each with one"
                 " zero byte after it. To take it apart, split at the zero bytes; the last piece is empty. A name need"
                 " not be UTF-8: decode and encode it with errors='surrogateescape', and all bytes come through."
                 " struct.pack('!H', 1) makes the two bytes of the opcode.")
def test_requests(cast, packets):
    """RRQ and WRQ, built and taken apart; the mode in any case"""
    build(cast, packets, b"\x00\x01hello.txt\x00octet\x00", "request", RRQ, "hello.txt", "octet")
    build(cast, packets, b"\x00\x02pub/notes\x00netascii\x00", "request", WRQ, "pub/notes", "netascii")
    build(cast, packets, b"\x00\x01" + "中.txt".encode() + b"\x00octet\x00", "request", RRQ, "中.txt")
    decode(cast, packets, b"\x00\x01hello.txt\x00octet\x00", RRQ, "hello.txt", "octet", {})
    decode(cast, packets, b"\x00\x02" + "中.txt".encode() + b"\x00NetASCII\x00", WRQ, "中.txt", "netascii", {})
    decode(cast, packets, b"\x00\x01HELLO.TXT\x00OCTET\x00", RRQ, "HELLO.TXT", "octet", {})
    no_text = "\udcff.txt"                       # with the byte ff, which is no UTF-8
    build(cast, packets, b"\x00\x01\xff.txt\x00octet\x00", "request", RRQ, no_text)
    decode(cast, packets, b"\x00\x01\xff.txt\x00octet\x00", RRQ, no_text, "octet", {})


@mark.check("packets", points=5,
            hint="The number is two bytes, the high one first. What is behind them in a DATA is the block, as it is,"
                 " zero bytes and all. A parse_… function returns a tuple, also for one value: (number,)."
                 " struct.pack('!HH', …) packs opcode and number.")
def test_data_and_ack(cast, packets):
    """DATA and ACK, whatever is in the block"""
    block = b"a\x00b\x00\x00c\xff"
    build(cast, packets, b"\x00\x03\x00\x01" + block, "data", 1, block)
    build(cast, packets, b"\x00\x03\x01\x02", "data", 258, b"")
    build(cast, packets, b"\x00\x04\xff\xff", "ack", 65535)
    decode(cast, packets, b"\x00\x03\x01\x02" + block, DATA, 258, block)
    decode(cast, packets, b"\x00\x03\xff\xff", DATA, 65535, b"")
    decode(cast, packets, b"\x00\x04\x80\x00", ACK, 32768)


@mark.check("packets", points=3,
            hint="Two bytes with the code, the message, and one zero byte after it, which is easily forgotten.")
def test_error(cast, packets):
    """ERROR, with its message and the final zero byte"""
    build(cast, packets, b"\x00\x05\x00\x01no such file\x00", "error", 1, "no such file")
    build(cast, packets, b"\x00\x05\x00\x00\x00", "error", 0, "")
    decode(cast, packets, b"\x00\x05\x00\x03disk full\x00", ERROR, 3, "disk full")


@mark.check("packets", points=4, needs=[test_requests, test_data_and_ack, test_error],
            hint="Look at the length before you unpack, and raise PacketError. A text ends with its zero byte: after "
                 "split('\\0') the last piece has to be empty, else the end is missing.")
def test_malformed(cast, packets):
    """What is no packet raises PacketError, and nothing else"""
    for malformed in (b"", b"\x00", b"\x00\x09", b"\xff\xff\xff\xff", b"hello",
                      b"\x00\x01", b"\x00\x01hello.txt", b"\x00\x01hello.txt\x00octet", b"\x00\x02hello.txt\x00",
                      b"\x00\x03", b"\x00\x03\x00", b"\x00\x04", b"\x00\x04\x00", b"\x00\x04\x00\x01\x00",
                      b"\x00\x05\x00", b"\x00\x05\x00\x01", b"\x00\x05\x00\x01no end"):
        packets.refuses("PacketError", "decode", malformed)
