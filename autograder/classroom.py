"""One class: nbgrader's folders and gradebook for it, and the round from release to feedback.

    build/nbgrader/
      nbgrader_config.py   made once, then the instructor's own
      gradebook.db         nbgrader's: students, points, hand grades, comments
      source/ release/     the assignments, as authors and as students have them
      submitted/ autograded/ feedback/     each STUDENT/ASSIGNMENT/
      grading/             ours: for each assignment the results of the harness, and what was made from them
      grades.csv

Whatever stops a command, the next one goes on where it was: each result is kept as soon as it is there, and each later
step knows from what it was made.
"""
import contextlib
import csv
import hashlib
import io
import json
import logging
import os
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.apps.baseapp import NbGrader

from . import collecting, course, grading, nbgrader_bridge
from .render.text import clean, fit, wrap
from .score import write_whole

CONFIG = '''\
"""nbgrader's configuration for this class. Yours to change: it is never written again."""
import os

from autograder.nbgrader_bridge import LateDays, configure  # noqa: F401

c = get_config()  # noqa: F821
configure(c)
c.CourseDirectory.course_id = "sockets"
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))

# Where students fetch and submit, if they have accounts on this machine:
# c.Exchange.root = "/srv/nbgrader/exchange"

# Points for each day after the due date (nbgrader db assignment add 03_chat --duedate="2027-01-31 23:59 UTC"):
# c.AssignLatePenalties.plugin_class = LateDays
# c.LateDays.per_day = 10
# c.LateDays.free = 0
'''
Say = Callable[[str], None]


class Impossible(Exception):
    """What was asked for cannot be done. The text says why, and what to do, in one line."""


@dataclass
class Outcome:
    """What a command for a whole class came to.

    rows: for each student those of nbgrader_bridge.COLUMNS. problems: for each student, or archive, that something
    is wrong with, what it is.
    """

    rows: list[dict[str, str]] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


