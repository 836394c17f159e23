"""The command line as students and instructors meet it. Each test runs pytest as they do, in a process of its own."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from programs import ROOT, TESTS, lay_out, normalise

from autograder import course

EXERCISE = ROOT / "exercises" / "03_chat"
SOLUTION = ROOT / "solutions" / "03_chat"
WRONG = TESTS / "wrong" / "03_chat"
SCORE_KEYS = ["exercise", "points", "max", "bonus", "seconds", "quiet_seconds", "network", "process", "seed", "checks"]
CHECK_KEYS = ["name", "group", "rubric", "points", "max", "bonus", "outcome", "cause", "mistake"]
PASSED, FAILED, INTERRUPTED, GRADER_FAILED, REFUSED = 0, 1, 2, 3, 4      # exit status


@dataclass(frozen=True)
class Run:
    """What a run of pytest said, and how long (s) it took."""

    status: int
    output: str
    seconds: float

    @property
    def complaint(self) -> list[str]:
        """The lines that it said, without empty ones."""
        return [line for line in self.output.splitlines() if line.strip()]


def run(*arguments: object, cwd: Path, command: tuple[str, ...] = ("-P", "-m", "pytest"), **environment: str) -> Run:
    """Run pytest with these arguments, in this folder."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, *command, *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
                          check=False, timeout=120, env=os.environ | environment)
    return Run(done.returncode, done.stdout + done.stderr, time.monotonic() - began)


def submission(folder: Path, **programs: str) -> Path:
    """Make a folder with the solution's programs, some of which have another source here."""
    lay_out("03_chat", SOLUTION, folder)
    for name, source in programs.items():
        (folder / f"{name}.py").write_text(source, "utf-8")
    return folder


