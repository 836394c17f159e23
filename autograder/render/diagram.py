"""What a picture of a trace consists of, whether it is drawn in text or in SVG: lanes, and rows in time."""
import unicodedata
from dataclasses import dataclass, replace

from ..trace import CROSSING, Event, Trace
from ..words import show

HEAD, TAIL = 4, 16          # of a long trace, so many rows at its beginning and its end are drawn
MOST_LINES, MOST_SHOWN = 20, 1 << 12        # lines of one piece, bytes of one line, that have a row to themselves


@dataclass(frozen=True)
class Row:
    """One row of the picture.

    at: seconds since the trace began. lane, to: where an arrow begins and ends; to is "" where there is none.
    label: on the arrow. note: beside the lane of the student's program. broken: the arrow is a refusal or reset.
    gap: how many rows are left out here; then nothing else counts.
    """

    at: float
    lane: str = ""
    to: str = ""
    label: str = ""
    note: str = ""
    broken: bool = False
    gap: int = 0


def clean(text: str) -> str:
    """The text with escapes in place of what a terminal would obey, or XML forbids, and of what nobody can see.

    A program may print what it likes; the report on it stays readable, and says what its author let it say.
    """
    return "".join(character.encode("unicode_escape").decode() if _unseen(character) else character
                   for character in text)


def _unseen(character: str) -> bool:
    return (unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character != "\N{ZERO WIDTH JOINER}"
            or ord(character) & 0xFFFE == 0xFFFE)


def lanes(trace: Trace) -> list[str]:
    """The lanes from left to right: peers in the order in which they come, the student's programs last."""
    programs = list(dict.fromkeys(e.lane for e in trace.of("start")))
    return [lane for lane in trace.lanes() if lane not in programs] + programs


def rows(trace: Trace) -> list[Row]:
    """The rows of the picture, in order.

    Single bytes that follow each other in one direction share a row. What a program prints has a row for each line,
    in however many pieces it comes.
    """
    drawn: list[Row] = []
    bytewise = 0                                # how many pieces of one byte share the last row
    unfinished: dict[str, tuple[int, bytes]] = {}       # for each lane: the row of its last line, and what is in it
    for event in trace.events:
        last = drawn[-1] if drawn else None
        single = event.kind == "data" and len(event.data) == 1
        if last and not last.note and (event.kind == "read" and last.to == event.lane
                                       or event.kind == "state" and event.lane in (last.lane, last.to)):
            drawn[-1] = replace(last, note=_row(event).note)
        elif single and bytewise and (last.lane, last.to, last.note) == (event.lane, event.to, ""):
            bytewise += 1
            drawn[-1] = replace(last, label=f"{bytewise} pieces of a byte each")
        elif event.kind == "screen":
            for piece in _lines(event.data):
                at, before = unfinished.pop(event.lane, (0, b""))
                if before and (at == len(drawn) - 1 or piece == b"\n"):
                    drawn[at] = replace(drawn[at], note=_row(replace(event, data=before + piece)).note)
                else:
                    at, before = len(drawn), b""
                    drawn.append(_row(replace(event, data=piece)))
                if not piece.endswith(b"\n") and len(before) < MOST_SHOWN:
                    unfinished[event.lane] = at, before + piece
            bytewise = 0
        elif row := _row(event):
            drawn.append(row)
            bytewise = int(single)
    if len(drawn) > HEAD + TAIL + 1:
        left_out = len(drawn) - HEAD - TAIL
        drawn[HEAD:-TAIL] = [Row(drawn[HEAD].at, gap=left_out)]
    return drawn


def _lines(data: bytes) -> list[bytes]:
    """The lines of what was printed, each with its newline; very many stay together."""
    return data.splitlines(keepends=True) if data.count(b"\n") <= MOST_LINES else [data]


def _row(event: Event) -> Row | None:
    """This event as a row; None if it is not drawn."""
    if event.kind in CROSSING:
        label = {"connect": "connect", "fin": "closed", "reset": "RESET", "refused": "refused"}.get(event.kind)
        if not label:
            empty = event.kind == "datagram" and not event.data
            label = clean(event.text or ("empty datagram" if empty else show(event.data)))
        return Row(event.at, event.lane, event.to, label, broken=event.kind in ("reset", "refused", "lost", "held up"))
    notes = {
        "listen": lambda: f"listens on {event.text}",
        "typed": lambda: f"typed: {show(event.data)}",
        "input ended": lambda: "its input ends (Ctrl-D)",
        "screen": lambda: f"screen: {show(event.data)}",
        "signal": lambda: event.text,
        "exit": lambda: f"ended: {event.text}",
        "call": lambda: f"call: {event.text}",
        "result": lambda: f"{event.text} {event.data.decode('utf-8', 'replace')}".rstrip(),
        "state": lambda: event.text,
        "read": lambda: f"read {event.value:.0f} byte{'s' * (event.value != 1)}",
    }
    if event.kind not in notes:
        return None
    return Row(event.at, event.lane, note=clean(notes[event.kind]()))
