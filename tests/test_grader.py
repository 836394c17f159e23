"""The grader, graded: right programs lose nothing, wrong ones exactly what they must, and for the reason they have."""
import os
import re
from collections.abc import Callable, Iterator

import matrix
import pytest
from programs import (
    ROOT,
    TESTS,
    Graded,
    all_at_work,
    expectations,
    grade_program,
    normalise,
    programs,
    reference,
    told_apart,
)

from autograder.progress import planned

EXERCISES = matrix.EXERCISES
WRONG = [pytest.param(exercise, folder, id=f"{exercise}-{folder.name}")
         for exercise in EXERCISES for folder in told_apart(exercise)]
RIGHT = [pytest.param(exercise, folder, id=f"{exercise}-{folder.name}")
         for exercise in EXERCISES for folder in programs("right", exercise)]


@pytest.fixture(scope="module", params=EXERCISES)
def exercise(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def graded() -> Iterator[Callable[..., Graded]]:
    """The result of grading a program. All of them are at work from the first question on."""
    folders = [folder for exercise in EXERCISES for folder in programs("right", exercise) + told_apart(exercise)]
    with all_at_work(folders) as futures:
        yield lambda folder: futures[folder].result()


@pytest.mark.parametrize(("exercise", "folder"), RIGHT)
def test_right_program_loses_nothing(graded, exercise, folder):
    result = graded(folder)
    assert all(outcome == "passed" for outcome in result.outcomes.values()), result.output
    assert result.status == 0


@pytest.mark.parametrize(("exercise", "folder"), WRONG)
def test_wrong_program_loses_exactly_its_checks(graded, exercise, folder):
    result = graded(folder)
    assert result.verdict == expectations(exercise)[folder.name], result.output
    assert result.status == 1


GOLDEN = sorted((TESTS / "golden" / "reports").glob("*/*.txt"))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.stem)
def test_report_says_what_it_is_to_say(graded, golden):
    """The reports on some wrong programs, word for word but for ports and times, and without their pictures.

    REWRITE_GOLDEN=1 writes them anew; an empty new file in tests/golden/reports/ adds one.
    """
    result = graded(TESTS / "wrong" / golden.parent.name / golden.stem)
    said, _ = normalise(result.output)
    text = re.sub(r"⋮ +\d+ more", "⋮  N more", "\n".join(line.rstrip() for line in said)) + "\n"
    text = re.sub(r"(?m)^  Again .*$", "  Again …", text)
    text = re.sub(r"(?m); [^;]*, isolation: \w+$", "; …", text)
    if os.environ.get("REWRITE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text("utf-8")


def test_every_wrong_program_has_its_expectation(exercise):
    assert set(expectations(exercise)) == {folder.name for folder in programs("wrong", exercise)}


def test_no_program_is_given_a_mistake_that_it_lacks(exercise):
    """A program named C03… may be told C03 and nothing else, and one named X… nothing at all."""
    for name, verdict in expectations(exercise).items():
        own = re.match(r"[A-Z]\d\d|", name)[0]
        # A slow client that blocks all also blocks the broadcast; who hears strangers is not told that nobody listens.
        # A client that listens to a stranger is seen when two ports answer it, and it listens to both.
        # Who acknowledges the last number in place of the next one does so for a SYN and for a FIN as well.
        same = {own} | {"C12": {"C13"}, "U07": {"U04"}, "F04": {"F21"}, "T06": {"T01", "T02"}}.get(own, set())
        assert set(verdict["fails"].values()) - {""} <= same, name


def test_every_mistake_is_recognised_in_two_independent_programs(exercise):
    """The second one, with a b behind its id, was written by somebody who had not seen the condition."""
    verdicts = expectations(exercise)
    probed = {mistake for verdict in verdicts.values() for mistake in verdict["fails"].values()} - {""}
    named_in = {name for name, verdict in verdicts.items() if set(verdict["fails"].values()) - {""}}
    for mistake in probed:
        assert any(name.startswith(f"{mistake}b_") for name in named_in), mistake
        assert len([name for name in named_in if mistake in verdicts[name]["fails"].values()]) >= 2, mistake


def test_every_point_is_lost_by_some_wrong_program(graded, exercise):
    results = [graded(folder) for folder in told_apart(exercise)]
    for check in results[0].outcomes:
        assert any(result.outcomes[check] == "failed" for result in results), f"no wrong program fails {check}"


def test_the_matrix_in_the_documentation_is_this_one(graded):
    document = (ROOT / "tests" / "MATRIX.md").read_text("utf-8")
    for exercise in EXERCISES:
        section = document.partition(f"## {exercise}\n")[2].partition("\n## ")[0]
        table = matrix.table(exercise, {folder.name: graded(folder) for folder in told_apart(exercise)})
        differs = set(table.splitlines()[1:]) - set(section.splitlines())
        assert not differs, "\n".join(["run `make matrix`, and look at it:", *sorted(differs)])
        assert re.findall(r"(?m)^\| (\w+) \| \d", section) == sorted(expectations(exercise))


def test_solution_gets_all_points(exercise):
    result = reference(exercise).graded
    assert all(outcome == "passed" for outcome in result.outcomes.values()), result.output
    assert result.score["points"] == result.score["max"] == 100


def test_progress_counts_the_checks_that_are_played(exercise):
    assert list(reference(exercise).graded.outcomes) == [check.name for check in planned(ROOT / "exercises" / exercise)]


def test_skeleton_gets_none_and_is_told_what_to_write(exercise):
    """Quickly is not measured here, but nothing may be waited for: no quiet period, no deadline."""
    result = grade_program(exercise, ROOT / "exercises" / exercise)
    assert result.score["points"] == result.score["bonus"] == 0
    assert result.score["quiet_seconds"] == 0
    for check in result.score["checks"]:
        assert re.fullmatch(r"not written yet: \w+\.py, TODO \d+: .+", check["cause"]), check
    assert "Traceback" not in result.output
