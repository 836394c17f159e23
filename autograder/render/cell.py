"""A result as the outputs of a notebook's cell: for the student who asks in JupyterLab, for feedback, for a grader.

Each output is a bundle of the same thing in several formats, under their media types, as Jupyter's messages have it.
The text is what is shown where nobody has said yet that the notebook is to be trusted.
"""
from collections.abc import Iterable, Mapping
from html import escape

from ..score import Check, Score
from .text import LONG, MARKS, clean, shorten, table

Bundle = dict[str, str]
MOST_SHOWN = 512 * 1024          # characters of programs, all together
CELL = "padding:0 .8em 0 0;vertical-align:top;text-align:"


def outputs(score: Score, reports: Mapping[str, dict]) -> list[Bundle]:
    """A table of the checks, and below it each report: its steps, its picture, and why.

    reports: by the name of the check, in the fields of text.Report and its picture (SVG), as grading.Result has them.
    """
    bundles = [_table(score)]
    for check in score.checks:
        if report := reports.get(check.name):
            bundles.append(_lines(report["steps"]))
            if report["timeline"]:
                bundles.append({"image/svg+xml": report["picture"], "text/plain": "\n".join(report["timeline"])})
            bundles.append(_lines([*report["why"], *report["advice"]]))
    return bundles


def programs(sources: Mapping[str, str]) -> Bundle:
    """A student's programs with line numbers, to be folded out one by one.

    sources: file names and what is in the files. Without colours: who means no good could make the colouring take
    hours.
    """
    parts, room = [], MOST_SHOWN
    for name, source in sources.items():
        lines = source.splitlines()
        shown = "\n".join(f"{number:4}  {line}" for number, line in enumerate(source[:room].splitlines(), start=1))
        cut = f"\n… ({len(source)} characters)" if len(source) > room else ""
        room = max(room - len(source), 0)
        parts.append(f'<details><summary style="display:list-item;cursor:pointer"><code>{escape(name)}</code>, '
                     f"{len(lines)} lines</summary><pre>{escape(shown + cut)}</pre></details>")
    return {"text/html": "\n".join(parts) or "No program was submitted.",
            "text/plain": "\n".join(f"{name}, {len(source.splitlines())} lines" for name, source in sources.items())}


def _table(score: Score) -> Bundle:
    rows = "\n".join(_row(check) for check in score.checks)
    return {"text/html": f"<table>\n{rows}\n</table>",
            "text/plain": "\n".join(line for line, _ in table(score)).strip("\n")}


def _row(check: Check) -> str:
    mistake = f"  ({check.mistake})" if check.mistake else ""
    cause = f"<br><small>{escape(shorten(clean(check.cause), LONG) + mistake)}</small>" if check.cause else ""
    return (f'<tr><td style="{CELL}left">{MARKS[check.outcome]}</td>'
            f'<td style="{CELL}right">{check.points:g}/{check.max:g}</td>'
            f'<td style="{CELL}left">{escape(check.rubric)}{cause}</td></tr>')


def _lines(lines: Iterable[str]) -> Bundle:
    text = "\n".join(lines)
    return {"text/html": f"<pre>{escape(text)}</pre>", "text/plain": text}
