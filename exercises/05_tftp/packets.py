"""The packets of TFTP, as bytes: RFC 1350, section 5, and the option acknowledgement of RFC 2347.

Every packet begins with its opcode, two bytes in network byte order (the high byte first). What follows depends on it:

    RRQ, WRQ   1, 2   filename, 0, mode, 0, and for each option: name, 0, value, 0     a read or a write request
    DATA       3      number of the block (2 bytes), and the block: 0 to 512 bytes
    ACK        4      number of the block (2 bytes), and nothing else
    ERROR      5      error code (2 bytes), message, 0
    OACK       6      for each option: name, 0, value, 0                                (bonus: RFC 2347)

The 0 is one zero byte that ends a text, also the last one of a packet. A block may have zero bytes inside, so never
split() a DATA. In Python a packet is a tuple that begins with its opcode:

    (RRQ, filename, mode, options)      (DATA, number, block)      (ERROR, code, message)
    (WRQ, filename, mode, options)      (ACK, number)              (OACK, options)

filename, mode and message are str, in UTF-8 on the wire (the RFC knows ASCII only, which is a part of it). Bytes that
are not UTF-8 survive decoding and encoding: errors="surrogateescape". A mode may come in any mixture of upper and
lower case, and so may the names of options: in the tuple they are in lower case. options is a dict from name to value,
in the order of the packet, empty if there are none; values are str, also where they are numbers.
"""
import struct

RRQ, WRQ, DATA, ACK, ERROR, OACK = 1, 2, 3, 4, 5, 6

# Error codes: RFC 1350, appendix; the last one RFC 2347.
UNDEFINED, NOT_FOUND, ACCESS_VIOLATION, DISK_FULL, ILLEGAL_OPERATION, UNKNOWN_ID, EXISTS, NO_SUCH_USER, BAD_OPTIONS \
    = range(9)


class PacketError(ValueError):
    """A datagram that is no packet of TFTP."""


def request(opcode: int, filename: str, mode: str = "octet", options: dict[str, str] | None = None) -> bytes:
    """An RRQ or a WRQ: RFC 1350, section 5, figure 5-1. The options: RFC 2347 (bonus; without them there is nothing
    after the mode)."""
    # TODO 1: build a request
    raise NotImplementedError("TODO 1: build a request")


def parse_request(body: bytes) -> tuple[str, str, dict[str, str]]:
    """Filename, mode and options of a request, whose opcode has been taken off.

    Raises PacketError if there are not at least two texts, if the last text has no zero byte, or if an option has no
    value. Any mode is taken, and any option: whether they make sense is for the server to say.
    """
    # TODO 2: take a request apart
    raise NotImplementedError("TODO 2: take a request apart")


def data(number: int, block: bytes) -> bytes:
    """A DATA: RFC 1350, figure 5-2. number: 0 to 65535."""
    # TODO 3: build a DATA
    raise NotImplementedError("TODO 3: build a DATA")


def parse_data(body: bytes) -> tuple[int, bytes]:
    """Number and block of a DATA, whose opcode has been taken off. Raises PacketError if it is cut short."""
    # TODO 4: take a DATA apart
    raise NotImplementedError("TODO 4: take a DATA apart")


def ack(number: int) -> bytes:
    """An ACK: RFC 1350, figure 5-3. number: 0 to 65535."""
    # TODO 5: build an ACK
    raise NotImplementedError("TODO 5: build an ACK")


def parse_ack(body: bytes) -> tuple[int]:
    """The number of an ACK, whose opcode has been taken off, as a tuple of one. Raises PacketError if it has not
    exactly two bytes."""
    # TODO 6: take an ACK apart
    raise NotImplementedError("TODO 6: take an ACK apart")


def error(code: int, message: str) -> bytes:
    """An ERROR: RFC 1350, figure 5-4, with its final zero byte. The message is for people."""
    # TODO 7: build an ERROR
    raise NotImplementedError("TODO 7: build an ERROR")


def parse_error(body: bytes) -> tuple[int, str]:
    """Code and message of an ERROR, whose opcode has been taken off.

    Raises PacketError if it is cut short, or if there is not exactly one text, ended by a zero byte.
    """
    # TODO 8: take an ERROR apart
    raise NotImplementedError("TODO 8: take an ERROR apart")


def oack(options: dict[str, str]) -> bytes:
    """Bonus. An option acknowledgement: RFC 2347."""
    # TODO 9: build an OACK
    raise NotImplementedError("TODO 9: build an OACK")


def parse_oack(body: bytes) -> tuple[dict[str, str]]:
    """Bonus. The options of an OACK, whose opcode has been taken off, as a tuple of one. Raises PacketError as
    parse_request() does.

    Who leaves the options out writes only raise PacketError("no options here"): decode() calls this function, and an
    OACK that nobody has asked for must not end a program.
    """
    # TODO 10: take an OACK apart
    raise NotImplementedError("TODO 10: take an OACK apart")


def decode(datagram: bytes) -> tuple:
    """The packet in this datagram, as a tuple that begins with its opcode: see the top of this file.

    Raises PacketError for everything that is no packet: too short, an opcode that does not exist, or a body that its
    parse_… function refuses. A program on a network is sent such things; it must expect this error, and no other.
    """
    opcode = int.from_bytes(datagram[:2], "big")
    parse = {RRQ: parse_request, WRQ: parse_request, DATA: parse_data, ACK: parse_ack, ERROR: parse_error,
             OACK: parse_oack}.get(opcode)
    if len(datagram) < 2 or parse is None:
        raise PacketError("no opcode of TFTP")
    return opcode, *parse(datagram[2:])