class Classroom:
    """A class in a folder, which is made, with what nbgrader needs in it. Changes to that folder, as nbgrader does."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        try:
            (self.root / "source").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Impossible(f"{root} cannot be a class's folder: {error}") from None
        config = self.root / "nbgrader_config.py"
        if not config.exists():
            config.write_text(CONFIG, encoding="utf-8")
        os.chdir(self.root)
        # nbgrader starts a program of its own installation, alembic, which is found only in an active environment.
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        # About nbgrader's own use of its database, and about what students did to their notebooks.
        warnings.filterwarnings("ignore", module="nbgrader|nbformat")
        app = NbGrader()
        app.log_level = logging.CRITICAL            # what it logs is kept, by capture_log, and not shown
        app.initialize([])
        NbGrader.start(app)
        app.log.setLevel(logging.INFO)
        app.log.propagate = False
        app.log.handlers[:] = []
        # nbgrader goes on without a config that it cannot read, and would then run the students' notebooks.
        if nbgrader_bridge.Harness not in app.config.Autograde.get("autograde_preprocessors", []):
            raise Impossible(f"{config} has an error, or does not call configure(c): mend it, or remove it")
        if Path(app.coursedir.root) != self.root:
            raise Impossible(f"{config} says that the class is in {app.coursedir.root}: mend it, or remove it")
        self.api = NbGraderAPI(app.coursedir, app.authenticator, parent=app)
        self.coursedir = app.coursedir

    def gradebook(self) -> Gradebook:
        """The class's gradebook, opened. To be used in a with statement."""
        return Gradebook(self.coursedir.db_url, self.coursedir.course_id)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other command works on this class. Raises Impossible."""
        import fcntl  # not on Windows, where no class can be graded

        with (self.root / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Impossible(f"another command is at work on {self.root}: wait until it is done") from None
            yield

    # Before ---------------------------------------------------------------------------------------------

    def release(self, exercise: str) -> Path:
        """Make the release of an exercise: the notebook without answers, and the skeletons. Returns its folder."""
        with self._alone():
            notebook = course.ROOT / "solutions" / exercise / f"{exercise}.ipynb"
            source = self.root / "source" / exercise / notebook.name
            source.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(notebook, source)
            result = self.api.generate_assignment(exercise, force=True)
            if reason := _failure(result):
                raise Impossible(f"{exercise} could not be released: {reason}")
        return self.root / "release" / exercise

    def roster(self, file: Path) -> int:
        """Enter the students of a CSV file: id, and if they are there, first_name, last_name and email.

        Students who are there already get the new names; nobody is removed. Returns how many the file names. Raises
        Impossible, and then nothing was entered.
        """
        known = ("id", "first_name", "last_name", "email")
        try:
            text = file.read_text("utf-8-sig")                  # Excel writes a mark at the beginning
            header = text.partition("\n")[0]
            # In many countries it writes semicolons between the columns.
            separator = next((mark for mark in ",;\t" if mark in header), ",")
            rows = [{name.strip().lower(): (value or "").strip() for name, value in row.items() if name}
                    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)]
        except OSError as error:
            raise Impossible(f"{file} cannot be read: {error.strerror}") from None
        except (UnicodeDecodeError, csv.Error) as error:
            raise Impossible(f"{file} cannot be read as a CSV file in UTF-8: {error}") from None
        if "id" not in [name.strip().lower() for name in header.split(separator)]:
            raise Impossible(f"{file}, line 1: there is no column id; the columns are {', '.join(known)}")
        for number, row in enumerate(rows, start=2):
            if not collecting.STUDENT.fullmatch(row.get("id", "")):
                raise Impossible(f"{file}, line {number}: a student needs an id of letters, digits and _ @ . -")
        with self.gradebook() as gradebook:
            for row in rows:
                details = {name: row[name] for name in known[1:] if name in row}
                gradebook.update_or_create_student(row["id"], **details)
        return len(rows)

    # Collect, grade, tell -------------------------------------------------------------------------------

    def grade(self, exercise: str, say: Say, jobs: int, trust: bool = False, zips: Path | None = None,
              exchange: bool = False) -> Outcome:
        """Collect, then grade all that was submitted, as far as it is not graded yet.

        say: what to do with each line of progress. jobs: how many submissions at a time. trust: grade even where
        nothing can be confined. zips: a folder to collect from, with an archive or a folder for each student.
        exchange: whether to collect from nbgrader's exchange. Raises Impossible.
        """
        with self._alone():
            with self.gradebook() as gradebook:
                if exercise not in nbgrader_bridge.released_in(gradebook):
                    raise Impossible(f"{exercise} is not released yet: python -m autograder release {exercise}")
            outcome = Outcome()
            if zips:
                self._collect_archives(exercise, zips, outcome, say)
            elif self._unowned(exercise).exists():
                outcome.problems |= json.loads(self._unowned(exercise).read_text("utf-8"))
            if exchange:
                self._collect_exchange(exercise, outcome, say)
            self._grade(exercise, outcome, say, jobs, trust)
            return outcome

    def _collect_archives(self, exercise: str, folder: Path, outcome: Outcome, say: Say) -> None:
        """Of two archives for one student the one that was changed last counts."""
        if not folder.is_dir():
            raise Impossible(f"there is no folder {folder}")
        with self.gradebook() as gradebook:
            students = [student.id for student in gradebook.students]
        if not students:
            raise Impossible("the class has no students yet: python -m autograder roster FILE.csv")
        latest: dict[str, Path] = {}
        visible = [path for path in folder.iterdir() if not path.name.startswith(".")]
        for path in sorted(visible, key=lambda path: (path.lstat().st_mtime_ns, path.name)):
            try:
                if not path.is_dir() and path.suffix.lower() != ".zip":
                    raise collecting.Unusable("it is neither a zip archive nor a folder")
                latest[collecting.owner(path.name, students)] = path
            except collecting.Unusable as unusable:
                outcome.problems[path.name] = str(unusable)
        # Kept, so that later gradings do not forget that somebody's work is in one of these.
        write_whole(self._unowned(exercise), json.dumps({clean(name): said for name, said in outcome.problems.items()}))
        for student, path in latest.items():
            self._put(exercise, student, path, lambda path=path: collecting.files(path, f"{exercise}.ipynb"), say)

    def _unowned(self, exercise: str) -> Path:
        """The file that tells which archives of the last collecting nobody could be found for."""
        return self._kept(exercise) / "unowned.json"

    def _kept(self, exercise: str) -> Path:
        """The folder of what is ours for an exercise."""
        return nbgrader_bridge.store_of(self.coursedir, exercise).folder

    def _collect_exchange(self, exercise: str, outcome: Outcome, say: Say) -> None:
        """Not with nbgrader, which follows links with the instructor's rights, and believes in a folder's name."""
        collector = self.api.exchange.Collect(coursedir=self.coursedir, authenticator=self.api.authenticator,
                                              parent=self.api)
        inbound = Path(collector.root, self.coursedir.course_id, "inbound")
        if not inbound.is_dir():
            raise Impossible(f"there is no exchange at {inbound}: set c.Exchange.root in nbgrader_config.py, and "
                             f"nbgrader release_assignment {exercise}")
        latest: dict[str, Path] = {}
        for student, path in collecting.in_exchange(inbound, exercise):
            try:
                collecting.uid_of(path, student)
                latest[student] = path
            except collecting.Unusable as unusable:
                outcome.problems[path.name] = str(unusable)
        for student, path in latest.items():
            self._put(exercise, student, path, lambda path=path, student=student: collecting.from_exchange(
                path, student, f"{exercise}.ipynb"), say)

    def _put(self, exercise: str, student: str, path: Path, files: Callable[[], dict[str, bytes]], say: Say) -> None:
        """Put a submission where it is graded; or note why it cannot be, so that no earlier one counts in its place."""
        ours = self._kept(exercise)
        note = nbgrader_bridge.unusable_of(self.coursedir, student, exercise)
        try:
            if collecting.put(files(), nbgrader_bridge.submission_of(self.coursedir, student, exercise),
                              scratch=ours / "incoming", record=ours / "collected" / student):
                say(f"collected {student}")
            note.unlink(missing_ok=True)
        except (collecting.Unusable, OSError) as error:
            write_whole(note, clean(f"{path.name}: {error}"))

    def _grade(self, exercise: str, outcome: Outcome, say: Say, jobs: int, trust: bool) -> None:
        settings = self.coursedir.parent.config.Harness
        settings.trust = trust = trust or settings.get("trust", False)
        network, process = grading.isolation()
        if process == "plain" and not trust:
            raise Impossible("this machine cannot confine other people's programs (no bubblewrap with user namespaces, "
                             "no Landlock): install bubblewrap, or add --trust if you trust all of these")
        say(f"isolation: {process}; network: {network}; {jobs} at a time")
        submissions = {path.parent.name: path for path in sorted((self.root / "submitted").glob(f"*/{exercise}"))}
        failed: dict[str, str] = {}
        keys = self._play(exercise, submissions, failed, say, jobs, trust)
        for student, key in keys.items():
            try:
                self._record(exercise, student, key, say)
            except Exception as error:
                failed[student] = _line(error)
        for student in failed:              # or an earlier version's points would look like those of this one
            for step in "autograded", "feedback":
                shutil.rmtree(self.root / step / student / exercise, ignore_errors=True)
        outcome.problems |= failed
        with self.gradebook() as gradebook:
            everything = [row for name in nbgrader_bridge.released_in(gradebook)
                          for row in nbgrader_bridge.grades(gradebook, self.coursedir, name)]
        outcome.rows = [row for row in everything if row["assignment"] == exercise]
        nbgrader_bridge.write_grades(self.root / "grades.csv", everything)

    def _play(self, exercise: str, submissions: dict[str, Path], failed: dict[str, str], say: Say, jobs: int,
              trust: bool) -> dict[str, str]:
        """Have the harness grade all submissions, several at a time. Returns the key of each result, by student."""
        store = nbgrader_bridge.store_of(self.coursedir, exercise)
        keys: dict[str, str] = {}
        by_key: dict[str, list[str]] = {}
        for note in (store.folder / "unusable").glob("[!.]*"):
            failed[note.name] = (f"{note.read_text('utf-8')}. To grade what is in submitted/{note.name}/ all the same, "
                                 f"remove {note.relative_to(self.root)}")
        for student, folder in submissions.items():
            if student in failed:
                continue
            try:
                nbgrader_bridge.examine(self.coursedir, student, exercise)
                keys[student] = grading.key(exercise, folder, store.seed)
                by_key.setdefault(keys[student], []).append(student)
            except Exception as error:      # one submission must not stop those of the others
                failed[student] = _line(error)
        # Who submitted the very same programs shares a result.
        waiting = [students for key, students in by_key.items() if not store.get(key)]
        if waiting:
            say(f"{len(keys)} submissions, of which {len(keys) - sum(map(len, waiting))} are graded already")
        with ThreadPoolExecutor(jobs) as pool:
            futures = {pool.submit(store.result, exercise, submissions[students[0]], trust): students
                       for students in waiting}
            try:
                for number, future in enumerate(as_completed(futures), start=1):
                    students = futures[future]
                    try:
                        score = future.result()[1].score
                        told = f"{score.points:g}" + (f" + {score.bonus:g}" if score.bonus else "")
                        told += f" in {score.seconds:.1f} s"
                    except Exception as error:
                        told = "not graded"
                        failed |= dict.fromkeys(students, _line(error))
                    say(f"[{number}/{len(futures)}] {', '.join(students)}: {told}")
            finally:
                pool.shutdown(cancel_futures=True)
        return {student: key for student, key in keys.items() if student not in failed}

    def _record(self, exercise: str, student: str, key: str, say: Say) -> None:
        """Have nbgrader enter a result, and make the feedback, where that is not done for just this result."""
        autograded = self.root / "autograded" / student / exercise / f"{exercise}.ipynb"
        with self.gradebook() as gradebook:
            stamp = nbgrader_bridge.stamp(self.coursedir, gradebook, student, exercise, key)
        if _stamp_of(autograded) != stamp:
            if reason := _failure(self.api.autograde(exercise, student, force=True)):
                raise grading.Ungradable(reason)
            say(f"entered {student}")
        made_from = self._kept(exercise) / "feedback" / student
        page = self.root / "feedback" / student / exercise / f"{exercise}.html"
        with self.gradebook() as gradebook:
            digest = _digest_of_feedback(autograded, gradebook, exercise, student)
        if not made_from.exists() or made_from.read_text() != f"{digest} {_digest(page)}":
            if reason := _failure(self.api.generate_feedback(exercise, student, force=True)):
                raise grading.Ungradable(f"its feedback could not be made: {reason}")
            write_whole(made_from, f"{digest} {_digest(page)}")


def _stamp_of(autograded: Path) -> str:
    """What an autograded notebook was made from; "" if there is none, or only a part of one."""
    try:
        return json.loads(autograded.read_text("utf-8"))["metadata"].get("stamp", "")
    except (FileNotFoundError, ValueError):
        return ""


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""


def _digest_of_feedback(autograded: Path, gradebook: Gradebook, exercise: str, student: str) -> str:
    submission = gradebook.find_submission(exercise, student)
    notebook = submission.notebooks[0]
    told = [sorted((grade.name, grade.score) for grade in notebook.grades),
            sorted((comment.name, comment.comment or "") for comment in notebook.comments),
            submission.late_submission_penalty]
    return hashlib.sha256(autograded.read_bytes() + repr(told).encode()).hexdigest()


def _failure(result: dict) -> str:
    """Why nbgrader could not do something, out of what it logged: what the last exception said. "" if it could."""
    if result["success"]:
        return ""
    if result["error"].rstrip().endswith("KeyboardInterrupt"):      # which nbgrader takes for a failure like others
        raise KeyboardInterrupt
    raised = r"^ *(?:[\w.]+\.)?(\w+(?:Error|Ungradable|Flaw))(?:: (.*))?$"
    said = re.findall(raised, result.get("log", ""), re.MULTILINE)
    name, text = said[-1] if said else ("", result["error"].strip().splitlines()[-1])
    return text or name


def _line(error: Exception) -> str:
    """An exception in one line."""
    if isinstance(error, grading.Ungradable):
        return str(error)
    return f"{type(error).__name__}: {error}".splitlines()[0]


def table(outcome: Outcome) -> list[str]:
    """The grades for a terminal of 80 columns, then what is wrong."""
    shown = ("checks", "written", "bonus", "late", "score")
    lines = [f"{fit('student', 12)} {fit('name', 20)}" + "".join(f"{name:>8}" for name in shown) + "  "]
    for row in outcome.rows:
        name = ", ".join(filter(None, (row["last_name"], row["first_name"])))
        values = [row[column] for column in ("checks", "written", "bonus", "late_submission_penalty", "score")]
        line = f"{fit(row['student_id'], 12)} {fit(name, 20)}" + "".join(f"{value:>8}" for value in values)
        lines.append(line.rstrip())
        if row["status"] not in ("graded", "to be graded by hand"):
            lines.append(f"{'':12} {row['status']}")
    by_hand = sum(row["status"] == "to be graded by hand" for row in outcome.rows)
    lines += ["", f"{len(outcome.rows)} students, {by_hand} to be graded by hand, "
                  f"{len(outcome.problems)} with a problem"]
    for name, problem in sorted(outcome.problems.items()):
        lines += wrap(clean(problem), 80, f"! {clean(name)}: ", "  ")      # it may be what a student wrote
    return lines
