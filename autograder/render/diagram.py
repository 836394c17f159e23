"""What a picture of a trace consists of, whether it is drawn in text or in SVG: lanes, and rows in time."""
from dataclasses import dataclass, replace

from ..peers import show
from ..trace import CROSSING, Event, Trace

HEAD, TAIL = 4, 16          # of a long trace, so many rows at its beginning and its end are drawn


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


def lanes(trace: Trace) -> list[str]:
    """The lanes from left to right: peers in the order in which they come, the student's programs last."""
    programs = list(dict.fromkeys(e.lane for e in trace.of("start")))
    return [lane for lane in trace.lanes() if lane not in programs] + programs


def rows(trace: Trace) -> list[Row]:
    """The rows of the picture, in order. Pieces that follow each other in one direction share one row."""
    drawn: list[Row] = []
    pieces = 0
    for event in trace.events:
        row = _row(event)
        if row is None:
            continue
        last = drawn[-1] if drawn else None
        if last and event.kind == "read" and last.to == event.lane and not last.note:
            drawn[-1] = replace(last, note=row.note)
        elif last and event.kind == "data" and last.label and (last.lane, last.to) == (row.lane, row.to) \
                and len(event.data) == 1 and not last.broken and not last.note:
            pieces += 1
            drawn[-1] = replace(last, label=f"{pieces + 1} pieces of a byte or so")
        else:
            pieces = 0
            drawn.append(row)
    if len(drawn) > HEAD + TAIL + 1:
        left_out = len(drawn) - HEAD - TAIL
        drawn[HEAD:-TAIL] = [Row(drawn[HEAD].at, gap=left_out)]
    return drawn


def _row(event: Event) -> Row | None:
    """This event as a row; None if it is not drawn."""
    if event.kind in CROSSING:
        label = {"connect": "connect", "fin": "closed", "reset": "RESET", "refused": "refused"}.get(event.kind)
        return Row(event.at, event.lane, event.to, label or show(event.data),
                   broken=event.kind in ("reset", "refused"))
    notes = {
        "listen": lambda: f"listens on {event.text}",
        "typed": lambda: f"typed: {show(event.data)}",
        "input ended": lambda: "its input ends (Ctrl-D)",
        "screen": lambda: f"screen: {show(event.data)}",
        "signal": lambda: event.text,
        "exit": lambda: event.text and f"ended: {event.text}" or f"exit code {event.value:.0f}",
        "read": lambda: f"read {event.value:.0f} byte{'s' * (event.value != 1)}",
    }
    if event.kind not in notes:
        return None
    return Row(event.at, event.lane, note=notes[event.kind]())
