"""Known mistakes: an id, a sentence for the person who made it, and what must be true of the trace.

A check declares which mistakes it probes. When it fails, the first of these whose condition holds is named; if
none holds, none is. A condition looks only at what happened, as the trace tells it, and never at source code. It
has to be so narrow that no program is given a mistake that it does not have: when in doubt, none is named.
"""
import binascii
import contextlib
import itertools
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .calls import told, whole
from .tcp import ACK, FIN, MODULUS, RST, SYN, Segment, pseudo_header
from .trace import CROSSING, Event, Trace
from .wire import checksum
from .words import TRACEBACK

# A place in a student's file, and the line there; bounded, for who means no good writes what looks like very many.
FRAME = re.compile(r'File "(?:/work|[^"\n]{0,200}submission-[^"/\n]*)/[^"\n]*", line \d+, in .*\n +(.*)')
SPIN = 0.25                 # share of a core from which on a program that waits is said to spin


@dataclass(frozen=True)
class Mistake:
    """One known mistake.

    id: as in the course's catalogue. sentence: says what was done, and what is true. holds: the condition. by_error:
    whether an exception of the program can be part of the evidence. Where a program, or a thread of it, has died of an
    exception, it does not behave any more as it was written: its behaviour alone then shows nothing.
    """

    id: str
    sentence: str
    holds: Callable[[Trace], bool]
    by_error: bool


_known: dict[str, Mistake] = {}


def mistake(id: str, sentence: str = "", by_error: bool = False, seen_in: str = "",
            ) -> Callable[[Callable[[Trace], bool]], Callable]:
    """Register the decorated condition under this id, with its sentence.

    seen_in: where the same mistake shows in another way, such as "echo": a check probes "C01.echo" then. Its sentence
    is the one that was given first.
    """
    def register(holds: Callable[[Trace], bool]) -> Callable[[Trace], bool]:
        said = sentence or _known[id].sentence
        _known[f"{id}.{seen_in}" if seen_in else id] = Mistake(id, said, holds, by_error)
        return holds
    return register


def known() -> dict[str, Mistake]:
    """All known mistakes, by id, and where they are seen if that is not where they are mostly."""
    return dict(_known)


def diagnose(trace: Trace, probes: Iterable[str]) -> Mistake | None:
    """The first of these mistakes whose condition the trace meets. Raises KeyError for an id that is not known."""
    died = bool(_tracebacks(trace))
    return next((mistake for mistake in (_known[id] for id in probes)
                 if (mistake.by_error or not died) and mistake.holds(trace)), None)


# What the conditions ask ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Raised:
    """The end of one traceback. error: its last line. code: the student's line that it came from."""

    error: str
    code: str


def _tracebacks(trace: Trace) -> list[_Raised]:
    found = []
    for program in _programs(trace):
        for part in trace.text_of("stderr", lane=program).split(TRACEBACK)[1:]:
            frames = FRAME.findall(part)
            error = re.search(r"^[A-Za-z_.]+(Error|Exception|Interrupt|timeout|\.error)\b.*", part, re.MULTILINE)
            if error:
                found.append(_Raised(error[0], frames[-1] if frames else ""))
    return found


_SENDS = ("send", "write", "drain", "flush")


def _raised(trace: Trace, *errors: str, sending: bool | None = None) -> bool:
    """Whether a traceback ended in one of these errors; in a call that sends, or not in one, where that is given."""
    found = (raised for raised in _tracebacks(trace) if raised.error.startswith(errors))
    return any(sending in (None, any(word in raised.code for word in _SENDS)) for raised in found)


def _programs(trace: Trace) -> list[str]:
    return list(dict.fromkeys(event.lane for event in trace.of("start")))


def _runs(trace: Trace, program: str) -> bool:
    """Whether the program's last run has not ended."""
    return [event.kind for event in trace.of("start", "exit", lane=program)][-1] == "start"


def _share(trace: Trace, program: str) -> float:
    """The share of a processor that the program was last seen to use."""
    return next((event.value for event in reversed(list(trace.of("cpu", lane=program)))), 0.0)


def _unread(trace: Trace, program: str) -> float:
    """Bytes that the program had left unread when the check failed."""
    return sum(event.value for event in trace.of("unread", lane=program))


def _idles(trace: Trace, program: str) -> bool:
    """Whether the program has not ended, and was not seen to use a processor."""
    return _runs(trace, program) and _share(trace, program) < SPIN


def _waits(trace: Trace, program: str) -> bool:
    """Whether the program has read all that came, and waits for more."""
    return _idles(trace, program) and not _unread(trace, program)


def _streams(trace: Trace) -> Iterator[tuple[str, list[Event]]]:
    """For each program and each one who sent to it: the program, and what was sent, piece by piece."""
    for program in _programs(trace):
        for sender in dict.fromkeys(event.lane for event in trace.of("data", to=program)):
            yield program, list(trace.of("data", lane=sender, to=program))


def _to_functions(trace: Trace) -> Iterator[tuple[str, list[Event]]]:
    """The streams to programs whose functions are called: frames, and no lines."""
    return ((program, pieces) for program, pieces in _streams(trace) if any(trace.of("call", lane=program)))


def _waits_for(trace: Trace, program: str) -> str:
    """What the program was seen to wait for when the check failed; "" if the kernel did not say."""
    return next((event.text for event in trace.of("waits", lane=program)), "") if _runs(trace, program) else ""


def _after(trace: Trace, kind: str, lane: str, after: Event) -> str:
    """What was shown or sent after an event."""
    data = b"".join(event.data for event in trace.of(kind, lane=lane) if after.at <= event.at)
    return data.decode("utf-8", "replace")


# TCP carries bytes ------------------------------------------------------------------------------------------


@mistake("C01", "One recv() was taken for one line. TCP carries a stream of bytes: what was sent in one "
                "piece may arrive in several, and what was sent in several may arrive in one.")
def _(trace: Trace) -> bool:
    for program, pieces in _streams(trace):
        screen = trace.text_of("screen", lane=program)
        line: list[str] = []
        for piece in pieces:                    # it showed the beginning of a line by itself
            *_, begun = (text := piece.data.decode("utf-8", "ignore")).split("\n")
            if line and "\n" in text:
                line.append(text.partition("\n")[0])
                if len(line[0]) > 2 and line[0] in screen and line[0] + line[1] not in screen:
                    return True
            line = [*line, begun] if "\n" not in text else [begun] if begun else []
        # It read a piece with several lines, and did not do what the later ones ask for.
        whole = pieces[-1].data.decode("utf-8", "replace").splitlines()
        if 1 < len(whole) < 10 and _waits_for(trace, program) == "for more than the keyboard" \
                and _waits(trace, program):
            shown = _after(trace, "screen", program, pieces[-1])
            answer = _after(trace, "data", program, pieces[-1])
            if whole[0] in shown and not all(answer if line == "bye" else line in shown for line in whole[1:]):
                return True
    return False


@mistake("C02", "send() was trusted to send everything. It takes what fits into the buffer, and returns "
                "how many bytes that was.")
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        typed = trace.bytes_of("typed", lane=program)
        for receiver in dict.fromkeys(event.to for event in trace.of("data", lane=program)):
            got = trace.bytes_of("data", lane=program, to=receiver)
            if (len(typed) > 1 << 17 and len(got) < len(typed) and _runs(trace, program)
                    and not _unread(trace, program) and set(got.split(b"\n")[:2]) <= set(typed.split(b"\n"))):
                return True
    return False


@mistake("C03", "Each recv() was decoded by itself. TCP carries bytes, and may cut anywhere, even inside a "
                "character.",
         by_error=True)
def _(trace: Trace) -> bool:
    for program, pieces in _streams(trace):
        # Where each piece ends in the stream, and the lines that have a character which such an end cuts.
        stream, ends = b"", set()
        for piece in pieces:
            stream += piece.data
            ends.add(len(stream))
        client = any(trace.of("connect", lane=program))      # of what it sends, nothing comes from what it received
        said = trace.text_of("screen", *[] if client else ["data"], lane=program)
        at = 0
        for line in stream.split(b"\n")[:-1]:
            text, position, mangled, without = line.decode("utf-8", "replace"), at, "", ""
            at += len(line) + 1
            for character in text:
                size = len(character.encode())
                cut = any(position < end < position + size for end in ends)
                position += size
                mangled += "\N{REPLACEMENT CHARACTER}+" if cut else re.escape(character)
                without += "" if cut else character
            if without == text or text in said:
                continue
            if _raised(trace, "UnicodeDecodeError") or re.search(mangled, said):
                return True
            if without.strip() and without in said:
                return True
    return False