def exercise(folder: Path, solved: bool = False) -> Path:
    """Copy the exercise's folder, alone, to another place; with the solution in it, if it is to be solved."""
    shutil.copytree(EXERCISE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return submission(folder) if solved else folder


def own_tests(folder: Path, tests: str) -> Path:
    """An exercise with the solution's programs, and with these tests."""
    exercise(folder, solved=True)
    for file in folder.glob("test_*.py"):
        file.unlink()
    (folder / "test_own.py").write_text(tests, "utf-8")
    return folder


# The same seed, the same conversation -----------------------------------------------------------------------


CHECKS = "line_appears or typed_line or goodbye or nobody_there or room_for_two"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Callable[[int], tuple[Run, dict, Path]]:
    """Grade, with a seed, a submission of which two checks fail, another is blocked, and the rest is right.

    Gives what was said, the score, and the folder of what was kept.
    """
    def grade(seed: int) -> tuple[Run, dict, Path]:
        scratch = tmp_path_factory.mktemp("mixed")
        folder = lay_out("03_chat", WRONG / "C19_overflow_uncaught", scratch / "submission")
        server = (folder / "chat_server.py").read_text("utf-8")
        assert "say(line.removesuffix" in server
        server = server.replace("say(line.removesuffix", "say('so: ' + line.removesuffix")
        (folder / "chat_server.py").write_text(server, "utf-8")
        done = run(EXERCISE, f"--submission={folder}", "--score=score.json", "--keep=kept", "-k", CHECKS,
                   f"--seed={seed}", cwd=scratch)
        return done, json.loads((scratch / "score.json").read_text()), scratch / "kept"
    return grade


@pytest.fixture(scope="module")
def first(mixed):
    return mixed(7)


@pytest.fixture(scope="module")
def again(mixed):
    return mixed(7)


def test_same_seed_same_texts_and_report(first, again):
    assert normalise(first[0].output) == normalise(again[0].output)
    assert "seed 7" in first[0].output


TELLS_A_LINE = '''
from pytest import mark
from autograder.stage import Unmet

@mark.check("own", points=1, hint="none")
def test_line(cast):
    """It says something"""
    with cast.step("it says " + cast.line()):
        raise Unmet("a", "b")
'''


def test_another_seed_other_texts(tmp_path):
    """The texts are not known before: another seed gives other ones, and so does every run without a seed."""
    place = own_tests(tmp_path / "own", TELLS_A_LINE)
    outputs = [run(place, *option, cwd=tmp_path).output for option in
               (["--seed=7"], ["--seed=7"], ["--seed=8"], [], [])]
    lines = [re.search(r"it says (\w+ \w+ \d+)", output)[1] for output in outputs]
    assert lines[0] == lines[1] and len(set(lines)) == 4


# The score --------------------------------------------------------------------------------------------------


def test_score_has_exactly_its_keys(first):
    score = first[1]
    assert list(score) == SCORE_KEYS
    assert all(list(check) == CHECK_KEYS for check in score["checks"])
    assert score["exercise"] == "03_chat" and score["seed"] == 7
    assert score["network"] in ("own", "host") and score["process"] in ("bwrap", "landlock", "plain")
    assert 0 <= score["quiet_seconds"] <= score["seconds"] <= first[0].seconds


def test_points_add_up(first):
    score = first[1]
    counted = [check for check in score["checks"] if not check["bonus"]]
    assert score["points"] == sum(check["points"] for check in counted) == 7
    assert score["max"] == sum(check["max"] for check in counted) == 7 + 7 + 3 + 3
    assert score["bonus"] == sum(check["points"] for check in score["checks"] if check["bonus"]) == 4
    for check in score["checks"]:
        assert check["points"] == (check["max"] if check["outcome"] == "passed" else 0)


def test_outcomes_and_their_causes(first):
    run, score, _ = first
    outcomes = {check["name"]: check["outcome"] for check in score["checks"]}
    assert outcomes == {"test_line_appears": "passed", "test_typed_line_arrives": "failed",
                        "test_goodbye_is_not_bye": "blocked", "test_nobody_there": "failed",
                        "test_room_for_two": "passed"}
    assert run.status == FAILED
    for check in score["checks"]:
        assert bool(check["cause"]) == (check["outcome"] != "passed")
        assert check["mistake"] == ("C19" if check["name"] == "test_nobody_there" else "")
        assert check["rubric"] in run.output


def test_score_is_what_the_table_says(first):
    run, score, _ = first
    assert f"{score['points']:g} of {score['max']:g} points, and 4 of 4 bonus points" in run.output


def test_score_comes_whole(first):
    """It is written beside its place and moved there, so that nobody ever reads half of it: nothing is left over."""
    assert not list(first[2].parent.glob(".score*"))


def test_score_into_no_folder_is_refused(tmp_path):
    done = run(EXERCISE, "--score=nowhere/score.json", "-k", "nobody_there", cwd=tmp_path)
    assert done.status == REFUSED and len(done.complaint) == 1


# What is kept -----------------------------------------------------------------------------------------------


def test_what_is_kept(first):
    """A picture of each check that was played, and the report on each that failed."""
    done, score, kept = first
    played = {check["name"] for check in score["checks"] if check["outcome"] in ("passed", "failed")}
    assert {file.parent.name for file in kept.glob("*/picture.svg")} == played
    assert {file.parent.name for file in kept.glob("*/report.txt")} == {"test_nobody_there", "test_typed_line_arrives"}
    report = (kept / "test_typed_line_arrives" / "report.txt").read_text("utf-8").rstrip()
    assert report.startswith("✗ A line typed at your server reaches the client") and report in done.output
    assert "^ here they part" in report
    assert "</svg>" in (kept / "test_typed_line_arrives" / "picture.svg").read_text("utf-8")


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_packets_are_real(first):
    """What was captured is a conversation as the kernel held it: a handshake, then the bytes, with their checksums."""
    _, score, kept = first
    if score["network"] != "own":
        pytest.skip("this machine gives no network of one's own, so nothing can be captured")
    file = kept / "test_typed_line_arrives" / "packets.pcap"
    fields = ["-e", "tcp.flags.syn", "-e", "tcp.flags.ack", "-e", "tcp.len"]
    told = subprocess.run(["tshark", "-r", file, "-T", "fields", *fields], capture_output=True, text=True, check=True)
    rows = [row.split("\t") for row in told.stdout.splitlines()]
    assert rows[:3] == [["1", "0", "0"], ["1", "1", "0"], ["0", "1", "0"]]
    assert any(int(length) > 0 for _, _, length in rows)
    whole = subprocess.run(["tshark", "-r", file, "-V"], capture_output=True, text=True, check=True).stdout
    assert "Malformed" not in whole


def test_kept_report_is_the_check_s_own(tmp_path):
    """The second check fails for what the first one has already explained, so it has no report, or its own."""
    folder = submission(tmp_path / "submission", chat_server="import nothing_of_this_name\n")
    run(EXERCISE, f"--submission={folder}", "--keep=kept", "-k", "line_appears or restart or nobody_there",
        cwd=tmp_path)
    unwritten = exercise(tmp_path / "unwritten")
    shutil.copy(folder / "chat_server.py", unwritten)
    run(unwritten, "--keep=kept", "-k", "line_appears or client_shows", cwd=tmp_path)
    report = tmp_path / "kept" / "test_client_shows_lines" / "report.txt"
    assert not report.exists() or "Your client shows incoming lines" in report.read_text("utf-8")


# Refusals, each in one line -----------------------------------------------------------------------------------


def refusal(done: Run) -> str:
    """The one line in which something was refused."""
    assert done.status == REFUSED, done.output
    assert len(done.complaint) == 1, done.output
    return done.output


def test_no_such_folder(tmp_path):
    assert "there is no folder" in refusal(run(EXERCISE, "--submission=nowhere", cwd=tmp_path))
    (tmp_path / "file.py").touch()
    assert "there is no folder" in refusal(run(EXERCISE, "--submission=file.py", cwd=tmp_path))


def test_huge_file(tmp_path):
    folder = submission(tmp_path / "submission", chat_server="#" * (1 << 20) + "\n")
    assert "above 1 MiB: is it the right folder?" in refusal(run(EXERCISE, f"--submission={folder}", cwd=tmp_path))


def test_too_many_files(tmp_path):
    folder = submission(tmp_path / "submission", **{f"program{number}": "" for number in range(101)})
    assert "more than 100 .py files" in refusal(run(EXERCISE, f"--submission={folder}", cwd=tmp_path))


def test_two_exercises_named(tmp_path):
    for name in "03_chat", "04_other":
        exercise(tmp_path / name)
    assert "one exercise at a time" in refusal(run("03_chat", "04_other", cwd=tmp_path))


def test_folder_of_exercises_named(tmp_path):
    for name in "03_chat", "04_other":
        exercise(tmp_path / "exercises" / name)
    assert "one exercise at a time" in refusal(run("exercises", cwd=tmp_path))


def test_several_at_once(tmp_path):
    """pytest-xdist would play checks side by side, in threads that cannot enter a network."""
    done = run(EXERCISE, "--numprocesses=2", cwd=tmp_path)
    assert "one check after the other: leave out -n" in refusal(done)


def test_test_without_points(tmp_path):
    own_tests(tmp_path / "own", "def test_forgotten(cast):\n    pass\n")
    done = run("own", cwd=tmp_path)
    assert done.status == REFUSED
    assert done.complaint[-1] == \
        'ERROR: own/test_own.py::test_forgotten has no @mark.check("group", points=…, hint=…)'


def test_two_checks_of_one_name(tmp_path):
    check = "from pytest import mark\n\n@mark.check('group', points=1, hint='')\ndef test_same(cast):\n    pass\n"
    own_tests(tmp_path / "own", check)
    (tmp_path / "own" / "test_more.py").write_text(check)
    done = run("own", cwd=tmp_path)
    assert done.status == REFUSED
    assert done.complaint[-1] == "ERROR: two checks are called test_same: each needs a name of its own"


# Submissions that are none ------------------------------------------------------------------------------------


def told_of(folder: Path, scratch: Path, *options: str) -> str:
    """What a submission is told in the first check, which it fails: the steps, and below the table's line."""
    done = run(EXERCISE, f"--submission={folder}", "-k", "test_line_appears", *options, cwd=scratch)
    assert done.status == FAILED and "0 of 7 points" in done.output, done.output
    assert "Traceback" not in done.output                   # neither the harness's nor the student's
    return done.output


def test_empty_folder(tmp_path):
    (tmp_path / "submission").mkdir()
    told = told_of(tmp_path / "submission", tmp_path)
    assert "expected  a file chat_server.py" in told and "got       no .py file at all" in told


def test_another_name(tmp_path):
    folder = submission(tmp_path / "submission")
    (folder / "chat_server.py").rename(folder / "Server.py")
    assert "got       Server.py, chat_client.py, chat_room.py, protocol.py" in told_of(folder, tmp_path)


@pytest.mark.parametrize("source", ["", "\n \n"])
def test_empty_file(tmp_path, source):
    told = told_of(submission(tmp_path / "submission", chat_server=source), tmp_path)
    assert "expected  a program in chat_server.py" in told and "got       an empty file" in told


def test_syntax_error(tmp_path):
    told = told_of(submission(tmp_path / "submission", chat_server="import socket\ndef serve(:\n"), tmp_path)
    assert re.search('chat_server.py"?, line 2', told) and "SyntaxError: invalid syntax" in told
    assert "expected  a socket that listens on port" in told and "your server ended with" in told


@pytest.mark.parametrize("make", [lambda path: path.symlink_to(SOLUTION / "chat_server.py"), os.mkfifo,
                                  lambda path: path.mkdir(), lambda path: path.symlink_to("/dev/zero")],
                         ids=["link", "fifo", "folder", "endless"])
def test_no_regular_file(tmp_path, make):
    """What is no file of the submission's own is not there: it may lead to somebody else's, or never end."""
    folder = submission(tmp_path / "submission")
    (folder / "chat_server.py").unlink()
    make(folder / "chat_server.py")
    assert "expected  a file chat_server.py" in told_of(folder, tmp_path)


def test_skeleton_is_told_what_is_not_written(tmp_path):
    done = run(exercise(tmp_path / "03_chat"), "--score=score.json", cwd=tmp_path)
    score = json.loads((tmp_path / "score.json").read_text())
    assert done.status == FAILED and score["points"] == score["bonus"] == 0 and score["max"] == 100
    assert all(check["cause"].startswith("not written yet: chat_") for check in score["checks"])
    assert "Traceback" not in done.output


@pytest.mark.parametrize(("host", "end", "outcomes", "said"), [
    ("{host}", "\\r\\n\\r\\n", ["failed", "blocked"], "(L18)"),
    ("{host}:{port}", "\\r\\n", ["failed", "blocked"],
     "expected  the lines of the request, and an empty line behind them"),
    ("{host}:{port}", "\\r\\n\\r\\n", ["passed", "failed"], "not written yet: browser.py, TODO 2"),
], ids=["no port", "no empty line", "right"])
def test_what_is_written_is_judged_though_the_next_part_is_not(tmp_path, host, end, outcomes, said):
    """A wrong request is told, also where the browser then runs into the TODO for reading the answer."""
    todo = 'raise NotImplementedError("TODO 1: write the request")'
    skeleton = (ROOT / "exercises" / "00_osi" / "browser.py").read_text("utf-8")
    assert skeleton.count(todo) == 1
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "browser.py").write_text(skeleton.replace(
        todo, f'return f"GET {{path}} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close{end}".encode()'), "utf-8")
    done = run(ROOT / "exercises" / "00_osi", "--submission=own", "--score=score.json", "--only=test_request",
               "--only=test_page", cwd=tmp_path)
    assert [check["outcome"] for check in json.loads((tmp_path / "score.json").read_text())["checks"]] == outcomes
    assert said in done.output
    assert "NotImplementedError" not in done.output


