"""One submission graded in a process of its own: for whom, how long the result holds, and what a notebook shows."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from programs import ROOT, TESTS, lay_out

from autograder import grading
from autograder.grading import Store, Ungradable

SOLUTION = ROOT / "solutions" / "03_chat"
WRONG = TESTS / "wrong" / "03_chat"


def submission(folder: Path, program: Path = SOLUTION) -> Path:
    """A submission: the solution, with this program's files in place of some."""
    return lay_out("03_chat", program, folder)


# Grade ------------------------------------------------------------------------------------------------------


def test_a_group_is_graded_by_itself_and_a_report_says_how_to_repeat_it(tmp_path):
    result = grading.grade("03_chat", submission(tmp_path / "it", WRONG / "X_traceback_when_nobody"), only="client",
                           seed=7)
    assert {check.group for check in result.score.checks} == {"client"}
    assert (result.score.points, result.score.max) == (20, 23)
    report = result.reports["test_nobody_there"]
    assert report["advice"][-1] == '  Again check("test_nobody_there", seed=7)'
    assert report["picture"].startswith("<svg") and any("FAILED" in line for line in report["steps"])


def test_a_single_check_is_graded_by_its_name(tmp_path):
    result = grading.grade("03_chat", submission(tmp_path / "it"), only="test_bye")
    assert [check.name for check in result.score.checks] == ["test_bye"]


def test_what_is_not_there_is_said_in_one_line(tmp_path):
    with pytest.raises(Ungradable, match="no check and no group is called 'lnes'; the groups are lines, bye, clients"):
        grading.grade("03_chat", submission(tmp_path / "it"), only="lnes")
    with pytest.raises(Ungradable, match="there is no folder"):
        grading.grade("03_chat", tmp_path / "nowhere")


def test_the_points_of_the_groups_are_those_of_the_whole(tmp_path):
    score = grading.grade("03_chat", submission(tmp_path / "it", WRONG / "X_syntax_error")).score
    groups = {check.group for check in score.checks}
    assert sum(score.of(group).points for group in groups) == score.points
    assert sum(score.of(group).max for group in groups) == score.max == 100
    assert sum(score.of(group).bonus for group in groups) == score.bonus
    assert 0 < score.points < 100


# Kept results -----------------------------------------------------------------------------------------------


