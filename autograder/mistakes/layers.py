"""Mistakes with layers, and in a browser."""
import contextlib
import itertools
import re
import struct
from dataclasses import dataclass

from ..trace import Trace
from ..wire import checksum
from .evidence import last_answer, raised, results, tracebacks, waits
from .registry import mistake
from .segments import crcs

# Layers -----------------------------------------------------------------------------------------------------


def _raised_last(trace: Trace) -> str:
    """The name of the error that the function raised which was called last; "" if it raised none."""
    last = list(trace.of("result"))[-1:]
    return last[0].data.decode() if last and last[0].text == "raised" else ""


def _little(number: int) -> int:
    """A number of two bytes, read with the other one first."""
    return (number & 0xFF) << 8 | number >> 8


@mistake("L01", "A zero was left out. Each byte has two hex digits: 0a, and not a.")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "mac_to_text")
    return answer is not None and answer.is_one_of(answer.given[0].hex(":"),
                                                   ":".join(f"{byte:x}" for byte in answer.given[0]))


@mistake("L02", "The two bits were looked for in another place. They are the two lowest ones of the first byte: 1 "
                "stands for group, and 2 for local.")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "mac_parts")
    if not answer or not isinstance(answer.value, list) or len(answer.value) != 4:
        return False
    first, last = answer.given[0][0], answer.given[0][-1]
    places = (last & 1, last & 2), (first & 128, first & 64), (first & 64, first & 128), (first & 2, first & 1)
    bits = [bool(bit) for bit in answer.value[2:]]
    return bits != [bool(first & 1), bool(first & 2)] and bits in [[*map(bool, place)] for place in places]


def _by_int(parts: list[str], bases: list[int]) -> bytes | None:
    """The bytes that int() makes of these parts; None if it raises an error."""
    try:
        return bytes(map(int, parts, bases))
    except ValueError:
        return None


@mistake("L03", "A number with a 0 in front was taken. Some programs read 010 as 8, and some as 10, so it is refused.")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "ipv4_to_bytes")
    if not answer:
        return False
    parts = answer.given[0].split(".")
    with_zero = [bool(re.fullmatch("0[0-9]+", part)) for part in parts]
    return any(with_zero) and answer.value in [_by_int(parts, [base if zero else 10 for zero in with_zero])
                                               for base in (8, 10)]


@mistake("L04", "int() takes more than the digits of an address: spaces, a sign, _ between them, and digits of other "
                "scripts. isdigit() says yes to those too; compare with \"0123456789\", or ask isascii() as well.")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "ipv4_to_bytes", "mac_to_bytes")
    if not answer:
        return False
    base, between, digits = (10, ".", "[0-9]+") if answer.name == "ipv4_to_bytes" else (16, ":", "[0-9a-fA-F]+")
    parts = answer.given[0].split(between)
    return not all(re.fullmatch(digits, part) for part in parts) and answer.value == _by_int(parts, [base] * len(parts))


@mistake("L05", "A block of private addresses was taken for larger or smaller than it is. 172.16.0.0/12 has the first "
                "12 bits in common, so it is 172.16 to 172.31.")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "ipv4_kind")
    if not answer or answer.given[0][0] != 172:
        return False
    inside = 16 <= answer.given[0][1] <= 31
    return answer.value == ("other" if inside else "private") and answer.given[0][1] != 16


@mistake("L06", "A block was taken for larger or smaller than it is. All of 127.0.0.0/8 is loopback, and 224.0.0.0/4 "
                "has 4 bits in common: it is 224 to 239 in the first byte.")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "ipv4_kind")
    if not answer:
        return False
    first = answer.given[0][0]
    return answer.value == "other" and (first == 127 and answer.given[0] != b"\x7f\0\0\1" or 225 <= first <= 239) \
        or answer.value == "multicast" and (first > 239 or first == 223)


@mistake("L07", "A range begins or ends somewhere else. Ports have 16 bits: 0 to 1023 are system ports, 1024 to 49151 "
                "user ports, and 49152 to 65535 dynamic ones.", by_error=True)
