"""A class's whole round through nbgrader: what it comes to, what nobody gets by cheating, and what a crash leaves.

The sample class is graded beside the tests that do not need it, so these come first.
"""
import contextlib
import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import classroom as sample
import pytest
from nbgrader.api import Gradebook
from programs import ROOT, WORKERS, grade

from autograder import __main__, collecting, grading, nbgrader_bridge
from autograder.classroom import Classroom, Impossible
from autograder.netns import free_port, tcp_sockets
from autograder.stage import POLL

EXERCISE = sample.EXERCISE
GRADED, NOT_ALL_GRADED = 0, 1       # exit status


@dataclass(frozen=True)
class Round:
    """A class in a folder, and what the last command for it said."""

    folder: Path
    status: int = 0
    output: str = ""

    @property
    def rows(self) -> dict[str, dict[str, str]]:
        """The exported grades, by student."""
        with (self.folder / "class" / "grades.csv").open(encoding="utf-8-sig", newline="") as opened:
            return {row["student_id"]: row for row in csv.DictReader(opened)}

    @contextlib.contextmanager
    def gradebook(self) -> Iterator[Gradebook]:
        """The gradebook, opened."""
        with Gradebook(f"sqlite:///{self.folder / 'class' / 'gradebook.db'}") as gradebook:
            yield gradebook

    def feedback(self, student: str) -> str:
        """A student's page."""
        return (self.folder / "class" / "feedback" / student / EXERCISE / f"{EXERCISE}.html").read_text("utf-8")

    def command(self, *words: str) -> "Round":
        """Run a command for the class, in this process. Returns this round with what it said."""
        said, status = io.StringIO(), GRADED
        with left_as_it_was(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            sys.argv = sample.command(self.folder, *words)[2:]
            try:
                __main__.main()
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 1
                said.write("" if isinstance(end.code, int | None) else f"{end.code}\n")
        return Round(self.folder, status, said.getvalue())

    def grade(self, *words: str) -> "Round":
        """Run the command that grades, in this process."""
        return self.command("grade", EXERCISE, *words)

    def grade_elsewhere(self, *words: str, **environment: str) -> "Round":
        """Run the command that grades in a process of its own, as one does."""
        done = subprocess.run(sample.command(self.folder, "grade", EXERCISE, *words), cwd=self.folder,
                              capture_output=True, text=True, check=False, timeout=280, env=os.environ | environment)
        return Round(self.folder, done.returncode, done.stdout + done.stderr)


@contextlib.contextmanager
def left_as_it_was() -> Iterator[None]:
    """Whatever a command changes in this process, as nbgrader's commands do, is put back."""
    where, path, argv = os.getcwd(), os.environ["PATH"], sys.argv
    try:
        yield
    finally:
        os.chdir(where)
        os.environ["PATH"], sys.argv = path, argv


def new_class(folder: Path, *ids: str) -> Round:
    """A class of these students of the sample, with a roster, and released."""
    sample.lay_out_class(folder, [student for student in sample.CLASS if student.id in ids])
    room = Round(folder)
    assert room.command("roster", str(folder / "roster.csv")).status == 0
    assert room.command("release", EXERCISE).status == 0
    return room


@pytest.fixture(scope="module", autouse=True)
def at_work(tmp_path_factory) -> Iterator[tuple[Path, subprocess.Popen]]:
    """The folder of the sample class, and the process that grades it."""
    folder = tmp_path_factory.mktemp("sample")
    command = [sys.executable, str(ROOT / "tests" / "classroom.py"), str(folder), "--exercise", EXERCISE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as grading:
        yield folder, grading
        grading.kill()


# Again, and after a crash -----------------------------------------------------------------------------------


def hand_grade(room: Round, student: str, points: float, comment: str) -> None:
    """As formgrader saves it: points and a comment for the first question."""
    with room.gradebook() as gradebook:
        where = "answer_1", EXERCISE, EXERCISE, student
        found = gradebook.find_grade(*where)
        found.manual_score, found.needs_manual_grade = points, False
        gradebook.find_comment(*where).manual_comment = comment
        gradebook.db.commit()


DEATHS = [
    (collecting, "put", 1),                               # one is collected, the other one not
    (nbgrader_bridge.Store, "result", 1),                 # the first result is kept
    (nbgrader_bridge.RestoreCells, "preprocess", 2),      # a copy of the second is there, its points are not
    (nbgrader_bridge.SaveGrades, "preprocess", 2),        # its points are in the gradebook, its notebook is not there
    (nbgrader_bridge.GetGradesBesideBonus, "preprocess", 1),      # in the middle of the first page
    (nbgrader_bridge, "write_grades", 1)]                 # all but the table


def die_behind(room: Round, owner: object, name: str, call: int) -> int:
    """Grade in a process that is killed once this function has returned so many times. Returns how it ended."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        real, calls = getattr(owner, name), []

        def dies(*arguments: object, **options: object) -> object:
            result = real(*arguments, **options)
            calls.append(result)
            if len(calls) == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(owner, name, dies)
        room.grade("--zips", str(room.folder / "archives"))
    finally:
        os._exit(0)


@pytest.mark.parametrize("owner, name, call", DEATHS, ids=lambda value: getattr(value, "__name__", None))
def test_killed_and_run_again_it_is_as_if_nothing_had_happened(undisturbed, tmp_path, owner, name, call):
    shutil.copytree(undisturbed.folder, tmp_path / "room")
    room = Round(tmp_path / "room")
    for step in "autograded", "feedback":
        shutil.rmtree(room.folder / "class" / step)
    for function, step in ("put", "collected"), ("result", "results"):
        if name == function:
            shutil.rmtree(room.folder / "class" / "grading" / EXERCISE / step)
    assert die_behind(room, owner, name, call) == -signal.SIGKILL
    again = room.grade("--zips", str(room.folder / "archives"))
    assert again.status == GRADED, again.output
    assert again.rows == undisturbed.rows
    assert "which <em>line</em>" in again.feedback("mia")
    with again.gradebook() as gradebook:
        assert len(gradebook.assignment_submissions(EXERCISE)) == 2
        assert gradebook.find_grade("answer_1", EXERCISE, EXERCISE, "mia").manual_score == 4


@pytest.mark.parametrize("kept", ["autograded/mia/03_chat/03_chat.ipynb", "grading/03_chat/results/*.json",
                                  "grading/03_chat/feedback/mia", "grading/03_chat/seen/mia",
                                  "grading/03_chat/collected/mia", "feedback/mia/03_chat/03_chat.html"])
def test_a_file_that_a_power_cut_left_empty_is_made_again(undisturbed, tmp_path, kept):
    shutil.copytree(undisturbed.folder, tmp_path / "room")
    room = Round(tmp_path / "room")
    for file in (room.folder / "class").glob(kept):
        file.chmod(0o644)
        file.write_text("")
    again = room.grade("--zips", str(room.folder / "archives"))
    assert again.status == GRADED, again.output
    assert again.rows["mia"]["score"] == undisturbed.rows["mia"]["score"] == "24.00"
    assert "which <em>line</em>" in again.feedback("mia")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Round:
    """Two students, graded by the harness and one also by hand."""
    room = new_class(tmp_path_factory.mktemp("undisturbed"), "mia", "yann")
    assert room.grade("--zips", str(room.folder / "archives")).status == GRADED
    hand_grade(room, "mia", 4, "But which *line*?")
    again = room.grade()
    assert (again.rows["mia"]["written"], again.rows["mia"]["score"]) == ("4.00", "24.00")
    assert "entered" not in again.output
    return again


def test_only_what_has_changed_is_graded_again(undisturbed, tmp_path):
    """One hands in a new version: the other one's result, and all that was given by hand, stays."""
    shutil.copytree(undisturbed.folder, tmp_path / "room")
    room = Round(tmp_path / "room")
    assert not re.search(r"^\[1/|^entered", room.grade().output, re.MULTILINE)
    with (room.folder / "class" / "submitted" / "yann" / EXERCISE / "chat_server.py").open("a") as program:
        program.write(")")
    again = room.grade()
    assert re.findall(r"^\[(\S+)\] (\w+):|^entered (\w+)", again.output, re.MULTILINE) == [
        ("1/1", "yann", ""), ("", "", "yann")]
    assert again.rows["mia"] == undisturbed.rows["mia"]


def test_a_corrected_test_regrades_all_and_keeps_what_was_given_by_hand(undisturbed, tmp_path):
    for part in "autograder", "exercises", "solutions":
        shutil.copytree(ROOT / part, tmp_path / "course" / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(undisturbed.folder, tmp_path / "room")
    room, course = Round(tmp_path / "room"), {"PYTHONPATH": str(tmp_path / "course")}
    assert not re.search(r"^\[1/|^entered", room.grade_elsewhere(**course).output, re.MULTILINE)
    tests = tmp_path / "course" / "exercises" / EXERCISE / "test_chat.py"
    original = tests.read_text("utf-8")
    before, marked, after = original.partition("def test_client_end_of_input")
    corrected = before + marked + after.replace("client.ends(code=0)", "client.ends(code=7)", 1)
    assert corrected != original
    tests.write_text(corrected, "utf-8")
    again = room.grade_elsewhere(**course)
    assert "[2/2]" in again.output and again.output.count("entered") == 2
    assert (again.rows["mia"]["checks"], again.rows["mia"]["written"]) == ("17.00", "4.00")
    assert "which <em>line</em>" in again.feedback("mia")
    with room.gradebook() as gradebook:             # no answer has changed, so none has to be read again
        assert not gradebook.find_grade("answer_1", EXERCISE, EXERCISE, "mia").needs_manual_grade
    tests.write_text(original, "utf-8")
    with (tmp_path / "course" / "autograder" / "render" / "cell.py").open("a") as pages:
        pages.write("# looks better\n")
    back = room.grade_elsewhere(**course)
    # The old results are still there, and what is made from them is made anew.
    assert "[1/" not in back.output and back.output.count("entered") == 2 and back.rows == undisturbed.rows


def test_a_new_answer_asks_for_another_look_at_its_grade(undisturbed, tmp_path):
    shutil.copytree(undisturbed.folder, tmp_path / "room")
    room = Round(tmp_path / "room")
    notebook = room.folder / "class" / "submitted" / "mia" / EXERCISE / f"{EXERCISE}.ipynb"
    notebook.write_text(notebook.read_text("utf-8").replace("It was", "On second thoughts it was"), "utf-8")
    again = room.grade()
    assert (again.rows["mia"]["status"], again.rows["mia"]["written"]) == ("to be graded by hand", "4.00")


def test_a_day_late_costs_what_the_config_says(undisturbed, tmp_path):
    shutil.copytree(undisturbed.folder, tmp_path / "room")
    room = Round(tmp_path / "room")
    config = room.folder / "class" / "nbgrader_config.py"
    config.write_text(re.sub(r"^# (c\.(Assign)?Late)", r"\1", config.read_text(), flags=re.MULTILINE))
    with room.gradebook() as gradebook:
        gradebook.update_or_create_assignment(EXERCISE, duedate="2027-01-31 23:59 UTC")
    for student, when in ("mia", "2027-02-02 08:00 UTC"), ("yann", "2027-01-31 23:58 UTC"):
        (room.folder / "class" / "submitted" / student / EXERCISE / "timestamp.txt").write_text(when)
    rows = room.grade().rows
    assert [rows["mia"][name] for name in ("late_submission_penalty", "score")] == ["20.00", "4.00"]
    assert rows["yann"]["late_submission_penalty"] == "0.00"


# The exchange -----------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Passing unrecognized arguments")         # nbgrader's own
def test_the_exchange_from_release_to_returned_feedback(tmp_path):
    """As one user, who is instructor and student in turn."""
    room = new_class(tmp_path / "room")
    me, home = subprocess.check_output(["id", "-un"], text=True).strip(), tmp_path / "home"
    (tmp_path / "exchange").mkdir()
    (tmp_path / "exchange").chmod(0o777)
    home.mkdir()
    exchange = f'c.Exchange.root = "{tmp_path / "exchange"}"\n'
    with (room.folder / "class" / "nbgrader_config.py").open("a") as config:
        config.write(exchange)
    (home / "nbgrader_config.py").write_text(f'c = get_config()\nc.CourseDirectory.course_id = "sockets"\n{exchange}')

    def nbgrader(*words: str) -> None:
        done = subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=home, capture_output=True, text=True,
                              check=False, env=os.environ | {"HOME": str(home), "JUPYTER_DATA_DIR": str(home / "data")})
        assert done.returncode == 0, done.stderr

    with left_as_it_was():
        assert Classroom(room.folder / "class").api.release_assignment(EXERCISE)["success"]
    nbgrader("fetch_assignment", EXERCISE)
    fetched = home / EXERCISE
    assert (fetched / "chat_server.py").exists() and not list(fetched.glob("test_*"))
    for name, content in sample.submission(next(s for s in sample.CLASS if s.id == "liwei")).items():
        (fetched / name).write_bytes(content)
    (fetched / ".pytest_cache").mkdir()
    nbgrader("submit", EXERCISE)
    graded = room.grade("--exchange")
    assert graded.status == GRADED and f"collected {me}" in graded.output
    assert not (room.folder / "class" / "submitted" / me / EXERCISE / ".pytest_cache").exists()
    assert graded.rows[me]["checks"] == "20.00" and graded.rows[me]["timestamp"]
    with left_as_it_was():
        assert Classroom(room.folder / "class").api.release_feedback(EXERCISE)["success"]
    nbgrader("fetch_feedback", EXERCISE)
    assert "SyntaxError" in next((fetched / "feedback").rglob("*.html")).read_text("utf-8")
    # What was submitted is still the student's: a link put there later would be followed with the instructor's rights.
    inbound = next((tmp_path / "exchange" / "sockets" / "inbound").iterdir())
    inbound.chmod(0o755)
    (inbound / "chat_server.py").unlink()
    (inbound / "chat_server.py").symlink_to(ROOT / "solutions" / EXERCISE / "chat_server.py")
    inbound.with_name(f"ada+{EXERCISE}+2099-01-01 00:00:00 UTC").mkdir()
    again = room.grade("--exchange")
    assert again.status == NOT_ALL_GRADED
    told = " ".join(again.output.split())
    assert f"chat_server.py: no regular file of {me}'s own" in told
    assert f"it is in the name of ada, and was made by {me}" in told or me == "ada"
    # No earlier version is graded in its place, now or later, unless the instructor says so.
    assert (again.rows[me]["status"], again.rows[me]["score"]) == ("not graded", "")
    assert f"remove grading/{EXERCISE}/unusable/{me}" in " ".join(room.grade().output.split())
    (room.folder / "class" / "grading" / EXERCISE / "unusable" / me).unlink()
    assert room.grade().rows[me]["checks"] == "20.00"


def test_an_archive_that_cannot_be_used_is_no_zero(tmp_path):
    room = new_class(tmp_path, "yann", "ada")
    (ada,) = (tmp_path / "archives").glob("*_ada_*")
    ada.unlink()
    Path(os.fsdecode(os.fsencode(tmp_path / "archives") + b"/\xff_ada_\x1b[2J.ZIP")).write_bytes(b"Not Found")
    (tmp_path / "archives" / "yann.tar.gz").touch()
    for grading_it in room.grade("--zips", str(tmp_path / "archives")), room.grade():
        assert "! yann.tar.gz: it is neither a zip archive nor a folder" in grading_it.output
        assert grading_it.status == NOT_ALL_GRADED and "it cannot be read" in grading_it.output
        assert (grading_it.rows["ada"]["status"], grading_it.rows["ada"]["score"]) == ("not graded", "")
    (tmp_path / "archives" / "yann.tar.gz").unlink()
    assert "yann.tar.gz" not in room.grade("--zips", str(tmp_path / "archives")).output


# Odd submissions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change, complaint", [
    (lambda folder: (folder / "notes.txt").symlink_to("/etc/passwd"), "notes.txt is a link"),
    (lambda folder: os.mkfifo(folder / "pipe.py"), "pipe.py is a link, or no file"),
    (lambda folder: (folder / "nbgrader_config.py").touch(), "nbgrader_config.py has the name of a configuration"),
    (lambda folder: (folder / "timestamp.txt").write_text("yesterday"), 'its timestamp.txt has to be like "2027'),
    (lambda folder: (folder / "03_chat.ipynb").write_text("[" * 100_000), "03_chat.ipynb cannot be read: Rec"),
    (lambda folder: (folder / "03_chat.ipynb").write_text("[]"), "03_chat.ipynb cannot be read"),
    (lambda folder: (folder / "03_chat.ipynb").write_text('{"nbformat": 4, "nbformat_minor": "x"}'), "cannot be read"),
    (lambda folder: (folder / "03_chat.ipynb").write_text(json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
            {"id": "a", "cell_type": "markdown", "metadata": {}, "source": "x" * 300_000}]})), "300000 characters"),
    (lambda folder: (folder / "huge.py").write_bytes(b"#" * 2_000_000), "one above 1 MiB"),
], ids=["link", "pipe", "config", "time", "deep", "list", "version", "long", "huge"])
def test_a_submission_that_is_odd_is_listed_and_the_others_are_graded(odd_class, change, complaint):
    shutil.rmtree(odd_class.folder / "class" / "submitted" / "ada", ignore_errors=True)
    submitted = odd_class.folder / "class" / "submitted" / "ada" / EXERCISE
    shutil.copytree(odd_class.folder / "class" / "release" / EXERCISE, submitted)
    change(submitted)
    graded = odd_class.grade()
    assert graded.status == NOT_ALL_GRADED and "! ada: " in graded.output
    assert complaint in " ".join(graded.output.split())
    assert (graded.rows["ada"]["status"], graded.rows["ada"]["score"]) == ("not graded", "")
    assert graded.rows["yann"]["status"] == "graded"
    assert not (odd_class.folder / "class" / "autograded" / "ada" / EXERCISE).exists()


