"""A student's way through an exercise: what is kept of it, and the watch that leads from check to check."""
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import ENVIRONMENT, ROOT

from autograder import course
from autograder.progress import Planned, Progress, Standing
from autograder.score import Check, Score

DEADLINE = 120              # seconds that a line of the watch may take: it grades meanwhile


@pytest.fixture(scope="module")
def edition(tmp_path_factory) -> Path:
    """The course as a student has it."""
    folder = tmp_path_factory.mktemp("course") / "edition"
    course.student_edition(ROOT, folder)
    return folder


# What is kept -----------------------------------------------------------------------------------------------


def standing(*outcomes: str) -> Standing:
    """An exercise with two checks and one of the bonus, whose outcomes these are, in their order."""
    checks = [Planned("test_one", "it", "one", 6, False, ""), Planned("test_rare", "it", "rare", 4, True, ""),
              Planned("test_two", "it", "two", 4, False, "")]
    return Standing("07_it", checks, dict(zip(["test_one", "test_two", "test_rare"], outcomes, strict=False)))


def test_a_standing_says_how_much_is_done_and_what_is_next():
    assert (standing().short(), standing().next.name) == ("07 –", "test_one")
    assert (standing("passed").short(), standing("passed").next.name) == ("07 1/2", "test_two")
    assert standing("passed", "blocked").bar().endswith("██████████░░░░░░░░░░  1 of 2 checks, 6 of 10 points")
    assert (standing("passed", "passed").short(), standing("passed", "passed").next.name) == ("07 ✓", "test_rare")
    assert standing("passed", "passed", "passed").next is None


def test_what_this_machine_cannot_check_is_not_left_to_do():
    assert standing("passed", "unavailable").is_complete


@pytest.fixture
def progress(tmp_path) -> Progress:
    """A course with one exercise of two checks."""
    folder = tmp_path / "exercises" / "07_it"
    folder.mkdir(parents=True)
    (folder / "conftest.py").touch()
    (folder / "test_it.py").write_text("".join(
        f'@mark.check("it", points=5, hint="Do {name}.")\ndef test_{name}(cast):\n    """{name}"""\n'
        for name in ("one", "two")))
    return Progress(tmp_path / "exercises")


def played(**outcomes: str) -> Score:
    score = Score("07_it")
    for name, outcome in outcomes.items():
        score.add(Check(f"test_{name}", "it", name, 0, 5, False, outcome))
    return score


def test_a_check_that_was_not_played_keeps_what_it_said_before(progress):
    progress.keep(played(one="passed", two="failed"))
    progress.keep(played(two="passed"))
    assert progress.of("07_it").outcomes == {"test_one": "passed", "test_two": "passed"}
    assert progress.line() == "The course:  07 ✓"


def test_a_check_that_is_gone_is_forgotten(progress):
    progress.keep(played(one="passed", old="failed"))
    assert progress.of("07_it").outcomes == {"test_one": "passed"}


@pytest.mark.parametrize("content", ["", "[]", "{", '"passed"'])
def test_what_cannot_be_read_counts_as_nothing(progress, content):
    progress.folder.mkdir(parents=True)
    (progress.folder / "07_it.json").write_text(content)
    assert progress.line() == "The course:  07 –"
    progress.keep(played(one="passed"))
    assert progress.line() == "The course:  07 1/2"


# In the terminal --------------------------------------------------------------------------------------------


def run(edition: Path, *options: str) -> str:
    done = subprocess.run([sys.executable, "-P", "-m", "pytest", "exercises/00_osi", *options], cwd=edition, text=True,
                          capture_output=True, check=False, env=ENVIRONMENT | {"PYTHONPATH": str(edition)})
    return done.stdout + done.stderr


def test_the_course_in_a_line_ends_the_report_on_ones_own_programs(edition):
    line = "  The course:  00 –   01 –   02 –   03 –   04 –   05 –"
    assert run(edition, "-k", "mac_to_bytes").rstrip().endswith(line)
    assert list(json.loads((edition / "build/progress/00_osi.json").read_text())) == ["test_mac_to_bytes"]
    assert "The course" not in run(edition, "-k", "mac_to_bytes", f"--submission={ROOT / 'solutions' / '00_osi'}")


