"""What a submission got: one entry for each check, the sum, and the JSON that is kept."""
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

# passed; failed: the program's fault; blocked: a check that it needs did not pass; error: the grader's fault;
# unavailable: this machine cannot run the check. The last two cost nothing, and give nothing.
OUTCOMES = ("passed", "failed", "blocked", "error", "unavailable")


@dataclass
class Check:
    """One check of an exercise, and how it went.

    rubric: the line for a person (the first of the test's docstring). points, max: what it gave, and can give.
    bonus: whether it counts apart. cause: why it did not pass, in one line. mistake: the known mistake's id.
    """

    name: str
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

    def write(self, file: Path) -> None:
        """Write the JSON, whole or not at all: a reader never sees half of it."""
        partial = file.with_name(f".{file.name}.partial")
        partial.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(file)