# Places -------------------------------------------------------------------------------------------------------


def test_folders_with_spaces_and_letters(tmp_path):
    """An exercise alone, without the course around it, in a folder with any name; and such a submission."""
    place = exercise(tmp_path / "Übung 3, 聊天 (neu)")
    work = submission(tmp_path / "Señor Ñandú's work", chat_server="print('nothing')\n")
    assert run(exercise(tmp_path / "as is", solved=True), "-k", "test_line_appears", cwd=tmp_path).status == PASSED
    done = run(place, f"--submission={work}", "--score=Ergebnis 中.json", "--keep=behalten 中", "-k",
               "test_line_appears", cwd=tmp_path)
    assert done.status == FAILED
    assert json.loads((tmp_path / "Ergebnis 中.json").read_text("utf-8"))["checks"][0]["outcome"] == "failed"
    assert (tmp_path / "behalten 中" / "test_line_appears" / "report.txt").exists()


def test_command_to_repeat_can_be_pasted(tmp_path):
    place = exercise(tmp_path / "my exercise")
    work = submission(tmp_path / "my work", chat_server="print('nothing')\n")
    done = run(place, f"--submission={work}", "-k", "test_line_appears", cwd=tmp_path)
    command = re.search(r"Again pytest (.*)", done.output)[1]
    pasted = subprocess.run(f'"{sys.executable}" -P -m pytest {command}', shell=True, cwd=tmp_path, text=True,
                            capture_output=True, check=False)
    assert pasted.returncode == FAILED and "✗ A client's line appears" in pasted.stdout


