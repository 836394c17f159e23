"""What a submission got: one entry for each check, the sum, and the JSON that is kept."""
import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

# passed; failed: the program's fault; blocked: a check that it needs did not pass; error: the grader's fault;
# unavailable: this machine cannot run the check. The last two cost nothing, and give nothing.
OUTCOMES = ("passed", "failed", "blocked", "error", "unavailable")


@dataclass
class Check:
    """One check of an exercise, and how it went.

    group: what it is part of, and is told together with. rubric: the line for a person (the first of the test's
    docstring). points, max: what it gave, and can give. bonus: whether it counts apart. cause: why it did not pass,
    in one line. mistake: the known mistake's id.
    """

    name: str
    group: str
    rubric: str
    points: float
    max: float
    bonus: bool
    outcome: str
    cause: str = ""
    mistake: str = ""


@dataclass
class Score:
    """A whole exercise's score. The fields and their order are those of the JSON.

    max: what the checks that could be judged can give. bonus: points of the bonus checks, which are not in points.
    seconds: how long it took; quiet_seconds: how much of that were declared quiet periods. network: "own" or
    "host". process: "bwrap", "landlock" or "plain".
    """

    exercise: str
    points: float = 0
    max: float = 0
    bonus: float = 0
    seconds: float = 0
    quiet_seconds: float = 0
    network: str = ""
    process: str = ""
    seed: int = 0
    checks: list[Check] = field(default_factory=list)

    def add(self, check: Check) -> None:
        """Count a check in."""
        self.checks.append(check)
        if check.bonus:
            self.bonus += check.points
        else:
            self.points += check.points
            self.max += check.max if check.outcome not in ("error", "unavailable") else 0

    @property
    def bonus_max(self) -> float:
        """What the bonus checks can give."""
        return sum(check.max for check in self.checks if check.bonus)

    def of(self, group: str) -> "Score":
        """The score of one group of checks alone."""
        part = replace(self, points=0, max=0, bonus=0, checks=[])
        for check in self.checks:
            if check.group == group:
                part.add(check)
        return part

    def write(self, file: Path) -> None:
        """Write the JSON to a file, whole or not at all."""
        write_whole(file, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def of_fields(cls, fields: dict) -> "Score":
        """The score that a JSON of it tells."""
        return cls(**{**fields, "checks": [Check(**check) for check in fields["checks"]]})


def write_through(file: Path, content: bytes) -> None:
    """Write a file, and return when it is on the disk: else a power cut could leave the name with nothing behind it."""
    with file.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def write_whole(file: Path, text: str) -> None:
    """Write a file whole or not at all, whatever happens meanwhile: a reader never sees half of it.

    Its folder is made if there is none.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    write_through(partial, text.encode("utf-8", "replace"))
    partial.replace(file)
