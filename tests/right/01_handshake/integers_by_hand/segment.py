"""Segments by hand: the header is one integer of 160 bits, the checksum a remainder, a Segment a plain tuple."""
from operator import itemgetter

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 0b1, 0b10, 0b100, 0b1000, 0b10000, 0b100000, 0b1000000, 0b10000000

# The name of each field, and how many bits it has; from the left to the right
FIELDS = (("source", 16), ("destination", 16), ("seq", 32), ("ack", 32), ("offset", 4), ("reserved", 4), ("flags", 8),
          ("window", 16), ("checksum", 16), ("urgent", 16))


class SegmentError(ValueError):
    pass


class Segment(tuple):
    __slots__ = ()

    def __new__(cls, source, destination, seq, ack, flags, window, urgent=0, options=b"", data=b""):
        return tuple.__new__(cls, (source, destination, seq, ack, flags, window, urgent, options, data))

    source, destination, seq, ack, flags, window, urgent, options, data = (
        property(itemgetter(place)) for place in range(9))

    def __repr__(self):
        return f"<{self.source} > {self.destination}: {self.seq} {self.ack} {self.flags:08b} {self.data!r}>"


def parse(segment, source, destination):
    header = int.from_bytes(segment[:20], "big")
    if len(segment) < 20:
        raise SegmentError("too short")
    values = {}
    for name, bits in reversed(FIELDS):
        values[name] = header % 2 ** bits
        header //= 2 ** bits
    begin = 4 * values["offset"]
    if not 20 <= begin <= len(segment):
        raise SegmentError("data offset")
    if checksum(source, destination, segment) != 0:
        raise SegmentError("checksum")
    return Segment(values["source"], values["destination"], values["seq"], values["ack"], values["flags"],
                   values["window"], values["urgent"], segment[20:begin], segment[begin:])


def pack(segment, source, destination):
    if len(segment.options) not in range(0, 41, 4):
        raise SegmentError("options")

    def build(check):
        header = 0
        for name, bits in FIELDS:
            value = {"offset": 5 + len(segment.options) // 4, "reserved": 0, "checksum": check}.get(name)
            header = header * 2 ** bits + (getattr(segment, name) if value is None else value)
        return header.to_bytes(20, "big") + segment.options + segment.data

    return build(checksum(source, destination, build(0)))


def internet_checksum(data):
    # 65536 leaves the remainder 1, so the sum of the 16-bit numbers is the one long number modulo 65535. Only 0 and
    # 65535 are one remainder: the sum is 0 only if all bytes are.
    number = int.from_bytes(data, "big") * (256 if len(data) % 2 else 1)
    return 65535 - (number % 65535 or (65535 if number else 0))


def checksum(source, destination, segment):
    addresses = bytes(map(int, f"{source}.{destination}".split(".")))
    return internet_checksum(addresses + (6).to_bytes(2, "big") + len(segment).to_bytes(2, "big") + segment)


def add(seq, n):
    return divmod(seq + n, 2 ** 32)[1]


def before(a, b):
    return a != b and (b - a) % 2 ** 32 < 2 ** 31


def length(segment):
    return len(segment.data) + (segment.flags & SYN) // SYN + (segment.flags & FIN) // FIN
