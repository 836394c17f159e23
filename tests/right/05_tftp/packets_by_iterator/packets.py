"""The packets of TFTP, taken apart byte by byte, and as enums and named tuples, which are numbers and tuples too."""
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple


class Opcode(IntEnum):
    RRQ = 1
    WRQ = 2
    DATA = 3
    ACK = 4
    ERROR = 5
    OACK = 6


class ErrorCode(IntEnum):
    UNDEFINED = 0
    NOT_FOUND = 1
    ACCESS_VIOLATION = 2
    DISK_FULL = 3
    ILLEGAL_OPERATION = 4
    UNKNOWN_ID = 5
    EXISTS = 6
    NO_SUCH_USER = 7
    BAD_OPTIONS = 8


globals().update(Opcode.__members__)
globals().update(ErrorCode.__members__)


class PacketError(ValueError):
    """A datagram that is no packet of TFTP."""


class Request(NamedTuple):
    opcode: Opcode
    filename: str
    mode: str
    options: dict[str, str]


class Data(NamedTuple):
    opcode: Opcode
    number: int
    block: bytes


class Ack(NamedTuple):
    opcode: Opcode
    number: int


class Error(NamedTuple):
    opcode: Opcode
    code: int
    message: str


class Oack(NamedTuple):
    opcode: Opcode
    options: dict[str, str]


def number_to_bytes(number: int) -> bytes:
    return bytes([number >> 8, number & 255])


def text_to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape") + b"\0"


def request(opcode: int, filename: str, mode: str = "octet", options: dict[str, str] | None = None) -> bytes:
    packet = bytearray(number_to_bytes(opcode))
    packet += text_to_bytes(filename)
    packet += text_to_bytes(mode)
    for pair in (options or {}).items():
        for text in pair:
            packet += text_to_bytes(text)
    return bytes(packet)


def data(number: int, block: bytes) -> bytes:
    return number_to_bytes(Opcode.DATA) + number_to_bytes(number) + block


def ack(number: int) -> bytes:
    return number_to_bytes(Opcode.ACK) + number_to_bytes(number)


def error(code: int, message: str) -> bytes:
    return number_to_bytes(Opcode.ERROR) + number_to_bytes(code) + text_to_bytes(message)


def oack(options: dict[str, str]) -> bytes:
    packet = bytearray(number_to_bytes(Opcode.OACK))
    for pair in options.items():
        for text in pair:
            packet += text_to_bytes(text)
    return bytes(packet)


def take_number(rest: Iterator[int]) -> int:
    try:
        return next(rest) << 8 | next(rest)
    except StopIteration:
        raise PacketError("cut short inside a number") from None


def take_text(rest: Iterator[int]) -> str:
    text = bytearray()
    for byte in rest:
        if not byte:
            return text.decode("utf-8", "surrogateescape")
        text.append(byte)
    raise PacketError("a text has no end")


def take_options(rest: Iterator[int]) -> dict[str, str]:
    options = {}
    for byte in rest:
        name = take_text(iter([byte, *rest_of_text(rest)])) if byte else ""
        options[name.lower()] = take_text(rest)
    return options


def rest_of_text(rest: Iterator[int]) -> Iterator[int]:
    for byte in rest:
        yield byte
        if not byte:
            return


def take_nothing(rest: Iterator[int]) -> None:
    for _ in rest:
        raise PacketError("something is behind the end")


def decode(datagram: bytes) -> tuple:
    rest = iter(datagram)
    try:
        opcode = Opcode(take_number(rest))
    except PacketError:
        raise
    except ValueError:
        raise PacketError("no such opcode") from None
    if opcode in (Opcode.RRQ, Opcode.WRQ):
        return Request(opcode, take_text(rest), take_text(rest).lower(), take_options(rest))
    if opcode == Opcode.DATA:
        return Data(opcode, take_number(rest), bytes(rest))
    if opcode == Opcode.OACK:
        return Oack(opcode, take_options(rest))
    packet = Ack(opcode, take_number(rest)) if opcode == Opcode.ACK else \
        Error(opcode, take_number(rest), take_text(rest))
    take_nothing(rest)
    return packet


def body(opcode: Opcode, rest: bytes) -> tuple:
    return decode(number_to_bytes(opcode) + rest)[1:]


def parse_request(rest: bytes) -> tuple[str, str, dict[str, str]]:
    return body(Opcode.RRQ, rest)


def parse_data(rest: bytes) -> tuple[int, bytes]:
    return body(Opcode.DATA, rest)


def parse_ack(rest: bytes) -> tuple[int]:
    return body(Opcode.ACK, rest)


def parse_error(rest: bytes) -> tuple[int, str]:
    return body(Opcode.ERROR, rest)


def parse_oack(rest: bytes) -> tuple[dict[str, str]]:
    return body(Opcode.OACK, rest)
