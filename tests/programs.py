"""The programs that the grader is graded with, and how they are graded: from outside, as an instructor would."""
import functools
import gc
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path

import pytest
from started import RECORD

TESTS = Path(__file__).parent
ROOT = TESTS.parent
# A grading mostly waits: for programs to start, and for what a wrong program never does. So it shares a core well.
WORKERS = 8 * (os.cpu_count() or 1)
MOST_SECONDS = 600          # for one grading: only the harness itself can need so long
# From this process, which has imported what all gradings need, they fork.
_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload(["pytest", "hypothesis.strategies", "autograder.pytest_plugin", "autograder.frames",
                              "autograder.search", "autograder.tcp", "autograder.tftp"])
_STARTING = threading.Lock()
# Taken once: pytest changes its own while threads of ours start gradings. And the graders may keep compiled files.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Graded:
    """What pytest said about one submission."""

    status: int
    output: str
    score: dict

    @property
    def fails(self) -> dict[str, str]:
        """The names of the checks that failed, and for each the mistake that was named, or ""."""
        return {check["name"]: check["mistake"] for check in self.score["checks"] if check["outcome"] == "failed"}

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of every check."""
        return {check["name"]: check["outcome"] for check in self.score["checks"]}

    @property
    def verdict(self) -> dict:
        """All that a person would call the verdict, in the form of expected.toml."""
        return {"points": self.score["points"], "bonus": self.score["bonus"], "fails": self.fails}


def grade(exercise: str, submission: Path, scratch: Path, *options: str,
          environment: dict[str, str] | None = None) -> Graded:
    """Grade the programs in a folder, in a process of its own. scratch: a folder for the score."""
    file = scratch / "score.json"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", str(ROOT / "exercises" / exercise), f"--submission={submission}",
         f"--score={file}", *options],
        capture_output=True, text=True, cwd=scratch, check=False, timeout=MOST_SECONDS,
        env={**ENVIRONMENT, **(environment or {})})
    return _graded(done.returncode, done.stdout + done.stderr, file)


def _graded(status: int, output: str, file: Path) -> Graded:
    return Graded(status, output, json.loads(file.read_text()) if file.exists() else {})


def grade_warm(exercise: str, submission: Path, scratch: Path, *options: str) -> Graded:
    """Do the same as grade(), in a process that does not begin with importing pytest: for hundreds of gradings."""
    file, output = scratch / "score.json", scratch / "output"
    arguments = [str(ROOT / "exercises" / exercise), f"--submission={submission}", f"--score={file}", *options]
    process = _WARM.Process(target=_play, args=[arguments, scratch, output])
    with _STARTING:
        process.start()
    connection.wait([process.sentinel], timeout=MOST_SECONDS)
    with _STARTING:             # to start one asks for the ends of others, and two threads must not ask at once
        process.join(0)
        status = process.exitcode
    if status is None:
        process.kill()
        raise TimeoutError(f"no end after {MOST_SECONDS} s: {submission}")
    return _graded(status, output.read_text("utf-8", "replace"), file)


def _play(arguments: list[str], folder: Path, output: Path) -> None:
    """In a process of its own: what `pytest ARGUMENTS` does there. output: a file for what it prints."""
    gc.freeze()             # what was imported before: to look through it, memory that is shared would be copied
    printed = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    # Some are plugins, and pytest would warn that they are imported already.
    sys.exit(pytest.main(["-W", "ignore::pytest.PytestAssertRewriteWarning", *arguments]))


def lay_out(exercise: str, program: Path, folder: Path) -> Path:
    """Lay a program's files over a copy of the solution, in this folder: each holds only what differs."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in ROOT / "solutions" / exercise, program:
        for file in source.glob("*.py"):
            shutil.copy(file, folder)
    return folder


def programs(kind: str, exercise: str) -> list[Path]:
    """The folders of the "wrong", or of the "right", programs for an exercise."""
    return sorted(path for path in (TESTS / kind / exercise).iterdir() if path.is_dir())


def expectations(exercise: str) -> dict[str, dict]:
    """For each wrong program the verdict that it must get: its points, and which checks it fails for which mistake."""
    return tomllib.loads((TESTS / "wrong" / exercise / "expected.toml").read_text())


def told_apart(exercise: str) -> list[Path]:
    """Of the wrong programs one for each verdict, and all that have a golden report.

    They are what `make test` has time for; `make matrix` and `make soak` grade them all.
    """
    chosen, seen = [], set()
    verdicts = expectations(exercise)
    for folder in programs("wrong", exercise):
        golden = (TESTS / "golden" / "reports" / exercise / f"{folder.name}.txt").exists()
        verdict = str(verdicts.get(folder.name))
        if golden or verdict not in seen:
            chosen.append(folder)
        seen.add(verdict)
    return chosen


