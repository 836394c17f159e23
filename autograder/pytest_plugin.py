"""The one module that knows pytest: options, blame, the order of checks, the report and the score.

It takes part only where the conftest.py of a folder of tests calls grade(); elsewhere it is inert.
"""
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from . import SET_UP

try:
    from . import mistakes, netns, sandbox
    from .cast import Cast
    from .program import TRACEBACK
    from .progress import Progress
    from .render import pcap, svg, text
    from .score import Check, Score, write_whole
    from .stage import Stage, Unavailable, Unmet
except ImportError as missing:      # of a newer version of the course than .venv was set up for
    raise SystemExit(SET_UP.format(missing)) from None

# For one check. A program that never answers is given up long before, so this is no verdict on it: the machine is far
# too busy (a search takes 2 s; beside forty other gradings on two cores it was seen to take more than 60), or the
# program takes seconds for each of many answers, or it is the harness itself. A person has to look.
MOST_SECONDS = 300
TOO_LONG = f"It took more than {MOST_SECONDS} s, which costs no points: this machine is very busy, or the program slow."
OWN_FAULT = "This is the grader's fault, and costs no points."
MOST_MISSED = 3             # checks in a row that wait for one program in vain: who hangs three times, hangs


class Blocked(Exception):
    """A check that this one needs did not pass. The text is the reason, for a person."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("exercise", "grading an exercise")
    group.addoption("--submission", metavar="DIR", type=Path,
                    help="grade the programs in DIR in place of those beside the tests")
    group.addoption("--only", metavar="NAME", action="append",
                    help="play one group of checks, or the one check of exactly this name; may be given several times")
    group.addoption("--score", metavar="FILE", type=Path, help="write the score to FILE, as JSON")
    group.addoption("--reports", metavar="FILE", type=Path, help="write the reports on failed checks to FILE, as JSON")
    group.addoption("--again", metavar="TEXT", help="what a report says to repeat its check: {check} and {seed} in it "
                                                    "are filled in")
    group.addoption("--seed", metavar="N", type=int, help="use the same texts as the run that told N")
    group.addoption("--keep", metavar="DIR", type=Path,
                    help="keep each check's picture (SVG) and packets (pcap), and the report if it failed, in DIR")
    group.addoption("--trust", action="store_true",
                    help="run a submission even where this machine cannot confine it")
    group.addoption("--debug-check", metavar="NAME",
                    help="play one check with the program in its own folder, without confinement and deadlines")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers",
                            "check(group, points, hint, needs=[], probes=[], bonus=False): a check of an exercise")
    for folder in (Path(name.partition("::")[0]) for name in config.args):
        if any("pytest_plugin.grade(" in file.read_text("utf-8", "replace") for file in folder.glob("*/conftest.py")):
            raise pytest.UsageError(ONE_AT_A_TIME)


ONE_AT_A_TIME = "one exercise at a time: name its folder, as in `pytest exercises/03_chat`"
STARTED = pytest.StashKey[bool]()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[STARTED] = True


def grade(config: pytest.Config, exercise: str, tests: Path) -> None:
    """Make this run of pytest grade an exercise. For the pytest_configure() of the exercise's conftest.py.

    exercise: its name. tests: the folder of its tests, where the student's own programs are too. Raises
    pytest.UsageError, which pytest shows as one line, if it is asked for something that cannot be done.
    """
    if config.pluginmanager.hasplugin("grader") or STARTED in config.stash:
        raise pytest.UsageError(ONE_AT_A_TIME)
    # What lies beside the programs is the student's: nothing of it may be imported in here.
    beside = {Path.cwd(), tests}
    sys.path[:] = [entry for entry in sys.path if entry and Path(entry).absolute() not in beside]
    config.pluginmanager.register(Grader(config, exercise, tests), "grader")
    # What a student sees is the report below; pytest itself only shows a mark for each check.
    config.option.verbose = -2
    config.option.importmode = "importlib"
    if config.option.timeout is None:
        config.option.timeout, config.option.timeout_method = MOST_SECONDS, "signal"


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> Iterator[Cast]:
    """Who takes part in this test: the student's programs, and their peers."""
    grader: Grader = request.config.pluginmanager.getplugin("grader")
    cast = grader.cast_for(request.node)
    yield cast
    cast.stage.close()


STAGE = pytest.StashKey[Stage]()
CHECK = pytest.StashKey[Check]()


