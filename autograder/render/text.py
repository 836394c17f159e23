"""A failed check as text: what was done, what was seen, when, and why. Made for a terminal of 80 columns."""
import re

from wcwidth import wcswidth, wcwidth

from ..mistakes import Mistake
from ..score import Score
from ..trace import Step, Trace
from .diagram import Row, lanes, rows

WIDTH = 80
NOTE = 22                   # columns beside the last lane


def width(text: str) -> int:
    """Columns that this text takes in a terminal: 2 for most characters of East Asia, 0 for what combines."""
    return max(wcswidth(text), 0) if wcswidth(text) >= 0 else len(text)


def fit(text: str, columns: int) -> str:
    """The text in exactly so many columns: cut with an ellipsis, or filled up with spaces."""
    if width(text) <= columns:
        return text + " " * (columns - width(text))
    kept, used = "", 0
    for character in text:
        step = max(wcwidth(character), 0)
        if used + step > columns - 1:
            break
        kept, used = kept + character, used + step
    return kept + "…" + " " * (columns - 1 - used)


def wrap(text: str, columns: int, first: str = "", rest: str = "") -> list[str]:
    """The text in lines of at most so many columns. first: what the first line begins with; rest: the others."""
    lines, line, begin = [], "", first
    for word in text.split(" "):
        if line and width(f"{begin}{line} {word}") > columns:
            lines.append(begin + line)
            line, begin = word, rest
        else:
            line = f"{line} {word}" if line else word
    return [*lines, begin + line]


def steps(trace: Trace) -> list[str]:
    """The numbered steps, each with how it went; below a failed one what was expected and what came."""
    found = []
    for number, step in enumerate(trace.steps, start=1):
        outcome = "FAILED" if step.outcome == "failed" else step.outcome
        first, *more = wrap(step.sentence, WIDTH - 14)
        found.append(f" {number:2}  {fit(first, WIDTH - 12)}{outcome:>6}".rstrip() if not more
                     else f" {number:2}  {first}")
        for line in more[:-1]:
            found.append(f"     {line}")
        if more:
            found.append(f"     {fit(more[-1], WIDTH - 12)}{outcome:>6}".rstrip())
        if step.outcome == "failed":
            found += _difference(step)
    return found


def _difference(step: Step) -> list[str]:
    lines = [*wrap(step.expected, WIDTH, "       expected  ", " " * 17),
             *wrap(step.got, WIDTH, "       got       ", " " * 17)]
    if step.compare:
        same = 0
        while same < min(len(step.expected), len(step.got)) and step.expected[same] == step.got[same]:
            same += 1
        if 17 + width(step.got[:same]) < WIDTH:
            lines.append(" " * (17 + width(step.got[:same])) + "^ here they part")
    return lines


def timeline(trace: Trace) -> list[str]:
    """The trace as a picture in text: a column for each lane, an arrow for what crosses, and the time in ms."""
    names = lanes(trace)
    if not names:                               # it did not come to anything
        return []
    left, right = 10, WIDTH - NOTE
    gap = (right - left - 1) // max(len(names) - 1, 1) if len(names) > 1 else 0
    column = {name: left + gap * index for index, name in enumerate(names)}
    return [_names(names, column), *(_line(row, names, column) for row in rows(trace))]


