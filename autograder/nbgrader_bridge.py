"""What nbgrader is told to do our way. Its config file says configure(c); nbgrader calls the classes in here.

nbgrader keeps the gradebook, the hand grading, the feedback and the exchange. It never runs a student's notebook: of
that only the texts are used, and the points come from the harness, which talks with the student's programs.
"""
import csv
import hashlib
import math
import re
import stat
from collections.abc import Iterator
from html import escape
from pathlib import Path

from bleach.sanitizer import ALLOWED_TAGS, Cleaner
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat import NotebookNode, read, v4, writes
from nbgrader.api import Gradebook, MissingEntry, SourceCell, SubmittedAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import ExportPlugin, LateSubmissionPlugin
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    GetGrades,
    LockCells,
    NbGraderPreprocessor,
    OverwriteKernelspec,
    SaveAutoGrades,
    SaveCells,
)
from nbgrader.utils import is_grade, is_locked, parse_utc
from traitlets import Bool, Float
from traitlets.config import Config

from . import course, sandbox
from .collecting import CONFIG, TIMESTAMP
from .grading import Store, Ungradable
from .render import cell as rendering
from .score import write_whole

BONUS = "bonus_"                # the names of graded cells of bonus groups begin so
CHECK = re.compile(r'^check\("([^"]+)"\)$', re.MULTILINE)


def coursedir_of(preprocessor: NbGraderPreprocessor) -> CourseDirectory:
    """The course's folders, as the converter knows them that runs this preprocessor."""
    return preprocessor.parent.parent.coursedir


def submission_of(coursedir: CourseDirectory, student: str, assignment: str) -> Path:
    """The folder of what a student submitted: as it came, and not nbgrader's copy, in which links are files."""
    return Path(coursedir.format_path(coursedir.submitted_directory, student, assignment))


def store_of(coursedir: CourseDirectory, assignment: str) -> Store:
    """Where the results of an assignment are kept."""
    return Store(Path(coursedir.root, "grading", assignment))


def unusable_of(coursedir: CourseDirectory, student: str, assignment: str) -> Path:
    """The file that says why a student's last version could not be collected, if it could not."""
    return store_of(coursedir, assignment).folder / "unusable" / student


# Release ------------------------------------------------------------------------------------------------


