"""For authors: skeletons made from solutions, and the check of what an author wrote.

In a solution, what a student has to write stands between two marks:

    ### BEGIN SOLUTION 2: answer bye
    …
    ### END SOLUTION 2

The skeleton has a TODO in that place, with the number and the text, and runs into NotImplementedError there. A file
in which there is nothing to write says so, in a line of its own, and is handed out without it:

    ### GIVEN: nothing to write in here
"""
import ast
import re
from collections.abc import Iterator
from pathlib import Path

BEGIN = re.compile(r"^( *)### BEGIN SOLUTION (\d+): (\S.*\S)$")
GIVEN = "### GIVEN: nothing to write in here"
END = re.compile(r"^( *)### END SOLUTION (\d+)$")
# What is no mark, and was perhaps meant as one: nothing in a solution looks like this by accident.
LIKE_A_MARK = re.compile(r"SOLUTION|##|#\s*(?i:begin|end)\s+(?i:sol)")


ROOT = Path(__file__).parent.parent


class Flaw(Exception):
    """Something in the course's own files that must not stay so. The text says where, what, and what to do."""


def skeleton(source: str, name: str) -> str:
    """The skeleton of a solution's file.

    source: the file's text. name: what to call it in a Flaw. Fails closed: raises Flaw where a mark is missing, is
    nested, is out of order or looks like one and is none, so that nothing of a solution can slip through.
    """
    lines: list[str] = []
    inside: tuple[str, int] | None = None
    given = False
    expected = 1
    for number, line in enumerate(source.splitlines(), start=1):
        where = f"{name}, line {number}"
        begin, end = BEGIN.match(line), END.match(line)
        if begin:
            if inside or int(begin[2]) != expected:
                raise Flaw(f"{where}: expected {f'the end of region {inside[1]}' if inside else f'region {expected}'}")
            inside = begin[1], expected
            lines += [f"{begin[1]}# TODO {expected}: {begin[3]}",
                      f'{begin[1]}raise NotImplementedError("TODO {expected}: {begin[3]}")']
        elif end:
            if inside != (end[1], int(end[2])):
                raise Flaw(f"{where}: this end has no beginning of the same number and indentation")
            inside = None
            expected += 1
        elif line == GIVEN and not given and expected == 1 and not inside:
            given = True
        elif LIKE_A_MARK.search(line):
            raise Flaw(f"{where}: looks like a mark, but is none: write '### BEGIN SOLUTION {expected}: what to do'")
        elif not inside:
            lines.append(line)
    if inside:
        raise Flaw(f"{name}: region {inside[1]} has no end")
    if given != (expected == 1):
        raise Flaw(f"{name}: has regions, and says that it has none: remove {GIVEN!r}" if given else
                   f"{name}: has no region; if nothing is to be written in it, say so: {GIVEN}")
    text = "\n".join(lines) + "\n"
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise Flaw(f"{name}: its skeleton is no Python (line {error.lineno} of it: {error.msg})") from None
    return text


def skeletons(root: Path) -> Iterator[tuple[Path, str]]:
    """For each file in solutions/: its place in exercises/, and what has to stand there. Raises Flaw."""
    for solution in sorted(root.glob("solutions/*/*.py")):
        name = str(solution.relative_to(root))
        yield root / "exercises" / solution.parent.name / solution.name, skeleton(solution.read_text("utf-8"), name)


def handed_out(root: Path) -> Iterator[tuple[Path, str]]:
    """All that is made from solutions/ for students: its place in exercises/, and what has to stand there.

    These are the skeletons, and the notebooks without answers and marking notes. Raises Flaw.
    """
    from .nbgrader_bridge import released

    yield from skeletons(root)
    for notebook in sorted(root.glob("solutions/*/*.ipynb")):
        yield root / "exercises" / notebook.parent.name / notebook.name, released(notebook)


def strip(root: Path) -> list[Path]:
    """Write what is made from the solutions into exercises/. Returns the files that changed. Raises Flaw.

    All is made before the first is written, so that a Flaw leaves everything as it was.
    """
    changed = [(target, text) for target, text in list(handed_out(root))
               if not target.exists() or target.read_text("utf-8") != text]
    for target, text in changed:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return [target for target, _ in changed]


STUDENTS = ["LICENSE", "Makefile", "pyproject.toml", "requirements.txt", ".gitignore", "lessons/*.ipynb",
            "exercises/*/conftest.py", "exercises/*/test_*.py", "exercises/*/*.json", "autograder/**/*.py",
            "autograder/lessons/*.json"]
INSTRUCTORS = "\n## For instructors\n"      # where the README goes on for others than students


def student_edition(root: Path, to: Path) -> int:
    """Write what students get of the whole course into a folder: nothing in it needs, or tells, what is kept from them.

    The programs and notebooks of the exercises are made anew from the solutions, whatever lies in exercises/ just now.
    Returns how many files there are. Raises Flaw, also if the folder is there and not empty.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise Flaw(f"{to} is there already: remove it, or name another folder")
    made = {path.relative_to(root): text for path, text in handed_out(root)}
    copied = {path.relative_to(root): path.read_text("utf-8") for pattern in STUDENTS for path in root.glob(pattern)}
    readme, instructors, _ = (root / "README.md").read_text("utf-8").partition(INSTRUCTORS)
    if not instructors:
        raise Flaw(f"README.md has no heading {INSTRUCTORS.strip()!r}, behind which it is not for students")
    everything = copied | made | {Path("README.md"): readme.rstrip() + "\n\nLicense: [MIT](LICENSE).\n"}
    for name, text in everything.items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_text(text, encoding="utf-8")
    return len(everything)
