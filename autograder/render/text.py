"""A failed check as text: what was done, what was seen, when, and why. Made for a terminal of 80 columns."""
import os
import re
from dataclasses import dataclass

from wcwidth import iter_graphemes, wcswidth

from ..calls import Handle, told
from ..mistakes import Mistake
from ..score import Score
from ..trace import CROSSING, Step, Trace
from ..words import TRACEBACK, is_text
from .diagram import Row, clean, lanes, rows

WIDTH = 80
NOTE = 22                   # columns beside the last lane
LONG = 200                  # columns of a text, such as what was expected, above which its middle is left out
MOST_PASTED = 1500          # characters of a call that is to be pasted into Python
FROM_HEX = "bytes.fromhex("
HEX_A_LINE = 16 * 3         # characters of it in a line, where it is bytes in hex: those of 16 bytes


def width(text: str) -> int:
    """Columns that this text takes in a terminal: 2 for most characters of East Asia, 0 for what combines."""
    columns = wcswidth(text)
    return columns if columns >= 0 else len(text)


def fit(text: str, columns: int) -> str:
    """The text in exactly so many columns: cut with an ellipsis, or filled up with spaces."""
    if width(text) <= columns:
        return text + " " * (columns - width(text))
    kept = _beginning(text, columns - 1) + "…"
    return kept + " " * (columns - width(kept))


def shorten(text: str, columns: int) -> str:
    """The text in so many columns at the most. Of a longer one the middle is left out."""
    if width(text) <= columns:
        return text
    end = ""
    for character in reversed(list(iter_graphemes(text[-columns:]))):
        if width(character + end) > columns // 3:
            break
        end = character + end
    return f"{_beginning(text, columns - 3 - width(end))} … {end}"


def _beginning(text: str, columns: int) -> str:
    """As much of the text as has room in so many columns, in whole characters with all that combines with them."""
    kept = ""
    for character in iter_graphemes(text):
        if width(kept + character) > columns:
            break
        kept += character
    return kept


def wrap(text: str, columns: int, first: str = "", rest: str = "") -> list[str]:
    """The text in lines of at most so many columns. first: what the first line begins with; rest: the others."""
    lines, line, begin = [], "", first
    for word in text.split(" "):
        if line and width(f"{begin}{line} {word}") > columns >= width(rest + word):
            lines.append(begin + line)
            line, begin = word, rest
        else:
            line = f"{line} {word}" if line else word
        while width(begin + line) > columns:    # the word is wider than a line, as Chinese sentences can be
            piece = _beginning(line, columns - width(begin))
            lines.append((begin + piece).rstrip())
            line, begin = line[len(piece):], rest
    return [*lines, begin + line]


def steps(trace: Trace) -> list[str]:
    """The numbered steps, each with how it went; below a failed one what was expected and what came."""
    found = []
    for number, step in enumerate(trace.steps, start=1):
        outcome = "FAILED" if step.outcome == "failed" else step.outcome
        first, *more = wrap(shorten(clean(step.sentence), LONG), WIDTH - 14)
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
    """What was expected, and what came; where it helps, with a mark under the first character that differs."""
    expected, got = clean(step.expected), clean(step.got)
    if not step.compare:
        return [*wrap(shorten(expected, LONG), WIDTH, "       expected  ", " " * 17),
                *wrap(shorten(got, LONG), WIDTH, "       got       ", " " * 17)]
    room = WIDTH - 17
    same = len(os.path.commonprefix([expected, got]))
    left_out = max(same - 20, 0) if max(width(expected), width(got)) > room else 0
    before = "…" if left_out else ""
    lines = [f"       {word:9} {fit(before + text[left_out:], room).rstrip()}"
             for word, text in (("expected", expected), ("got", got))]
    if expected != got:
        at = 17 + width(before + expected[left_out:same])
        mark = "^ here they part" if at + 16 <= WIDTH else "here they part ^"
        lines.append(" " * (at if mark[0] == "^" else at - 15) + mark)
    return lines


def timeline(trace: Trace) -> list[str]:
    """The trace as a picture in text: a column for each lane, an arrow for what crosses, and the time in ms.

    Empty where it would say again what the steps say: nothing happened, or functions were called one after the other.
    """
    names = lanes(trace)
    drawn = rows(trace)
    if not drawn or repeated(trace):
        return []
    left, right = 10, WIDTH - NOTE
    gap = (right - left - 1) // max(len(names) - 1, 1) if len(names) > 1 else 0
    column = {name: left + gap * index for index, name in enumerate(names)}
    return [_names(names, column, min(gap - 1, 34) if gap else right), *(_line(row, names, column) for row in drawn)]