class Skeletons(NbGraderPreprocessor):
    """Puts the skeletons of the exercise's programs into the release. Raises course.Flaw, which ends the release."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """As nbconvert asks for: the notebook as it is, and the skeletons among the files that come with it."""
        resources["outputs"] = {path.name: text.encode() for path, text in course.skeletons(course.ROOT)
                                if path.parent.name == resources["nbgrader"]["assignment"]}
        return nb, resources


# nbgrader's own steps from a source notebook to that of the students. It saves the cells before the last four.
CLEARING = [LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums]
HIDING = [ClearHiddenTests, ClearMarkScheme, ComputeChecksums, CheckCellMetadata]


def released(source: Path) -> str:
    """The notebook that students get, of an author's: no answers, no marking notes, the graded cells locked.

    Returns its text. Raises course.Flaw if nbgrader's own rules are broken, such as a region without an end.
    """
    nb = read(source, as_version=4)
    config = Config()
    configure(config)
    try:
        for preprocessor in [*CLEARING, *HIDING]:
            nb, _ = preprocessor(config=config).preprocess(nb, {"nbgrader": {}})
    except Exception as error:
        raise course.Flaw(f"{source.name}: {error}") from error
    return writes(nb) + "\n"


# Autograde ----------------------------------------------------------------------------------------------


MOST_TEXT, MOST_CELLS = 60_000, 300      # characters of a notebook's cells, and these: somebody has to read them


def examine(coursedir: CourseDirectory, student: str, assignment: str) -> None:
    """Make sure that nbgrader can go on with a submission, and that its notebook can be read. Raises Ungradable.

    Nothing of it may be a link, since nbgrader copies what it leads to.
    """
    folder = submission_of(coursedir, student, assignment)
    for path in folder.rglob("*"):
        if not stat.S_ISREG(path.lstat().st_mode) and not stat.S_ISDIR(path.lstat().st_mode):
            raise Ungradable(f"{path.name} is a link, or no file: only regular files can be graded")
        if CONFIG.fullmatch(path.name):
            raise Ungradable(f"{path.name} has the name of a configuration, which formgrader would run: rename it")
    name = f"{assignment}.ipynb"
    if not (folder / name).is_file():
        raise Ungradable(f"there is no {name} in it. To grade its programs all the same, copy "
                         f"release/{assignment}/{name} to submitted/{student}/{assignment}/")
    try:
        nb = read(folder / name, as_version=4)
        size = sum(len(cell.source) for cell in nb.cells)
    except Exception as error:          # whatever a file that anybody may write can do to a reader
        raise Ungradable(f"{name} cannot be read: {type(error).__name__}: {error}".splitlines()[0][:300]) from None
    if size > MOST_TEXT or len(nb.cells) > MOST_CELLS:
        raise Ungradable(f"{name} has {size} characters of text in {len(nb.cells)} cells: at most {MOST_TEXT} in "
                         f"{MOST_CELLS} can be graded")
    if (folder / TIMESTAMP).exists():
        try:
            parse_utc((folder / TIMESTAMP).read_text().strip())
        except (OSError, ValueError, OverflowError):
            raise Ungradable(f'its {TIMESTAMP} has to be like "2027-01-31 23:59 UTC"') from None


class RestoreCells(NbGraderPreprocessor):
    """Takes only texts from a submitted notebook. Flags, points, and what is locked come from the gradebook.

    A cell of the assignment that is missing comes back at the end, without an answer. Whatever else was written into
    the notebook stays to be read.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """As nbconvert asks for. Raises Ungradable."""
        names = resources["nbgrader"]
        coursedir = coursedir_of(self)
        examine(coursedir, names["student"], names["assignment"])
        with Gradebook(names["db_url"]) as gradebook:
            if not (submission_of(coursedir, names["student"], names["assignment"]) / TIMESTAMP).exists():
                # nbgrader would keep the time of an earlier one.
                gradebook.update_or_create_submission(names["assignment"], names["student"], timestamp=None)
            notebook = gradebook.find_notebook(names["notebook"], names["assignment"])
            left = {source.name: source for source in notebook.source_cells}
            points = {graded.name: graded.max_score for graded in notebook.grade_cells}
            answers = {answer.name for answer in notebook.solution_cells}
            cells = []
            for cell in nb.cells:
                flags = cell.metadata.get("nbgrader")
                name = flags.get("grade_id") if isinstance(flags, dict) else None
                source = left.pop(name, None) if isinstance(name, str) else None
                if source:
                    cells.append(_restored(source, points, answers, source.source if source.locked else cell.source))
                else:
                    cells.append(_new_cell(cell.cell_type, cell.source))
            cells += [_restored(source, points, answers, source.source) for source in left.values()]
        return v4.new_notebook(cells=cells), resources


def _new_cell(cell_type: str, source: str) -> NotebookNode:
    # Nothing raw: nbconvert would put it into its pages as it is.
    return (v4.new_code_cell if cell_type == "code" else v4.new_markdown_cell)(source=source)


def _restored(source: SourceCell, points: dict[str, float], answers: set[str], text: str) -> NotebookNode:
    cell = _new_cell(source.cell_type, text)
    cell.metadata["nbgrader"] = {
        "schema_version": 3, "grade_id": source.name, "cell_type": source.cell_type, "checksum": source.checksum,
        "locked": source.locked, "grade": source.name in points, "solution": source.name in answers, "task": False}
    if source.name in points:
        cell.metadata["nbgrader"]["points"] = points[source.name]
    return cell


