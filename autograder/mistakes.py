"""Known mistakes: an id, a sentence for the person who made it, and what must be true of the trace.

A check declares which mistakes it probes. When it fails, the first of these whose condition holds is named; if
none holds, none is. A condition looks only at what happened, as the trace tells it, and never at source code. It
has to be so narrow that no program is given a mistake that it does not have: when in doubt, none is named.
"""
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .trace import CROSSING, Event, Trace
from .words import TRACEBACK

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


def mistake(id: str, sentence: str, by_error: bool = False) -> Callable[[Callable[[Trace], bool]], Callable]:
    """Register the decorated condition under this id, with its sentence."""
    def register(holds: Callable[[Trace], bool]) -> Callable[[Trace], bool]:
        _known[id] = Mistake(id, sentence, holds, by_error)
        return holds
    return register


def known() -> dict[str, Mistake]:
    """All known mistakes, by id."""
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
            frames = re.findall(r'File "(?:/work|[^"]*submission-[^"/]*)/[^"]*", line \d+, in .*\n +(.*)', part)
            error = re.search(r"^[A-Za-z_.]+(Error|Exception|Interrupt|timeout)\b.*", part, re.MULTILINE)
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


def _streams(trace: Trace) -> Iterator[tuple[str, list[Event]]]:
    """For each program and each one who sent to it: the program, and what was sent, piece by piece."""
    for program in _programs(trace):
        for sender in dict.fromkeys(event.lane for event in trace.of("data", to=program)):
            yield program, list(trace.of("data", lane=sender, to=program))


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
                and not _unread(trace, program) and _share(trace, program) < SPIN:
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
        screen = trace.text_of("screen", lane=program)
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
            if without == text or text in screen:
                continue
            if _raised(trace, "UnicodeDecodeError") or re.search(mangled, screen):
                return True
            if without.strip() and without in screen:
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
    answered = {event.to for event in trace.of("data")} & {event.lane for event in trace.of("connect")}
    left = {event.lane for event in trace.of("fin", "reset")}
    return bool(answered - left) and any(trace.of("unaccepted"))


@mistake("C11", "The program takes turns: while it waits for the one side, it does not notice the other "
                "one.")
def _(trace: Trace) -> bool:
    for program in _programs(trace):
        waiting = _unread(trace, program)
        if _waits_for(trace, program) == "for the keyboard only":
            return True
        # Where a lot is under way, it may rightly wait until its peer reads.
        if 0 < waiting < 1 << 12 and _runs(trace, program) and _share(trace, program) < SPIN \
                and not any(trace.of("unaccepted", lane=program)):
            return True
    return False


@mistake("C13", "Sending to a client that does not read waits, and everybody waits with it.")
def _(trace: Trace) -> bool:
    waited = [program for program in _programs(trace) if _runs(trace, program) and any(trace.of("cpu", lane=program))
              and _share(trace, program) < SPIN]
    return bool(waited) and any(event.value > 1 << 11 for event in trace.of("held"))


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
        if before and ending.at - before[-1].at > 0.1 and not over and b"bye" not in said and _runs(trace, ending.lane):
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
        said = trace.bytes_of("data", lane=ending.to, to=ending.lane)
        answered = trace.bytes_of("data", lane=ending.lane, to=ending.to).endswith(b"^^^\n")
        if answered and b"bye\n" in said and said.rpartition(b"bye\n")[2]:
            return True
    return False


# Addresses --------------------------------------------------------------------------------------------------


@mistake("C19", "A port is a number from 0 to 65535. Beyond, connect() and bind() raise OverflowError, "
                "which is no OSError.",
         by_error=True)
def _(trace: Trace) -> bool:
    return _raised(trace, "OverflowError")


@mistake("C20", "The server listens on every network that this machine is in, not on the address that it "
                "was given.")
def _(trace: Trace) -> bool:
    return any(event.text in ("0.0.0.0", "::") for event in trace.of("listens on"))


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