@mistake("C01", seen_in="echo")
def _(trace: Trace) -> bool:
    for program, pieces in _streams(trace):
        sender = pieces[-1].lane
        back = trace.bytes_of("data", lane=program, to=sender)
        line = b""
        for piece in pieces:                    # it sent the beginning of a line back as if it were all of it
            *whole, begun = piece.data.split(b"\n")
            if line and line + b"\n" in back and line + (whole[0] if whole else begun) not in back:
                return True
            line = begun if whole else line + begun
        # Of a piece with several lines it took the first for all, or all for one.
        whole = pieces[-1].data.splitlines(keepends=True)
        answer = b"".join(event.data for event in trace.of("data", lane=program, to=sender)
                          if event.at >= pieces[-1].at)
        ends = list(trace.of("fin", "reset", lane=program, to=sender))
        ended = not ends or ends[-1].at >= pieces[-1].at      # or it does not end at a "q" that comes alone either
        if 1 < len(whole) < 10 and _waits(trace, program) and answer.startswith(whole[0]) \
                and (not all(line in answer for line in whole if line != b"q\n") or (b"q\n" in answer and not ended)):
            return True
    # Of a reply in pieces it showed the first piece as a line, and waits for the keyboard.
    for program, pieces in _streams(trace):
        if pieces[-1].data.endswith(b"\n") or _waits_for(trace, program) != "for the keyboard only":
            continue
        begun = [piece.at for piece in pieces]
        lines = b"".join(piece.data for piece in pieces).count(b"\n")
        shown = [event for event in trace.of("screen", lane=program) if not event.data.startswith(b"* ")]
        if b"".join(event.data for event in shown).count(b"\n") > lines < len(begun) and shown[-1].at > begun[lines]:
            return True
    return False


@mistake("C01", "One recv() was taken for one frame. TCP carries a stream of bytes: recv(n) returns what is there, "
                "at most n bytes, wherever it may have been cut.",
         by_error=True, seen_in="framing")
def _(trace: Trace) -> bool:
    gave = any(event.text == "gave" for event in trace.of("result"))
    return not gave and any(len(pieces) > 1 for _, pieces in _to_functions(trace))


@mistake("C01", "One recv() was taken for all that comes. It returns what is there; the end is b''.", seen_in="tour")
def _(trace: Trace) -> bool:
    for program, pieces in _streams(trace):     # it counted the first piece, and closed
        counted = re.search(r"^received (\d+) bytes$", trace.text_of("screen", lane=program), re.MULTILINE)
        if counted and len(pieces) > 1 and int(counted[1]) == len(pieces[0].data) and not _runs(trace, program):
            return True
    return False


@mistake("C02", seen_in="echo")
def _(trace: Trace) -> bool:
    for program, pieces in _streams(trace):
        said = b"".join(piece.data for piece in pieces)
        back = trace.bytes_of("data", lane=program, to=pieces[-1].lane)
        if len(said) > 1 << 17 and said[:1 << 12] == back[:1 << 12] and said != back \
                and not any(trace.of("fin", lane=pieces[-1].lane)) \
                and not any(trace.of("fin", "reset", lane=program, to=pieces[-1].lane)) \
                and (_waits(trace, program) or not said.startswith(back)):
            return True
    return False


@mistake("C03", seen_in="framing", by_error=True)
def _(trace: Trace) -> bool:
    for program, pieces in _streams(trace):
        stream, cut = b"".join(piece.data for piece in pieces), False
        for end in itertools.accumulate(len(piece.data) for piece in pieces[:-1]):
            cut = cut or stream[end] & 0xC0 == 0x80         # the next byte goes on with a character
        gave = any(event.text == "gave" for event in trace.of("result"))       # a message, but with another character
        if cut and (gave or "codec can't decode" in trace.text_of("stderr", lane=program)):
            return True
    return False


@mistake("C16", "A line was waited for without a bound. Somebody who never sends a newline can fill the "
                "memory of the machine.")
def _(trace: Trace) -> bool:
    for program, pieces in _streams(trace):
        endless = len(b"".join(piece.data for piece in pieces).rpartition(b"\n")[2])
        ended = any(trace.of("fin", "reset", lane=program, to=pieces[-1].lane))
        if endless > 1 << 16 and _runs(trace, program) and not ended and not _unread(trace, program):
            return True
    return False


# Who waits for whom -----------------------------------------------------------------------------------------


@mistake("C06", "Clients are served one after the other. The next one waits until the one before it has "
                "left.")
def _(trace: Trace) -> bool:
    left = {event.lane for event in trace.of("fin", "reset")}
    for waiting in trace.of("unaccepted"):
        answered = {event.to for event in trace.of("data", lane=waiting.lane)}
        if answered & {event.lane for event in trace.of("connect", to=waiting.lane)} - left:
            return True
    return False


@mistake("C11", "The program takes turns: while it waits for the one side, it does not notice the other "
                "one.")
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        waiting = _unread(trace, program)
        if _waits_for(trace, program) == "for the keyboard only":
            return True
        # Where a lot is under way, it may rightly wait until its peer reads.
        if 0 < waiting < 1 << 12 and _idles(trace, program) \
                and not any(trace.of("unaccepted", lane=program)):
            return True
    return False


def _one_holds_up_all(trace: Trace) -> bool:
    waited = any(any(trace.of("cpu", lane=program)) and _idles(trace, program) for program in _programs(trace))
    return waited and any(event.value > 1 << 11 for event in trace.of("held"))


@mistake("C11", "The program waits for more before it answers, and the other side waits for the answer: so both wait.",
         seen_in="echo")
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        came = [event for event in trace.of("data", "typed") if program in (event.to, event.lane)
                and (event.kind == "typed" or event.to == program)]
        if not came or not came[-1].data.endswith(b"\n") or not _waits(trace, program) \
                or _waits_for(trace, program) == "for the keyboard only" or any(trace.of("unaccepted", lane=program)):
            continue
        if not any(event.at >= came[-1].at for event in trace.of("data", "fin", "reset", lane=program)):
            return True
    return False


@mistake("C12", "Sending to a client that does not read waits, and all the others wait with it.")
def _(trace: Trace) -> bool:
    return _one_holds_up_all(trace) and not any(trace.of("signal"))


@mistake("C13", "Sending to a client that does not read waits, and everybody waits with it.")
def _(trace: Trace) -> bool:
    return _one_holds_up_all(trace)


@mistake("C21", "The program listens and never calls accept(). Connections are made by the kernel, and "
                "wait in its queue.")
def _(trace: Trace) -> bool:
    return any(not any(trace.of("data", "screen", lane=event.lane)) for event in trace.of("unaccepted"))


@mistake("C23", "Ctrl-C did not end the program: KeyboardInterrupt comes in the main thread, and only when "
                "that gets to run Python code; and other threads keep a program alive, unless they are "
                "daemons.")
def _(trace: Trace) -> bool:
    return any(trace.of("signal")) and all(_runs(trace, event.lane) for event in trace.of("signal"))


@mistake("C27", "A silence was taken for the end. That recv() timed out says nothing about the connection: "
                "the other side just has nothing to say.")
def _(trace: Trace) -> bool:
    for ending in trace.of("fin", "reset"):
        if ending.lane not in _programs(trace):
            continue
        before = [event for event in trace.events if event.at < ending.at and event.kind in CROSSING + ("typed",)
                  and {ending.lane, ending.to} & {event.lane, event.to}]
        said = trace.bytes_of("data", lane=ending.to).splitlines()
        over = any(event.kind in ("fin", "reset") and event.lane == ending.to for event in before)
        left = not _runs(trace, ending.lane) and not any(trace.of("connect", lane=ending.lane))     # a server's end
        # In a silence that the test declared: any other may be this machine's.
        silent = before and any(before[-1].at <= event.at < ending.at for event in trace.of("quiet"))
        if silent and not over and b"bye" not in said and not left:
            return True
    return False


# How a connection ends --------------------------------------------------------------------------------------


@mistake("C04", "After the other side has closed, recv() returns b'' at once, every time. The program went "
                "on asking.")
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        ends = [event.at for event in trace.of("fin", "reset", to=program)]
        spins = [event.at for event in trace.of("cpu", lane=program) if event.value >= SPIN]
        if ends and spins and min(ends) < max(spins) and _runs(trace, program):
            # Who writes without end has another trouble than the end of a connection.
            return sum(len(event.data) for event in trace.of("screen", lane=program) if event.at > min(ends)) < 1 << 12
    return False


@mistake("C05", "The port of a connection that the server closed first stays in TIME-WAIT for a minute. "
                "Without SO_REUSEADDR it cannot be bound again meanwhile.",
         by_error=True)
def _(trace: Trace) -> bool:
    text = trace.text_of("stderr") + trace.text_of("screen")
    return any(trace.of("time-wait")) and ("already in use" in text or "Errno 98" in text)


@mistake("C07", "The end of the client's direction was taken for the end of all. What it had sent before was still "
                "to be answered.")
