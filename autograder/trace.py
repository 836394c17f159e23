"""What happened in one test, on one clock. Reports, pictures and diagnoses are all made from this record."""
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# The kinds of events. Those of the first group cross from a lane to another one and are drawn as arrows.
CROSSING = ("connect", "data", "fin", "reset", "refused", "datagram", "lost", "held up")
# Those of the second group happen in one lane: what a program did, and what was done to it.
HAPPENING = ("start", "listen", "typed", "input ended", "screen", "stderr", "signal", "exit", "read", "limit", "call",
             "result", "state")
# Those of the third are what the harness read off the kernel: the evidence for a diagnosis, not drawn.
OBSERVED = ("cpu", "unread", "held", "unaccepted", "waits", "listens on", "time-wait", "descriptors", "quiet",
            "wait", "shares", "answers from", "port closed", "file", "returned")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    at: seconds since the trace began. lane: who did it, or to whom it happened. kind: one of the above.
    data: the bytes that were sent, typed, or shown. to: the lane at the other end of an arrow.
    text: words for a person; of a datagram what to call it, if not by its bytes, of a "result" whether the call
    "returned", "gave" something, "raised", or "ended", of a "state" the state of RFC 9293 that an endpoint is in now.
    value: the number that was observed: a share of one core for "cpu", bytes for "read", "unread" (by the lane) and
    "held" (towards the lane, which does not read), connections for "unaccepted", ms for "wait" (by its own deadline),
    and for "shares" the UDP port that several have. Of a "file" the text is its name, and data what was in it. Of a
    "call" data is the arguments, and of what it "returned" the value, both in JSON (calls.told() reads them).
    """

    at: float
    lane: str
    kind: str
    data: bytes = b""
    to: str = ""
    text: str = ""
    value: float = 0.0


@dataclass(slots=True)
class Step:
    """One sentence of a test, as it was played.

    outcome: "ok", "failed", or "" while it runs. at, until: seconds since the trace began.
    expected, got: for a failed step, the two halves of what a person wants to know. compare: whether they are
    of the same kind, so that a mark under the first difference helps.
    """

    sentence: str
    at: float
    until: float = 0.0
    outcome: str = ""
    expected: str = ""
    got: str = ""
    compare: bool = False


def _since(begin: float) -> Callable[[], float]:
    return lambda: time.monotonic() - begin


@dataclass
class Trace:
    """The events and steps of one test, in the order in which the harness saw them."""

    events: list[Event] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    packets: list[tuple[float, bytes]] = field(default_factory=list)   # (seconds since 1970, Ethernet frame)
    clock: Callable[[], float] = field(default_factory=lambda: _since(time.monotonic()))

    def now(self) -> float:
        """Seconds since the trace began; on the clock of a simulation, where one was put in place of the real one."""
        return self.clock()

    def add(self, lane: str, kind: str, **more: object) -> Event:
        """Record that this happened now. The keywords are the other fields of Event."""
        event = Event(self.now(), lane, kind, **more)
        self.events.append(event)
        return event

    def of(self, *kinds: str, lane: str = "", to: str = "") -> Iterator[Event]:
        """The events of these kinds, in order; of one lane, or towards one, where that is given."""
        return (e for e in self.events
                if e.kind in kinds and lane in ("", e.lane) and to in ("", e.to))

    def bytes_of(self, *kinds: str, lane: str = "", to: str = "") -> bytes:
        """All the bytes of these events, in order, as one piece."""
        return b"".join(e.data for e in self.of(*kinds, lane=lane, to=to))

    def text_of(self, *kinds: str, lane: str = "") -> str:
        """The same as text, for people and for looking into: bytes that are not UTF-8 are replaced."""
        return self.bytes_of(*kinds, lane=lane).decode("utf-8", "replace")

    def lanes(self) -> list[str]:
        """Who takes part, in the order of appearance."""
        return list(dict.fromkeys(lane for e in self.events if e.kind not in OBSERVED
                                  for lane in (e.lane, e.to) if lane))
