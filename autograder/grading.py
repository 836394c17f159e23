"""Grade one submission in a process of its own; keep the result for as long as nothing changes that it depends on.

What grades other people's programs is never the process that asks for it: that may be a notebook's kernel, formgrader's
server, or the command that grades a class.
"""
import functools
import hashlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from . import sandbox
from .score import Score, write_whole

PACKAGE = Path(__file__).parent
# In a wheel the exercises are inside of the package, in a checkout beside it.
EXERCISES = PACKAGE / "exercises" if (PACKAGE / "exercises").is_dir() else PACKAGE.parent / "exercises"
# All other modules work in the process that grades, so that a result depends on what they say.
ELSEWHERE = {"__main__.py", "cell.py", "classroom.py", "collecting.py", "course.py", "grading.py", "nbgrader_bridge.py",
             "notebook.py", "watch.py"}
AGAIN = 'check("{check}", seed={seed})'      # what a report says to repeat its check: in the exercise's notebook
MOST_SECONDS = 1800         # for one submission. The harness bounds itself far below: this is for its own mistakes


class Ungradable(Exception):
    """A submission that got no result. The text says why, in one line."""


@dataclass(frozen=True)
class Result:
    """What the harness said about one submission.

    score: all checks. reports: for a check that failed its report, in the fields of text.Report and its picture
    (SVG); not where another check's report says the same.
    """

    score: Score
    reports: dict[str, dict]


def exercises() -> list[str]:
    """The names of all exercises."""
    return sorted(path.parent.name for path in EXERCISES.glob("*/conftest.py"))


def grade(exercise: str, folder: Path | None, *, only: str = "", seed: int | None = None,
          trust: bool = False) -> Result:
    """Grade the programs in a folder; with None those beside the tests, which whoever asks has written.

    only: a group of checks, or the name of one; "" for all. seed: the texts that are used; None for new ones. trust:
    grade even where nothing can be confined. Raises Ungradable.
    """
    options = ["-p", "no:cacheprovider", "--again", AGAIN]
    options += ["--submission", str(folder.absolute())] if folder else []
    options += ["--only", only] if only else []
    options += ["--seed", str(seed)] if seed is not None else []
    options += ["--trust"] if trust else []
    # A notebook's kernel has everybody write in colours.
    environment = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "PY_COLORS")}
    environment["NO_COLOR"] = "1"
    with tempfile.TemporaryDirectory(prefix="grading-") as name:
        score, reports = Path(name, "score.json"), Path(name, "reports.json")
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "pytest", str(EXERCISES / exercise), "--score", str(score), "--reports",
                 str(reports), *options],
                cwd=name, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", timeout=MOST_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise Ungradable(f"the grader did not end within {MOST_SECONDS} s") from None
        if score.exists() and reports.exists():
            return Result(Score.of_fields(json.loads(score.read_text("utf-8"))),
                          json.loads(reports.read_text("utf-8")))
    lines = done.stdout.strip().splitlines() or [f"the grader ended with exit status {done.returncode}"]
    raise Ungradable(next((line for line in lines if line.startswith("ERROR: ")), lines[-1]).removeprefix("ERROR: "))


@functools.cache
def isolation() -> tuple[str, str]:
    """How programs are confined on this machine: the words of the score for the network and for the processes."""
    probe = "from autograder import netns, sandbox; print('own' if netns.enter() else 'host', sandbox.tier())"
    done = subprocess.run([sys.executable, "-P", "-c", probe], capture_output=True, text=True, check=True)
    network, process = done.stdout.split()
    return network, process


def key(exercise: str, folder: Path, seed: int) -> str:
    """What a result depends on, as 64 hexadecimal digits.

    It is the submission's programs, the tests, the harness, the seed, the isolation and the version of Python. Raises
    Ungradable for a submission that is too large, or cannot be read.
    """
    digest = hashlib.sha256(repr((exercise, seed, isolation(), sys.version)).encode())
    tests = sorted(path for pattern in ("conftest.py", "test_*.py", "*.json")
                   for path in (EXERCISES / exercise).glob(pattern))
    harness = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name not in ELSEWHERE
               and path.relative_to(PACKAGE).parts[0] not in ("exercises", "lessons")]
    try:
        for path in [*sandbox.sources(folder), *tests, *harness]:
            content = path.read_bytes()
            digest.update(f"{path.name!r} {len(content)}\n".encode())
            digest.update(content)
    except (sandbox.Refused, OSError) as error:
        raise Ungradable(str(error)) from None
    return digest.hexdigest()


@dataclass(frozen=True)
class Store:
    """What is kept of the gradings of one exercise for one class: results by their keys, and the seed of all of them.

    folder: where. It is made when something is put there.
    """

    folder: Path

    @property
    def seed(self) -> int:
        """The seed that all submissions of the class are graded with. Chosen at random when first asked for."""
        file = self.folder / "seed"
        if not file.exists():
            write_whole(file, str(secrets.randbelow(10**6)))
        return int(file.read_text())

    def get(self, key: str) -> Result | None:
        """The result that was kept under this key; None if there is none."""
        try:
            fields = json.loads((self.folder / "results" / f"{key}.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return Result(Score.of_fields(fields["score"]), fields["reports"])

    def result(self, exercise: str, folder: Path, trust: bool = False) -> tuple[str, Result]:
        """The key and the result of a submission, which is graded now if that was not done before. Raises Ungradable.

        folder, trust: as for grade().
        """
        wanted = key(exercise, folder, self.seed)
        if not (result := self.get(wanted)):
            result = grade(exercise, folder, seed=self.seed, trust=trust)
            unjudged = [check for check in result.score.checks if check.outcome in ("error", "unavailable")]
            if unjudged:
                raise Ungradable(f"{len(unjudged)} checks could not be judged, first {unjudged[0].name}: "
                                 f"{unjudged[0].cause}")
            if key(exercise, folder, self.seed) != wanted:
                raise Ungradable("it changed while it was graded: grade it again")
            write_whole(self.folder / "results" / f"{wanted}.json", json.dumps(asdict(result), ensure_ascii=False))
        return wanted, result