def _(trace: Trace) -> bool:
    for program, pieces in _streams(trace):
        client = pieces[-1].lane
        said, back = b"".join(piece.data for piece in pieces), trace.bytes_of("data", lane=program, to=client)
        if any(trace.of("fin", lane=client)) and any(trace.of("fin", "reset", lane=program, to=client)) \
                and len(back) < len(said) and said.startswith(back):
            return True
    return False


@mistake("C08", "A reset by the other side makes recv() raise ConnectionResetError, and nobody caught it.",
         by_error=True)
def _(trace: Trace) -> bool:
    return any(trace.of("reset")) and _raised(trace, "ConnectionResetError", sending=False)


@mistake("C09", "A connection may be dead before accept() returns it. Then getpeername() and its like "
                "raise OSError, which nobody caught.",
         by_error=True)
def _(trace: Trace) -> bool:
    return any(trace.of("reset")) and any(raised.error.startswith("OSError: [Errno 107]") or "peername" in raised.code
                                          for raised in _tracebacks(trace))


@mistake("C10", "Sending to somebody who has gone raises BrokenPipeError or ConnectionResetError, and "
                "nobody caught it.",
         by_error=True)
def _(trace: Trace) -> bool:
    return _raised(trace, "BrokenPipeError", "ConnectionResetError", "ConnectionAbortedError", sending=True)


@mistake("C15", "The sockets of those who have left were never closed. Each one keeps a file descriptor, "
                "and they run out.",
         by_error=True)
def _(trace: Trace) -> bool:
    return any(trace.of("descriptors")) or _raised(trace, "OSError: [Errno 24]")


@mistake("C18", "The connection was closed while bytes from the other side were unread. Then the kernel "
                "sends a reset in place of an orderly end.")
def _(trace: Trace) -> bool:
    for ending in trace.of("reset"):
        if ending.lane not in _programs(trace) or not _runs(trace, ending.lane):
            continue
        said = trace.bytes_of("data", lane=ending.to, to=ending.lane)
        answers = trace.bytes_of("data", lane=ending.lane, to=ending.to)
        if answers.endswith(b"^^^\n") and b"bye\n" in said and said.rpartition(b"bye\n")[2]:
            return True
        if b"\nq\n" in said and said.rpartition(b"\nq\n")[2]:
            return True
    return False


# Addresses --------------------------------------------------------------------------------------------------


@mistake("C19", "A port is a number from 0 to 65535. Beyond, connect() and bind() raise OverflowError, which is no "
                "OSError; and who looks the port up first gets it modulo 65536.",
         by_error=True)
def _(trace: Trace) -> bool:
    return _raised(trace, "OverflowError") or any(event.text == "port 23352" for event in trace.of("listens on"))


@mistake("C20", "The server listens on every network that this machine is in, not on the address that it "
                "was given.")
def _(trace: Trace) -> bool:
    return any(event.text in ("0.0.0.0", "::") for event in trace.of("listens on"))


# Frames ------------------------------------------------------------------------------------------------------


@mistake("C26", "The four bytes of a length were not in network order, which is the most significant byte first.",
         by_error=True)
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        for receiver in {event.to for event in trace.of("data", lane=program)}:
            frame = trace.bytes_of("data", lane=program, to=receiver)
            little, big = (int.from_bytes(frame[:4], order) for order in ("little", "big"))
            if len(frame) > 4 and little == len(frame) - 4 < big:
                return True
    for _, pieces in _to_functions(trace):      # or it said itself what it took the length for
        length = int.from_bytes(pieces[0].data[:4], "little")
        if length > 1 << 16 and str(length) in trace.text_of("stderr"):
            return True
    return False


@mistake("C26", "A length was believed, as large as it was. Four bytes from a stranger can then have a program "
                "wait for 4 GB, and keep them.",
         seen_in="limit")
def _(trace: Trace) -> bool:
    for program, pieces in _to_functions(trace):
        length = int.from_bytes(pieces[-1].data[:4], "big")
        answers = [event for event in trace.of("result", lane=program) if event.at >= pieces[-1].at]
        if length > 1 << 16 and len(pieces[-1].data) >= 4 and not answers and _waits(trace, program):
            return True
    return False


# A room for many --------------------------------------------------------------------------------------------


@mistake("C14", "A set or dict was changed while a loop ran over it.",
         by_error=True)
def _(trace: Trace) -> bool:
    return any("changed size during iteration" in raised.error for raised in _tracebacks(trace))


@mistake("C17", "A name was taken as it came. A name with spaces, or with a colon in it, can look like a "
                "message of somebody else.")
def _(trace: Trace) -> bool:
    told = trace.text_of("data", lane=next(iter(_programs(trace)), ""))
    names = re.findall(r"^\* (.*) joined$", told, re.MULTILINE)
    return any(not name.isalnum() for name in names)


@mistake("C25", "Lines got into each other: several threads write to one socket, and each line in more "
                "than one piece.")
def _(trace: Trace) -> bool:
    program = next(iter(_programs(trace)), "")
    texts = {(event.lane, line) for event in trace.of("data", to=program) for line in event.data.splitlines()}
    whole = {f"{lane}: ".encode() + line for lane, line in texts}
    speakers = {f"{lane}: ".encode() for lane, _ in texts}
    for receiver in {event.to for event in trace.of("data", lane=program)}:
        for line in trace.bytes_of("data", lane=program, to=receiver).split(b"\n")[:-1]:
            heads = sum(line.count(head) for head in (*speakers, b"* "))
            if line not in whole and (heads > 1 or line in speakers or line in {text for _, text in texts}):
                return True
    return False


# Datagrams --------------------------------------------------------------------------------------------------


def _sent(trace: Trace, program: str, to: str = "") -> list[Event]:
    return list(trace.of("datagram", lane=program, to=to))


def _text(datagram: Event) -> str:
    """What stands behind the number of a question, or of a reply."""
    return datagram.data.decode("utf-8", "replace").partition(" ")[2]


@mistake("U01", "A datagram over IPv4 has room for 65,507 bytes. For more, sending raises OSError, which nobody "
                "caught, or told from other errors.",
         by_error=True)
def _(trace: Trace) -> bool:
    if _raised(trace, "OSError: [Errno 90]", "OSError: [Errno 40]", "OSError: [WinError 10040]"):
        return True
    return any(len(event.data) > 65_400 and not _sent(trace, event.lane) and not _tracebacks(trace)
               and "too long" not in trace.text_of("screen", lane=event.lane).lower() for event in trace.of("typed"))


@mistake("U02", "The buffer was too short. recvfrom() throws away what a datagram has beyond the number of bytes "
                "that it was asked for.")
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        for event in trace.of("datagram", to=program):
            if len(event.data) < 512:
                continue
            text = _text(event)
            seen = _after(trace, "screen", program, event)
            back = [sent.data for sent in _sent(trace, program, event.lane) if sent.at >= event.at]
            if (text[:200] in seen and text not in seen) or any(
                    200 <= len(data) < len(event.data) and event.data.startswith(data) for data in back):
                return True
    return False


@mistake("U03", "An empty datagram was taken for an end, or for nothing. In UDP b'' is a message of no bytes; and "
                "there are no connections, so there is no end.")
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        for event in trace.of("datagram", to=program):
            if event.data:
                continue
            answered = any(sent.at >= event.at for sent in _sent(trace, program, event.lane))
            if not answered and not _after(trace, "screen", program, event).strip():
                return True
    return False


@mistake("U04", "That nobody listens was not noticed. The machine there says so at once, but only a connected UDP "
                "socket is told.")
def _(trace: Trace) -> bool:
    return any(any(trace.of("typed", lane=program)) and not any(trace.of("screen", lane=program))
               and _idles(trace, program) for program in _programs(trace))


@mistake("U05", "What was sent was taken to be delivered. When --timeout is over, the question or its reply may be "
                "lost, and only asking again helps.")
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        questions = _sent(trace, program)
        if len(questions) == 1 and _idles(trace, program) \
                and not _after(trace, "screen", program, questions[0]):
            return True
    return False


@mistake("U07", "A reply was taken from anyone. Everybody can send to a UDP socket, so compare the sender's "
                "address, or connect() the socket.")
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        asked = {event.to for event in _sent(trace, program)}
        for event in trace.of("datagram", to=program):
            text = _text(event)
            if asked and event.lane not in asked and text and text in _after(trace, "screen", program, event):
                return True
    return False


@mistake("U08", "Two programs have the same UDP port. SO_REUSEADDR (or SO_REUSEPORT) allows that in UDP, and only "
                "one of them gets the datagrams.")
def _(trace: Trace) -> bool:
    return any(trace.of("shares"))


@mistake("U09", "A reply was taken that answers another question. Only the number tells which question a datagram "
                "answers.")
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        questions = _sent(trace, program)
        if not questions:
            continue
        number = questions[-1].data.partition(b" ")[0] + b" "
        for event in trace.of("datagram", to=program):
            text = _text(event)
            if event.at > questions[-1].at and event.lane == questions[-1].to and not event.data.startswith(number) \
                    and text and text in _after(trace, "screen", program, event):
                return True
    return False