@pytest.fixture(scope="module")
def odd_class(tmp_path_factory) -> Round:
    """A class of two, of which one has handed in the skeletons."""
    room = new_class(tmp_path_factory.mktemp("odd"), "yann", "ada")
    shutil.rmtree(room.folder / "archives")
    shutil.copytree(room.folder / "class" / "release" / EXERCISE,
                    room.folder / "class" / "submitted" / "yann" / EXERCISE)
    return room


def test_a_cell_may_have_any_metadata(odd_class):
    submitted = odd_class.folder / "class" / "submitted" / "ada" / EXERCISE
    shutil.rmtree(submitted.parent, ignore_errors=True)
    shutil.copytree(odd_class.folder / "class" / "release" / EXERCISE, submitted)
    notebook = json.loads((submitted / f"{EXERCISE}.ipynb").read_text("utf-8"))
    for number, odd in enumerate(({"nbgrader": []}, {"nbgrader": {"grade_id": 1}}, {"nbgrader": None}, {"tags": 7},
                                  {"nbgrader": {"grade_id": "../x", "grade": True, "points": "many"}})):
        notebook["cells"][number]["metadata"] = odd
    (submitted / f"{EXERCISE}.ipynb").write_text(json.dumps(notebook), "utf-8")
    graded = odd_class.grade()
    assert graded.status == GRADED, graded.output
    assert graded.rows["ada"]["checks"] == "0.00"


