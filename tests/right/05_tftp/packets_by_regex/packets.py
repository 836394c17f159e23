"""The packets of TFTP, taken apart by regular expressions over bytes."""
import re
import struct

RRQ, WRQ, DATA, ACK, ERROR, OACK = 1, 2, 3, 4, 5, 6

# Error codes: RFC 1350, appendix; the last one RFC 2347.
UNDEFINED, NOT_FOUND, ACCESS_VIOLATION, DISK_FULL, ILLEGAL_OPERATION, UNKNOWN_ID, EXISTS, NO_SUCH_USER, BAD_OPTIONS \
    = range(9)

TEXT = rb"([^\0]*)\0"
REQUEST_FORM = re.compile(TEXT + TEXT + rb"((?:[^\0]*\0[^\0]*\0)*)")
OPTION_FORM = re.compile(TEXT + TEXT)
OACK_FORM = re.compile(rb"((?:[^\0]*\0[^\0]*\0)*)")
DATA_FORM = re.compile(rb"(..)(.*)", re.DOTALL)
ACK_FORM = re.compile(rb"(..)", re.DOTALL)
ERROR_FORM = re.compile(rb"(..)" + TEXT, re.DOTALL)


class PacketError(ValueError):
    """A datagram that is no packet of TFTP."""


def wire(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def text(wire: bytes) -> str:
    return wire.decode("utf-8", "surrogateescape")


def fits(form: re.Pattern[bytes], body: bytes) -> tuple[bytes, ...]:
    """The groups of this form, which has to fit from the first byte to the last."""
    if match := form.fullmatch(body):
        return match.groups()
    raise PacketError(f"{body[:40]!r} is not of the form {form.pattern!r}")


def pairs(body: bytes) -> dict[str, str]:
    return {text(name).lower(): text(value) for name, value in OPTION_FORM.findall(body)}


def request(opcode: int, filename: str, mode: str = "octet", options: dict[str, str] | None = None) -> bytes:
    """An RRQ or a WRQ."""
    packet = b"\0%c%b\0%b\0" % (opcode, wire(filename), wire(mode))
    for name, value in (options or {}).items():
        packet += b"%b\0%b\0" % (wire(name), wire(value))
    return packet


def parse_request(body: bytes) -> tuple[str, str, dict[str, str]]:
    """Filename, mode and options of a request, whose opcode has been taken off."""
    filename, mode, options = fits(REQUEST_FORM, body)
    return text(filename), text(mode).lower(), pairs(options)


def data(number: int, block: bytes) -> bytes:
    """A DATA."""
    return b"\0\x03" + struct.pack(">H", number) + block


def parse_data(body: bytes) -> tuple[int, bytes]:
    """Number and block of a DATA, whose opcode has been taken off."""
    number, block = fits(DATA_FORM, body)
    return int.from_bytes(number, "big"), block


def ack(number: int) -> bytes:
    """An ACK."""
    return b"\0\x04" + struct.pack(">H", number)


def parse_ack(body: bytes) -> tuple[int]:
    """The number of an ACK, whose opcode has been taken off."""
    number, = fits(ACK_FORM, body)
    return int.from_bytes(number, "big"),


def error(code: int, message: str) -> bytes:
    """An ERROR."""
    return b"\0\x05" + struct.pack(">H", code) + wire(message) + b"\0"


def parse_error(body: bytes) -> tuple[int, str]:
    """Code and message of an ERROR, whose opcode has been taken off."""
    code, message = fits(ERROR_FORM, body)
    return int.from_bytes(code, "big"), text(message)


def oack(options: dict[str, str]) -> bytes:
    """An option acknowledgement."""
    return b"\0\x06" + b"".join(b"%b\0%b\0" % (wire(name), wire(value)) for name, value in options.items())


def parse_oack(body: bytes) -> tuple[dict[str, str]]:
    """The options of an OACK, whose opcode has been taken off."""
    return pairs(*fits(OACK_FORM, body)),


def decode(datagram: bytes) -> tuple:
    """The packet in this datagram, as a tuple that begins with its opcode."""
    opcode = int.from_bytes(datagram[:2], "big")
    parse = {RRQ: parse_request, WRQ: parse_request, DATA: parse_data, ACK: parse_ack, ERROR: parse_error,
             OACK: parse_oack}.get(opcode)
    if len(datagram) < 2 or parse is None:
        raise PacketError("no opcode of TFTP")
    return opcode, *parse(datagram[2:])