# A promise on top of them -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Packet:
    """A DATA or an ACK that arrived, or was sent at somebody's wish. at: its place among all events."""

    at: int
    event: Event
    kind: str
    number: int


def _packets(trace: Trace) -> list[_Packet]:
    """The packets, by what the words for them say."""
    found = ((at, event, re.match(r"(DATA|ACK) (\d+)", event.text)) for at, event in enumerate(trace.events)
             if event.kind == "datagram")
    return [_Packet(at, event, match[1], int(match[2])) for at, event, match in found if match]


def _ahead(number: int, of: int) -> int:
    """How many numbers, of 32 bits, one is ahead of another; negative if it is behind."""
    return (number - of + (1 << 31)) % (1 << 32) - (1 << 31)


@mistake("U10", "An old packet, which the network had kept, was taken for a new one. All 32 bits of the number "
                "tell them apart.")
def _(trace: Trace) -> bool:
    acknowledged: set[int] = set()
    newest: int | None = None                   # of the DATA that have arrived
    packets = _packets(trace)
    for packet, then in zip(packets, [*packets[1:], None], strict=False):
        if packet.kind == "ACK":
            acknowledged.add(packet.number)
        elif newest is None:
            newest = packet.number
        elif _ahead(packet.number, newest) > 0:
            if newest not in acknowledged:      # the sender went on all the same
                return True
            newest = packet.number
        elif packet.number != newest and any(
                event.kind == "result" and event.lane == packet.event.to
                for event in trace.events[packet.at:then.at if then else None]):
            return True                         # handed over once more
    return newest is not None and newest not in acknowledged and any(
        event.text == "has finished" for event in trace.of("result"))


@mistake("U11", "A block that came again was not acknowledged again. Its ACK may have been lost, and then the "
                "sender can only ask once more.")
def _(trace: Trace) -> bool:
    packets = [packet for packet in _packets(trace) if packet.kind == "DATA"]
    if len(packets) < 2 or packets[-1].number != packets[-2].number:
        return False
    after = [event for event in trace.events[packets[-1].at + 1:] if event.lane == packets[-1].event.to]
    return not any(event.kind in ("datagram", "lost", "held up", "result") for event in after)


@mistake("U12", "A time was measured from a block that was sent again. Nobody can know which of the sendings was "
                "acknowledged (Karn's algorithm).")
def _(trace: Trace) -> bool:
    waited = list(trace.of("wait"))
    if not waited:
        return False
    sender = waited[-1].lane                    # another one may have had blocks with the same numbers
    waits = [event.value for event in waited if event.lane == sender]
    packets = _packets(trace)
    acknowledged = [packet.number for packet in packets if packet.kind == "ACK" and packet.event.to == sender]
    sent = [packet.number for packet in packets if packet.kind == "DATA" and packet.event.lane == sender]
    known = [*waits[:-1], 200, 1000]             # what it has waited before, and what it may begin with again
    return bool(acknowledged) and sent.count(acknowledged[-1]) > 1 and len(waits) > 1 and waits[-1] not in known


# TCP: segments and an endpoint ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Answer:
    """A function that was called, its arguments, and what it returned; None if it did not return."""

    name: str
    given: list
    value: object

    def is_one_of(self, right: object, *wrong: object) -> bool:
        """Whether it returned one of those that are wrong, though not in this case."""
        return self.value != right and self.value in wrong


def _answers(trace: Trace) -> list[_Answer]:
    """The functions that were called with values, in order."""
    found: list[_Answer] = []
    for event in trace.of("call", "returned"):
        if event.kind == "call" and event.data:
            found.append(_Answer(event.text.partition("(")[0], told(event), None))
        elif event.kind == "returned" and found:
            found[-1] = _Answer(found[-1].name, found[-1].given, told(event))
    return found


def _last_answer(trace: Trace, *names: str) -> _Answer | None:
    """What was called last, if it is one of these functions, and returned."""
    answers = _answers(trace)
    return answers[-1] if answers and answers[-1].name in names and answers[-1].value is not None else None


def _summed(answer: _Answer) -> bytes:
    """What a checksum is to cover, of a function that is given bytes alone, or two addresses and a segment."""
    *addresses, data = answer.given
    return pseudo_header(*addresses, len(data)) + data if addresses else data


def _crcs(data: bytes) -> tuple[int, ...]:
    """What is taken for a checksum where that is said to be a CRC."""
    return zlib.crc32(data), zlib.crc32(data) & 0xFFFF, binascii.crc_hqx(data, 0), binascii.crc_hqx(data, 0xFFFF)