def _names(names: list[str], column: dict[str, int]) -> str:
    line = "      ms"
    for name in names:
        start = max(column[name] - width(name) // 2, width(line) + 1)
        line += " " * (start - width(line)) + name
    return line


def _line(row: Row, names: list[str], column: dict[str, int]) -> str:
    if row.gap:
        return f"        {' ' * 8}⋮  {row.gap} more events"
    cells = [f"{row.at * 1000:8.1f}"]
    position = 8

    def put(at: int, text: str) -> None:
        nonlocal position
        cells.append(" " * (at - position) + text)
        position = at + width(text)

    ends = sorted((column[row.lane], column[row.to])) if row.to else None
    for name in names:
        here = column[name]
        if ends and ends[0] < here < ends[1]:
            continue                            # the arrow passes over this lane
        put(here, "│")
        if ends and here == ends[0]:
            room = ends[1] - ends[0] - 1
            put(here + 1, _arrow(row, room, to_right=column[row.to] > column[row.lane]))
    last = names[-1]
    if row.note:
        lane = "" if row.lane == last or row.to == last else f"{row.lane}: "
        put(column[last] + 2, lane + row.note)
    line = "".join(cells)
    return line if width(line) <= WIDTH else fit(line, WIDTH)


def _arrow(row: Row, room: int, to_right: bool) -> str:
    line = "╌" if row.broken else "─"
    label = f" {fit(row.label, min(width(row.label), room - 6))} "
    shaft = room - 1 - width(label)
    before = shaft // 2
    body = line * before + label + line * (shaft - before)
    return f"{body}▶" if to_right else f"◀{body}"


FRAME = re.compile(r'File "(?:[^"]*/)?([^"/]+\.py)", line (\d+), in .*\n    (.*)')


def errors(trace: Trace) -> list[str]:
    """The end of each program's stderr: of a traceback, the last place in the student's files, and the error."""
    found = []
    for program in dict.fromkeys(e.lane for e in trace.of("start")):
        text = trace.text_of("stderr", lane=program).rstrip()
        if not text:
            continue
        found += [f"  What {program} wrote to stderr (its end):"]
        files = {e.text.split()[0] for e in trace.of("start")}
        at = text.rfind("Traceback (most recent call last)")
        frames = [frame for frame in FRAME.findall(text[at:]) if at >= 0]
        own = [frame for frame in frames if frame[0] in files] or frames
        if own:
            name, line, code = own[-1]
            found += [f"     {name}, line {line}:  {code.strip()}", f"     {fit_end(text.splitlines()[-1])}"]
        else:
            found += [f"     {fit_end(line)}" for line in text.splitlines()[-6:]]
    return found


def fit_end(line: str) -> str:
    """The line, cut to the terminal."""
    return fit(line, WIDTH - 5).rstrip()


def report(title: str, points: str, trace: Trace, mistake: Mistake | None, hint: str, again: str) -> str:
    """The whole report on a check that failed.

    title: its rubric line. points: such as "0 of 6". mistake: the one that was recognised. hint: the author's.
    again: the command that repeats it.
    """
    first, *more = wrap(title, WIDTH - 12, "✗ ", "  ")
    picture = timeline(trace)
    lines = [f"{fit(first, WIDTH - 10)}{points:>10}", *more, "", *steps(trace), "", *picture, *[""][:len(picture)]]
    if stderr := errors(trace):
        lines += [*stderr, ""]
    if mistake:
        lines += wrap(f"{mistake.sentence}  ({mistake.id})", WIDTH, "  Why   ", " " * 8)
    if hint:
        lines += wrap(hint, WIDTH, "  Hint  ", " " * 8)
    lines.append(f"  Again {again}")
    return "\n".join(lines)


UNWRITTEN = re.compile(r'File "(?:[^"]*/)?([^"/]+\.py)", line \d+, in .*\n'
                       r'.*\n(?:[ ~^]*\n)?NotImplementedError: TODO (\d+): (.*)')


def not_written_yet(trace: Trace) -> str:
    """The part of a skeleton that a program ran into, in words; "" if it was something else."""
    found = UNWRITTEN.search(trace.text_of("stderr"))
    if not found:
        return ""
    file, number, task = found.groups()
    return f"not written yet: {file}, TODO {number}: {task}"


MARKS = {"passed": "✓", "failed": "✗", "blocked": "–", "error": "!", "unavailable": "?"}
COLOURS = {"passed": {"green": True}, "failed": {"red": True, "bold": True}, "error": {"red": True, "bold": True}}


def markup(line: str) -> dict[str, bool]:
    """How a line of a report is set off: in bold or red, which are readable on dark and on light paper alike."""
    if line.startswith(("✗", "!")) or line.endswith("FAILED"):
        return {"red": True, "bold": True}
    return {"bold": True} if line.startswith(("  Why", "  Hint")) else {}


def table(score: Score, interrupted: bool = False) -> list[tuple[str, dict[str, bool]]]:
    """A line for each check, why it did not pass, and the total: each line with how it is set off."""
    lines: list[tuple[str, dict[str, bool]]] = [("", {})]
    plain: dict[str, bool] = {}
    for bonus in False, True:
        checks = [check for check in score.checks if check.bonus == bonus]
        if bonus and checks:
            lines.append(("  Bonus", {"bold": True}))
        for check in checks:
            points = f"{check.points:g}/{check.max:g}"
            first, *more = wrap(check.rubric, WIDTH - 13)
            lines.append((f"  {MARKS[check.outcome]} {points:>6}  {first}", COLOURS.get(check.outcome, plain)))
            lines += [(f"            {line}", plain) for line in more]
            if check.cause:
                mistake = f"  ({check.mistake})" if check.mistake else ""
                lines += [(line, plain) for line in wrap(f"{check.cause}{mistake}", WIDTH, " " * 12, " " * 12)]
    total = f"  {score.points:g} of {score.max:g} points"
    if score.bonus_max:
        total += f", and {score.bonus:g} of {score.bonus_max:g} bonus points"
    where = {"own": "network of its own", "host": "the host's network"}[score.network]
    run = f"  {score.exercise} in {score.seconds:.1f} s, seed {score.seed}; {where}, isolation: {score.process}"
    lines += [("", plain), (total, {"bold": True}), (run, plain)]
    if interrupted:
        lines.append(("  Interrupted: not all checks were tried, and no score was written.", {"bold": True}))
    return lines
