"""The commands of the course: python -m autograder COMMAND."""
import argparse
import os
import sys
from pathlib import Path

from . import SET_UP

try:
    from . import course, grading
    from .course import ROOT
except ImportError as missing:
    sys.exit(SET_UP.format(missing))

CLASS = Path("build", "nbgrader")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m autograder", description="The commands of the course.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    watch = commands.add_parser("watch", help="check your programs whenever you save one, and see what to do next")
    watch.add_argument("exercise", nargs="?", help="such as 03_chat (default: the first that is not complete)")

    commands.add_parser("strip", help="write the skeletons and notebooks of all solutions into exercises/")

    release = commands.add_parser("release", help="make what students get: of one exercise for nbgrader, or all of it")
    what = release.add_mutually_exclusive_group(required=True)
    what.add_argument("exercise", nargs="?", help="such as 03_chat: its release goes to release/ in the class's folder")
    what.add_argument("--student", metavar="DIR", type=Path, nargs="?", const=Path("build", "student"),
                      help="write the students' edition of the whole course into DIR (default build/student)")

    roster = commands.add_parser("roster", help="enter the students of a CSV file: id, first_name, last_name, email")
    roster.add_argument("file", type=Path)

    grade = commands.add_parser("grade", help="collect, grade, make feedback, and print the table")
    grade.add_argument("exercise", help="such as 03_chat")
    grade.add_argument("--zips", metavar="DIR", type=Path,
                       help="collect from a folder with an archive (zip), or a folder, for each student")
    grade.add_argument("--exchange", action="store_true", help="collect from nbgrader's exchange")
    grade.add_argument("--jobs", metavar="N", type=_positive, default=4 * (os.cpu_count() or 1),
                       help="how many submissions at a time (default here: %(default)s)")
    grade.add_argument("--trust", action="store_true", help="grade even where this machine cannot confine programs")

    for command in release, roster, grade:
        command.add_argument("--class", dest="folder", metavar="DIR", type=Path, default=CLASS,
                             help=f"the class's folder (default {CLASS})")
    arguments = parser.parse_args()
    if arguments.command == "watch":
        _watch(arguments.exercise)
        return
    if not (ROOT / "solutions").is_dir():
        sys.exit("This command is for authors and instructors: it needs a checkout of the course, with its solutions/.")
    try:
        if arguments.command == "strip":
            for file in course.strip(ROOT):
                print(f"wrote {file.relative_to(ROOT)}")
        elif arguments.command == "release" and arguments.student:
            print(f"{course.student_edition(ROOT, arguments.student)} files in {arguments.student}")
        else:
            sys.exit(_with_class(arguments))
    except course.Flaw as flaw:
        sys.exit(str(flaw))


def _watch(exercise: str | None) -> None:
    """Watch until the student has had enough."""
    from .watch import Watch

    if exercise:
        _must_exist(exercise)
    Watch(exercise, _say).run()


def _must_exist(exercise: str) -> None:
    if exercise not in grading.exercises():
        sys.exit(f"there is no exercise {exercise}; there are {', '.join(grading.exercises())}")


def _with_class(arguments: argparse.Namespace) -> int:
    """The commands that work on a class. Returns the exit status: 1 if not all could be graded."""
    if arguments.command != "roster":
        _must_exist(arguments.exercise)
    from . import classroom  # which needs nbgrader, and takes seconds

    if Path("nbgrader_config.py").exists() and arguments.folder == CLASS:
        sys.exit(f"this is a class's folder itself: run the command in the course's folder, {ROOT}, or add --class .")
    # The class changes the working directory.
    given = {name: getattr(arguments, name).absolute() for name in ("file", "zips") if getattr(arguments, name, None)}
    try:
        room = classroom.Classroom(arguments.folder)
        if arguments.command == "release":
            print(f"{room.release(arguments.exercise)} is what students get")
            return 0
        if arguments.command == "roster":
            print(f"{room.roster(given['file'])} students entered")
            return 0
        outcome = room.grade(arguments.exercise, _say, arguments.jobs, arguments.trust, given.get("zips"),
                             arguments.exchange)
    except classroom.Impossible as impossible:
        sys.exit(str(impossible))
    except KeyboardInterrupt:
        print("\nInterrupted. What was done is kept: the same command goes on from here.", file=sys.stderr)
        return 130
    print()
    print("\n".join(classroom.table(outcome)))
    print(f"\nGrades: {arguments.folder / 'grades.csv'}; feedback: {arguments.folder / 'feedback'}")
    return bool(outcome.problems)


def _positive(text: str) -> int:
    """A number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