def grade_program(exercise: str, program: Path, *options: str) -> Graded:
    """Grade one of the wrong or right programs, in folders of its own that are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="grading-") as name:
        return grade_warm(exercise, lay_out(exercise, program, Path(name, "submission")), Path(name), *options)


@dataclass(frozen=True)
class Reference:
    """How the solution of an exercise does. started: what its checks start, each with a group and a command."""

    graded: Graded
    started: list[dict[str, str]]

    def groups(self, program: Path) -> set[str]:
        """The groups of checks that start a file which this program changes, or one that imports such a file."""
        folder = ROOT / "solutions" / self.graded.score["exercise"]
        changed = {file.name for file in program.glob("*.py")}
        while more := {file.name for file in folder.glob("*.py") if file.name not in changed and any(
                re.search(rf"^(from|import) {name.removesuffix('.py')}\b", file.read_text("utf-8"), re.MULTILINE)
                for name in changed)}:
            changed |= more
        return {entry["group"] for entry in self.started if entry["command"].split()[0] in changed}

    def completed(self, part: Graded) -> Graded:
        """A grading of some groups, with the solution's checks in all the others."""
        played = {check["name"]: check for check in part.score["checks"]}
        checks = [played.get(check["name"], check) for check in self.graded.score["checks"]]
        points = {kind: sum(check["points"] for check in checks if check["bonus"] == kind) for kind in (False, True)}
        return Graded(part.status, part.output, part.score | {
            "points": points[False], "bonus": points[True], "max": self.graded.score["max"], "checks": checks})


@functools.cache
def reference(exercise: str) -> Reference:
    """The solution, graded once, with a note of what its checks start."""
    with tempfile.TemporaryDirectory(prefix="grading-") as name:
        record = Path(name, "started")
        graded = grade(exercise, ROOT / "solutions" / exercise, Path(name), "-p", "started", "--seed=7",
                       environment={RECORD: str(record), "PYTHONPATH": f"{TESTS}{os.pathsep}{ROOT}"})
        return Reference(graded, [json.loads(line) for line in record.read_text("utf-8").splitlines()])


def grade_what_differs(program: Path) -> Graded:
    """Grade a wrong or right program in the groups of checks that its files take part in.

    In all the others the very same programs run as for the solution, and one grading of that is enough.
    """
    exercise = program.parent.name
    only = [f"--only={group}" for group in sorted(reference(exercise).groups(program))]
    return reference(exercise).completed(grade_program(exercise, program, "--seed=7", *only))


@contextmanager
def all_at_work(folders: Iterable[Path]) -> Iterator[dict[Path, Future]]:
    """Grade many wrong and right programs side by side; gives a future Graded for each, at once. The slow go first.

    Each in what differs from the solution; a soak grades them whole.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        ordered = sorted(folders, key=lambda folder: folder.name != "slow_start")
        list(pool.map(reference, {folder.parent.name for folder in ordered}))
        futures = {folder: pool.submit(grade_what_differs, folder) for folder in ordered}
        try:
            yield futures
        finally:
            pool.shutdown(cancel_futures=True)


def normalise(output: str) -> tuple[list[str], dict[str, list[str]]]:
    """What must be the same in two runs with one seed: all lines but the pictures, and of these what each lane shows.

    Ports, times and shares of a processor differ. So may the order of what happens in different lanes, and whether
    the newline behind the last line on a screen has come by the end.
    """
    text = re.sub(r"\b(port |--port |127\.0\.0\.1[: ])\d+", r"\1PORT", output)
    text = re.sub(r"(Endpoint\('10\.9\.0\.2', '10\.9\.0\.1', |\bconnect\()\d{5}\b", r"\1PORT", text)
    text = re.sub(r"\b\d+(\.\d+)?( s\b|%)", r"N\2", text)
    text = re.sub(r"pytest-\d+/mixed\d+", "SCRATCH", text)
    # How many fitted into the kernel's buffers.
    text = re.sub(r"(?m)^( +got +)[\d,]+ lines, the first", r"\1N lines, the first", text)
    others, lanes = [], {}
    for line in text.splitlines():
        row = re.match(r" *[\d.]+  ([│◀─].*)", line)
        if not row:
            others.append(line)
        elif arrow := re.search(r"[─╌◀▶]+.*[─╌◀▶]", row[1]):
            note = row[1][arrow.end():].strip("│ ")
            lanes.setdefault(("from " if "▶" in arrow[0] else "to ") + str(arrow.start()), []).append(arrow[0].strip())
            if note:
                lanes.setdefault(note.partition(" ")[0], []).append(note)
        else:
            note = re.sub(r'(\\n"|\\…|…|")$', "", row[1].strip("│ "))
            lanes.setdefault(note.partition(" ")[0], []).append(note)
    return others, lanes
