"""The authoring check: what every exercise of the course must have, before a student sees it."""
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest
from programs import ROOT, lay_out

from autograder import course, mistakes, nbgrader_bridge
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
                mark = next(mark for mark in function.pytestmark if mark.name == "check")
                yield function, mark.kwargs | {"group": mark.args[0]}


@pytest.mark.parametrize("exercise", EXERCISES)
def test_checks_give_a_hundred_points_and_bonus_apart(exercise):
    marks = [mark for _, mark in checks(exercise)]
    assert sum(mark["points"] for mark in marks if not mark.get("bonus")) == 100
    assert 12 <= sum(not mark.get("bonus") for mark in marks) <= 26


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
def test_the_notebook_checks_each_group_once_for_its_points(exercise):
    groups: dict[str, float] = {}
    bonus = set()
    for _, mark in checks(exercise):
        groups[mark["group"]] = groups.get(mark["group"], 0) + mark["points"]
        if mark.get("bonus"):
            bonus.add(mark["group"])
    cells = json.loads((ROOT / "solutions" / exercise / f"{exercise}.ipynb").read_text("utf-8"))["cells"]
    graded = {match[1]: cell["metadata"]["nbgrader"] for cell in cells if cell["cell_type"] == "code"
              and (match := nbgrader_bridge.CHECK.search("".join(cell["source"])))}
    assert {group: flags["points"] for group, flags in graded.items()} == groups
    assert all(flags["grade"] and flags["locked"] for flags in graded.values())
    assert {group for group, flags in graded.items() if flags["grade_id"].startswith(nbgrader_bridge.BONUS)} == bonus
    # A group is all bonus, or not at all, since a cell's points are one number.
    assert {mark["group"] for _, mark in checks(exercise) if not mark.get("bonus")}.isdisjoint(bonus)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_notebook_asks_three_questions_with_marking_notes(exercise):
    cells = json.loads((ROOT / "solutions" / exercise / f"{exercise}.ipynb").read_text("utf-8"))["cells"]
    flags = [cell["metadata"].get("nbgrader", {}) for cell in cells]
    answers = [number for number, flag in enumerate(flags) if flag.get("solution")]
    assert len(answers) == 3
    for number in answers:
        question, answer = ("".join(cells[index]["source"]) for index in (number - 1, number))
        assert flags[number]["grade"] and flags[number]["points"] > 0
        assert flags[number - 1]["locked"] and "BEGIN MARK SCHEME" in question and "END MARK SCHEME" in question
        assert "BEGIN SOLUTION" in answer and "END SOLUTION" in answer


def test_the_students_edition_works_and_has_nothing_that_is_kept_from_students(tmp_path):
    edition = tmp_path / "student"
    count = course.student_edition(ROOT, edition)
    files = {path.relative_to(edition).as_posix(): path.read_text("utf-8") for path in edition.rglob("*")
             if path.is_file()}
    assert len(files) == count and {name.split("/")[0] for name in files} == {
        ".gitignore", "LICENSE", "Makefile", "README.md", "autograder", "exercises", "lessons", "pyproject.toml",
        "requirements.txt"}
    for name, text in files.items():
        assert "BEGIN MARK SCHEME" not in text or name.startswith("autograder/"), name
        assert not (name.startswith("exercises/") and re.search("BEGIN SOLUTION|END SOLUTION", text)), name
    for solution in (ROOT / "solutions").glob("*/*.py"):
        assert files[f"exercises/{solution.parent.name}/{solution.name}"] != solution.read_text("utf-8")
    readme = files["README.md"]
    assert "For students" in readme and "nbgrader" not in readme and "tests/" not in readme
    done = subprocess.run([sys.executable, "-P", "-m", "pytest", str(edition / "exercises" / "03_chat")], cwd=edition,
                          env=os.environ | {"PYTHONPATH": str(edition)}, capture_output=True, text=True, check=False)
    assert "0 of 100 points" in done.stdout
    with pytest.raises(course.Flaw, match="is there already"):
        course.student_edition(ROOT, edition)


def test_a_wheel_has_all_that_who_fetched_an_assignment_needs(tmp_path):
    """The harness and the tests, and no repository around them."""
    for part in "autograder", "exercises":
        shutil.copytree(ROOT / part, tmp_path / "course" / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in "pyproject.toml", "LICENSE":
        shutil.copy(ROOT / name, tmp_path / "course")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps", "--no-index",
                    "--wheel-dir", str(tmp_path), str(tmp_path / "course")], check=True, capture_output=True)
    shutil.unpack_archive(next(tmp_path.glob("*.whl")), tmp_path / "site", "zip")
    fetched = lay_out("03_chat", ROOT / "solutions" / "03_chat", tmp_path / "fetched")
    asked = ("import autograder\nfrom autograder.notebook import checks_of\n"
             "print(checks_of('03_chat')('bye'), autograder.__file__)")
    done = subprocess.run([sys.executable, "-P", "-c", asked], cwd=fetched, capture_output=True, text=True, check=True,
                          env=os.environ | {"PYTHONPATH": str(tmp_path / "site")})
    assert done.stdout.splitlines()[-1] == f"10.0 {tmp_path / 'site' / 'autograder' / '__init__.py'}"


@pytest.mark.parametrize("exercise", EXERCISES)
def test_what_a_student_gets_is_what_was_made_for_students(exercise):
    made = {path for path, _ in course.handed_out(ROOT) if path.parent.name == exercise}
    tracked = subprocess.run(["git", "ls-files", f"exercises/{exercise}"], cwd=ROOT, capture_output=True, text=True,
                             check=False).stdout.split()
    here = {ROOT / name for name in tracked} or set((ROOT / "exercises" / exercise).glob("*.*"))
    given = {path for path in here if path.name.startswith("test_") or path.name in ("conftest.py", "kernel.json")}
    assert here == made | given, "a stray file, or a skeleton that is missing: python -m autograder strip"


def test_skeletons_and_notebooks_are_those_of_the_solutions():
    for path, text in course.handed_out(ROOT):
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
