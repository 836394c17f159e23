"""What the conditions of mistakes ask of a trace: who ran, what was read, shown, raised, returned."""
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..calls import told
from ..trace import Event, Trace
from ..words import TRACEBACK

# A place in a student's file, and the line there; bounded, for who means no good writes what looks like very many.
FRAME = re.compile(r'File "(?:/work|[^"\n]{0,200}submission-[^"/\n]*)/[^"\n]*", line \d+, in .*\n +(.*)')
SPIN = 0.25                 # share of a core from which on a program that waits is said to spin


@dataclass(frozen=True)
class Raised:
    """The end of one traceback. error: its last line. code: the student's line that it came from."""

    error: str
    code: str


def tracebacks(trace: Trace) -> list[Raised]:
    """How each traceback ended that a program wrote to stderr, program by program."""
    found = []
    for program in programs(trace):
        for part in trace.text_of("stderr", lane=program).split(TRACEBACK)[1:]:
            frames = FRAME.findall(part)
            error = re.search(r"^[A-Za-z_.]+(Error|Exception|Interrupt|timeout|\.error)\b.*", part, re.MULTILINE)
            if error:
                found.append(Raised(error[0], frames[-1] if frames else ""))
    return found


_SENDS = ("send", "write", "drain", "flush")


def raised(trace: Trace, *errors: str, sending: bool | None = None) -> bool:
    """Whether a traceback ended in one of these errors; in a call that sends, or not in one, where that is given."""
    found = (each for each in tracebacks(trace) if each.error.startswith(errors))
    return any(sending in (None, any(word in each.code for word in _SENDS)) for each in found)


def programs(trace: Trace) -> list[str]:
    """The programs that were started, in this order, by their lanes."""
    return list(dict.fromkeys(event.lane for event in trace.of("start")))


def runs(trace: Trace, program: str) -> bool:
    """Whether the program's last run has not ended."""
    return [event.kind for event in trace.of("start", "exit", lane=program)][-1] == "start"


def share(trace: Trace, program: str) -> float:
    """The share of a processor that the program was last seen to use."""
    return next((event.value for event in reversed(list(trace.of("cpu", lane=program)))), 0.0)


def unread(trace: Trace, program: str) -> float:
    """Bytes that the program had left unread when the check failed."""
    return sum(event.value for event in trace.of("unread", lane=program))


def idles(trace: Trace, program: str) -> bool:
    """Whether the program has not ended, and was not seen to use a processor."""
    return runs(trace, program) and share(trace, program) < SPIN


def waits(trace: Trace, program: str) -> bool:
    """Whether the program has read all that came, and waits for more."""
    return idles(trace, program) and not unread(trace, program)


def streams(trace: Trace) -> Iterator[tuple[str, list[Event]]]:
    """For each program and each one who sent to it: the program, and what was sent, piece by piece."""
    for program in programs(trace):
        for sender in dict.fromkeys(event.lane for event in trace.of("data", to=program)):
            yield program, list(trace.of("data", lane=sender, to=program))


def to_functions(trace: Trace) -> Iterator[tuple[str, list[Event]]]:
    """The streams to programs whose functions are called: frames, and no lines."""
    return ((program, pieces) for program, pieces in streams(trace) if any(trace.of("call", lane=program)))


def waits_for(trace: Trace, program: str) -> str:
    """What the program was seen to wait for when the check failed; "" if the kernel did not say."""
    return next((event.text for event in trace.of("waits", lane=program)), "") if runs(trace, program) else ""


def said_after(trace: Trace, kind: str, lane: str, after: Event) -> str:
    """What was shown or sent after an event."""
    data = b"".join(event.data for event in trace.of(kind, lane=lane) if after.at <= event.at)
    return data.decode("utf-8", "replace")


@dataclass(frozen=True)
class Answer:
    """A function that was called, its arguments, and what it returned; None if it did not return."""

    name: str
    given: list
    value: object

    def is_one_of(self, right: object, *wrong: object) -> bool:
        """Whether it returned one of those that are wrong, though not in this case."""
        return self.value != right and self.value in wrong


def results(trace: Trace) -> list[Answer]:
    """The functions that were called with values, in order."""
    found: list[Answer] = []
    for event in trace.of("call", "returned"):
        if event.kind == "call" and event.data:
            found.append(Answer(event.text.partition("(")[0], told(event), None))
        elif event.kind == "returned" and found:
            found[-1] = Answer(found[-1].name, found[-1].given, told(event))
    return found


def last_answer(trace: Trace, *names: str) -> Answer | None:
    """What was called last, if it is one of these functions, and returned."""
    answers = results(trace)
    return answers[-1] if answers and answers[-1].name in names and answers[-1].value is not None else None
