"""What a student's system can do: each solution, and each skeleton, graded as one's own programs, confined or not.

For the systems on which the other tests do not run. A check that cannot be played there is counted, and is no failure.
Exit status 1 if a solution loses a point, or a skeleton is told anything but what is to be written.
"""
import sys

from autograder import grading
from autograder.course import ROOT
from autograder.score import Score


def told(score: Score, expected: str) -> list[str]:
    """One line for an exercise, and one for each check that is not as expected, "passed" or "not written yet"."""
    unavailable = [check for check in score.checks if check.outcome == "unavailable"]
    wrong = [check for check in score.checks if check not in unavailable
             and check.outcome != expected and not check.cause.startswith(expected)]
    right = len(score.checks) - len(wrong) - len(unavailable)
    return [f"{score.exercise}: {right} of {len(score.checks)} checks {expected}, {len(unavailable)} cannot be played "
            f"here ({score.network} network, isolation: {score.process})",
            *(f"    {check.name}: {check.outcome}: {check.cause}" for check in wrong)]


def main() -> None:
    failed = False
    for folder, expected in (ROOT / "solutions", "passed"), (ROOT / "exercises", "not written yet"):
        for exercise in grading.exercises():
            lines = told(grading.grade(exercise, folder / exercise, trust=True).score, expected)
            print("\n".join(lines), flush=True)
            failed |= len(lines) > 1
    sys.exit(failed)


if __name__ == "__main__":
    main()