@mistake("T05", "Sequence numbers were compared with a plain <. They go round: 4294967295 comes before 0.")
def _(trace: Trace) -> bool:
    if answer := _last_answer(trace, "before"):
        a, b = answer.given
        return answer.is_one_of(0 < (b - a) % MODULUS < MODULUS // 2, a < b)
    turns = _turns(trace)
    last = turns[-1] if turns else None
    if last and last.got and last.before == "ESTABLISHED" and last.got.seq == last.expects \
            and last.expects > MODULUS - WINDOW and any(one.ack == last.expects for one in last.sent):
        return True
    again = turns[-1].sent if turns and not turns[-1].got else []       # though it was acknowledged, behind 2**32 − 1
    return any(one.length <= (turn.got.ack - one.seq) % MODULUS < MODULUS // 2 and turn.got.ack < one.seq
               for one in again for turn in turns if turn.got and turn.got.flags & ACK and turn.before == "ESTABLISHED")


@mistake("T04", "Sequence numbers were added without going round. Behind 4294967295 comes 0: (seq + n) % 2**32.",
         by_error=True)
def _(trace: Trace) -> bool:
    answer = _last_answer(trace, "add")
    top = any(max(turn.first, turn.end) > (1 << 32) - 1000 for turn in _turns(trace))
    added = answer is not None and answer.is_one_of(sum(answer.given) % MODULUS, sum(answer.given))
    return added or top and _raised(trace, "struct.error")


@mistake("T04", "Behind 4294967295 comes 0, in a sum and in a comparison: (seq + n) % 2**32, as add() has it, and "
                "before().", seen_in="handshake")
def _(trace: Trace) -> bool:
    return _seen(lambda seen: seen.was_in("SYN-SENT") and seen.last.first == MODULUS - 1 and seen.got(SYN | ACK)
                 and seen.last.got.ack == 0 and seen.is_in("SYN-SENT"))(trace)


@mistake("T07", "The data offset counts words of four bytes from the beginning of the segment. What is before the "
                "data and behind byte 20 are options.")
def _(trace: Trace) -> bool:
    answer = _last_answer(trace, "parse")
    if not answer:
        return False
    data, offset = answer.given[0], answer.given[0][12] >> 4
    return any(trace.steps[-1].got == f"data {whole(data[begin:])}" for begin in {20, offset} - {offset * 4})


@mistake("T08", "CWR and ECE were lost. All eight bits of the byte at index 13 are flags.")
def _(trace: Trace) -> bool:
    answer = _last_answer(trace, "parse")
    flags = answer.given[0][13] if answer else 0
    return flags > 0x3F and trace.steps[-1].got == f"flags {flags & 0x3F}"


@mistake("T09", "The checksum is another one than TCP's: that is the ones' complement sum of RFC 1071, no CRC, and it"
                " covers the pseudo-header too.")
def _(trace: Trace) -> bool:
    answer = _last_answer(trace, "internet_checksum", "checksum")
    if not answer:
        return False
    data = answer.given[-1]
    return answer.is_one_of(checksum(_summed(answer)), *_crcs(data), checksum(data))


@mistake("T10", "The sum of the checksum was not made as RFC 1071 says: a carry out of 16 bits is added to it again, "
                "as often as there is one, and an odd last byte is the upper half of its number.")
def _(trace: Trace) -> bool:
    answer = _last_answer(trace, "internet_checksum", "checksum")
    return answer is not None and answer.is_one_of(checksum(_summed(answer)), *_missummed(_summed(answer)))


def _missummed(data: bytes) -> set[int]:
    """What comes out if a carry is not added, or not often enough, or if an odd last byte is forgotten or misplaced."""
    numbers = [int.from_bytes(data[at:at + 2], "big") for at in range(0, len(data) - 1, 2)]
    odd = [data[-1] << 8] if len(data) % 2 else []
    low = [data[-1]] if odd else []
    total = sum(numbers + odd)
    once = (total & 0xFFFF) + (total >> 16)
    sums = [total & 0xFFFF, once & 0xFFFF, *(_folded(sum(numbers + last)) for last in ([], low) if odd)]
    return {*(one ^ 0xFFFF for one in sums), total ^ 0xFFFF, once ^ 0xFFFF} - {_folded(total) ^ 0xFFFF}


def _folded(total: int) -> int:
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _of_length(id: str, flag: str, wrong: Callable[[int], int]) -> None:
    """A mistake that is seen in length(), of a segment with this flag, by what is returned in place of its length."""
    @mistake(id, seen_in="length")
    def _(trace: Trace) -> bool:
        said = trace.steps and re.search(r"<CTL=([A-Z,]*)>.* has a length of (\d+)\)$", trace.steps[-1].sentence)
        flags = said[1].split(",") if said else []
        # Where there are both, the number that is missing is that of neither in particular.
        return flag in flags and not {"SYN", "FIN"} <= {*flags} and trace.steps[-1].got == str(wrong(int(said[2])))


@dataclass
class _Turn:
    """What happened to an endpoint, and what came of it.

    got: the segment that arrived; None if its user called something, or time had passed. before, after: its states.
    sent: the segments that it sent for it. first: the number of its SYN. end: the number behind all that it had sent
    before. expects: the one that it had to expect; None as long as there was no SYN. bare, bare_got: how many bare ACKs
    had been sent, and had arrived.
    """

    at: float
    got: Segment | None
    before: str
    after: str
    sent: list[Segment]
    first: int
    end: int
    expects: int | None
    bare: int
    bare_got: int


def _turns(trace: Trace) -> list[_Turn]:
    """The turns of the last endpoint that was made, in order."""
    turns: list[_Turn] = []
    lane = next(iter(_programs(trace)), "")

    def begin(at: float, got: Segment | None) -> None:
        last = turns[-1] if turns else _Turn(at, None, "", "", [], -1, -1, None, 0, 0)
        first, end, expects, bare, bare_got = last.first, last.end, last.expects, last.bare, last.bare_got
        for segment in last.sent:
            first = segment.seq if segment.flags & SYN and first < 0 else first
            news = end < 0 or (segment.seq - end) % MODULUS == 0
            end = (segment.seq + segment.length) % MODULUS if news else end
            bare += not segment.length and not segment.flags & RST
        if last.got and last.got.flags & SYN and not last.got.flags & RST:
            expects = (last.got.seq + 1) % MODULUS
        elif last.got and last.got.seq == expects:
            expects = (expects + last.got.length) % MODULUS
        bare_got += bool(last.got) and not last.got.length and not last.got.flags & RST
        turns.append(_Turn(at, got, last.after, last.after, [], first, end, expects, bare, bare_got))

    for event in trace.events:
        if event.kind == "datagram" and event.to == lane and len(event.data) >= 20:
            begin(event.at, Segment.parsed(event.data))
        elif event.lane != lane:
            continue
        elif event.kind == "call" and event.text.startswith("Endpoint("):
            turns = [_Turn(event.at, None, "CLOSED", "CLOSED", [], -1, -1, None, 0, 0)]
        elif event.kind == "call" and turns:
            begin(event.at, None)
        elif event.kind in ("state", "datagram") and turns:
            if event.at - turns[-1].at > TICK:
                begin(event.at, None)
            if event.kind == "state":
                turns[-1].after = event.text
            else:
                turns[-1].sent.append(Segment.parsed(event.data))
    return turns


TICK = 0.5                  # s of virtual time: what is sent so long after all else is sent since time has passed


@dataclass
class _Seen:
    """The last turn of an endpoint, in which a check failed: see _Turn.

    turns: all of them. unreadable: whether it failed since what the endpoint sent could not be read.
    """

    turns: list[_Turn]
    unreadable: bool

    @property
    def last(self) -> _Turn:
        return self.turns[-1]

    def got(self, flags: int, without: int = 0) -> Segment | None:
        """The segment that arrived, if it has all of these flags, and none of those."""
        got = self.last.got
        return got if got and got.flags & flags == flags and not got.flags & without else None

    def sent(self, flags: int, without: int = 0) -> Segment | None:
        """The first segment that was sent for it that has all of these flags, and none of those."""
        return next((one for one in self.last.sent if one.flags & flags == flags and not one.flags & without), None)

    def was_in(self, *states: str) -> bool:
        return self.last.before in states

    def is_in(self, *states: str) -> bool:
        return self.last.after in states

    @property
    def own_fin(self) -> int | None:
        """The number of the endpoint's own FIN."""
        return next((one.seq + len(one.data) for turn in self.turns for one in turn.sent if one.flags & FIN), None)


def _seen(condition: Callable[[_Seen], object]) -> Callable[[Trace], bool]:
    """A condition about the last turn of an endpoint, as one about the trace."""
    def holds(trace: Trace) -> bool:
        turns = _turns(trace)
        unreadable = bool(trace.steps) and trace.steps[-1].expected.startswith("a segment ")
        return bool(turns) and bool(condition(_Seen(turns, unreadable)))
    return holds


@mistake("T01", "A SYN takes a sequence number. Whoever gets one expects SEG.SEQ + 1 next, and behind one's own SYN "
                "comes ISS + 1.")
@_seen
def _(seen: _Seen) -> bool:
    syn, answer, reset = seen.got(SYN, without=RST), seen.sent(ACK, without=RST), seen.sent(RST)
    if syn and answer and answer.ack == syn.seq:
        return True
    if not seen.was_in("SYN-SENT", "SYN-RECEIVED") or seen.last.first < 0:
        return False
    after = (seen.last.first + 1) % MODULUS
    right = bool(seen.got(ACK)) and seen.last.got.ack == after and seen.last.first < MODULUS - 1
    # In SYN-RECEIVED who refuses SEG.ACK = SND.NXT answers with that RST too, wherever its SND.NXT is.
    refused = seen.was_in("SYN-SENT") and bool(reset) and reset.seq == after
    return right and (refused or bool(answer) and answer.seq == seen.last.first)


@mistake("T02", "A FIN takes a sequence number. Whoever gets one acknowledges the number behind it, and one's own is "
                "acknowledged by its number + 1.")
@_seen
def _(seen: _Seen) -> bool:
    fin, answer, own = seen.got(FIN), seen.sent(ACK, without=RST | FIN), seen.own_fin
    # Only where the FIN was taken, as the state shows: who does not take it, for whatever reason, still expects it.
    taken = fin and seen.is_in("CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT")
    if taken and answer and answer.ack == (fin.seq + len(fin.data)) % MODULUS or own and answer and answer.seq == own:
        return True
    acknowledged = own is not None and seen.got(ACK) and seen.last.got.ack == own + 1
    return bool(acknowledged) and seen.was_in("FIN-WAIT-1", "LAST-ACK") and seen.is_in(seen.last.before)


@mistake("T03", "A bare ACK takes no sequence number: what comes behind it has the number that it had. Else every ACK"
                " would have to be acknowledged.")
@_seen
def _(seen: _Seen) -> bool:
    answer = seen.sent(ACK, without=RST | SYN)
    if not answer or seen.last.expects is None:
        return False
    expects, got = seen.last.expects, seen.got(ACK, without=RST)
    # Only where it was taken, as its new state shows: who takes an ACK for a wrong one answers it, too.
    if got and not got.length and (got.seq, got.ack) == (expects, seen.last.end) and not answer.length \
            and answer.ack == expects < MODULUS - WINDOW and not seen.is_in(seen.last.before):
        return True
    if seen.last.got and seen.last.got.seq == expects:
        expects += seen.last.got.length
    got_too = seen.last.bare_got + bool(seen.last.got and not seen.last.got.length)
    return 0 < (answer.seq - seen.last.end) % MODULUS <= seen.last.bare \
        or 0 < (answer.ack - expects) % MODULUS <= got_too


@mistake("T06", "ACK was the number of the last byte that has come. It is that of the next byte that is expected.")
@_seen
def _(seen: _Seen) -> bool:
    answer, got = seen.sent(ACK, without=RST | SYN), seen.last.got
    return bool(answer and got and got.data) and answer.ack == (got.seq + got.length - 1) % MODULUS


@mistake("T12", "A RST with the number 0 is believed only where the segment before had no ACK. Else its number is "
                "SEG.ACK, so that the other side finds it in its window.")
@_seen
def _(seen: _Seen) -> bool:
    reset = seen.sent(RST)
    return bool(reset and seen.got(ACK)) and reset.seq == 0 != seen.last.got.ack


@mistake("T13", "A RST was answered by a RST. Two that do so would never stop.")
@_seen
def _(seen: _Seen) -> bool:
    return bool(seen.got(RST) and seen.sent(RST))


@mistake("T14", "A RST from outside the window ended the connection. So anybody could end it who guesses its ports.")
@_seen
def _(seen: _Seen) -> bool:
    outside = seen.got(RST) and seen.last.expects is not None \
        and not (seen.last.got.seq - seen.last.expects) % MODULUS < WINDOW
    return bool(outside) and seen.was_in("ESTABLISHED") and seen.is_in("CLOSED")


@mistake("T15", "A SYN within a connection began a new one. It may be an old one that the network had kept: the "
                "answer is an ACK of what is expected.")
@_seen
def _(seen: _Seen) -> bool:
    return bool(seen.got(SYN, without=RST)) and not seen.was_in("CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED") \
        and bool(seen.is_in("SYN-RECEIVED") or seen.sent(SYN) or seen.sent(ACK, without=RST)
                 and seen.sent(ACK).ack == (seen.last.got.seq + 1) % MODULUS)


@mistake("T16", "A SYN in SYN-SENT is an open from both sides at once. It is answered by SYN,ACK with one's own first"
                " number, in SYN-RECEIVED.")
@_seen
def _(seen: _Seen) -> bool:
    # Not where what it sent could not be read, for then nobody knows what it wanted.
    return seen.was_in("SYN-SENT") and bool(seen.got(SYN, without=ACK | RST)) and not seen.is_in("SYN-RECEIVED") \
        and not seen.unreadable


@mistake("T17", "In the handshake an old segment was taken for a new one. In SYN-SENT only an ACK of ISS + 1 counts, "
                "and another is answered by RST; a listener that gets a RST listens again.")
@_seen
def _(seen: _Seen) -> bool:
    wrong = seen.got(ACK) and (seen.last.got.ack - seen.last.first) % MODULUS != 1
    return seen.was_in("SYN-SENT") and bool(wrong) and seen.is_in("ESTABLISHED")


@mistake("T17", seen_in="listen")
@_seen
def _(seen: _Seen) -> bool:
    return seen.was_in("SYN-RECEIVED") and bool(seen.got(RST)) and not seen.is_in("LISTEN") \
        and any(turn.before == "LISTEN" for turn in seen.turns)


@mistake("T18", "TIME-WAIT is for the side that closed first. The other one knows with the ACK of its FIN that all "
                "has arrived, and is in CLOSED.")
@_seen
def _(seen: _Seen) -> bool:
    return seen.was_in("LAST-ACK") and seen.is_in("TIME-WAIT")


@mistake("T19", "A close was taken to be four segments always. One segment may have both the ACK of your FIN and a "
                "FIN.")
@_seen
def _(seen: _Seen) -> bool:
    # Not where data comes with it: then the FIN may have been looked for at the number of the data.
    both = seen.got(FIN | ACK) and not seen.last.got.data and seen.own_fin is not None \
        and seen.last.got.ack == seen.own_fin + 1
    return seen.was_in("FIN-WAIT-1") and bool(both) and seen.is_in("FIN-WAIT-1", "FIN-WAIT-2", "CLOSING")


@mistake("T20", "Two FINs crossed. As long as one's own is not acknowledged, that is CLOSING, and TIME-WAIT comes "
                "with its ACK.")
@_seen
def _(seen: _Seen) -> bool:
    fin, answer = seen.got(FIN), seen.sent(ACK)
    crossed = fin and seen.own_fin is not None and fin.ack == seen.own_fin \
        and answer and answer.ack == (fin.seq + fin.length) % MODULUS           # so the FIN was taken
    return seen.was_in("FIN-WAIT-1") and bool(crossed) and seen.is_in("TIME-WAIT", "FIN-WAIT-2", "FIN-WAIT-1", "CLOSED")


@mistake("T21", "An idle connection sent something. Keep-alives are off unless a program asks for them (RFC 9293, "
                "3.8.4).")
@_seen
def _(seen: _Seen) -> bool:
    probe = seen.sent(ACK)
    return seen.was_in("ESTABLISHED") and not seen.last.got and bool(probe) and probe.length <= 1 \
        and seen.last.at - seen.turns[-2].at > IDLE


@mistake("T21", "An idle connection waits, to send something in the end. Keep-alives are off unless a program asks for "
                "them (RFC 9293, 3.8.4).", seen_in="deadline")
def _(trace: Trace) -> bool:
    step = trace.steps[-1] if trace.steps else None
    waits = step is not None and step.sentence.endswith(".deadline is None")
    deadline = re.fullmatch(r"(\d+)(\.\d+)?", step.got) if waits else None
    return bool(deadline) and int(deadline[1]) > IDLE * 1000           # before that it may be to send something again


@mistake("T22", "The SYN was sent again with another sequence number. It is the same one, and the other side may have"
                " got the first.")
@_seen
def _(seen: _Seen) -> bool:
    again = seen.sent(SYN)
    return bool(again) and not seen.last.got and seen.last.first >= 0 and again.seq != seen.last.first


IDLE = 60                   # s of virtual time
WINDOW = 8192               # bytes: what the course's endpoints offer

_of_length("T01", "SYN", lambda right: right - 1)
_of_length("T02", "FIN", lambda right: right - 1)
_of_length("T03", "ACK", lambda right: 1 if right == 0 else -1)


# TFTP -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Tftp:
    """A datagram of a program that speaks TFTP, or to one. kind: "" for what is no packet. body: behind the number."""

    at: int                                     # its place among all events
    lane: str
    to: str
    kind: str
    number: int
    body: bytes
    data: bytes


@dataclass(frozen=True)
class _Talk:
    """What a program has exchanged with one peer: in order, from the peer's last request to it on, if that sent any."""

    program: str
    peer: str
    packets: list[_Tftp]

    def sent(self, *kinds: str) -> list[_Tftp]:
        """What the program sent of these kinds; of all kinds if none is given."""
        return [each for each in self.packets if each.lane == self.program and (each.kind in kinds or not kinds)]

    def got(self, *kinds: str) -> list[_Tftp]:
        """The same of what it was sent."""
        return [each for each in self.packets if each.to == self.program and (each.kind in kinds or not kinds)]

    def count(self, packets: list[_Tftp], number: int) -> int:
        """How many of these have this number."""
        return sum(packet.number == number for packet in packets)


def _talks(trace: Trace) -> Iterator[_Talk]:
    found = []
    for at, event in enumerate(trace.events):
        if event.kind == "datagram":
            kind = (re.match(r"(RRQ|WRQ|DATA|ACK|ERROR|OACK)\b", event.text) or [""])[0]
            number = int.from_bytes(event.data[2:4], "big")
            found.append(_Tftp(at, event.lane, event.to, kind, number, event.data[4:], event.data))
    for program in _programs(trace):
        for peer in dict.fromkeys(packet.lane if packet.to == program else packet.to for packet in found
                                  if program in (packet.lane, packet.to)):
            packets = [packet for packet in found if {packet.lane, packet.to} == {program, peer}]
            requests = [at for at, packet in enumerate(packets)
                        if packet.to == program and packet.kind in ("RRQ", "WRQ") and _is_new(packets, at)]
            yield _Talk(program, peer, packets[requests[-1] if requests else 0:])


def _is_new(packets: list[_Tftp], at: int) -> bool:
    """Whether this request is not one that came again in the middle of its own transfer."""
    return all(packets[at].data != before.data for before in packets[:at]) or packets[at - 1].kind in ("ERROR", "ACK")


def _answering(trace: Trace, program: str) -> list[_Talk]:
    """A client's talks with whoever answered it, the one that answered first in front."""
    talks = [talk for talk in _talks(trace) if talk.program == program and talk.got()]
    return sorted(talks, key=lambda talk: talk.got()[0].at)


def _file(trace: Trace) -> bytes | None:
    """What was in the file that was looked at when the check failed."""
    return next((event.data for event in trace.of("file")), None)


def _strangers(trace: Trace) -> Iterator[tuple[_Talk, _Talk]]:
    """Each transfer of a program, with the talk with somebody who has sent packets into it and is no part of it."""
    talks = list(_talks(trace))
    for program in _programs(trace):
        own = [talk for talk in talks if talk.program == program]
        asked = [talk for talk in own if talk.got("RRQ", "WRQ")]
        if asked:
            yield from ((talk, other) for talk in asked for other in own
                        if other.got() and not other.got("RRQ", "WRQ"))
        elif answering := _answering(trace, program):
            yield from ((answering[0], other) for other in answering[1:])


@mistake("F01", "The last block was full, and nothing came after it. Only a block of fewer bytes says that it is the "
                "last, and so there is an empty one after a full one.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        blocks, last = talk.sent("DATA"), talk.packets[-1]
        if blocks and len(blocks[-1].body) == 512 and last.kind == "ACK" and last.number == blocks[-1].number \
                and last.to == talk.program and (_idles(trace, talk.program) or _ended(trace, talk.program, 0)):
            return True
    return False


def _ended(trace: Trace, program: str, *codes: int) -> bool:
    return any(event.value in codes for event in trace.of("exit", lane=program))


@mistake("F02", "The answer came from the port for requests. A transfer has a port of its own, chosen anew, by which "
                "both sides know it: its TID.")
def _(trace: Trace) -> bool:
    return any(trace.of("answers from"))


@mistake("F03", "An ACK that was not the awaited one made a block go out again. Its ACK then comes twice too, and so "
                "it goes on: everything is sent twice until the end (the Sorcerer's Apprentice).")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        for block, again in itertools.combinations(talk.sent("DATA")[:50], 2):
            if block.data == again.data and any(block.at < ack.at < again.at for ack in talk.got("ACK")):
                return True
    return False


@mistake("F18", "An ACK was taken for the one that was awaited, though it is of a block that had not been sent.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        for block in talk.sent("DATA"):
            before = [ack.number for ack in talk.got("ACK") if ack.at < block.at]
            if block.number > 1 and block.number - 1 not in before and any(
                    number >= block.number for number in before):
                return True
        for ack in talk.got("ACK"):             # or it went on behind the block that the ACK is of
            sent = [block.number for block in talk.sent("DATA") if block.at < ack.at]
            if ack.number and ack.number not in sent and any(
                    block.number == ack.number + 1 for block in talk.sent("DATA") if block.at > ack.at):
                return True
    return False


@mistake("F04", "A packet was taken from a stranger. What does not come from the address and port of the other side "
                "is not a part of this transfer.")
def _(trace: Trace) -> bool:
    for talk, other in _strangers(trace):
        if other.sent("DATA"):
            return True
        for block in talk.sent("DATA"):
            def acked(by: _Talk, block: _Tftp = block) -> bool:
                return any(ack.number == block.number - 1 and ack.at < block.at for ack in by.got("ACK"))
            if block.number > 1 and acked(other) and not acked(talk):
                return True
    return False


@mistake("F05", "A stranger's packet ended the transfer. Anybody can send to a port; what is not from the other side "
                "is dropped, and the transfer goes on.")
def _(trace: Trace) -> bool:
    for talk, other in _strangers(trace):
        intruded = other.got()[0].at
        if any(error.at > intruded for error in talk.sent("ERROR")) or _ended(trace, talk.program, 1):
            return True
        last, blocks = talk.packets[-1], talk.sent("DATA")
        if blocks and last.kind == "ACK" and last.at > intruded and last.number == blocks[-1].number \
                and _idles(trace, talk.program):
            return True
    return False


@mistake("F06", "When a packet was to be sent again, other bytes were sent under its number: the file was read on. "
                "Keep the packet, and send that.")
def _(trace: Trace) -> bool:
    return any(one.number == two.number and one.body != two.body for talk in _talks(trace)
               for one, two in itertools.combinations(talk.sent("DATA")[:20], 2))


@mistake("F07", "What does not count started the waiting anew. Whoever sends junk can then keep a transfer waiting for "
                "ever. The deadline is that of the block.")
def _(trace: Trace) -> bool:
    return any(len(talk.sent("DATA")) == 1 and len(talk.got("")) > 2
               and not talk.count(talk.got("ACK"), talk.sent("DATA")[0].number)
               and _idles(trace, talk.program) for talk in _talks(trace))


@mistake("F25", "The waits did not grow, or there were more of them than it was told, or no end. On a network that is "
                "overloaded, who sends again at once and for ever makes it worse.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        times = [trace.events[packet.at].at for packet in talk.sent() if packet.data == talk.sent()[0].data]
        if len(times) == len(talk.sent()) > 3 and (
                talk.sent("RRQ") or len(times) > 4 or times[-1] - times[0] < 5 * (times[1] - times[0])):
            return True
    return False


@mistake("F09", "The mode was compared letter by letter. It may be written in any mixture of capitals, such as OCTET.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        for request in talk.got("RRQ", "WRQ")[-1:]:
            mode = request.data.split(b"\0")[2]
            if mode != mode.lower() and (talk.sent("ERROR") or not talk.sent() and _idles(trace, talk.program)):
                return True
    return False


@mistake("F09", seen_in="packet")
def _(trace: Trace) -> bool:
    return any(word in event.data for event in trace.of("result") for word in (b"NetASCII", b"OCTET'"))


def _leaked(talk: _Talk, outright: bool) -> bool:
    """Whether a request was granted; for a name that leads out by its letters, or not."""
    for request in talk.got("RRQ", "WRQ")[-1:]:
        name = request.data[2:].split(b"\0")[0]
        if (b".." in name or name.startswith(b"/")) == outright and talk.sent("DATA") and talk.got("RRQ"):
            return True
    return False


@mistake("F10", "A name led out of the folder: by .., by an absolute path, or into another folder whose name only "
                "begins like this one's.")
def _(trace: Trace) -> bool:
    return any(_leaked(talk, outright=True) for talk in _talks(trace))


@mistake("F11", "A symbolic link led out of the folder. What counts is where a path ends when all links are followed.")
def _(trace: Trace) -> bool:
    return any(_leaked(talk, outright=False) for talk in _talks(trace))


_OF_NAMES = ("Unicode", "OSError", "FileNotFoundError", "PermissionError", "NotADirectoryError", "IsADirectoryError",
             "ValueError: embedded null")


@mistake("F12", "A datagram that is no packet raised an exception, which nobody caught. Anybody can send anything.",
         by_error=True)
def _(trace: Trace) -> bool:
    # What a name raises, which decode() has understood, is another mistake: the report says what was raised.
    return any(event.text == "" for event in trace.of("datagram")) and any(
        not raised.error.startswith(_OF_NAMES) for raised in _tracebacks(trace))


@mistake("F13", "Somebody asked for a folder, and got no answer. To open a folder as a file raises an exception.",
         by_error=True)
def _(trace: Trace) -> bool:
    # In the check that probes this, the folder is called folder.
    return _raised(trace, "IsADirectoryError", "PermissionError") or any(
        any(request.data[2:].startswith(b"folder\0") for request in talk.got("RRQ")) and not talk.sent()
        and _idles(trace, talk.program) for talk in _talks(trace))


@mistake("F14", "Options were taken to be in force though the server had not granted them. Without an OACK a block has "
                "512 bytes.")
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        asked = any(b"blksize" in packet.data for talk in _talks(trace) if talk.program == program
                    for packet in talk.sent("RRQ"))
        for talk in _answering(trace, program):
            if asked and not talk.got("OACK") and [len(block.body) for block in talk.got("DATA")][-1:] == [512] \
                    and _ended(trace, program, 0):
                return True
    return False


@mistake("F15", "The OACK grants options that were not asked for. Who has not asked for them does not know them.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        asked = b"".join(request.data for request in talk.got("RRQ", "WRQ")[-1:]).lower().split(b"\0")[2:]
        if any(name.lower() not in asked for granted in talk.sent("OACK")
               for name in granted.data[2:].split(b"\0")[:-1:2]):
            return True
    return False


@mistake("F16", "An ERROR was answered. It ends the transfer, and whoever sent it is not there any more.")
def _(trace: Trace) -> bool:
    return any(sent.at > error.at for talk in _talks(trace) for error in talk.got("ERROR")[:1] for sent in talk.sent())


@mistake("F17", "A block that came again was not acknowledged again. Its ACK may have been lost, also the last one: "
                "then the sender waits in vain, and takes the transfer for failed.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        for block in talk.got("DATA")[-1:]:
            again = talk.count(talk.got("DATA"), block.number)
            if again > 1 and 0 < talk.count(talk.sent("ACK"), block.number) < again and talk.packets[-1] == block:
                return True
    return False


@mistake("F19", "A part of a file was left behind, under its name, when the transfer failed. Whoever finds it takes it "
                "for the whole.")
def _(trace: Trace) -> bool:
    return _left(trace, under_its_name=True)


@mistake("F19", "A part of a file was left behind when the transfer had failed, under another name. Whoever looks into "
                "the folder does not know what it is, and nobody removes it.", seen_in="part")
def _(trace: Trace) -> bool:
    # Only where the transfer is known to be over: else the program may not have noticed the ERROR.
    return _left(trace, under_its_name=False) and (
        any(trace.of("port closed")) or any(_ended(trace, program, 1) for program in _programs(trace)))


def _left(trace: Trace, under_its_name: bool) -> bool:
    """Whether a file was looked at when a transfer had failed, and has the name that somebody asked for, or not."""
    asked = [name for start in trace.of("start") for name in start.text.split()]
    asked += [request.data[2:].split(b"\0")[0].decode("utf-8", "replace") for talk in _talks(trace)
              for request in talk.got("RRQ", "WRQ")]
    names = {name.rpartition("/")[2] for name in asked}
    failed = any(talk.got("ERROR") for talk in _talks(trace)) or any(
        _ended(trace, program, 1) for program in _programs(trace))
    return failed and any((event.text.rpartition("/")[2] in names) == under_its_name for event in trace.of("file"))


@mistake("F20", "CR and LF, or CR and 0, were taken together only within a block. The end of a block may cut them in "
                "two.")
def _(trace: Trace) -> bool:
    found = _file(trace)
    for talk in _talks(trace):
        pieces = [block.body for block in talk.got("DATA")]
        if found is not None and found == b"".join(map(_from_netascii, pieces)) != _from_netascii(b"".join(pieces)):
            return True
        if any(len(block.body) > 512 for block in talk.sent("DATA")):
            return True
    return False


def _from_netascii(wire: bytes) -> bytes:
    return wire.replace(b"\r\n", b"\n").replace(b"\r\0", b"\r")


@mistake("F21", "Two ports answered, and the second one was listened to. A request that arrives twice may be answered "
                "twice; the first answer decides.")
def _(trace: Trace) -> bool:
    found = _file(trace) or b""
    for talk, other in _strangers(trace):
        if talk.got("RRQ", "WRQ"):
            continue
        theirs = other.got("DATA")
        if other.sent("ACK", "DATA") or any(len(block.body) > 5 and block.body in found for block in theirs) or any(
                not talk.count(talk.got("DATA"), ack.number) and other.count(theirs, ack.number)
                for ack in talk.sent("ACK")):
            return True
    return False


@mistake("F22", "One transfer was served after the other. Somebody who stops in the middle keeps all others waiting.")
def _(trace: Trace) -> bool:
    talks = [talk for talk in _talks(trace) if talk.got("RRQ")]
    return any(not late.sent("DATA") and first.sent("DATA") and not first.got("ACK") and _idles(trace, late.program)
               for first, late in itertools.combinations(talks, 2))


@mistake("F23", "A block that came twice was written twice. Its number says which block it is.")
def _(trace: Trace) -> bool:
    found = _file(trace)
    return found is not None and any(
        talk.count(talk.got("DATA"), block.number) > 1 and len(block.body) > 5 and block.body * 2 in found
        for talk in _talks(trace) for block in talk.got("DATA"))


@mistake("F24", "The transfer failed, and the program ended with exit code 0. Who starts it from a script takes that "
                "for success.")
def _(trace: Trace) -> bool:
    return any(_ended(trace, talk.program, 0) and (talk.got("ERROR") or len(talk.sent("RRQ")) > 1 and not talk.got())
               for talk in _talks(trace))


@mistake("F26", "A packet of the transfer went to the port for requests. The transfer is at the port that the first "
                "answer came from.")
def _(trace: Trace) -> bool:
    return any(talk.sent("RRQ", "WRQ") and talk.sent("ACK", "DATA") and not talk.got() for talk in _talks(trace))


@mistake("F27", "A WRQ was not answered by ACK 0. The client waits for that before it sends the first block.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        if talk.packets[0].kind == "WRQ" and talk.packets[0].to == talk.program:
            first = (talk.sent() or [None])[0]
            if first is None and _idles(trace, talk.program) or first and (
                    first.kind == "DATA" or first.kind == "ACK" and first.number != 0):
                return True
    return False


@mistake("F08", "The number of a block has two bytes. After 65535 comes 0, and not 1, and not 65536.",
         by_error=True)
def _(trace: Trace) -> bool:
    return _raised(trace, "struct.error", "OverflowError") or any(
        packet.kind == "ERROR" or packet.number == 1 for talk in _talks(trace)
        if b"windowsize" in talk.packets[0].data and talk.sent("OACK") for packet in talk.sent("DATA", "ERROR"))


# Layers -----------------------------------------------------------------------------------------------------


def _raised_last(trace: Trace) -> str:
    """The name of the error that the function raised which was called last; "" if it raised none."""
    results = list(trace.of("result"))
    return results[-1].data.decode() if results and results[-1].text == "raised" else ""


def _little(number: int) -> int:
    """A number of two bytes, read with the other one first."""
    return (number & 0xFF) << 8 | number >> 8


@mistake("L01", "A zero was left out. Each byte has two hex digits: 0a, and not a.")
def _(trace: Trace) -> bool:
    answer = _last_answer(trace, "mac_to_text")
    return answer is not None and answer.is_one_of(answer.given[0].hex(":"),
                                                   ":".join(f"{byte:x}" for byte in answer.given[0]))


@mistake("L02", "The two bits were looked for in another place. They are the two lowest ones of the first byte: 1 "
                "stands for group, and 2 for local.")
def _(trace: Trace) -> bool:
    answer = _last_answer(trace, "mac_parts")
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
    answer = _last_answer(trace, "ipv4_to_bytes")
    if not answer:
        return False
    parts = answer.given[0].split(".")
    with_zero = [bool(re.fullmatch("0[0-9]+", part)) for part in parts]
    return any(with_zero) and answer.value in [_by_int(parts, [base if zero else 10 for zero in with_zero])
                                               for base in (8, 10)]


@mistake("L04", "int() takes more than the digits of an address: spaces, a sign, _ between them, and digits of other "
                "scripts. isdigit() says yes to those too; compare with \"0123456789\", or ask isascii() as well.")
def _(trace: Trace) -> bool:
    answer = _last_answer(trace, "ipv4_to_bytes", "mac_to_bytes")
    if not answer:
        return False
    base, between, digits = (10, ".", "[0-9]+") if answer.name == "ipv4_to_bytes" else (16, ":", "[0-9a-fA-F]+")
    parts = answer.given[0].split(between)
    return not all(re.fullmatch(digits, part) for part in parts) and answer.value == _by_int(parts, [base] * len(parts))


@mistake("L05", "A block of private addresses was taken for larger or smaller than it is. 172.16.0.0/12 has the first "
                "12 bits in common, so it is 172.16 to 172.31.")
def _(trace: Trace) -> bool:
    answer = _last_answer(trace, "ipv4_kind")
    if not answer or answer.given[0][0] != 172:
        return False
    inside = 16 <= answer.given[0][1] <= 31
    return answer.value == ("other" if inside else "private") and answer.given[0][1] != 16


@mistake("L06", "A block was taken for larger or smaller than it is. All of 127.0.0.0/8 is loopback, and 224.0.0.0/4 "
                "has 4 bits in common: it is 224 to 239 in the first byte.")
def _(trace: Trace) -> bool:
    answer = _last_answer(trace, "ipv4_kind")
    if not answer:
        return False
    first = answer.given[0][0]
    return answer.value == "other" and (first == 127 and answer.given[0] != b"\x7f\0\0\1" or 225 <= first <= 239) \
        or answer.value == "multicast" and (first > 239 or first == 223)


@mistake("L07", "A range begins or ends somewhere else. Ports have 16 bits: 0 to 1023 are system ports, 1024 to 49151 "
                "user ports, and 49152 to 65535 dynamic ones.", by_error=True)
def _(trace: Trace) -> bool:
    answers = _answers(trace)
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
    answer = _last_answer(trace, *names or _HEADERS)
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
    answers = _answers(trace)
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
    if answer := _last_answer(trace, "checksum"):
        return answer.is_one_of(right_sum := checksum(answer.given[0]), _little(right_sum))
    frame, found = _taken_apart(trace)
    return frame is not None and found != frame.content and found == [
        *frame.content[:6], *map(_little, frame.content[6:8]), frame.content[8]]


@mistake("L09", "The sum was returned as it is. The checksum is its complement: each 1 of it becomes a 0, and each 0 "
                "a 1.")
def _(trace: Trace) -> bool:
    answer = _last_answer(trace, "checksum")
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
    answer = _last_answer(trace, "checksum")
    return answer is not None and answer.is_one_of(checksum(answer.given[0]), *_crcs(answer.given[0]))


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
    return any(answer.value == frame.content for answer in _answers(trace)[:-1] if answer.name == "decapsulate")


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
    answers = _answers(trace)
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
    if died := _tracebacks(visit.trace):
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
    return cut and _begins_utf8(stream) and (mangled or _raised(visit.trace, "UnicodeDecodeError"))


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
    return no_text and (replaced or _raised(visit.trace, "UnicodeDecodeError", "UnicodeEncodeError")) \
        or any("bytes-like object is required, not 'str'" in died.error and "buffer.write" in died.code
               for died in _tracebacks(visit.trace))


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
    return visit.printed in (first, last) or _raised(visit.trace, "ValueError: too many values to unpack")


def _keeps_waiting(trace: Trace, together: bool, capital: bool, empty_line: bool = False) -> bool:
    """Whether all that was told of has come, and the browser still waits for the end of the connection.

    In ASCII, where it does not matter whether bytes are counted or characters. together: whether the end of the head
    and a part of the body came in one piece. capital: whether Content-Length began with one. empty_line: whether there
    is one in the body.
    """
    visit = _visit(trace)
    if not visit or visit.length is None or len(visit.body) < visit.length or visit.closed or visit.ended is not None \
            or visit.printed or not visit.body.isascii() or (b"\r\n\r\n" in visit.body) != empty_line \
            or not _waits(visit.trace, visit.browser):
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
