"""Which wrong program loses which check: the table in MATRIX.md, made by grading all of them.

`make matrix` writes it, and expected.toml with it: look at what has changed before you commit it. The tests compare
both with what they see.
"""
from programs import ROOT, TESTS, Graded, all_at_work, programs

EXERCISES = sorted(folder.name for folder in (TESTS / "wrong").iterdir())


def table(exercise: str, graded: dict[str, Graded]) -> str:
    """The section on one exercise, in Markdown: a row for each wrong program, and what it loses."""
    checks = next(iter(graded.values())).score["checks"]
    lines = [f"## {exercise}", "", "Checks, in their order:", ""]
    lines += [f"{number}. `{check['name']}` ({check['max']:g}{', bonus' * check['bonus']}) {check['rubric']}"
              for number, check in enumerate(checks, start=1)]
    numbers = " | ".join(map(str, range(1, len(checks) + 1)))
    lines += ["", "Wrong programs. ✗ the check fails, – it is blocked by one that failed. The mistakes that are named",
              "stand behind.", "", f"| program | points | {numbers} | named |", "|---" * (len(checks) + 3) + "|"]
    marks = {"passed": " ", "failed": "✗", "blocked": "–"}
    for name, result in sorted(graded.items()):
        cells = [marks.get(check["outcome"], check["outcome"]) for check in result.score["checks"]]
        named = ", ".join(sorted({mistake for mistake in result.fails.values() if mistake}))
        points = f"{result.score['points']:g} + {result.score['bonus']:g}"
        lines.append(f"| {name} | {points} | " + " | ".join(cells) + f" | {named} |")
    return "\n".join(lines) + "\n"


def document(sections: list[str]) -> str:
    """The whole file."""
    return ("# Every known wrong program, and what it loses\n\nMade by `make matrix`, and compared with a new run in "
            "`make test`. The programs are in `wrong/`.\n\n" + "\n".join(sections))


def expected(graded: dict[str, Graded]) -> str:
    """The verdicts in the form of expected.toml."""
    lines = ["# What each wrong program must lose, no more and no less: the checks that it fails, each with the",
             "# mistake that must be named (\"\" for none), and the points that are left. Written by `make matrix`,",
             "# and read by a person before it is committed."]
    for name, result in sorted(graded.items()):
        fails = ", ".join(f'{check} = "{mistake}"' for check, mistake in result.fails.items())
        lines += ["", f"[{name}]", f"points = {result.score['points']:g}", f"bonus = {result.score['bonus']:g}",
                  f"fails = {{ {fails} }}"]
    return "\n".join(lines) + "\n"


def main() -> None:
    sections = []
    for exercise in EXERCISES:
        with all_at_work(programs("wrong", exercise)) as futures:
            graded = {folder.name: future.result() for folder, future in futures.items()}
        sections.append(table(exercise, graded))
        (TESTS / "wrong" / exercise / "expected.toml").write_text(expected(graded), encoding="utf-8")
    (TESTS / "MATRIX.md").write_text(document(sections), encoding="utf-8")
    print(f"wrote {(TESTS / 'MATRIX.md').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
