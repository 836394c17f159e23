"""The commands of the course: python -m autograder COMMAND."""
import argparse
import sys
from pathlib import Path

from . import course

ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m autograder", description="The commands of the course.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("strip", help="write the skeletons of all solutions into exercises/")
    arguments = parser.parse_args()
    if not (ROOT / "solutions").is_dir():
        sys.exit("This command is for authors: it needs a checkout of the course, with its solutions/.")
    try:
        if arguments.command == "strip":
            for file in course.strip(ROOT):
                print(f"wrote {file.relative_to(ROOT)}")
    except course.Flaw as flaw:
        sys.exit(str(flaw))


if __name__ == "__main__":
    main()