def test_inside_its_folder(tmp_path):
    """Where a student stands: in the exercise's folder, without any argument but a part of a name."""
    done = run("-k", "test_line_appears", cwd=exercise(tmp_path / "03_chat", solved=True))
    assert done.status == PASSED and "7 of 7 points" in done.output


def test_student_s_modules_are_not_the_harness_s(tmp_path):
    """Files beside the tests that are named as modules of Python, or of the harness, are not taken for these.

    (Programs do import what lies beside them, as they should. So it is another folder's that are graded here.)
    """
    place = exercise(tmp_path / "03_chat")
    for name in "colorsys", "random", "socket", "selectors", "psutil", "wcwidth", "pytest", "trace", "stage":
        (place / f"{name}.py").write_text("raise SystemExit('the harness has imported this')\n")
    done = run("-k", "test_line_appears", f"--submission={SOLUTION}", cwd=place)
    assert done.status == PASSED, done.output


IMPORTS_LATE = '''
from pytest import mark

@mark.check("own", points=1, hint="none")
def test_import(cast):
    """A module that nobody has imported before"""
    import this_is_beside_the_programs
'''


@pytest.mark.parametrize("command", [("-P", "-m", "pytest"), ("-m", "pytest")])
def test_student_s_folder_is_off_the_path(tmp_path, command):
    """Else a module that is imported late would be the student's, and would run in the harness."""
    place = own_tests(tmp_path / "own", IMPORTS_LATE)
    (place / "this_is_beside_the_programs.py").touch()
    done = run(cwd=place, command=command)
    assert done.status == GRADER_FAILED and "ModuleNotFoundError" in done.output