def _(trace: Trace) -> bool:
    answers = results(trace)
    if not answers or answers[-1].name != "port_kind":
        return False
    port, kind = answers[-1].given[0], answers[-1].value
    taken_for = {1023: "user", 1024: "system", 49151: "dynamic", 49152: "user", 65536: "dynamic"}
    refused = _raised_last(trace) == "AddressError" and port in (0, 1023, 1024, 49151, 49152, 65535)
    return refused or kind is not None and kind == taken_for.get(port)


def _udp(given: list, pseudo: bool = True) -> bytes:
    source, destination, payload, *addresses = given
    ports, length = struct.pack("!HH", source, destination), struct.pack("!H", 8 + len(payload))
    summed = b"".join(addresses) + b"\0\x11" + length if pseudo else b""
    return ports + length + (checksum(summed + ports + length + bytes(2) + payload) or 0xFFFF).to_bytes(2, "big")


def _ipv4(given: list) -> bytes:
    source, destination, length, protocol, ttl, identification = [*given, 64, 0][:6]
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, identification, 0x4000, ttl, protocol, 0, source,
                         destination)
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:]


def _ethernet(given: list) -> bytes:
    source, destination, kind = given
    return destination + source + kind.to_bytes(2, "big")


_HEADERS = {"udp_header": _udp, "ipv4_header": _ipv4, "ethernet_header": _ethernet}


def _header(trace: Trace, *names: str) -> tuple[str, list, bytes, bytes]:
    """Of a header that was built last: the function, its arguments, what it returned, and what is right.

    All are empty if none of these functions was called last, or returned what can be no header at all.
    """
    answer = last_answer(trace, *names or _HEADERS)
    right = _HEADERS[answer.name](answer.given) if answer else b""
    found = answer and isinstance(answer.value, bytes) and len(answer.value) == len(right) and answer.value != right
    return (answer.name, answer.given, answer.value, right) if found else ("", [], b"", b"")


class _Frame:
    """A frame that was to be taken apart, and what is in it.

    header: of the IPv4 packet. packet: of which padding is no part. inner: what is behind the header. data: where the
    payload begins in there.
    """

    def __init__(self, frame: bytes) -> None:
        behind = frame[14:]
        self.size, total = (behind[0] & 15) * 4, int.from_bytes(behind[2:4], "big")
        self.header, self.inner, self.padding = behind[:self.size], behind[self.size:total], behind[total:]
        self.udp = behind[9] == 17
        self.data = 8 if self.udp else (self.inner[12] >> 4) * 4
        self.content = [frame[6:12].hex(":"), frame[:6].hex(":"), *(".".join(map(str, behind[at:at + 4]))
                        for at in (12, 16)), behind[8], behind[9], *struct.unpack("!HH", self.inner[:4]),
                        self.inner[self.data:]]


def _taken_apart(trace: Trace) -> tuple[_Frame | None, object]:
    """The frame that was to be taken apart last, if it is one that is intact in its outlines, and what was returned."""
    answers = results(trace)
    if answers and answers[-1].name == "decapsulate":
        with contextlib.suppress(IndexError, struct.error):     # cut off
            frame = _Frame(answers[-1].given[0])
            if frame.header[0] >> 4 == 4 and len(frame.header) >= 20:
                return frame, answers[-1].value
    return None, None


@mistake("L08", "The low byte of a number came first. In headers the high one does: network byte order, which is "
                "\"!\" in struct.pack().")
def _(trace: Trace) -> bool:
    name, _, value, right = _header(trace)
    if name:
        begin, end, summed = {"udp_header": (0, 6, 6), "ipv4_header": (2, 8, 10), "ethernet_header": (12, 14, 12)}[name]
        little = b"".join(right[at:at + 2][::-1] for at in range(begin, end, 2))
        return value[begin:end] == little != right[begin:end] \
            or value == right[:summed] + right[summed:summed + 2][::-1] + right[summed + 2:]
    if answer := last_answer(trace, "checksum"):
        return answer.is_one_of(right_sum := checksum(answer.given[0]), _little(right_sum))
    frame, found = _taken_apart(trace)
    return frame is not None and found != frame.content and found == [
        *frame.content[:6], *map(_little, frame.content[6:8]), frame.content[8]]