class Grader:
    """Grades one exercise in one run of pytest."""

    def __init__(self, config: pytest.Config, exercise: str, tests: Path) -> None:
        self.config = config
        self.debug = config.getoption("debug_check")
        if config.getoption("numprocesses", None):
            raise pytest.UsageError("an exercise is graded in one process, one check after the other: leave out -n")
        self.tests = tests
        self.source = (config.getoption("submission") or tests).absolute()
        if not self.source.is_dir():
            raise pytest.UsageError(f"--submission: there is no folder {self.source}")
        for option in "score", "reports":
            file = config.getoption(option)
            if file and not file.absolute().parent.is_dir():
                raise pytest.UsageError(f"--{option}: there is no folder {file.absolute().parent}")
        seed = config.getoption("seed")
        self.score = Score(exercise, seed=secrets.randbelow(10**6) if seed is None else seed)
        self.reports: dict[str, text.Report | str] = {}     # by the name of the check
        self.pictures: dict[str, str] = {}
        self.told: set[tuple[str, ...]] = set()
        self.began = time.monotonic()
        self.missed: Counter[str] = Counter()       # for each program: checks in a row that waited for it in vain
        self.interrupted = False
        self.deselected = 0
        self.progress = Progress(tests.parent)
        # Whether these are a student's own programs, in the folder of the course.
        self.own = not config.getoption("submission") and not self.debug and self.progress.is_possible
        self.unkept = ""
        if self.debug:
            config.option.keyword = self.debug
            capture = config.pluginmanager.getplugin("capturemanager")
            capture.suspend_global_capture(in_=True)    # it has begun before the option could have been set
            config.pluginmanager.unregister(capture)
            config.option.timeout = 0

    # Before: one network, one tier, one copy of the programs --------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        try:
            if self.debug:
                self.score.network, self.score.process, self.folder = "host", "plain", self.source
                return
            self.score.network = "own" if netns.enter() else "host"
            sandbox.adopt_orphans()
            # A shell that starts us in the background has us ignore Ctrl-C, and every program would inherit that.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.score.process = sandbox.tier()
            if self.score.process == "plain" and self.config.getoption("submission") \
                    and not self.config.getoption("trust"):
                raise pytest.UsageError(
                    "this machine cannot confine other people's programs (no bubblewrap with user namespaces, no "
                    "Landlock): install bubblewrap, or add --trust if you trust this submission as your own code")
            self.folder = Path(tempfile.mkdtemp(prefix="submission-"))
            self.folder.chmod(0o755)
            if sandbox.as_root() and not sandbox.open_to_all(str(self.folder)):
                raise pytest.UsageError("as root, programs run as another user, who cannot enter "
                                        f"{self.folder.parent}: set TMPDIR to a folder that all may enter")
            sandbox.copy_sources(self.source, self.folder)
        except sandbox.Refused as refused:
            raise pytest.UsageError(str(refused)) from None

    def pytest_unconfigure(self) -> None:
        sandbox.end_all()
        if not self.debug and hasattr(self, "folder"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected += len(items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if not session.items and self.deselected:
            raise pytest.UsageError(f"no check has {self.config.option.keyword!r} in its name; "
                                    f"pytest {os.path.relpath(self.tests)} --collect-only -q lists them")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            marker = item.get_closest_marker("check")
            if marker is None or len(marker.args) != 1:
                raise pytest.UsageError(f'{item.nodeid} has no @mark.check("group", points=…, hint=…)')
            rubric = (item.obj.__doc__ or item.name).strip().splitlines()[0]
            item.stash[CHECK] = Check(item.name, marker.args[0], rubric, 0, marker.kwargs["points"],
                                      marker.kwargs.get("bonus", False), "")
        names = [item.name for item in items]
        if twice := [name for name in names if names.count(name) > 1]:
            raise pytest.UsageError(f"two checks are called {twice[0]}: each needs a name of its own")
        if only := self.config.getoption("only"):
            checks = [item.stash[CHECK] for item in items]
            known = {name for check in checks for name in (check.name, check.group)}
            if unknown := [name for name in only if name not in known]:
                groups = ", ".join(dict.fromkeys(check.group for check in checks))
                raise pytest.UsageError(f"no check and no group is called {unknown[0]!r}; the groups are {groups}")
            items[:] = [item for item in items if {item.name, item.stash[CHECK].group} & set(only)]

    # A check ----------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        judged = {check.name: check for check in self.score.checks}
        for needed in item.get_closest_marker("check").kwargs.get("needs", []):
            check = judged.get(needed.__name__)
            if check and check.outcome in ("error", "unavailable"):
                raise Unavailable(f'needs "{check.rubric}", which could not be judged')
            if check and check.outcome != "passed":
                raise Blocked(check.cause if _unwritten(check) else f'needs "{check.rubric}"')

    def cast_for(self, item: pytest.Item) -> Cast:
        """A new stage for this check."""
        stage = item.stash[STAGE] = Stage(f"{self.score.seed} {item.name}", deadlines=not self.debug)
        keep = self.config.getoption("keep") and self.score.network == "own"
        tier = "debug" if self.debug else self.score.process
        return Cast(stage, self.folder, tier, self._before_start, capture=bool(keep))

    def _before_start(self, script: str) -> None:
        if self.missed[script] >= MOST_MISSED:
            raise Blocked(f"{MOST_MISSED} checks in a row waited for {script} in vain, so this one was not tried: "
                          "ask for it by name, with -k")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
        report = yield
        check, stage = item.stash[CHECK], item.stash.get(STAGE, None)
        if call.excinfo:
            self._blame(check, stage, item, call.excinfo, report)
        elif call.when == "call":
            check.outcome, check.points = "passed", check.max
            self._count_missed(stage, late=False)
        if call.when == "teardown":
            if stage:
                self.score.quiet_seconds += stage.quiet_seconds
                if self.config.getoption("keep") and check.outcome in ("passed", "failed"):
                    self._keep(check, stage)
            self.score.add(check)
        return report

    def _blame(self, check: Check, stage: Stage | None, item: pytest.Item, excinfo: pytest.ExceptionInfo,
               report: pytest.TestReport) -> None:
        error = excinfo.value
        check.points = 0
        if isinstance(error, Blocked):
            check.outcome, check.cause = "blocked", str(error)
            report.longrepr = str(error)
        elif isinstance(error, (Unavailable, sandbox.Refused)):
            check.outcome, check.cause = "unavailable", str(error)
            report.longrepr = str(error)
        elif isinstance(error, Unmet):
            check.outcome = "failed"
            self._count_missed(stage, error.late)
            try:
                self._explain(check, stage, item, error)
            except Exception as own:
                self._admit(check, own, "".join(traceback.format_exception(own)))
            report.longrepr = str(self.reports.get(check.name, check.cause))
        else:
            self._admit(check, error, str(report.longrepr))

    def _count_missed(self, stage: Stage, late: bool) -> None:
        for script in {event.text.split()[0] for event in stage.trace.of("start")}:
            self.missed[script] = self.missed[script] + 1 if late else 0

    def _admit(self, check: Check, error: BaseException, details: str) -> None:
        """The grader itself has failed, or has no time left: say so, and take no points for it."""
        check.outcome = "error"
        check.cause = f"the grader failed: {type(error).__name__}: {error}".splitlines()[0]
        # What pytest.fail() raises is the time limit: nobody else calls it here.
        why = TOO_LONG if isinstance(error, pytest.fail.Exception) else OWN_FAULT
        self.reports[check.name] = f"! {check.rubric}\n\n  {why}\n\n{details}"

    def _explain(self, check: Check, stage: Stage, item: pytest.Item, error: Unmet) -> None:
        """Find out why, and add the report; not for what is not written yet, nor twice for the same thing."""
        marker = item.get_closest_marker("check")
        unwritten = text.not_written_yet(stage.trace)
        if unwritten and error.done:        # what came before it is told, and not the TODO, which is the next thing
            stage.trace.events = [event for event in stage.trace.events if event.kind != "stderr"]
            unwritten = None
        if unwritten and not self._is_out_of_turn(unwritten):
            check.cause = str(unwritten)
            return
        mistake = None if unwritten else mistakes.diagnose(stage.trace, marker.kwargs.get("probes", []))
        check.mistake = mistake.id if mistake else ""
        check.cause = str(unwritten or (mistake.sentence if mistake else self._cause(stage, error)))
        same = (error.got, *text.errors(stage.trace))
        begun = any(stage.trace.of("connect", "listen", "datagram", "call", "result"))
        if begun or same not in self.told:          # a program that does not start is not explained twice
            hint = self._hint(item, stage, begun, named=bool(mistake))
            self.reports[check.name] = text.report(check.rubric, f"0 of {check.max:g}", stage.trace, mistake, hint,
                                                   self._again(check))
            if self.config.getoption("reports"):
                self.pictures[check.name] = svg.picture(stage.trace, check.rubric)
        self.told.add(same)

    def _cause(self, stage: Stage, error: Unmet) -> str:
        """Why the check failed, in a line, where no mistake is known: what a program died of, or what was expected."""
        # Only a traceback is a cause: what else is on stderr may be anything, and a limit is the grader's to tell.
        for program in {event.lane: None for event in stage.trace.of("start")}:
            if TRACEBACK in stage.trace.text_of("stderr", lane=program) and not any(stage.trace.of("limit")):
                return ": ".join(line.strip() for line in text.errors(stage.trace, of=program)[1:3])
        return f"{stage.trace.steps[-1].sentence}: expected {error.expected}, got {error.got}"

    def _is_out_of_turn(self, unwritten: text.Unwritten) -> bool:
        """Whether earlier parts of the file are written and others are not, so that a mistake may have led there."""
        left = re.findall(r'raise NotImplementedError\("TODO (\d+)', (self.folder / unwritten.file).read_text("utf-8"))
        return bool(unwritten.caller) and 1 < min(map(int, left), default=1) < unwritten.number

    def _hint(self, item: pytest.Item, stage: Stage, begun: bool, named: bool) -> str:
        """The author's hint; none where there is no program, or where it says itself why it does not even start."""
        if not any(stage.trace.of("start")) or (not begun and text.errors(stage.trace)):
            return ""
        ran = {check.name for check in self.score.checks}
        missing = [needed.__name__ for needed in item.get_closest_marker("check").kwargs.get("needs", [])
                   if needed.__name__ not in ran]
        before = ""
        if missing and not named:
            before = f"This check builds on others, which were not run now ({', '.join(missing)}). "
        return before + item.get_closest_marker("check").kwargs["hint"]

    def _again(self, check: Check) -> str:
        if template := self.config.getoption("again"):
            return template.replace("{check}", check.name).replace("{seed}", str(self.score.seed))
        where = shlex.quote(os.path.relpath(self.tests))
        again = f"pytest {where} -k {check.name} --seed {self.score.seed}"
        if self.config.getoption("submission"):
            again += f" --submission {shlex.quote(os.path.relpath(self.source))}"
        return again

    def _keep(self, check: Check, stage: Stage) -> None:
        folder = self.config.getoption("keep") / check.name
        folder.mkdir(parents=True, exist_ok=True)
        if report := self.reports.get(check.name):
            (folder / "report.txt").write_text(f"{report}\n", encoding="utf-8")
        (folder / "picture.svg").write_text(svg.picture(stage.trace, check.rubric), encoding="utf-8")
        if stage.trace.packets:
            pcap.write(stage.trace, folder / "packets.pcap")

    # What a person sees -------------------------------------------------------------------------------------

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        if report.passed:
            return ("", "✓", "passed") if report.when == "call" else ("", "", "")
        return "", "✗", "failed"

    def pytest_keyboard_interrupt(self) -> None:
        self.interrupted = True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.score.seconds = round(time.monotonic() - self.began, 3)
        self.score.quiet_seconds = round(self.score.quiet_seconds, 3)
        if any(check.outcome == "error" for check in self.score.checks):
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        if self.own and self.score.checks:
            try:
                self.progress.keep(self.score)
            except OSError as error:
                self.unkept = f"  Your progress could not be kept: {error}"
        if self.score.checks and not self.interrupted:
            if file := self.config.getoption("score"):
                self.score.write(file)
            if file := self.config.getoption("reports"):
                told = {name: {**asdict(report), "picture": self.pictures[name]}
                        for name, report in self.reports.items() if isinstance(report, text.Report)}
                write_whole(file, json.dumps(told, ensure_ascii=False))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        write = terminalreporter.write_line
        write("")
        for report in self.reports.values():
            write("")
            for line in str(report).splitlines():
                write(line, **text.markup(line))
        for line, markup in text.table(self.score, self.interrupted):
            write(line, **markup)
        if self.own:
            write(self.unkept or f"  {self.progress.line()}")


def _unwritten(check: Check) -> bool:
    return check.cause.startswith("not written yet")