# One check, in place ------------------------------------------------------------------------------------------


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike tmp_path: as root, programs run under another uid."""
    with tempfile.TemporaryDirectory(prefix="open-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_debugged_check_is_played_in_place(open_folder):
    """The program runs where it is, with all that lies beside it, so that a debugger finds its files."""
    place = exercise(open_folder / "03_chat")
    (place / "note.txt").write_text("a note beside it: ")
    (place / "chat_server.py").write_text("import sys\nsys.exit(open('note.txt').read() + __file__)\n")
    done = run(place, "--debug-check=test_line_appears", cwd=open_folder)
    assert f"a note beside it: {place}/chat_server.py" in done.output


def test_debugged_check_is_the_only_one(open_folder):
    done = run(exercise(open_folder / "03_chat", solved=True), "--debug-check=test_bye", cwd=open_folder)
    assert done.status == PASSED and "the host's network, isolation: plain" in done.output
    assert done.output.count("✓") == 2                      # pytest's own mark, and the table's line


def test_debugged_program_s_stderr_is_seen(open_folder):
    place = exercise(open_folder / "03_chat", solved=True)
    server = (place / "chat_server.py").read_text("utf-8")
    says = "import argparse\nimport sys\nprint('I am here', file=sys.stderr)"
    (place / "chat_server.py").write_text(server.replace("import argparse", says, 1))
    done = run(place, "--debug-check=test_line_appears", cwd=open_folder)
    assert done.status == PASSED and "I am here" in done.output


AS_ROOT = pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root starts programs as "
                                                                                    "another user")


@AS_ROOT
def test_debugging_as_root_in_a_private_folder(tmp_path):
    place = exercise(tmp_path / "03_chat", solved=True)
    assert run(place, "--debug-check=test_line_appears", cwd=tmp_path).status == PASSED


@AS_ROOT
def test_grading_as_root_with_a_private_folder_for_temporary_files(tmp_path):
    done = run(EXERCISE, f"--submission={SOLUTION}", "-k", "test_line_appears", cwd=tmp_path, TMPDIR=str(tmp_path))
    assert done.status in (PASSED, REFUSED)


# Ctrl-C -------------------------------------------------------------------------------------------------------


def test_ctrl_c(open_folder):
    """The table so far, no score, and nothing left behind. A program is at work when it comes."""
    folder = submission(open_folder / "submission", chat_client="import time\ntime.sleep(60)\n")
    (open_folder / "score.json").write_text("the score of another day")
    checks = "test_line_appears or test_client_shows_lines or test_bye or test_nobody_there"
    grading = subprocess.Popen(
        [sys.executable, "-P", "-m", "pytest", EXERCISE, f"--submission={folder}", "--score=score.json", "-k", checks],
        cwd=open_folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"TMPDIR": str(open_folder)})
    programs = until(lambda: running(grading.pid, "chat_client.py") or grading.poll() is not None)
    grading.send_signal(signal.SIGINT)
    output, _ = grading.communicate(timeout=60)
    assert grading.returncode == INTERRUPTED, output
    assert "✓    7/7  A client's line appears" in output and "✓    7/7  Your server answers" in output
    assert "Interrupted: not all checks were tried, and no score was written." in output
    assert "Traceback" not in output
    assert (open_folder / "score.json").read_text() == "the score of another day"
    assert sorted(path.name for path in open_folder.iterdir()) == ["score.json", "submission"]
    until(lambda: not any(program.is_running() for program in programs))


def running(pid: int, script: str) -> list[psutil.Process]:
    """The processes below this one that run this script."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if script in process.cmdline():
                found.append(process)
        except psutil.Error:                                # it has ended meanwhile
            pass
    return found