def test_the_harness_is_all_that_works_in_the_process_that_grades(tmp_path):
    """A result must not survive a change of any module that made it."""
    plugin = ("import pathlib, sys\n"
              "def pytest_unconfigure():\n"
              "    names = {module.__file__ for name, module in sys.modules.items() if name.startswith('autograder')}\n"
              "    pathlib.Path('modules').write_text('\\n'.join(sorted(filter(None, names))))\n")
    (tmp_path / "spy.py").write_text(plugin)
    subprocess.run([sys.executable, "-P", "-m", "pytest", "-p", "spy", str(ROOT / "exercises" / "03_chat"), "-k", "bye",
                    "--submission", str(submission(tmp_path / "it"))], cwd=tmp_path, check=False, capture_output=True,
                   env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    used = {Path(line) for line in (tmp_path / "modules").read_text().splitlines()}
    all_of_it = {*grading.PACKAGE.rglob("*.py")} - {*(grading.PACKAGE / "lessons").glob("*.py")}
    # What works in the sandbox is read there as text, and counts like all that is used.
    assert used and used == {path for path in all_of_it if path.name not in grading.ELSEWHERE | {"worker.py"}}
    assert "worker.py" not in grading.ELSEWHERE


def test_a_key_depends_on_all_that_the_result_depends_on(tmp_path, monkeypatch):
    def key(seed: int = 7) -> str:
        return grading.key("03_chat", folder, seed)

    folder, course = submission(tmp_path / "it"), tmp_path / "exercises"
    shutil.copytree(ROOT / "exercises", course)
    monkeypatch.setattr(grading, "EXERCISES", course)
    first = key()
    (folder / "notes.txt").write_text("not graded")
    (folder / "test_mine.py").write_text("not graded")
    assert key() == first
    keys = {first, key(seed=8)}
    with (folder / "protocol.py").open("a") as program:
        program.write("# changed\n")
    keys.add(key())
    (folder / "helper.py").write_text("")
    keys.add(key())
    with (course / "03_chat" / "test_room.py").open("a") as tests:
        tests.write("# corrected\n")
    keys.add(key())
    monkeypatch.setattr(grading, "isolation", lambda: ("host", "landlock"))
    keys.add(key())
    assert len(keys) == 6


def test_a_result_is_kept_and_a_half_written_one_is_none(tmp_path, monkeypatch):
    store, folder = Store(tmp_path / "store"), submission(tmp_path / "it", WRONG / "X_syntax_error")
    assert store.seed == Store(tmp_path / "store").seed
    key, result = store.result("03_chat", folder)
    (tmp_path / "store" / "results" / ".other.json.1.partial").write_text('{"score"')
    monkeypatch.setattr(grading, "grade", None)                # it is not called again
    again_key, again = Store(tmp_path / "store").result("03_chat", folder)
    assert (again_key, again) == (key, result)
    assert again.score.points == result.score.points and again.score.checks[0].outcome == "failed"


def test_what_the_grader_could_not_judge_is_no_result(tmp_path, monkeypatch):
    """An error of the grader's, or of the machine, must neither cost points nor be kept."""
    store, folder = Store(tmp_path / "store"), submission(tmp_path / "it", WRONG / "X_syntax_error")
    result = grading.grade("03_chat", folder, only="test_bye")
    result.score.checks[0].outcome = "error"
    monkeypatch.setattr(grading, "grade", lambda *_, **__: result)
    with pytest.raises(Ungradable, match="1 checks could not be judged, first test_bye"):
        store.result("03_chat", folder)
    assert not list((tmp_path / "store").glob("results/*"))


def test_a_submission_that_is_too_large_is_ungradable(tmp_path):
    folder = submission(tmp_path / "it")
    (folder / "huge.py").write_bytes(b"#" * (2 << 20))
    with pytest.raises(Ungradable, match="one above 1 MiB"):
        grading.key("03_chat", folder, 7)


# In a notebook ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cells(tmp_path_factory) -> dict[str, list[nbformat.NotebookNode]]:
    """What the cells of a notebook show, by their sources: in a folder with a submission, and nothing around it."""
    folder = submission(tmp_path_factory.mktemp("fetched"), WRONG / "C08b_sock_recv_uncaught")
    sources = ['from autograder.notebook import checks_of\ncheck = checks_of("03_chat")',
               'check("test_vanished_client")', 'check("test_bye", seed=7)', "import os\nsorted(os.listdir())",
               'check("lnes")',
               'import pathlib\n'
               'pathlib.Path("chat_server.py").write_text("raise SystemExit(\'<script>alert(1)</script>\')")',
               'check("bye")', 'os.mkdir("x")\nos.chdir("x")', 'check("lines")',
               'try:\n    checks_of("99_x")\nexcept LookupError as error:\n    print(error)']
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where).execute()
    return {cell.source: cell.outputs for cell in notebook.cells}


def test_check_shows_the_report_and_gives_the_points(cells):
    table, steps, picture, why, points = cells['check("test_vanished_client")']
    assert "A client that vanishes has left" in table.data["text/html"]
    assert "FAILED" in steps.data["text/plain"] and picture.data["image/svg+xml"].startswith("<svg")
    assert "alice" in picture.data["text/plain"]                 # the timeline, where pictures are not trusted
    assert "(C08)" in why.data["text/html"]
    assert "Again check(&quot;test_vanished_client&quot;, seed=" in why.data["text/html"]
    assert points.output_type == "execute_result" and points.data["text/plain"] == "0.0"
    assert cells['check("test_bye", seed=7)'][-1].data["text/plain"] == "7.0"


def test_check_leaves_nothing_behind(cells):
    assert cells["import os\nsorted(os.listdir())"][0].data["text/plain"] == str(
        sorted(path.name for path in SOLUTION.glob("*.py")))


def test_check_says_in_one_line_what_is_wrong_with_the_question(cells):
    assert cells['check("lnes")'][0].text.startswith("no check and no group is called 'lnes'; the groups are lines,")
    assert "There is no chat_client.py in" in cells['check("lines")'][0].text
    there = "00_osi, 01_handshake, 02_socket_api, 03_chat, 04_udp, 05_tftp"
    assert next(reversed(cells.values()))[0].text == f"there is no exercise '99_x'; there are {there}\n"


def test_a_programs_output_cannot_become_a_part_of_the_page(cells):
    assert any("&lt;script" in output.data.get("text/html", "") for output in cells['check("bye")'])
    for output in cells['check("bye")']:
        assert not any("<script" in shown for kind, shown in output.data.items() if kind != "text/plain")
