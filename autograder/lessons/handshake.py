"""The tools of the lesson on the handshake: play a scene with this machine's kernel, and draw what has passed.

    def greeting(net):
        server = net.listen()
        socket.create_connection(server.getsockname())
        net.rests()

    draw(play(greeting))

A scene is a function of the notebook. Its source is run in a process and a network of its own, by handshake_stage.py,
which says what a scene can do. Where a machine does not allow that, play() says so in a line, and returns what was
recorded on another one, in handshake.json. To record anew, execute the notebook as root, and call keep_record() in it.
"""
import functools
import inspect
import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians, sin
from pathlib import Path

from ..render.svg import BAD, FAINT, GOOD, INK, PAPER
from ..tcp import ACK, MODULUS, SYN, Segment
from . import boxes, show
from .boxes import box, label
from .handshake_stage import names

STAGE, RECORD = Path(__file__).with_name("handshake_stage.py"), Path(__file__).with_suffix(".json")
NOTHING: dict = {"text": "", "events": [], "isn": {}, "shown": []}
LETTERS = {"the client": "x", "the server": "y", "the kernel": "yz"}    # what the numbers of each lane are told from
PAIRS = ("the client", "the server"), ("we", "the kernel")
SMALL = 12                                      # pixels of what is written in these pictures
STATE = ("#ddf4ff", GOOD)

_played: dict[str, dict] = {}


# Scenes -------------------------------------------------------------------------------------------------------------


def play(scene: Callable[..., None], *arguments: object, uses: Sequence[Callable] = ()) -> dict:
    """Run a scene in a process of its own, with these other functions that it uses; print what it prints.

    Returns what has happened in it, for draw(): "events", and "shown", the states that it has asked for.
    """
    source = "\n".join(textwrap.dedent(inspect.getsource(function)) for function in (*uses, scene))
    request = {"source": source, "scene": scene.__name__, "arguments": repr(arguments)}
    # -P: nothing beside that file is to be found by an import; -X utf8: the same bytes come out on every system.
    done = subprocess.run([sys.executable, "-P", "-X", "utf8", STAGE], input=json.dumps(request), capture_output=True,
                          encoding="utf-8", timeout=90)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        print(*done.stderr.splitlines()[-1:])
        return NOTHING
    if "refused" in report:
        report = _recorded(report["refused"], scene.__name__, *arguments) or report
    else:
        _played[repr((scene.__name__, *arguments))] = report
    print(report["text"], end="")
    if "stopped" in report:
        print("The scene has stopped:", report["stopped"])
    return report


def _recorded(missing: str, *key: object) -> dict | None:
    """What has happened in this scene when it was recorded; None if it was not. missing: why it is wanted."""
    report = _record().get(repr(key))
    if report:
        print(f"(This machine does not allow {missing}. So this is a record from another one, "
              "of the scene as it came to you.)")
    else:
        print(f"(This machine does not allow {missing}, and there is no record of this scene with these arguments.)")
    return report


@functools.cache
def _record() -> dict[str, dict]:
    return json.loads(RECORD.read_text("utf-8"))


def keep_record() -> None:
    """Make what this notebook has really played until now the record, one scene a line."""
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(report)}" for key, report in _played.items())
    RECORD.write_text(f"{{\n{lines}\n}}\n", "utf-8")


# Segments in words --------------------------------------------------------------------------------------------------


