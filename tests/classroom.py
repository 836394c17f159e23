"""A sample class, and its whole round: roster, release, archives from a learning platform, grades, feedback.

It has what a real class has: good work and half of it, the untouched skeleton, files that are empty or missing,
programs that hang, and a few who would rather have points without the work. Two submissions cannot be graded: the last
command says so, and its exit status is 1.
"""
import argparse
import csv
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from programs import ROOT, TESTS

EXERCISE = "03_chat"
EXERCISES, SOLUTION = ROOT / "exercises" / EXERCISE, ROOT / "solutions" / EXERCISE
WRONG, HOSTILE = TESTS / "wrong" / EXERCISE, TESTS / "hostile"
ANSWER = "It was `recv()`, which returned **half** of a line (1 < 2).\n\n| call | bytes |\n|-|-|\n| 1 | 3 |"
Files = dict[str, bytes]


@dataclass(frozen=True)
class Student:
    """One of the class. make: what changes the complete solution, as files by name, into what is submitted."""

    id: str
    last_name: str
    first_name: str
    make: Callable[[Files], None]


def lays(folder: Path) -> Callable[[Files], None]:
    """Has the files of this folder in place of the solution's."""
    def change(files: Files) -> None:
        for path in folder.glob("*.py"):
            files[path.name] = path.read_bytes()
    return change


def complete(files: Files) -> None:
    """All is written, and the questions are answered."""
    notebook = json.loads(files[f"{EXERCISE}.ipynb"])
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = ANSWER
    files[f"{EXERCISE}.ipynb"] = json.dumps(notebook).encode()


def without_bonus(files: Files) -> None:
    """All but the bonus is written."""
    complete(files)
    files["chat_room.py"] = (EXERCISES / "chat_room.py").read_bytes()


def decodes_each_piece(files: Files) -> None:
    """One of the known mistakes, and no bonus."""
    lays(WRONG / "C03_decode_per_recv")(files)
    without_bonus(files)


def syntax_error(files: Files) -> None:
    """A bracket is missing in the server."""
    files["chat_server.py"] = files["chat_server.py"].replace(b"parser.parse_args()", b"parser.parse_args(")


def empty_file(files: Files) -> None:
    """The client is an empty file."""
    files["chat_client.py"] = b""


def missing_file(files: Files) -> None:
    """The server was not submitted."""
    complete(files)
    del files["chat_server.py"]


def no_notebook(files: Files) -> None:
    """Only programs were submitted."""
    del files[f"{EXERCISE}.ipynb"]


def broken_notebook(files: Files) -> None:
    """The notebook was cut off in the middle of an upload."""
    files[f"{EXERCISE}.ipynb"] = files[f"{EXERCISE}.ipynb"][:2000]


def cells(change: Callable[[list[dict]], list[dict]]) -> Callable[[Files], None]:
    """The programs are skeletons, and what changes is the notebook."""
    def make(files: Files) -> None:
        lays(EXERCISES)(files)
        notebook = json.loads(files[f"{EXERCISE}.ipynb"])
        notebook["cells"] = change(notebook["cells"])
        files[f"{EXERCISE}.ipynb"] = json.dumps(notebook).encode()
    return make