def test_an_assignment_that_is_only_a_due_date_stops_nothing(odd_class):
    shutil.rmtree(odd_class.folder / "class" / "submitted" / "ada", ignore_errors=True)
    with odd_class.gradebook() as gradebook:
        gradebook.update_or_create_assignment("04_udp", duedate="2027-01-31 23:59 UTC")
    assert odd_class.grade().status == GRADED


def test_a_long_text_is_shown_as_it_is():
    """Markdown takes quadratic time for some: a student could stop the grading of a class with a cell."""
    assert nbgrader_bridge.harmless_html({}, "<div>" * 16_000).endswith("&lt;div&gt;</pre>")


# What is asked for wrongly ----------------------------------------------------------------------------------


def test_a_bad_roster_enters_nobody(room_here):
    for roster, complaint in ((b"name\nada\n", "line 1: there is no column id"),
                              (b"id\n../ada\n", "line 2: a student needs an id"),
                              (b"id,email\nada,a@b\n,c@d\n", "line 3: a student needs an id"),
                              (b"id\nan\0a\n", "needs an id|cannot be read"),
                              (b"id\n\xff\xfe\n", "cannot be read as a CSV file in UTF-8")):
        Path("roster.csv").write_bytes(roster)
        with pytest.raises(Impossible, match=complaint):
            room_here.roster(Path("roster.csv"))
    with room_here.gradebook() as gradebook:
        assert not gradebook.students