class _Numbers:
    """Sequence numbers as distances from the first one of each side, such as x+1.

    letters: for each lane what its first number is called. With several letters each new SYN takes the next one; for a
    lane without a letter the numbers stand as they are.
    """

    def __init__(self, isn: Mapping[str, int], letters: Mapping[str, str]) -> None:
        self._first, self._letters, self._used = dict(isn), letters, dict.fromkeys(isn, 0)

    def take(self, lane: str, segment: Segment) -> None:
        """A segment of this lane, which may begin anew."""
        if segment.flags & SYN and self._first.get(lane) != segment.seq:
            self._first[lane], self._used[lane] = segment.seq, self._used.get(lane, -1) + 1

    def show(self, lane: str, number: int) -> str:
        """How one of this lane's numbers is written."""
        letters = self._letters.get(lane, "")
        if not letters or lane not in self._first:
            return str(number)
        letter = letters[min(self._used[lane], len(letters) - 1)]
        far = (number - self._first[lane] + MODULUS // 2) % MODULUS - MODULUS // 2
        return letter if not far else f"{letter}{far:+}" if abs(far) < 100_000 else str(number)


@dataclass(frozen=True)
class _Said:
    """A segment of a scene, and how its numbers are written. acks: empty without ACK."""

    segment: Segment
    seq: str
    acks: str

    def words(self, event: Mapping) -> str:
        """What stands on its arrow."""
        data = self.segment.data
        shown = json.dumps(data.decode("ascii", "replace")) if len(data) < 24 else f"{len(data)} bytes"
        return (f"{names(self.segment.flags)}  {self.seq}" + f" {self.acks}" * bool(self.acks)
                + f"  {shown}" * bool(data) + "  wrong checksum" * bool(event.get("broken")))


def _said(report: Mapping, letters: Mapping[str, str]) -> Iterator[tuple[dict, _Said | None]]:
    """All events of a scene, each segment with how it is written."""
    numbers = _Numbers(report["isn"], letters)
    for event in report["events"]:
        if event["kind"] != "segment":
            yield event, None
            continue
        segment = Segment.parsed(bytes.fromhex(event["raw"]))
        numbers.take(event["lane"], segment)
        acks = f"ack={numbers.show(event['to'], segment.ack)}" if segment.flags & ACK else ""
        yield event, _Said(segment, f"seq={numbers.show(event['lane'], segment.seq)}", acks)


def table(report: Mapping, letters: Mapping[str, str] = LETTERS) -> None:
    """Print the segments of a scene in lines: as distances from the first numbers, and with their real ones."""
    segments = ((event, said) for event, said in _said(report, letters) if said)
    for number, (event, said) in enumerate(segments, start=1):
        segment = said.segment
        print(f" {number:2}  {event['lane'][4:]:6} → {event['to'][4:]:6}  {names(segment.flags):8} {said.seq:9} "
              f"{said.acks:9} {len(segment.data)} bytes   seq {segment.seq}"
              + (f", ack {segment.ack}" if said.acks else ""))


# Two lanes ----------------------------------------------------------------------------------------------------------


def draw(report: Mapping, letters: Mapping[str, str] = LETTERS, times: bool = False) -> None:
    """Show the picture of what has happened in a scene.

    letters: for each side what its numbers are told from; without one they stand as they are. times: whether it is
    written when each segment passed.
    """
    taking_part = {event["lane"] for event in report["events"]}
    lanes = next((pair for pair in PAIRS if taking_part & set(pair)), None)
    if not lanes:
        return
    picture = _Ladder(*lanes)
    for event, said in _said(report, letters):
        if said:
            when = f"{event['at']:.2f} s" if times else ""
            picture.arrow(_Arrow(event["lane"] == lanes[0], said.words(event), event.get("lost", ""), when,
                                 event.get("crosses", False)))
        else:
            picture.word(_Word(event["kind"], event["lane"], event["text"]))
    picture.shows()


def ladder(rows: Sequence[tuple[str, ...]], left: str, right: str) -> None:
    """Show a picture of two lanes that is no scene's. A row: ("→" or "←", words), or ("state" or "note", lane, text).
    """
    picture = _Ladder(left, right)
    for kind, *words in rows:
        if kind in "→←":
            picture.arrow(_Arrow(kind == "→", *words))
        else:
            picture.word(_Word(kind, *words))
    picture.shows()


@dataclass(frozen=True)
class _Arrow:
    """A segment in a picture. lost: why it does not arrive. crosses: it was sent when the one before it was."""

    to_the_right: bool
    words: str
    lost: str = ""
    when: str = ""
    crosses: bool = False


@dataclass(frozen=True)
class _Word:
    """What stands beside a lane: a "state" in a box, or a "note"."""

    kind: str
    lane: str
    text: str


class _Ladder:
    """Two lanes with slanting arrows between them, and states and notes beside them."""

    WIDE, LEFT, RIGHT, TOP = 870, 165, 655, 46          # pixels
    ROW, DROP, STEEP, ASIDE = 26, 14, 30, 120           # between arrows; how far one falls, and if crossed; its words

    def __init__(self, left: str, right: str) -> None:
        self._at = {left: self.LEFT, right: self.RIGHT}
        self._lanes = left, right
        self._rows: list[_Arrow | _Word] = []

    def arrow(self, arrow: _Arrow) -> None:
        """A segment comes next."""
        self._rows.append(arrow)

    def word(self, word: _Word) -> None:
        """A state or a note comes next."""
        self._rows.append(word)

    def shows(self) -> None:
        """Show it below the cell."""
        left, right = self._lanes
        self._parts: list[str] = []
        self._plain = [f"{left:>26}{right:>58}"]
        self._y = self.TOP                              # where the last arrow has come to an end
        self._ends = dict.fromkeys(self._lanes, self.TOP + 12)          # and where in each of the lanes
        self._free = dict(self._ends)                   # what stands beside a lane may begin here
        self._held = False                              # whether that is what the next arrow comes from
        arrows = [row for row in self._rows if isinstance(row, _Arrow)]
        crossed = {id(first) for first, second in zip(arrows, arrows[1:], strict=False) if second.crosses}
        for row, after in zip(self._rows, [*self._rows[1:], None], strict=True):
            if isinstance(row, _Arrow):
                self._draw_arrow(row, steep=row.crosses or id(row) in crossed)
            else:
                self._draw_word(row, after)
        high = max(self._y + 30, *self._free.values()) + 6
        heads = [f'<g font-weight="bold">{label(x, 28, lane, size=SMALL)}</g>'
                 f'<line x1="{x}" y1="40" x2="{x}" y2="{high - 12}" stroke="{FAINT}"/>' for lane, x in self._at.items()]
        plain = "\n".join(self._plain)
        show(boxes.picture(self.WIDE, high, heads + self._parts, plain), plain)

    def _draw_arrow(self, arrow: _Arrow, steep: bool) -> None:
        source, to = self._lanes if arrow.to_the_right else self._lanes[::-1]
        if arrow.crosses:
            y = self._y - self.STEEP                    # it begins where the one before it has begun
        else:
            y = max(self._y + self.ROW,
                    *(self._free[lane] - 25 * (lane == source and self._held) for lane in self._lanes))
        drop = self.STEEP if steep else self.DROP
        way = 1 if arrow.to_the_right else -1
        start, stop = self._at[source] + 3 * way, self._at[to] - (150 if arrow.lost else 3) * way
        fall = y + abs(stop - self._at[source]) * drop / (self.RIGHT - self.LEFT)
        colour = BAD if arrow.lost or arrow.words.startswith("RST") else GOOD
        dash = ' stroke-dasharray="6 4"' if arrow.lost else ""
        words = arrow.words + f"  ({arrow.lost})" * bool(arrow.lost)
        self._parts += [
            f'<line x1="{start}" y1="{y}" x2="{stop}" y2="{fall:.1f}" stroke="{colour}" stroke-width="1.6"{dash}/>',
            label(stop, fall + 6, "×", colour=colour, size=17) if arrow.lost
            else f'<path d="M{stop} {fall:.1f} l{-9 * way} -4.8 v9.2 z" fill="{colour}"/>',
            label((self.LEFT + self.RIGHT) / 2 - self.ASIDE * way * steep, y - 2, words, colour=colour, size=SMALL)]
        if arrow.when:
            self._parts.append(label(self.WIDE - 12, y + 5, arrow.when, "end", FAINT, SMALL))
        line = f" {words.replace('  (', ' (')} ".center(54, "─")
        self._plain.append(f"{arrow.when:>10}{'':16}" + (f"{line}▶" if way > 0 else f"◀{line}"))
        self._ends, self._held, self._y = {source: y, to: y + drop}, False, y + drop

    def _draw_word(self, word: _Word, after: _Arrow | _Word | None) -> None:
        left = word.lane == self._lanes[0]
        side = -1 if left else 1
        place = max(self._ends[word.lane], self._free[word.lane])
        # What an arrow comes from stands beside its beginning.
        self._held = word.kind == "note" and isinstance(after, _Arrow) and after.to_the_right == left
        if self._held:
            place = max(place, self._y + self.ROW, *self._free.values())
        self._free[word.lane] = place + 25
        x = self._at[word.lane] + 12 * side
        if word.kind == "state":
            wide = round(len(word.text) * 7.3) + 14
            self._parts.append(box(x - wide * left, place - 10, wide, 20, word.text, STATE, SMALL))
        else:
            words = label(x, place + 4, word.text, "end" if left else "start", FAINT, SMALL)
            self._parts.append(f'<g font-style="italic">{words}</g>')
        self._plain.append(f"{word.text:>25}│" if left else f"{'':25}│{'':54}│{word.text}")


# Other pictures -----------------------------------------------------------------------------------------------------


def fields(*rows: Sequence[tuple[str, int, object]], unit: int = 27) -> None:
    """Show a header. A row has 32 bits: (name, bits, value) for each of its fields. unit: pixels for a bit."""
    parts, plain, y = [], [], 14
    for row in rows:
        x = 12
        for name, bits, value in row:
            wide = bits * unit
            middle, size = x + wide / 2, 11 if wide > 40 else 9
            parts += [box(x + 1, y, wide - 2, 44, ""), label(middle, y + 17, name, colour=FAINT, size=size),
                      label(middle, y + 35, str(value), size=SMALL)]
            x += wide
        plain.append(" | ".join(f"{name}: {value}" for name, _, value in row))
        y += 50
    words = "\n".join(plain)
    show(boxes.picture(24 + 32 * unit, y + 8, parts, words), words)


def circle() -> None:
    """Show the sequence numbers, on their circle."""
    middle, high, radius, outer = 300, 150, 95, 110

    def at(degrees: float, far: float) -> tuple[float, float]:
        return middle + far * cos(radians(degrees)), high + far * sin(radians(degrees))

    (x1, y1), (x2, y2) = at(-82, outer), at(78, outer)
    parts = [f'<circle cx="{middle}" cy="{high}" r="{radius}" fill="none" stroke="{FAINT}" stroke-width="2"/>',
             f'<path d="M{x1:.0f} {y1:.0f} A{outer} {outer} 0 0 1 {x2:.0f} {y2:.0f}" fill="none" stroke="{GOOD}" '
             f'stroke-width="2"/><path d="M{x2 - 4:.0f} {y2 + 1:.0f} l10 -7 l3 10 z" fill="{GOOD}"/>',
             label(430, 110, "the half after 0: 0 comes before all of these", "start", GOOD, SMALL),
             label(20, 110, "the half before 0", "start", FAINT, SMALL)]
    for degrees, number, anchor in [(-90, "0", "middle"), (-60, "1", "start"), (-120, "4,294,967,295", "end"),
                                    (0, "2³⁰", "start"), (90, "2³¹", "middle"), (180, "3 · 2³⁰", "end")]:
        (x, y), (beside, below) = at(degrees, radius), at(degrees, radius + 24)
        parts += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{GOOD}"/>',
                  label(round(beside), round(below + 4), number, anchor, size=SMALL)]
    plain = "a circle: … 4294967294, 4294967295, 0, 1, 2, …"
    show(boxes.picture(780, 300, parts, plain), plain)