def until(happened: Callable[[], object], seconds: float = 60) -> object:
    """Look again and again until this is so, and return what it is."""
    ends = time.monotonic() + seconds
    while not (result := happened()):
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.002)
    return result


# The grader's own faults --------------------------------------------------------------------------------------


BROKEN = '''
import signal
from pytest import fixture, mark
from autograder.stage import Unavailable

@fixture
def server(cast):
    port = cast.port()
    return cast.program("chat_server.py", "--port", port, lane="your server").listens(port)

@fixture
def broken(cast):
    raise RuntimeError("in a fixture")

@mark.check("own", points=2, hint="none")
def test_broken(cast, server):
    """This one raises"""
    {}["nothing"]

@mark.check("own", points=3, hint="none")
def test_broken_fixture(cast, broken):
    """This one's fixture raises"""

@mark.check("own", points=4, hint="none", probes=["C99"])
def test_unknown_mistake(cast, server):
    """This one fails, and probes a mistake that is unknown"""
    server.ends()

@mark.check("own", points=4, hint="none")
@mark.timeout(1)
def test_too_long(cast):
    """This one does not end"""
    signal.pause()

@mark.check("own", points=5, hint="none")
def test_unavailable(cast):
    """This one cannot be tried here"""
    raise Unavailable("no such machine")

@mark.check("own", points=6, hint="none", needs=[test_broken])
def test_needs_it(cast, server):
    """This one needs the broken one"""

@mark.check("own", points=7, hint="none")
def test_sound(cast, server):
    """This one is sound"""
    cast.peer("alice", server).connects()
'''


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> tuple[Run, dict]:
    """An exercise whose tests have faults, with programs that have none."""
    scratch = tmp_path_factory.mktemp("broken")
    # A server that ends by itself would be the student's fault, so this one does not; that wait is made short.
    own = own_tests(scratch / "own", BROKEN.replace("server.ends()", "server.stage.expect(lambda: 0, 'a', "
                                                           "lambda: 'b', hopeless=lambda: True)"))
    done = run(own, "--score=score.json", cwd=scratch)
    return done, json.loads((scratch / "score.json").read_text())