def test_a_folder_in_which_nothing_can_be_kept_is_told_in_a_line(edition):
    run(edition, "-k", "mac_to_bytes")
    kept, aside = edition / "build/progress", edition / "build/aside"
    kept.rename(aside)
    kept.touch()                # a file in its place stops root, too
    assert "  Your progress could not be kept: " in run(edition, "-k", "mac_to_bytes")
    kept.unlink()
    aside.rename(kept)


# The watch --------------------------------------------------------------------------------------------------


class Watching:
    """`python -m autograder watch` in a student's edition, as somebody uses it."""

    def __init__(self, edition: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "autograder", "watch", *arguments], cwd=edition, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=ENVIRONMENT | {"PYTHONPATH": str(edition), "PYTHONUTF8": "1"})
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda: [self._lines.put(line) for line in self.process.stdout], daemon=True).start()

    def types(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def says(self, text: str) -> list[str]:
        """All that it says up to a line with this text."""
        said = []
        while not said or text not in said[-1]:
            try:
                said.append(self._lines.get(timeout=DEADLINE))
            except queue.Empty:
                pytest.fail(f"no {text!r} in\n{''.join(said)}")
        return said


@pytest.fixture
def watching(edition) -> Iterator[Watching]:
    watching = Watching(edition, "00_osi")
    yield watching
    watching.process.kill()
    watching.process.wait()


def write(file: Path, source: str) -> None:
    """Save a file as an editor does: whole, under another name, which then becomes its own."""
    other = file.with_name(f"{file.name}~")
    other.write_text(source, "utf-8")
    os.replace(other, file)


def test_the_watch_leads_from_check_to_check(edition, watching):
    layers, keys = edition / "exercises/00_osi/layers.py", "Save to check"
    todo = 'raise NotImplementedError("TODO 1: six parts of two hex digits")'
    skeleton, solution = layers.read_text("utf-8"), (ROOT / "solutions/00_osi/layers.py").read_text("utf-8")
    assert skeleton.count(todo) == 1
    watching.says("not written yet: layers.py, TODO 1")
    watching.says(keys)

    write(layers, skeleton.replace(todo, 'return bytes(int(part, 16) for part in text.split(":"))'))
    said = watching.says(keys)
    assert any("mac_to_bytes('00-00-0C-07-AC-0F')" in line and "FAILED" in line for line in said)
    assert not any("Hint" in line for line in said)
    watching.types("h")
    first = watching.says("There is more: h")
    watching.types("h")
    both = watching.says("That is all of it.")
    assert both[:len(first) - 1] == first[:-1] and len(both) > len(first)

    write(layers, solution)
    watching.says("✓ A MAC address as text becomes six bytes")
    watching.says("not written yet: browser.py, TODO 1: write the request")
    watching.says("17 of 20 checks")
    watching.says(keys)
    watching.types("l")
    said = watching.says("The course:  00 17/20   01 –")
    assert said[0].startswith("  ✓  4  A MAC address") and [line[0] for line in said].count("→") == 1
    write(layers, skeleton)                     # what passed before: seen when all are played again
    watching.says("browser.py, TODO 1")
    watching.says("(the other checks are as they were when all were played last)")
    watching.says(keys)
    watching.types("")
    watching.says("not written yet: layers.py, TODO 1")
    watching.says(keys)
    write(layers, solution)
    watching.says("17 of 20 checks")
    watching.says(keys)
    watching.types("what?")
    watching.says("'what?' is none of the keys.")

    write(edition / "exercises/00_osi/browser.py", (ROOT / "solutions/00_osi/browser.py").read_text("utf-8"))
    watching.says("All checks pass.")
    watching.says("The course:  00 ✓   01 –")
    watching.says(keys)
    watching.types("h")
    watching.says("All checks pass: there is nothing to hint at.")
    watching.types("n")
    watching.says("exercises/01_handshake: checking")
    watching.says(keys)
    watching.types("q")
    assert watching.process.wait(DEADLINE) == 0


def test_the_watch_ends_with_its_input(watching):
    watching.says("Save to check")
    watching.process.stdin.close()
    assert watching.process.wait(DEADLINE) == 0


def test_an_exercise_that_is_not_there_is_said_in_a_line(edition):
    done = subprocess.run([sys.executable, "-m", "autograder", "watch", "3"], cwd=edition, capture_output=True,
                          text=True, check=False, env=ENVIRONMENT | {"PYTHONPATH": str(edition)})
    assert done.returncode == 1 and done.stderr.startswith("there is no exercise 3; there are 00_osi, ")
    assert len(done.stderr.splitlines()) == 1