def test_a_roster_from_a_spreadsheet_is_entered_and_corrects_names(room_here):
    for name, mark in ("Adda", ","), ("Ada", ";"):
        rows = f'\ufeffID{mark}First_Name{mark} last_name\r\nada{mark}{name}{mark}"Love, lace"\r\n'
        Path("roster.csv").write_bytes(rows.encode())
        assert room_here.roster(Path("roster.csv")) == 1
    with room_here.gradebook() as gradebook:
        assert [(s.id, s.first_name, s.last_name) for s in gradebook.students] == [("ada", "Ada", "Love, lace")]


@pytest.fixture
def room_here(tmp_path) -> Iterator[Classroom]:
    """A new class in this process, which works in its folder."""
    with left_as_it_was():
        yield Classroom(tmp_path)


def test_a_wrong_command_gets_one_line_that_says_what_to_do(tmp_path):
    room = Round(tmp_path)
    for words, complaint in ((["04_x"], "there is no exercise 04_x; there are 00_osi, 01_handshake"),
                             ([EXERCISE], "03_chat is not released yet: python -m autograder release 03_chat")):
        said = room.command("grade", *words)
        assert said.status == 1 and said.output.startswith(complaint) and said.output.count("\n") == 1, said.output
    assert room.command("release", EXERCISE).status == 0
    for words, complaint in ((["--zips", "nowhere"], "there is no folder"),
                             (["--zips", "."], "the class has no students yet: python -m autograder roster FILE.csv"),
                             (["--exchange"], "there is no exchange at")):
        said = room.grade(*words)
        assert said.status == 1 and said.output.startswith(complaint) and said.output.count("\n") == 1, said.output
    assert room.grade("--jobs", "0").output.splitlines()[-1].endswith("argument --jobs: '0' is no number from 1 on")


