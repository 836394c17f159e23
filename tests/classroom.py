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

EXERCISE = "03_chat"            # what all of the class submit something for; for the others it is those who learn
HOSTILE = TESTS / "hostile"
ANSWER = "It was `recv()`, which returned **half** of a line (1 < 2).\n\n| call | bytes |\n|-|-|\n| 1 | 3 |"
Files = dict[str, bytes]


@dataclass(frozen=True)
class Assignment:
    """What there is to submit for an exercise. server, client: its two main files, whatever they are. bonus: the file
    of the bonus, "" if there is none. mistake: a wrong program for it, with a known mistake."""

    exercise: str
    server: str
    client: str
    bonus: str
    mistake: str

    @property
    def notebook(self) -> str:
        """The notebook's file name."""
        return f"{self.exercise}.ipynb"

    @property
    def skeletons(self) -> Path:
        """The folder of what students get."""
        return ROOT / "exercises" / self.exercise

    @property
    def solution(self) -> Path:
        """The folder of the solution."""
        return ROOT / "solutions" / self.exercise

    def wrong(self, name: str) -> Path:
        """The folder of one of the wrong programs."""
        return TESTS / "wrong" / self.exercise / name


ASSIGNMENTS = {assignment.exercise: assignment for assignment in (
    Assignment("00_osi", "layers.py", "browser.py", "", "C01_body_in_one_recv"),
    Assignment("01_handshake", "endpoint.py", "segment.py", "states.py", "T06_acks_the_last_byte"),
    Assignment("02_socket_api", "echo_server.py", "echo_client.py", "echo_many.py", "C03_decode_per_recv"),
    Assignment("03_chat", "chat_server.py", "chat_client.py", "chat_room.py", "C03_decode_per_recv"),
    Assignment("04_udp", "udp_server.py", "udp_client.py", "", "U03_empty_is_the_end"),
    Assignment("05_tftp", "tftp_server.py", "tftp_client.py", "netascii.py", "F10_startswith"))}
Make = Callable[[Files, Assignment], None]


@dataclass(frozen=True)
class Student:
    """One of the class. make: what changes the complete solution, as files by name, into what is submitted.

    learns: whether they submit for every exercise, and not only for the one at which the class shows what it can do.
    """

    id: str
    last_name: str
    first_name: str
    make: Make
    learns: bool = False


def lay(folder: Path, files: Files) -> None:
    """Put the files of this folder in place of others."""
    for path in folder.glob("*.py"):
        files[path.name] = path.read_bytes()


def hostile(name: str) -> Make:
    """Has the files of a hostile program in place of the solution's."""
    return lambda files, _: lay(HOSTILE / name, files)


def wrong(name: str) -> Make:
    """Has the files of a wrong program in place of the solution's."""
    return lambda files, assignment: lay(assignment.wrong(name), files)


def untouched(files: Files, assignment: Assignment) -> None:
    """The skeletons, as they were given out."""
    lay(assignment.skeletons, files)


def complete(files: Files, assignment: Assignment) -> None:
    """All is written, and the questions are answered."""
    notebook = json.loads(files[assignment.notebook])
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = ANSWER
    files[assignment.notebook] = json.dumps(notebook).encode()


def without_bonus(files: Files, assignment: Assignment) -> None:
    """All but the bonus is written."""
    complete(files, assignment)
    if assignment.bonus:
        files[assignment.bonus] = (assignment.skeletons / assignment.bonus).read_bytes()


def one_mistake(files: Files, assignment: Assignment) -> None:
    """One of the known mistakes, and no bonus."""
    lay(assignment.wrong(assignment.mistake), files)
    without_bonus(files, assignment)


def syntax_error(files: Files, assignment: Assignment) -> None:
    """A bracket is missing in the server."""
    files[assignment.server] += b'\nprint("ready"\n'


def empty_file(files: Files, assignment: Assignment) -> None:
    """The client is an empty file."""
    files[assignment.client] = b""


def missing_file(files: Files, assignment: Assignment) -> None:
    """The server was not submitted."""
    complete(files, assignment)
    del files[assignment.server]


def no_notebook(files: Files, assignment: Assignment) -> None:
    """Only programs were submitted."""
    del files[assignment.notebook]


def broken_notebook(files: Files, assignment: Assignment) -> None:
    """The notebook was cut off in the middle of an upload."""
    files[assignment.notebook] = files[assignment.notebook][:2000]