def code(source: str) -> dict:
    """A cell of a student's own."""
    return {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": source}


def opens_gradebook(found: list[dict]) -> list[dict]:
    """Would give full points to everybody, if anybody ran it: in Python here, and by scripts on the grader's page.

    A click on what has the class full-credit is one on formgrader's button of that name.
    """
    script = ("<script>document.title = 'forged'</script><img src=x onerror=\"document.title = 'forged'\">"
              '<span class="full-credit navbar-fixed-top" style="height: 2000px">click me</span>'
              "\n\n![](../../?path=submitted/oscar/03_chat) [more](evil.html) "
              "[all](javascript:alert(1)) [it](http://localhost:8888/formgrader?path=/tmp/evil)")
    return [code("import glob, sqlite3\nfor file in glob.glob('/**/gradebook.db', recursive=True):\n"
                 "    sqlite3.connect(file).execute('UPDATE grade SET manual_score = 100').connection.commit()"),
            {"cell_type": "markdown", "metadata": {}, "source": script},
            {"cell_type": "raw", "metadata": {}, "source": script}, *found]


def rebinds_check(found: list[dict]) -> list[dict]:
    """Has a check() of its own, in its own cell and in place of the locked one."""
    for cell in found:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "programs":
            cell["source"] = "check = lambda what: 100.0"
    return [*found, code("import autograder.notebook\nautograder.notebook.checks_of = lambda name: lambda what: 100.0")]


def flips_flags(found: list[dict]) -> list[dict]:
    """Graded cells that claim to be worth more, to be answers, or to have been passed already."""
    for cell in found:
        flags = cell["metadata"].get("nbgrader", {})
        if flags.get("grade"):
            flags |= {"points": 1000, "locked": False, "solution": True, "grade": not flags["solution"]}
            result = {"output_type": "execute_result", "execution_count": 1, "metadata": {},
                      "data": {"text/plain": "33.0"}}
            cell |= {"cell_type": "code", "execution_count": 1, "source": "33.0", "outputs": [result]}
    return found + [dict(cell) for cell in found if cell["metadata"].get("nbgrader")]


def deletes_cells(found: list[dict]) -> list[dict]:
    """No graded cell is left: what nbgrader sees no output of, it would give full points for."""
    return [cell for cell in found if not cell["metadata"].get("nbgrader", {}).get("grade")]


CLASS = [
    Student("ada", "Lovelace", "Ada", complete),
    Student("grace", "Hopper", "Grace", without_bonus),
    Student("linus", "O'Brien, Jr.", 'Linus "Lin"', decodes_each_piece),
    Student("yann", "Le Gall", "Yann", lays(EXERCISES)),
    Student("liwei", "李", "伟", syntax_error),
    Student("s2027001", "欧阳", "小明", empty_file),
    Student("mia", "Müller-Lüdenscheidt", "Mia", missing_file),
    Student("hugo", "Hang", "Hugo", lays(WRONG / "X_hangs_at_start")),
    Student("flora", "Flood", "Flora", lays(HOSTILE / "output_flood")),
    Student("boris", "Bomb", "Boris", lays(HOSTILE / "fork_bomb")),
    Student("eve", "Exit", "Eve", lays(HOSTILE / "os_exit")),
    Student("mallory", "Forge", "Mallory", lays(HOSTILE / "forged_json")),
    Student("trudy", "Shadow", "Trudy", lays(HOSTILE / "shadow_modules")),
    Student("oscar", "Open", "Oscar", cells(opens_gradebook)),
    Student("rita", "Rebind", "Rita", cells(rebinds_check)),
    Student("fred", "Flag", "Fred", cells(flips_flags)),
    Student("dora", "Delete", "Dora", cells(deletes_cells)),
    Student("nick", "Nobook", "Nick", no_notebook),
    Student("bea", "Broken", "Bea", broken_notebook),
    Student("abel", "Absent", "Abel", lambda files: files.clear()),
]
UNGRADABLE = {"nick", "bea"}


def submission(student: Student) -> Files:
    """What this student submits, by file name. Nothing at all from who is absent."""
    files = {path.name: path.read_bytes() for path in SOLUTION.glob("*.py")}
    files[f"{EXERCISE}.ipynb"] = (EXERCISES / f"{EXERCISE}.ipynb").read_bytes()
    student.make(files)
    return files


def lay_out_class(folder: Path, students: list[Student]) -> None:
    """Write roster.csv, and archives/ as a learning platform gives them, into a folder."""
    shutil.rmtree(folder / "archives", ignore_errors=True)
    (folder / "archives").mkdir(parents=True)
    with (folder / "roster.csv").open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["id", "last_name", "first_name", "email"])
        rows.writerows([s.id, s.last_name, s.first_name, f"{s.id}@example.org"] for s in students)
    for student in students:
        if files := submission(student):
            name = f"{student.last_name} {student.first_name}_{student.id}_4711_file_.zip".replace("/", "")
            with zipfile.ZipFile(folder / "archives" / name, "w") as archive:
                for file, content in files.items():
                    archive.writestr(f"{EXERCISE}/{file}", content)


def command(folder: Path, *words: str) -> list[str]:
    """The command line of one of the course's commands, for the class in a folder."""
    return [sys.executable, "-m", "autograder", *words, "--class", str(folder / "class")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "build" / "sample")
    folder = parser.parse_args().folder.absolute()
    lay_out_class(folder, CLASS)
    for words in (["roster", str(folder / "roster.csv")], ["release", EXERCISE],
                  ["grade", EXERCISE, "--zips", str(folder / "archives")]):
        print("$ python -m autograder", *words, flush=True)
        status = subprocess.run(command(folder, *words), cwd=ROOT, check=False).returncode
        if status and words[0] != "grade":
            sys.exit(status)
    sys.exit(status)


if __name__ == "__main__":
    main()