@mistake("L09", "The sum was returned as it is. The checksum is its complement: each 1 of it becomes a 0, and each 0 "
                "a 1.")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "checksum")
    return answer is not None and answer.is_one_of(right := checksum(answer.given[0]), right ^ 0xFFFF)


@mistake("L10", "A length does not count its own header. That of UDP is of header and payload together, and so is the "
                "total length of IPv4.")
def _(trace: Trace) -> bool:
    name, given, value, _ = _header(trace, "udp_header", "ipv4_header")
    return name == "udp_header" and value[4:6] == len(given[2]).to_bytes(2, "big") \
        or name == "ipv4_header" and value[2:4] == given[2].to_bytes(2, "big")


@mistake("T09", "The checksum was computed without the pseudo-header. Both addresses, a 0, the protocol and the "
                "length are summed up too.", seen_in="udp")
def _(trace: Trace) -> bool:
    name, given, value, _ = _header(trace, "udp_header")
    return bool(name) and value == _udp(given, pseudo=False)


@mistake("T09", "The checksum is another one than that of the Internet, which is the complement of a sum of numbers, "
                "and no CRC.", seen_in="crc")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "checksum")
    return answer is not None and answer.is_one_of(checksum(answer.given[0]), *crcs(answer.given[0]))


@mistake("L11", "A checksum of 0 was sent as 0. To a receiver that says that none was computed: then 0xFFFF is sent, "
                "which adds up to the same.")
def _(trace: Trace) -> bool:
    name, _, value, right = _header(trace, "udp_header")
    return bool(name) and right.endswith(b"\xff\xff") and value == right[:6] + b"\0\0"


@mistake("L12", "Source and destination have changed places. In Ethernet's header the destination comes first; in "
                "those of IPv4, UDP and TCP the source does.")
def _(trace: Trace) -> bool:
    name, given, value, _ = _header(trace)
    if name:
        return value == _HEADERS[name]([given[1], given[0], *given[2:]])
    frame, found = _taken_apart(trace)
    return frame is not None and found != frame.content and found in _exchanged(frame.content)


def _exchanged(content: list) -> list[list]:
    """What is in a frame, with source and destination exchanged in every way: MAC addresses, IP addresses, ports."""
    contents = [content]
    for at in 0, 2, 6:
        contents += [[*each[:at], each[at + 1], each[at], *each[at + 2:]] for each in contents]
    return contents


def _was_taken(trace: Trace, frame: _Frame) -> bool:
    """Whether another frame was taken apart before that differs from this one only in its options or padding."""
    return any(answer.value == frame.content for answer in results(trace)[:-1] if answer.name == "decapsulate")


@mistake("L13", "The header of IPv4 was taken to have 20 bytes, or as many bytes as IHL says. IHL counts words of "
                "four bytes, and options are in there too; the checksum is of them all.", by_error=True)
