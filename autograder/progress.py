"""How far a student has come: what each check said last, and the whole course in a line.

It is kept beside the exercises, in build/progress, of a student's own programs only; and is worth no points.
"""
import ast
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .score import Score, write_whole

DONE = ("passed", "unavailable")        # outcomes of which nothing is left to do: the second one is this machine's
BAR = 20                                # characters of the bar of an exercise


@dataclass(frozen=True)
class Planned:
    """A check as its author wrote it, before it is played. See score.Check for the fields.

    points: what it can give. hint: what helps somebody who is stuck.
    """

    name: str
    group: str
    rubric: str
    points: float
    bonus: bool
    hint: str


@functools.cache
def planned(tests: Path) -> list[Planned]:
    """The checks in a folder of tests, in the order in which they are played: read from the files, not run."""
    found = []
    for file in sorted(tests.glob("test_*.py")):
        for function in ast.parse(file.read_text("utf-8")).body:
            for mark in getattr(function, "decorator_list", []):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "mark.check":
                    given = {word.arg: ast.literal_eval(word.value) for word in mark.keywords
                             if word.arg in ("points", "bonus", "hint")}
                    rubric = (ast.get_docstring(function) or function.name).splitlines()[0]
                    found.append(Planned(function.name, ast.literal_eval(mark.args[0]), rubric, given["points"],
                                         given.get("bonus", False), given["hint"]))
    return found


@dataclass(frozen=True)
class Standing:
    """How one exercise stands.

    exercise: its name. checks: all of them. outcomes: what they said last, by name, as far as they were ever played.
    """

    exercise: str
    checks: list[Planned]
    outcomes: Mapping[str, str] = field(default_factory=dict)

    def is_done(self, check: Planned) -> bool:
        """Whether nothing is left to do for this check."""
        return self.outcomes.get(check.name) in DONE

    @property
    def done(self) -> list[Planned]:
        """The checks that pass, without bonus."""
        return [check for check in self.required if self.is_done(check)]

    @property
    def required(self) -> list[Planned]:
        """All checks but the bonus."""
        return [check for check in self.checks if not check.bonus]

    @property
    def next(self) -> Planned | None:
        """The first check that does not pass; one of the bonus only when all others do. None if all do."""
        return next((check for check in sorted(self.checks, key=lambda check: check.bonus) if not self.is_done(check)),
                    None)

    @property
    def is_complete(self) -> bool:
        """Whether all but the bonus passes."""
        return len(self.done) == len(self.required)

    @property
    def points(self) -> tuple[float, float]:
        """The points of the checks that pass, and all that there are; without bonus."""
        return sum(check.points for check in self.done), sum(check.points for check in self.required)

    def bar(self) -> str:
        """All of it as a bar, and in numbers."""
        full = BAR * len(self.done) // len(self.required)
        got, most = self.points
        return (f"{self.exercise:14} {'█' * full}{'░' * (BAR - full)}  {len(self.done)} of {len(self.required)} "
                f"checks, {got:g} of {most:g} points")

    def short(self) -> str:
        """The same in a few characters."""
        many = "✓" if self.is_complete else f"{len(self.done)}/{len(self.required)}" if self.done else "–"
        return f"{self.exercise.partition('_')[0]} {many}"


@dataclass(frozen=True)
class Progress:
    """What is kept of a student's progress. exercises: the folder of the exercises, as it lies in the course's."""

    exercises: Path

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return self.exercises.parent / "build" / "progress"

    @property
    def is_possible(self) -> bool:
        """Whether this is a folder of the course: in a wheel there is nobody whose progress it could be."""
        return (self.exercises.parent / "requirements.txt").exists()

    def keep(self, score: Score) -> None:
        """Keep what these checks said. What others said before stays. Raises OSError where nothing can be written."""
        before = self.of(score.exercise)
        known = {check.name for check in before.checks}
        outcomes = {**before.outcomes, **{check.name: check.outcome for check in score.checks}}
        write_whole(self.folder / f"{score.exercise}.json", json.dumps(
            {name: outcome for name, outcome in outcomes.items() if name in known}, indent=1) + "\n")

    def of(self, exercise: str) -> Standing:
        """How an exercise stands. What was kept and cannot be read counts as nothing."""
        try:
            outcomes = json.loads((self.folder / f"{exercise}.json").read_text("utf-8"))
        except (OSError, ValueError):
            outcomes = {}
        return Standing(exercise, planned(self.exercises / exercise), outcomes if isinstance(outcomes, dict) else {})

    def all(self) -> list[Standing]:
        """How all exercises stand, in the order of the course."""
        return [self.of(path.parent.name) for path in sorted(self.exercises.glob("*/conftest.py"))]

    def line(self) -> str:
        """The whole course in a line."""
        return "The course:  " + "   ".join(standing.short() for standing in self.all())