def test_grader_s_fault_is_an_error(broken):
    done, score = broken
    assert done.status == GRADER_FAILED
    outcomes = {check["name"]: check["outcome"] for check in score["checks"]}
    assert outcomes["test_broken"] == outcomes["test_broken_fixture"] == outcomes["test_unknown_mistake"] == "error"
    assert "This is the grader's fault, and costs no points." in done.output
    assert outcomes["test_too_long"] == "error" and "It took more than" in done.output
    assert "KeyError: 'nothing'" in done.output and "RuntimeError: in a fixture" in done.output


def test_others_are_graded_all_the_same(broken):
    outcomes = {check["name"]: check["outcome"] for check in broken[1]["checks"]}
    assert outcomes["test_unavailable"] == "unavailable" and outcomes["test_sound"] == "passed"


def test_grader_s_fault_costs_nothing(broken):
    """Neither what it failed in, nor what this machine cannot try."""
    score = broken[1]
    assert score["points"] == 7
    lost = {check["name"] for check in score["checks"] if check["outcome"] in ("failed", "blocked")}
    assert score["max"] == 7 + sum(check["max"] for check in score["checks"] if check["name"] in lost)


def test_grader_s_fault_costs_nothing_further_on(broken):
    score = broken[1]
    assert score["points"] == score["max"] == 7


# Programs that hang -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def hanging(tmp_path_factory) -> Iterator[dict[str, Future]]:
    """Whole gradings of programs that hang. They take seconds, in which they wait: so they begin before all else."""
    with ThreadPoolExecutor() as pool:
        def grade(name: str) -> tuple[Run, dict]:
            scratch = tmp_path_factory.mktemp(name)
            folder = lay_out("03_chat", WRONG / name, scratch / "submission")
            done = run(EXERCISE, f"--submission={folder}", "--score=score.json", cwd=scratch)
            return done, json.loads((scratch / "score.json").read_text())
        yield {name: pool.submit(grade, name) for name in ("X_never_answers", "X_hangs_at_start")}


@pytest.mark.parametrize(("name", "cause"), [("X_never_answers", "your server's screen shows"),
                                             ("X_hangs_at_start", "your server starts, and listens on port")])
def test_program_that_hangs(hanging, name, cause):
    """It ends in seconds (20 where nothing else goes on; with what else a test may meet, 60), and is told once why."""
    done, score = hanging[name].result()
    assert done.status == FAILED and score["seconds"] < 60
    told = [line for line in done.output.splitlines() if cause in line]
    assert len([line for line in told if line.endswith("FAILED")]) == 1
    assert len([line for line in told if line.startswith("            ")]) == 1      # and once in the table
    blocked = [check for check in score["checks"] if check["outcome"] == "blocked"]
    assert len(blocked) > 8 and all(check["cause"].startswith("needs ") for check in blocked)