def _names(names: list[str], column: dict[str, int], room: int) -> str:
    """The lanes' names, each above the middle of its lane, as far as those before it leave room."""
    line = "      ms"
    for name in names:
        shown = fit(name, min(width(name), room))
        start = max(column[name] - width(shown) // 2, width(line) + 1)
        line += " " * (start - width(line)) + shown
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
    return line if width(line) <= WIDTH else fit(line, WIDTH).rstrip()


def _arrow(row: Row, room: int, to_right: bool) -> str:
    line = "╌" if row.broken else "─"
    if room < 9:                                # no room for words
        shaft = line * (room - 1)
        return f"{shaft}▶" if to_right else f"◀{shaft}"
    label = f" {fit(row.label, min(width(row.label), room - 6))} "
    shaft = room - 1 - width(label)
    before = shaft // 2
    body = line * before + label + line * (shaft - before)
    return f"{body}▶" if to_right else f"◀{body}"


def repeated(trace: Trace) -> list[str]:
    """How to call again what was called last, to be pasted into Python: for functions that are given values, and that
    talk with nobody. Empty for others, and where it would be very long."""
    calls = list(trace.of("call"))
    if not calls or not calls[-1].data or any(trace.of(*CROSSING)):
        return []
    last = calls[-1]
    arguments, name = told(last), last.text.partition("(")[0]
    literals = [_literal(argument) for argument in arguments]
    if any(isinstance(argument, Handle) for argument in arguments) or sum(map(len, literals)) > MOST_PASTED:
        return []
    module = next(trace.of("start", lane=last.lane)).text.split()[0].removesuffix(".py")
    came = [told(event) for event in trace.of("returned", lane=last.lane) if event.at >= last.at]
    end = ".hex(' ')" if came and isinstance(came[0], bytes) and not is_text(came[0]) else ""
    call = f"     >>> {name}({', '.join(literals)}){end}"
    lines = [call] if width(call) <= WIDTH else [f"     >>> {name}(", *_one_a_line(literals, end)]
    return ["  Try it in the folder of your programs, in Python:", f"     >>> from {module} import *", *lines]


def _one_a_line(literals: list[str], end: str) -> list[str]:
    """Literals as the arguments of a call, each on a line of its own; bytes in hex on several, if they are many.

    end: what stands behind the call.
    """
    lines = []
    for literal in literals:
        if literal.startswith(FROM_HEX) and len(literal) > WIDTH - 12:
            digits = literal.removeprefix(FROM_HEX)[1:-2]
            pieces = [digits[at:at + HEX_A_LINE].strip() for at in range(0, len(digits), HEX_A_LINE)]
            literal = "\n    ".join([FROM_HEX, *(f"'{piece}'" for piece in pieces)]) + ")"
        lines += [f"         {line}" for line in f"{literal},".splitlines()]
    return [*lines[:-1], f"{lines[-1].removesuffix(',')}){end}"]


def _literal(value: object) -> str:
    """A value as one would write it in Python; bytes in hex, where they are no text that is easily read."""
    if isinstance(value, bytes) and not (is_text(value) and value.isascii()):
        return f"{FROM_HEX}'{value.hex(' ')}')"
    return repr(value)


FRAME = re.compile(r'File "([^"]*)", line (\d+)(?:, in .*)?\n    (.*)')
LIBRARY = re.compile(r"^<|[/\\][Ll]ib[/\\](python\d|\w+\.py$)")     # where Python's own modules are


def death(stderr: str) -> tuple[str, str, str] | None:
    """Of the last traceback: the last place in the student's files, the line there, and the error. None without one."""
    _, traceback, last = stderr.rpartition(TRACEBACK)
    frames = FRAME.findall(last) if traceback else FRAME.findall(stderr) if "SyntaxError" in stderr else []
    own = [frame for frame in frames if not LIBRARY.search(frame[0])] or frames
    if not own:
        return None
    path, line, code = own[-1]
    file = re.split(r"[/\\]", path)[-1]
    after = last[last.index(code):].splitlines()[1:]
    error = next((line for line in after if line[:1].strip()), "")
    return f"{file}, line {line}", code.strip(), error


def errors(trace: Trace, of: str = "") -> list[str]:
    """The end of each program's stderr: of a traceback, the last place in the student's files, and the error.

    of: only of the program in this lane.
    """
    found = []
    for program in [of] if of else dict.fromkeys(e.lane for e in trace.of("start")):
        text = trace.text_of("stderr", lane=program).rstrip()
        if not text:
            continue
        found += [f"  What {program} wrote to stderr (its end):"]
        if place := death(text):
            where, code, error = place
            found += [_line_of_stderr(f"{where}:  {code}"),
                      *wrap(shorten(clean(error), LONG), WIDTH, " " * 5, " " * 7)]
            found += [_line_of_stderr(line) for line in text.splitlines() if line.startswith("Fatal Python error")]
        else:
            found += [_line_of_stderr(line) for line in text.splitlines()[-6:]]
    return found


def _line_of_stderr(line: str) -> str:
    return "     " + fit(clean(line.expandtabs()), WIDTH - 5).rstrip()


@dataclass(frozen=True)
class Report:
    """The report on a check that failed, in lines. As a str it is all of it.

    steps, timeline: what happened. why: what is known of the cause. advice: the author's hint, and how to repeat it.
    """

    steps: list[str]
    timeline: list[str]
    why: list[str]
    advice: list[str]

    def __str__(self) -> str:
        return "\n".join([*self.steps, "", *self.timeline, *[""][:len(self.timeline)], *self.why, *self.advice])


def report(title: str, points: str, trace: Trace, mistake: Mistake | None, hint: str, again: str) -> Report:
    """The whole report on a check that failed.

    title: its rubric line. points: such as "0 of 6". mistake: the one that was recognised. hint: the author's.
    again: the command that repeats it.
    """
    first, *more = wrap(title, WIDTH - 12, "✗ ", "  ")
    why = [*stderr, ""] if (stderr := errors(trace)) else []
    again_in_python = repeated(trace)
    why += [*again_in_python, ""] if again_in_python else []
    died = [place for e in trace.of("start") if (place := death(trace.text_of("stderr", lane=e.lane)))]
    if unwritten := not_written_yet(trace):
        why += wrap(f"The program came to TODO {unwritten.number}, which is not written yet, from {unwritten.caller}. "
                    "If this step should not need it, look at what led there.", WIDTH, "  Why   ", " " * 8)
    elif died and not mistake and not again_in_python:
        where, _, error = died[-1]
        raised = shorten(clean(error.split(":")[0]), 40)
        why += wrap(f"{where} raised {raised}. The program, or the thread in which it happened, ended there.",
                    WIDTH, "  Why   ", " " * 8)
    if mistake:
        why += wrap(f"{mistake.sentence}  ({mistake.id})", WIDTH, "  Why   ", " " * 8)
    advice = [*(wrap(hint, WIDTH, "  Hint  ", " " * 8) if hint else []), f"  Again {again}"]
    return Report([f"{fit(first, WIDTH - 10)}{points:>10}", *more, "", *steps(trace)], timeline(trace), why, advice)


@dataclass(frozen=True)
class Unwritten:
    """A part of a skeleton that a program ran into.

    file, number, task: where it is, and what is to be written. caller: the line of the student's that it was reached
    from, "" if there is none.
    """

    file: str
    number: int
    task: str
    caller: str

    def __str__(self) -> str:
        return f"not written yet: {self.file}, TODO {self.number}: {self.task}"


UNWRITTEN = re.compile(r'File "(?:[^"]*/)?([^"/]+\.py)", line \d+, in .*\n'
                       r'.*\n(?:[ ~^]*\n)?NotImplementedError: TODO (\d+): (.*)')


def not_written_yet(trace: Trace) -> Unwritten | None:
    """The part of a skeleton that a program ran into; None if it was something else."""
    stderr = trace.text_of("stderr")
    found = UNWRITTEN.search(stderr)
    if not found:
        return None
    file, number, task = found.groups()
    before = stderr[:found.start()].rpartition(TRACEBACK)[2]
    callers = [frame for frame in FRAME.findall(before) if not LIBRARY.search(frame[0])]
    caller = re.split(r"[/\\]", callers[-1][0])[-1] + f", line {callers[-1][1]}" if callers else ""
    return Unwritten(file, int(number), task, caller)


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
            judged = check.outcome not in ("error", "unavailable")
            points = f"{check.points:g}/{check.max:g}" if judged else f"–/{check.max:g}"
            first, *more = wrap(check.rubric, WIDTH - 13)
            lines.append((f"  {MARKS[check.outcome]} {points:>6}  {first}", COLOURS.get(check.outcome, plain)))
            lines += [(f"            {line}", plain) for line in more]
            if check.cause:
                mistake = f"  ({check.mistake})" if check.mistake else ""
                lines += [(line, plain) for line in wrap(f"{shorten(clean(check.cause), LONG)}{mistake}", WIDTH,
                                                         " " * 12, " " * 12)]
    totals = [f"{got:g} of {most:g} {what}" for got, most, what in (
        (score.points, score.max, "points"), (score.bonus, score.bonus_max, "bonus points")) if most]
    total = "  " + ", and ".join(totals or ["Nothing was graded."])
    where = {"own": "network of its own", "host": "the host's network"}[score.network]
    run = f"  {score.exercise} in {score.seconds:.1f} s, seed {score.seed}; {where}, isolation: {score.process}"
    lines += [("", plain), (total, {"bold": True}), (run, plain)]
    if interrupted:
        lines.append(("  Interrupted: not all checks were tried, and no score was written.", {"bold": True}))
    return lines
