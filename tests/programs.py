"""The programs that the grader is graded with, and how they are graded: as an instructor would, from outside."""
import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent


@dataclass(frozen=True)
class Graded:
    """What pytest said about one submission."""

    status: int
    output: str
    score: dict

    @property
    def lost(self) -> dict[str, str]:
        """The names of the checks that failed, and for each the mistake that was named, or ""."""
        return {check["name"]: check["mistake"] for check in self.score["checks"] if check["outcome"] == "failed"}

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of every check."""
        return {check["name"]: check["outcome"] for check in self.score["checks"]}


def grade(exercise: str, submission: Path, scratch: Path, *options: str,
          environment: dict[str, str] | None = None) -> Graded:
    """Grade the programs in a folder, in a process of its own. scratch: a folder for the score."""
    file = scratch / "score.json"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", str(ROOT / "exercises" / exercise), f"--submission={submission}",
         f"--score={file}", *options],
        capture_output=True, text=True, cwd=scratch, check=False, timeout=300,
        env={**os.environ, **(environment or {})})
    return Graded(done.returncode, done.stdout + done.stderr, json.loads(file.read_text()) if file.exists() else {})


def lay_out(exercise: str, program: Path, folder: Path) -> Path:
    """Lay a program's files over a copy of the solution, in this folder: each holds only what differs."""
    for source in ROOT / "solutions" / exercise, program:
        for file in source.glob("*.py"):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder)
    return folder


def programs(kind: str, exercise: str) -> list[Path]:
    """The folders of the "wrong", or of the "right", programs for an exercise."""
    return sorted(path for path in (TESTS / kind / exercise).iterdir() if path.is_dir())


def expectations(exercise: str) -> dict[str, dict]:
    """For each wrong program, what it must lose: its checks, each with the mistake that must be named ("" for none)."""
    return tomllib.loads((TESTS / "wrong" / exercise / "expected.toml").read_text())