def written_up_to(last: int, solution: str) -> str:
    """A solution as a student has it who has written the TODOs up to this one."""
    lines, todo = [], ""
    for line in solution.splitlines():
        if begin := course.BEGIN.match(line):
            todo = f'{begin[1]}raise NotImplementedError("TODO {begin[2]}: {begin[3]}")' if int(begin[2]) > last else ""
        elif course.END.match(line):
            lines, todo = [*lines, todo], ""
        elif not todo:
            lines.append(line)
    return "\n".join(lines)


def test_who_runs_into_a_later_todo_by_mistake_is_shown_what_led_there(tmp_path):
    """With TODO 6 wrong, an acceptable segment is taken for one that is none, which is TODO 15."""
    folder = lay_out("01_handshake", ROOT / "solutions" / "01_handshake", tmp_path / "it")
    endpoint, right = folder / "endpoint.py", "not before(seq, self.rcv_nxt) and before(seq, end)"
    source = written_up_to(7, endpoint.read_text("utf-8"))
    assert source.count(right) == 1
    endpoint.write_text(source.replace(right, "before(self.rcv_nxt, seq) and before(seq, end)"), "utf-8")
    check = (ROOT / "exercises" / "01_handshake", "-k", "passive_open", f"--submission={folder}")
    output = run(*check, cwd=tmp_path).output
    assert "<SEQ=301><ACK=101><CTL=ACK>                     FAILED" in output
    assert re.search(r"Why   The program came to TODO 15, which is not written yet, from endpoint\.py,\s+line", output)
    endpoint.write_text(source, "utf-8")        # with TODO 6 right, the same check passes
    assert "5 of 5 points" in run(*check, cwd=tmp_path).output


# Setting up -------------------------------------------------------------------------------------------------


def test_a_module_that_is_missing_is_said_in_a_line(tmp_path):
    (tmp_path / "psutil.py").write_text("raise ImportError(\"No module named 'psutil'\")")
    for command in ("-P", "-m", "pytest"), ("-P", "-m", "autograder"):
        said = run(*([EXERCISE] if "pytest" in command else ["watch"]), cwd=tmp_path, command=command,
                   PYTHONPATH=str(tmp_path))
        assert said.status == FAILED
        assert len(said.complaint) == 1 and "No module named 'psutil'" in said.output and "make 00_osi" in said.output


PYTHONS = {"one that is not there": ("", "There is no {python}: install Python 3.11 or later"),
           "an old one": ("import sys; sys.version_info, sys.version = (3, 9, 2), '3.9.2 (old)'; exec(sys.argv[2])",
                          "The course needs Python 3.11 or later, and this is 3.9.2."),
           "one without venv": ("import sys; sys.modules['ensurepip'] = None; exec(sys.argv[2])",
                                "{python} cannot make virtual environments. On Debian and Ubuntu: sudo apt install")}


@pytest.mark.parametrize(("does", "says"), PYTHONS.values(), ids=list(PYTHONS))
def test_make_says_in_a_line_what_is_wrong_with_python(tmp_path, does, says):
    for name in "Makefile", "requirements.txt", "pyproject.toml":
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "exercises" / "03_chat").mkdir(parents=True)
    python = tmp_path / "python"
    if does:
        python.write_text(f"#!{sys.executable}\n{does}\n")
        python.chmod(0o755)
    # Not as a part of the make that runs these tests.
    made = subprocess.run(["make", f"PYTHON={python}", "03_chat"], cwd=tmp_path, capture_output=True, text=True,
                          check=False, env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"})
    assert made.returncode != 0 and not (tmp_path / ".venv").exists()
    lines = [line for line in (made.stdout + made.stderr).splitlines() if not line.startswith("make: ")]
    assert len(lines) == 1 and lines[0].startswith(says.format(python=python))