def cells(change: Callable[[list[dict]], list[dict]]) -> Make:
    """The programs are skeletons, and what changes is the notebook."""
    def make(files: Files, assignment: Assignment) -> None:
        untouched(files, assignment)
        notebook = json.loads(files[assignment.notebook])
        notebook["cells"] = change(notebook["cells"])
        files[assignment.notebook] = json.dumps(notebook).encode()
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
    Student("ada", "Lovelace", "Ada", complete, learns=True),
    Student("grace", "Hopper", "Grace", without_bonus, learns=True),
    Student("linus", "O'Brien, Jr.", 'Linus "Lin"', one_mistake, learns=True),
    Student("yann", "Le Gall", "Yann", untouched, learns=True),
    Student("liwei", "李", "伟", syntax_error, learns=True),
    Student("s2027001", "欧阳", "小明", empty_file, learns=True),
    Student("mia", "Müller-Lüdenscheidt", "Mia", missing_file),
    Student("hugo", "Hang", "Hugo", wrong("X_hangs_at_start")),
    Student("flora", "Flood", "Flora", hostile("output_flood")),
    Student("boris", "Bomb", "Boris", hostile("fork_bomb")),
    Student("eve", "Exit", "Eve", hostile("os_exit")),
    Student("mallory", "Forge", "Mallory", hostile("forged_json")),
    Student("trudy", "Shadow", "Trudy", hostile("shadow_modules")),
    Student("oscar", "Open", "Oscar", cells(opens_gradebook)),
    Student("rita", "Rebind", "Rita", cells(rebinds_check)),
    Student("fred", "Flag", "Fred", cells(flips_flags)),
    Student("dora", "Delete", "Dora", cells(deletes_cells)),
    Student("nick", "Nobook", "Nick", no_notebook),
    Student("bea", "Broken", "Bea", broken_notebook),
    Student("abel", "Absent", "Abel", lambda files, _: files.clear()),
]
UNGRADABLE = {"nick", "bea"}


def submission(student: Student, exercise: str = EXERCISE) -> Files:
    """What this student submits for an exercise, by file name. Nothing at all from who is absent."""
    assignment = ASSIGNMENTS[exercise]
    files = {path.name: path.read_bytes() for path in assignment.solution.glob("*.py")}
    files[assignment.notebook] = (assignment.skeletons / assignment.notebook).read_bytes()
    student.make(files, assignment)
    return files


def lay_out_class(folder: Path, students: list[Student], exercise: str = EXERCISE) -> None:
    """Write roster.csv, and archives/ as a learning platform gives them, into a folder."""
    shutil.rmtree(folder / "archives", ignore_errors=True)
    (folder / "archives").mkdir(parents=True)
    with (folder / "roster.csv").open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["id", "last_name", "first_name", "email"])
        rows.writerows([s.id, s.last_name, s.first_name, f"{s.id}@example.org"] for s in students)
    for student in students:
        if (exercise == EXERCISE or student.learns) and (files := submission(student, exercise)):
            name = f"{student.last_name} {student.first_name}_{student.id}_4711_file_.zip".replace("/", "")
            with zipfile.ZipFile(folder / "archives" / name, "w") as archive:
                for file, content in files.items():
                    archive.writestr(f"{exercise}/{file}", content)


def command(folder: Path, *words: str) -> list[str]:
    """The command line of one of the course's commands, for the class in a folder."""
    return [sys.executable, "-m", "autograder", *words, "--class", str(folder / "class")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "build" / "sample")
    parser.add_argument("--exercise", choices=ASSIGNMENTS, action="append", help="only this one (default: all)")
    arguments = parser.parse_args()
    folder, worst = arguments.folder.absolute(), 0
    for exercise in arguments.exercise or ASSIGNMENTS:
        lay_out_class(folder, CLASS, exercise)
        for words in (["roster", str(folder / "roster.csv")], ["release", exercise],
                      ["grade", exercise, "--zips", str(folder / "archives")]):
            print("$ python -m autograder", *words, flush=True)
            status = subprocess.run(command(folder, *words), cwd=ROOT, check=False).returncode
            if status and words[0] != "grade":
                sys.exit(status)
        worst = max(worst, status)
    sys.exit(worst)


if __name__ == "__main__":
    main()