# The map of RFC 9293, figure 5: where each state stands (pixels), and the ways between them.
PLACES = {"CLOSED": (450, 40), "LISTEN": (450, 130), "SYN-RECEIVED": (190, 220), "SYN-SENT": (720, 220),
          "ESTABLISHED": (450, 310), "FIN-WAIT-1": (190, 400), "CLOSE-WAIT": (720, 400), "FIN-WAIT-2": (190, 490),
          "CLOSING": (450, 490), "LAST-ACK": (720, 490), "TIME-WAIT": (450, 580), "CLOSED ": (720, 580)}
# Colour and dashes: of whoever connects and closes first, of the other side, and of both at once.
FIRST, OTHER, BOTH = (GOOD, ""), ("#1a7f37", "7 4"), (FAINT, "2 3")
# From where to where, how, why, and where the words stand: pixels from the middle of the way.
WAYS = [("CLOSED", "LISTEN", OTHER, "listen()", 8, 0),
        ("CLOSED", "SYN-SENT", FIRST, "connect(): send SYN", 10, -6),
        ("LISTEN", "SYN-RECEIVED", OTHER, "SYN: send SYN,ACK", -178, -2),
        ("SYN-SENT", "SYN-RECEIVED", BOTH, "SYN: send SYN,ACK", -66, -11),
        ("SYN-SENT", "ESTABLISHED", FIRST, "SYN,ACK: send ACK", 16, 6),
        ("SYN-RECEIVED", "ESTABLISHED", OTHER, "ACK", -60, 16),
        ("ESTABLISHED", "FIN-WAIT-1", FIRST, "close(): send FIN", -168, -4),
        ("ESTABLISHED", "CLOSE-WAIT", OTHER, "FIN: send ACK", 24, -7),
        ("FIN-WAIT-1", "FIN-WAIT-2", FIRST, "ACK of FIN", -92, 0),
        ("FIN-WAIT-1", "CLOSING", BOTH, "FIN: send ACK", 12, -6),
        ("FIN-WAIT-2", "TIME-WAIT", FIRST, "FIN: send ACK", -118, 14),
        ("CLOSING", "TIME-WAIT", BOTH, "ACK of FIN", 8, 2),
        ("CLOSE-WAIT", "LAST-ACK", OTHER, "close(): send FIN", 8, 2),
        ("LAST-ACK", "CLOSED ", OTHER, "ACK of FIN", 8, 2),
        ("TIME-WAIT", "CLOSED ", FIRST, "2 MSL", -20, -11)]