def test_a_config_that_nbgrader_would_ignore_is_refused(tmp_path):
    """nbgrader itself only warns, and would then run the students' notebooks."""
    for config in "c = get_config(\n", "c = get_config()\n", "raise OSError\n":
        (tmp_path / "nbgrader_config.py").write_text(config)
        with left_as_it_was(), pytest.raises(Impossible, match="has an error, or does not call"):
            Classroom(tmp_path)


def test_two_at_once_is_refused(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    room = new_class(tmp_path)
    with (tmp_path / "class" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = room.grade()
    assert said.status == 1 and said.output.startswith("another command is at work on")


def test_a_machine_that_confines_nothing_grades_nobody_unless_told(tmp_path, monkeypatch):
    room = new_class(tmp_path, "mia")
    monkeypatch.setattr(grading, "isolation", lambda: ("host", "plain"))
    refused = room.grade("--zips", str(tmp_path / "archives"))
    assert refused.status == 1 and "this machine cannot confine other people's programs" in refused.output
    assert not (tmp_path / "class" / "autograded").exists()
    told = room.grade("--trust")
    assert told.status == GRADED and told.rows["mia"]["checks"] == "20.00"


# The sample class -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(at_work) -> Round:
    """The whole sample class, graded once."""
    folder, grading = at_work
    output, _ = grading.communicate(timeout=280)
    return Round(folder, grading.returncode, output)


def test_what_cannot_be_graded_is_listed_and_the_exit_status_says_so(whole):
    assert whole.status == NOT_ALL_GRADED
    assert {line.split(":")[0].removeprefix("! ") for line in whole.output.splitlines() if line.startswith("! ")} \
        == sample.UNGRADABLE
    assert "! nick: there is no 03_chat.ipynb" in whole.output
    assert "! bea: 03_chat.ipynb cannot be read: NotJSONError" in whole.output
    for student in sample.UNGRADABLE:
        assert (whole.rows[student]["status"], whole.rows[student]["score"]) == ("not graded", "")
    assert (whole.rows["abel"]["status"], whole.rows["abel"]["score"]) == ("nothing submitted", "0.00")


def test_the_points_are_those_of_pytest_to_the_hundredth(whole, tmp_path):
    """Graded once more, each by itself, with other texts."""
    graded = ["ada", "s2027001", "mia", "eve"]

    def points(student: str) -> tuple[str, str]:
        scratch = tmp_path / student
        scratch.mkdir()
        score = grade(EXERCISE, whole.folder / "class" / "submitted" / student / EXERCISE, scratch).score
        return f"{score['points']:.2f}", f"{score['bonus']:.2f}"

    with ThreadPoolExecutor(WORKERS) as pool:
        expected = dict(zip(graded, pool.map(points, graded), strict=True))
    assert {student: (whole.rows[student]["checks"], whole.rows[student]["bonus"]) for student in graded} == expected


def test_nobody_gets_a_point_without_the_work(whole):
    rows = whole.rows
    assert (rows["ada"]["checks"], rows["ada"]["bonus"], rows["ada"]["max_score"]) == ("100.00", "20.00", "115.00")
    assert rows["grace"]["checks"] == "100.00" and rows["grace"]["bonus"] == "0.00"
    for student in "yann", "trudy", "oscar", "rita", "fred", "dora":
        assert (rows[student]["checks"], rows[student]["bonus"], rows[student]["score"]) == ("0.00", "0.00", "0.00")
    # A client that works has earned its points, and a server the first line that it shows before it turns hostile.
    for student in "hugo", "mia", "liwei", "boris", "eve", "mallory", "flora":
        assert float(rows[student]["checks"]) in (20, 27), student


def test_names_stay_whole_in_the_table_and_in_the_csv(whole):
    assert [whole.rows["linus"][name] for name in ("last_name", "first_name")] == ["O'Brien, Jr.", 'Linus "Lin"']
    assert [whole.rows["s2027001"][name] for name in ("last_name", "first_name")] == ["欧阳", "小明"]
    assert "欧阳, 小明" in whole.output and "李, 伟" in whole.output


def test_nbgraders_own_export_writes_the_same(whole):
    nbgrader = [sys.executable, "-m", "nbgrader", "export", "--to", str(whole.folder / "exported.csv")]
    subprocess.run(nbgrader, cwd=whole.folder / "class", check=True, capture_output=True)
    assert (whole.folder / "exported.csv").read_bytes() == (whole.folder / "class" / "grades.csv").read_bytes()


def test_each_has_a_page_that_teaches_and_needs_no_network(whole):
    for student in whole.rows:
        if student in {*sample.UNGRADABLE, "abel"}:
            assert not (whole.folder / "class" / "feedback" / student).exists()
            continue
        page = whole.feedback(student)
        loaded = re.findall(r"""<(?:script|img|link|iframe)[^>]*?(?:src|href)\s*=\s*["']([^"']*)""", page)
        assert all(address.startswith("data:") for address in loaded), loaded
        assert "chat_client.py</code>" in page                   # the programs that were graded
    page = whole.feedback("linus")
    assert "FAILED" in page and "data:image/svg+xml;base64" in page and "(C03)" in page
    assert "86.0 / 115.0" in page


def test_a_page_tells_nothing_that_only_instructors_may_know(whole):
    source = json.loads((ROOT / "solutions" / EXERCISE / f"{EXERCISE}.ipynb").read_text("utf-8"))
    secrets = [line for cell in source["cells"] if "MARK SCHEME" in (text := "".join(cell["source"]))
               for line in text[text.index("BEGIN MARK"):].splitlines()[1:-1] if line.strip()]
    assert len(secrets) >= 6
    for secret in secrets:
        for released in (whole.folder / "class" / "release" / EXERCISE, ROOT / "exercises" / EXERCISE):
            assert secret not in (released / f"{EXERCISE}.ipynb").read_text("utf-8")
        words = secret.split(":")[1][:40] if ":" in secret else secret[:40]
        assert words not in whole.feedback("ada").replace("&quot;", '"')
    # Who grades by hand sees it.
    assert "MARK SCHEME" in (whole.folder / "class" / "autograded" / "ada" / EXERCISE / f"{EXERCISE}.ipynb").read_text()


def does_nothing(page: str) -> bool:
    """Whether oscar's cells are on this page, and are only text."""
    start = page.index("&lt;script&gt;document.title")
    shown = page[start:page.index("Exercise 03", start)]
    markup = re.findall(r"<[^>]*>", shown)
    does = r"full-credit|navbar|onerror|evil|\?path|javascript|<script|<a |<img src=.x"
    return "click me" in shown and not [tag for tag in markup if re.search(does, tag)]


def test_a_students_text_is_shown_and_does_nothing(whole):
    assert does_nothing(whole.feedback("oscar"))
    assert "<strong>half</strong>" in whole.feedback("ada") and "1 &lt; 2" in whole.feedback("ada")
    assert "<td>bytes</td>" in whole.feedback("ada") or "<th>bytes</th>" in whole.feedback("ada")


THREE = [student for student in sample.CLASS if student.id in ("ada", "linus", "yann")]


@pytest.fixture(scope="module")
def term(tmp_path_factory) -> Round:
    """A class of three, for all other exercises one after the other."""
    folder = tmp_path_factory.mktemp("term")
    sample.lay_out_class(folder, THREE)
    done = Round(folder).command("roster", str(folder / "roster.csv"))
    assert done.status == GRADED, done.output
    return done


@pytest.mark.parametrize("exercise", sorted(set(sample.ASSIGNMENTS) - {EXERCISE}))
def test_the_class_gets_its_points_for_the_other_exercises_too(exercise, term, tmp_path):
    sample.lay_out_class(tmp_path, THREE, exercise)
    for words in ("release", exercise), ("grade", exercise, "--zips", str(tmp_path / "archives")):
        done = term.command(*words)
        assert done.status == GRADED, done.output
    mistake = sample.ASSIGNMENTS[exercise].mistake
    lost = tomllib.loads((ROOT / "tests" / "wrong" / exercise / "expected.toml").read_text("utf-8"))[mistake]
    with (term.folder / "class" / "grades.csv").open(encoding="utf-8-sig", newline="") as opened:
        points = {row["student_id"]: float(row["checks"]) for row in csv.DictReader(opened)
                  if row["assignment"] == exercise}
    assert points == {"ada": 100, "linus": lost["points"], "yann": 0}
    page = (term.folder / "class" / "feedback" / "linus" / exercise / f"{exercise}.html").read_text("utf-8")
    assert f"({mistake[:3]})" in page and "data:image/svg" in page or "<svg" in page


def test_formgrader_gives_the_same_points_and_shows_what_graders_need(whole, tmp_path):
    """In a server with threads: generate the assignment, autograde by button, and open a submission."""
    before = whole.rows["linus"]
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter", "server", "--no-browser", f"--ServerApp.port={port}", "--allow-root",
         "--IdentityProvider.token=secret"],
        cwd=whole.folder / "class", stdout=subprocess.DEVNULL, stderr=(tmp_path / "log").open("w"),
        env=os.environ | {"JUPYTER_CONFIG_DIR": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path)})

    def ask(path: str, method: str = "GET") -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/formgrader/{path}", method=method,
                                         headers={"Authorization": "token secret"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read().decode()

    def press(what: str) -> dict:
        return json.loads(ask(f"api/{what}", "POST"))

    try:
        while not tcp_sockets(port, "LISTEN"):
            assert server.poll() is None, (tmp_path / "log").read_text()
            time.sleep(POLL)
        assert press(f"assignment/{EXERCISE}/assign")["success"]
        assert press(f"submission/{EXERCISE}/linus/autograde")["success"]
        assert not press(f"submission/{EXERCISE}/bea/autograde")["success"]
        with whole.gradebook() as gradebook:
            page = ask(f"submissions/{gradebook.find_submission(EXERCISE, 'oscar').notebooks[0].id}/")
        assert does_nothing(page)
        assert "BEGIN MARK SCHEME" in page and "chat_server.py</code>" in page
    finally:
        server.kill()
        server.wait()
    assert sorted(path.name for path in (whole.folder / "class" / "release" / EXERCISE).iterdir()) \
        == ["03_chat.ipynb", "chat_client.py", "chat_room.py", "chat_server.py", "protocol.py"]
    again = whole.grade()
    assert not re.search(r"^\[1/|^entered", again.output, re.MULTILINE)        # and nothing is left to do
    assert again.rows["linus"] == before


