"""The authoring check: what every exercise of the course must have, before a student sees it."""
import importlib.util
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest
from programs import ROOT

from autograder import course, mistakes
from autograder.render.text import WIDTH, width

EXERCISES = sorted(path.name for path in (ROOT / "exercises").iterdir() if path.is_dir())


def checks(exercise: str) -> Iterator[tuple[FunctionType, dict]]:
    """The checks of an exercise in their order, each with what stands in its mark."""
    for file in sorted((ROOT / "exercises" / exercise).glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"{exercise}_{file.stem}", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, function in vars(module).items():
            if name.startswith("test_"):
                yield function, next(mark.kwargs for mark in function.pytestmark if mark.name == "check")


@pytest.mark.parametrize("exercise", EXERCISES)
def test_checks_give_a_hundred_points_and_bonus_apart(exercise):
    marks = [mark for _, mark in checks(exercise)]
    assert sum(mark["points"] for mark in marks if not mark.get("bonus")) == 100
    assert 12 <= sum(not mark.get("bonus") for mark in marks) <= 20


@pytest.mark.parametrize("exercise", EXERCISES)
def test_each_check_tells_what_it_wants_and_how_to_get_there(exercise):
    earlier: list[FunctionType] = []
    for function, mark in checks(exercise):
        rubric = function.__doc__.splitlines()[0]
        assert mark["points"] > 0, rubric
        assert width(rubric) <= WIDTH - 13, f"too long for one line of the table: {rubric}"
        assert not rubric.endswith("."), rubric
        assert mark["hint"].endswith((".", ")")), f"no whole sentence: {mark['hint']!r}"
        assert set(mark.get("probes", [])) <= set(mistakes.known()), rubric
        assert set(mark.get("needs", [])) <= set(earlier), f"{rubric}: needs a check that does not come before it"
        earlier.append(function)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_what_a_student_gets_is_what_was_made_for_students(exercise):
    made = {path for path, _ in course.skeletons(ROOT) if path.parent.name == exercise}
    tracked = subprocess.run(["git", "ls-files", f"exercises/{exercise}"], cwd=ROOT, capture_output=True, text=True,
                             check=False).stdout.split()
    here = {ROOT / name for name in tracked} or set((ROOT / "exercises" / exercise).glob("*.*"))
    given = {path for path in here if path.name.startswith("test_") or path.name == "conftest.py"}
    assert here == made | given, "a stray file, or a skeleton that is missing: python -m autograder strip"


def test_skeletons_are_those_of_the_solutions():
    for path, text in course.skeletons(ROOT):
        assert path.read_text("utf-8") == text, f"{path.name} is out of date: python -m autograder strip"


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_exercise_comes_with_its_lesson(exercise):
    assert (ROOT / "lessons" / f"{exercise}.ipynb").exists()


def test_nothing_committed_names_a_path_of_one_machine():
    """Nor where it was written: what is in the repository is for everybody."""
    private = re.compile(r"/(?:work|root)/main|/home/(?!student\b)[a-z]+/")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    for name in tracked.splitlines():
        text = Path(ROOT, name).read_text("utf-8", errors="replace")
        assert not private.search(text), name