class Harness(NbGraderPreprocessor):
    """Grades the programs through the harness, in place of running the notebook, and writes the cells' outputs."""

    trust = Bool(False, help="Grade even where this machine cannot confine other people's programs.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """As nbconvert asks for. Raises Ungradable, and ValueError if notebook and tests do not fit each other."""
        names = resources["nbgrader"]
        coursedir = coursedir_of(self)
        folder = submission_of(coursedir, names["student"], names["assignment"])
        key, result = store_of(coursedir, names["assignment"]).result(names["assignment"], folder, self.trust)
        left = {check.group for check in result.score.checks}
        for cell in nb.cells:
            if cell.cell_type != "code" or not is_locked(cell):
                continue
            if not is_grade(cell):
                sources = {path.name: path.read_text("utf-8", "replace") for path in sandbox.sources(folder)}
                cell.outputs = [_displayed(rendering.programs(sources))]
                continue
            group = CHECK.search(cell.source)[1]
            score = result.score.of(group)
            if group not in left or score.max + score.bonus_max != cell.metadata.nbgrader["points"]:
                raise ValueError(f'the tests give {score.max + score.bonus_max:g} points for "{group}", the notebook '
                                 f"{cell.metadata.nbgrader['points']:g}: release {names['assignment']} again")
            left.discard(group)
            # nbgrader takes the number that a cell ends with for its points.
            number = v4.new_output("execute_result", {"text/plain": f"{score.points + score.bonus:g}"})
            cell.outputs = [*map(_displayed, rendering.outputs(score, result.reports)), number]
        if left:
            raise ValueError(f"no cell of the notebook checks {', '.join(sorted(left))}: release "
                             f"{names['assignment']} again")
        nb.metadata["result"] = key
        return nb, resources


def _displayed(bundle: rendering.Bundle) -> NotebookNode:
    return v4.new_output("display_data", bundle)


def stamp(coursedir: CourseDirectory, gradebook: Gradebook, student: str, assignment: str, key: str) -> str:
    """What an autograded notebook depends on, as 64 hexadecimal digits. key: of the harness's result."""
    folder = submission_of(coursedir, student, assignment)
    digest = hashlib.sha256(key.encode())
    for path in folder / f"{assignment}.ipynb", folder / TIMESTAMP, Path(__file__), Path(rendering.__file__):
        digest.update(repr(path.read_bytes() if path.is_file() else None).encode())
    found = gradebook.find_assignment(assignment)
    for source in sorted(found.notebooks[0].source_cells, key=lambda source: source.name):
        digest.update(f"{source.name} {source.checksum}\n".encode())
    submission = submitted(gradebook, assignment, student)
    if submission and submission.total_seconds_late:
        # What a day costs is said in the config, and never more than there are points.
        config = coursedir.parent.config
        digest.update(repr((submission.total_seconds_late, config.AssignLatePenalties, config.LateDays,
                            submission.score)).encode())
    return digest.hexdigest()


def submitted(gradebook: Gradebook, assignment: str, student: str) -> SubmittedAssignment | None:
    """A student's submission in the gradebook; None if there is none."""
    try:
        return gradebook.find_submission(assignment, student)
    except MissingEntry:
        return None


class SaveGrades(SaveAutoGrades):
    """Saves the points as nbgrader does, but asks to look again at a hand grade only if what was graded has changed.

    nbgrader itself asks at each regrading of whatever was graded by hand. A corrected test changes no written answer.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """As nbconvert asks for."""
        names = resources["nbgrader"]
        coursedir = coursedir_of(self)
        notebook = submission_of(coursedir, names["student"], names["assignment"]) / f"{names['notebook']}.ipynb"
        seen = store_of(coursedir, names["assignment"]).folder / "seen" / names["student"]
        digest = hashlib.sha256(notebook.read_bytes()).hexdigest()
        self.same_answers = seen.exists() and seen.read_text() == digest
        nb, resources = super().preprocess(nb, resources)
        write_whole(seen, digest)
        with Gradebook(names["db_url"]) as gradebook:
            nb.metadata["stamp"] = stamp(coursedir, gradebook, names["student"], names["assignment"],
                                         nb.metadata["result"])
        return nb, resources

    def _add_score(self, cell: NotebookNode, resources: dict) -> None:
        name = cell.metadata.nbgrader["grade_id"]
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        before = grade.auto_score, grade.needs_manual_grade
        super()._add_score(cell, resources)
        if grade.manual_score is not None and self.same_answers and before == (grade.auto_score, False):
            grade.needs_manual_grade = False
            self.gradebook.db.commit()


class LateDays(LateSubmissionPlugin):
    """Takes off points for each day that has begun after the due date."""

    per_day = Float(10, help="Points that each day costs.").tag(config=True)
    free = Float(0, help="Days that cost nothing.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        """As nbgrader asks for: the points to take off. nbgrader never takes off more than there are."""
        return max(math.ceil(total_seconds_late / 86400 - self.free), 0) * self.per_day


# Feedback, and formgrader -------------------------------------------------------------------------------


class FeedbackPage(HTMLExporter):
    """A page that needs nothing from elsewhere: nbgrader's own would wait for a library of formulas from a server."""

    def from_notebook_node(self, nb: NotebookNode, resources: dict | None = None, **options: object,
                           ) -> tuple[str, dict]:
        """As nbconvert asks for."""
        page, resources = super().from_notebook_node(nb, resources, **options)
        mathjax = r"<!-- Load mathjax -->.*?<!-- End of mathjax configuration -->"
        return re.sub(mathjax, "", page, flags=re.DOTALL), resources


class GetGradesBesideBonus(GetGrades):
    """Tells the points as nbgrader does, but of how many without the bonus."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """As nbconvert asks for."""
        nb, resources = super().preprocess(nb, resources)
        resources["nbgrader"]["max_score"] -= sum(
            cell.metadata.nbgrader["points"] for cell in nb.cells
            if is_grade(cell) and cell.metadata.nbgrader["grade_id"].startswith(BONUS))
        return nb, resources


class HideMarkingNotes(ClearMarkScheme):
    """Leaves out of feedback what formgrader shows to graders only. It stands in locked cells."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        """As nbconvert asks for."""
        return super().preprocess_cell(cell, resources, index) if is_locked(cell) else (cell, resources)


# A student's text may be set out as Markdown can, but do nothing: in formgrader an attribute is enough to press a
# button, and an address to have a file of the student's run.
TAGS = ["h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "pre", "span", "del", "img", "table", "thead", "tbody",
        "tr", "th", "td"]
MOST_MARKDOWN = 4_000           # characters of a cell that are taken for Markdown. More can take minutes
LINK = re.compile(r'<a\s[^>]*?href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)


def _harmless_attribute(tag: str, name: str, value: str) -> bool:
    return tag == "img" and (name == "alt" or (name == "src" and value.startswith("data:image/")))


MARKDOWN = HTMLExporter(exclude_anchor_links=True)
CLEANER = Cleaner(tags={*ALLOWED_TAGS, *TAGS} - {"a"}, attributes=_harmless_attribute, protocols={"data"})


@pass_context
def harmless_html(context: object, source: str) -> str:
    """A Markdown text as HTML that does nothing, links' addresses as text. It takes the place of markdown2html."""
    if len(source) > MOST_MARKDOWN:
        return harmless_code(source)
    return CLEANER.clean(LINK.sub(r"\2 (\1)", MARKDOWN.markdown2html(context, source)))


def harmless_code(source: str, language: str | None = None, metadata: dict | None = None) -> str:
    """Code as HTML, without colours, which could take hours. It takes the place of highlight_code."""
    return f'<pre style="white-space:pre-wrap">{escape(source)}</pre>'


# Grades -------------------------------------------------------------------------------------------------

COLUMNS = ("assignment", "student_id", "last_name", "first_name", "email", "timestamp", "status", "checks", "written",
           "bonus", "late_submission_penalty", "score", "max_score")


def released_in(gradebook: Gradebook) -> list[str]:
    """The assignments that were released: one may also be there for its due date alone."""
    return [assignment.name for assignment in gradebook.assignments if assignment.notebooks]


def grades(gradebook: Gradebook, coursedir: CourseDirectory, assignment: str) -> Iterator[dict[str, str]]:
    """A row for each student, sorted by their names: the texts of COLUMNS.

    checks, written, bonus: points of the graded cells by kind. score: all of them, less the penalty; empty if what
    was submitted could not be graded. max_score: what can be reached without bonus.
    """
    cells = gradebook.find_assignment(assignment).notebooks[0].grade_cells
    most = sum(cell.max_score for cell in cells if not cell.name.startswith(BONUS))
    for student in sorted(gradebook.students, key=lambda s: (s.last_name or "", s.first_name or "", s.id)):
        row = dict.fromkeys(COLUMNS, "") | {
            "assignment": assignment, "student_id": student.id, "last_name": student.last_name or "",
            "first_name": student.first_name or "", "email": student.email or "", "max_score": f"{most:.2f}"}
        submission = submitted(gradebook, assignment, student.id)
        autograded = Path(coursedir.format_path(coursedir.autograded_directory, student.id, assignment))
        if submission and (autograded / f"{assignment}.ipynb").exists():
            sums = {"checks": 0.0, "written": 0.0, "bonus": 0.0}
            for grade in submission.notebooks[0].grades:
                kind = ("bonus" if grade.name.startswith(BONUS) else
                        "checks" if grade.cell.cell_type == "code" else "written")
                sums[kind] += grade.score
            penalty = submission.late_submission_penalty or 0
            row |= {name: f"{points:.2f}" for name, points in sums.items()}
            row |= {"timestamp": str(submission.timestamp or ""), "late_submission_penalty": f"{penalty:.2f}",
                    "score": f"{max(sum(sums.values()) - penalty, 0):.2f}",
                    "status": "to be graded by hand" if submission.needs_manual_grade else "graded"}
        elif submission_of(coursedir, student.id, assignment).exists() \
                or unusable_of(coursedir, student.id, assignment).exists():
            row["status"] = "not graded"
        else:
            row |= {"status": "nothing submitted", "score": "0.00"}
        yield row


class Grades(ExportPlugin):
    """Exports the grades as CSV. nbgrader's own exporter quotes nothing, and gives 0 to what could not be graded."""

    def export(self, gradebook: Gradebook) -> None:
        """As nbgrader asks for. The file is the one that --to names, else grades.csv."""
        wanted = [name for name in released_in(gradebook) if not self.assignment or name in map(str, self.assignment)]
        write_grades(Path(self.to or "grades.csv"),
                     [row for assignment in wanted for row in grades(gradebook, self.parent.coursedir, assignment)
                      if not self.student or row["student_id"] in map(str, self.student)])


def write_grades(file: Path, rows: list[dict[str, str]]) -> None:
    """Write rows of grades as CSV. The mark at the beginning tells Excel that it is UTF-8."""
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.DictWriter(opened, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def configure(c: Config) -> None:
    """Set up nbgrader for this course. c: what get_config() gives in nbgrader_config.py."""
    c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".pytest_cache"]
    c.CourseDirectory.max_file_size = c.CourseDirectory.max_dir_size = 10_000          # kB
    c.ClearSolutions.text_stub = "YOUR ANSWER HERE"
    c.ClearMarkScheme.enforce_metadata = False      # marking notes stand in the questions, which are locked
    c.GenerateAssignment.preprocessors = [*CLEARING, SaveCells, *HIDING, Skeletons]
    c.Autograde.sanitize_preprocessors = [RestoreCells, OverwriteKernelspec, CheckCellMetadata]
    c.Autograde.autograde_preprocessors = [Harness, SaveGrades, AssignLatePenalties, CheckCellMetadata]
    c.GenerateFeedback.exporter_class = FeedbackPage
    c.GenerateFeedback.preprocessors = [GetGradesBesideBonus, HideMarkingNotes, CSSHTMLHeaderPreprocessor]
    c.HTMLExporter.filters = {"markdown2html": harmless_html, "highlight_code": harmless_code}
    c.ExportApp.plugin_class = Grades
