"""For the front page of the course: how far its reader has come, and what comes next."""
from ..grading import EXERCISES
from ..progress import Progress
from ..render.svg import FAINT, GOOD
from . import show
from .boxes import PLAIN, box, label, picture

WIDE, ROW, BAR = 760, 34, 320       # pixels: the picture, one exercise, and the bar of a whole one
EMPTY = ("#f3f5f7", FAINT)


def progress() -> None:
    """Show how all exercises stand, and say which check is the next one."""
    standings = Progress(EXERCISES).all()
    parts = []
    for row, standing in enumerate(standings):
        y = 16 + row * ROW
        got, most = standing.points
        full = BAR * len(standing.done) / len(standing.required)
        parts += [label(20, y + 15, standing.exercise, "start"), box(170, y, BAR, 22, "", EMPTY),
                  *([box(170, y, full, 22, "", PLAIN)] if full else []),
                  label(185 + BAR, y + 15, f"{len(standing.done)} of {len(standing.required)} checks, {got:g} points",
                        "start", GOOD if standing.is_complete else FAINT)]
    plain = "\n".join(standing.bar() for standing in standings)
    show(picture(WIDE, 32 + len(standings) * ROW, parts, plain), plain)
    ahead = next((standing for standing in standings if not standing.is_complete), None)
    if ahead and ahead.done:
        print(f"Next in {ahead.exercise}: {ahead.next.rubric}  ({ahead.next.points:g} points)")
    elif ahead:
        print(f"Next: read {ahead.exercise}.ipynb; then open exercises/{ahead.exercise}, where the first check is:\n"
              f"{ahead.next.rubric}")
    else:
        print("All checks pass. What is left is the bonus, and the rest of the Internet.")