def _(trace: Trace) -> bool:
    frame, found = _taken_apart(trace)
    if not frame or frame.size <= 20:
        return False
    if error := _raised_last(trace):            # without the options it took the very same
        return error == "LayerError" and not frame.padding and _was_taken(trace, frame)
    behind = frame.header + frame.inner
    return isinstance(found, list) and found != frame.content and any(
        found[6:] == [*struct.unpack("!HH", behind[at:at + 4]), payload] for at in (20, frame.size // 4)
        for payload in (behind[at + 8:], behind[at + 8:at + int.from_bytes(behind[at + 4:at + 6], "big")],
                        behind[at + (behind[at + 12] >> 4) * 4:]))


@mistake("L14", "Padding was taken for a part of the packet. A frame has 60 bytes at least, and what is missing is "
                "filled up; the packet ends where its total length says.", by_error=True)
def _(trace: Trace) -> bool:
    frame, found = _taken_apart(trace)
    if not frame or not frame.padding:
        return False
    if error := _raised_last(trace):
        said = trace.text_of("stderr")
        return error == "LayerError" and not re.search("LayerError: Ethernet", said) and frame.size == 20 \
            and _was_taken(trace, frame)
    return found == [*frame.content[:8], frame.content[8] + frame.padding]


@mistake("T07", seen_in="frame")
def _(trace: Trace) -> bool:
    frame, found = _taken_apart(trace)
    if not frame or frame.udp:
        return False
    return any(found == [*frame.content[:8], frame.inner[at:]] for at in {20, frame.data // 4} - {frame.data})


@mistake("L15", "A checksum was not compared. It is there for this: whoever receives a frame sums up too, and drops "
                "what does not fit.")
def _(trace: Trace) -> bool:
    frame, found = _taken_apart(trace)
    if not frame or found is None:
        return False
    pseudo = frame.header[12:20] + b"\0\x11" + len(frame.inner).to_bytes(2, "big")
    return checksum(frame.header) != 0 or frame.udp and frame.inner[4:8] != bytes(4) and frame.inner[6:8] != b"\0\0" \
        and frame.inner[4:6] == len(frame.inner).to_bytes(2, "big") and checksum(pseudo + frame.inner) != 0


@mistake("L16", "A frame that ends too early raised an error of Python's own. Compare its length with what has to be "
                "there, before you look into it.", by_error=True)
def _(trace: Trace) -> bool:
    answers = results(trace)
    return bool(answers) and answers[-1].name == "decapsulate" and _raised_last(trace) in ("IndexError", "error")


# A browser --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Visit:
    """What a browser asked last, and what it was answered.

    pieces: of the answer. head, body: of it, as far as it has come; length: what the head tells of the body's.
    printed: what the browser has printed. ended: its exit code, None if it runs. closed: whether the server has closed.
    """

    trace: Trace
    browser: str
    request: bytes
    pieces: list[bytes]
    head: bytes
    body: bytes
    length: int | None
    printed: bytes
    ended: int | None
    closed: bool


def _visit(trace: Trace) -> _Visit | None:
    """The last visit of a browser; None if it has not begun."""
    starts = [at for at, event in enumerate(trace.events) if event.kind == "start"]
    last = Trace(trace.events[starts[-1] if starts else 0:])
    connects = list(last.of("connect"))
    if not starts or not connects:
        return None
    browser, server = connects[0].lane, connects[0].to
    pieces = [event.data for event in last.of("data", lane=server, to=browser)]
    head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    exits = [int(event.value) for event in last.of("exit", lane=browser)]
    return _Visit(last, browser, last.bytes_of("data", lane=browser, to=server), pieces, head, body,
                  int(length[1]) if length else None, last.bytes_of("screen", lane=browser), *exits or [None],
                  any(last.of("fin", lane=server)))


@mistake("L17", "Lines ended with a newline alone. In HTTP each line ends with CR and LF, \\r\\n, and so does the "
                "empty one.")
def _(trace: Trace) -> bool:
    visit = _visit(trace)
    return visit is not None and b" HTTP/" in visit.request \
        and visit.request.count(b"\n") > visit.request.count(b"\r\n")


@mistake("L18", "The line for Host is missing, or the port in it. A server can have many names, and has to know which "
                "one is meant; without Host it answers 400.")
def _(trace: Trace) -> bool:
    visit = _visit(trace)
    if not visit or not re.search(rb"\n\r?\n", visit.request):
        return False
    hosts = re.findall(rb"(?im)^host *:[ \t]*(.*?)\r?$", visit.request)
    return hosts in ([], [b"127.0.0.1"])


@mistake("C01", "One recv() was taken for the whole answer, or for the whole head. TCP carries a stream of bytes: "
                "what was sent in one piece may arrive in several.", by_error=True, seen_in="page")
def _(trace: Trace) -> bool:
    visit = _visit(trace)
    if not visit or visit.ended is None or visit.closed or not visit.pieces:
        return False
    whole_head = b"\r\n\r\n" in b"".join(visit.pieces)     # the end came when a part of the answer had come
    if died := tracebacks(visit.trace):
        return not whole_head and died[-1].error.startswith(("ValueError", "IndexError", "KeyError"))
    ends = set(itertools.accumulate(map(len, visit.pieces), initial=-len(visit.head) - 4))
    return not whole_head or visit.ended == 0 and len(visit.body) < (visit.length or 0) \
        and len(visit.printed) in ends and visit.body.startswith(visit.printed)


@mistake("C03", seen_in="page", by_error=True)
def _(trace: Trace) -> bool:
    visit = _visit(trace)
    if not visit:
        return False
    stream = b"".join(visit.pieces)
    cut = any(not _is_utf8(stream[:end]) for end in itertools.accumulate(map(len, visit.pieces)))
    mangled = "\N{REPLACEMENT CHARACTER}".encode() in visit.printed
    return cut and _begins_utf8(stream) and (mangled or raised(visit.trace, "UnicodeDecodeError"))


def _is_utf8(data: bytes) -> bool:
    return "\N{REPLACEMENT CHARACTER}" not in data.decode("utf-8", "replace")


def _begins_utf8(data: bytes) -> bool:
    """Whether this is UTF-8, or can be the beginning of some: a character at its end may be incomplete."""
    return any(_is_utf8(data[:len(data) - missing]) for missing in range(4))


@mistake("L23", "The body was made text. It is bytes, and may be a picture: print it as it came.", by_error=True)
def _(trace: Trace) -> bool:
    visit = _visit(trace)
    if not visit:
        return False
    no_text = not _begins_utf8(b"".join(visit.pieces))
    replaced = visit.printed in [visit.body.decode("utf-8", how).encode() for how in ("replace", "ignore")]
    return no_text and (replaced or raised(visit.trace, "UnicodeDecodeError", "UnicodeEncodeError")) \
        or any("bytes-like object is required, not 'str'" in died.error and "buffer.write" in died.code
               for died in tracebacks(visit.trace))


@mistake("L19", "The body was cut at an empty line of its own. Only the first one is the end of the head; what is "
                "behind it is the body, whatever is in there.", by_error=True)
def _(trace: Trace) -> bool:
    visit = _visit(trace)
    if not visit or b"\r\n\r\n" not in visit.body:
        return False
    if visit.ended is None:                     # it waits for more of it; a page without an empty line it has shown
        return any(event.value == 0 for event in trace.of("exit", lane=visit.browser)) and any(
            _keeps_waiting(trace, together, capital=True, empty_line=True) for together in (False, True))
    first, *_, last = visit.body.split(b"\r\n\r\n")
    return visit.printed in (first, last) or raised(visit.trace, "ValueError: too many values to unpack")


def _keeps_waiting(trace: Trace, together: bool, capital: bool, empty_line: bool = False) -> bool:
    """Whether all that was told of has come, and the browser still waits for the end of the connection.

    In ASCII, where it does not matter whether bytes are counted or characters. together: whether the end of the head
    and a part of the body came in one piece. capital: whether Content-Length began with one. empty_line: whether there
    is one in the body.
    """
    visit = _visit(trace)
    if not visit or visit.length is None or len(visit.body) < visit.length or visit.closed or visit.ended is not None \
            or visit.printed or not visit.body.isascii() or (b"\r\n\r\n" in visit.body) != empty_line \
            or not waits(visit.trace, visit.browser):
        return False
    ends = itertools.accumulate(map(len, visit.pieces))
    return (len(visit.head) + 4 not in ends) == together and (b"\r\nContent-Length:" in visit.head) == capital


@mistake("L20", "The end of the connection was waited for, though all of Content-Length had come. A server may keep "
                "the connection open.")
def _(trace: Trace) -> bool:
    return _keeps_waiting(trace, together=False, capital=True)


@mistake("L21", "Content-Length was not found. The name of a header field may be written in any mixture of capitals "
                "and small letters.")
def _(trace: Trace) -> bool:
    return _keeps_waiting(trace, together=False, capital=False)


@mistake("L24", "What came in one piece with the end of the head was thrown away. It is the beginning of the body.")
def _(trace: Trace) -> bool:
    return _keeps_waiting(trace, together=True, capital=True)


@mistake("L22", "A part of a page was taken for all of it. The connection ended before all of Content-Length had "
                "come, and that is an error.")
def _(trace: Trace) -> bool:
    visit = _visit(trace)
    return visit is not None and visit.length is not None and len(visit.body) < visit.length and visit.closed \
        and visit.ended == 0