HALF_WIDE, HALF_HIGH = 66, 17                   # pixels of a state's box


def state_map(seen: set[str]) -> None:
    """Show all states and the ways between them, with those filled that are in this set."""
    parts = [_way(*way) for way in WAYS]
    for name, (x, y) in PLACES.items():
        colours = (STATE[0] if name in seen else PAPER), INK
        drawn = box(x - HALF_WIDE, y - HALF_HIGH, 2 * HALF_WIDE, 2 * HALF_HIGH, name, colours, SMALL)
        parts.append(f'<g font-weight="bold">{drawn}</g>')
    plain = "\n".join(f"{start} --({why})--> {end}" for start, end, _, why, *_ in WAYS)
    show(boxes.picture(900, 616, parts, plain), plain)


def _way(start: str, end: str, look: tuple[str, str], why: str, dx: int, dy: int) -> str:
    """An arrow from one state to another one: from side to side, or from a lower edge to an upper one."""
    (x1, y1), (x2, y2) = PLACES[start], PLACES[end]
    colour, dash = look
    right = (x2 > x1) - (x2 < x1)
    if y1 == y2:
        x1, x2 = x1 + HALF_WIDE * right, x2 - (HALF_WIDE + 2) * right
    else:
        x1, y1, y2 = x1 + 40 * right, y1 + HALF_HIGH, y2 - HALF_HIGH - 2
    far = hypot(x2 - x1, y2 - y1)
    ux, uy = (x2 - x1) / far, (y2 - y1) / far
    return (f'<line x1="{x1}" y1="{y1}" x2="{x2 - 6 * ux:.0f}" y2="{y2 - 6 * uy:.0f}" stroke="{colour}" '
            f'stroke-width="1.8" stroke-dasharray="{dash}"/>'
            f'<path d="M{x2} {y2} L{x2 - 10 * ux - 5 * uy:.1f} {y2 - 10 * uy + 5 * ux:.1f} '
            f'L{x2 - 10 * ux + 5 * uy:.1f} {y2 - 10 * uy - 5 * ux:.1f} z" fill="{colour}"/>'
            + label((x1 + x2) / 2 + dx, (y1 + y2) / 2 + dy + 4, why, "start", colour, SMALL))
