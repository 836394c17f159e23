"""What a program may do to the machine that grades it, and to its own grade: nothing. Shown for each tier.

First come the hostile programs of tests/hostile, each graded from outside in each tier; then the confinement
itself, asked of a program that looks around in it; then how the tiers give way to each other.

What is played as the harness would play it is a function here whose name begins with "play_": it runs in a process
of its own (see `played`), since the harness moves itself into another network, and adopts orphans.
"""
import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import dpkt
import psutil
import pytest
from programs import ROOT, TESTS, Graded, grade, lay_out
from refused import without_namespaces

from autograder import landlock, netns, sandbox
from autograder.cast import Cast
from autograder.stage import Stage

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has tiers that confine a program")

EXERCISE = "03_chat"
# Two checks: the first one every hostile program passes honestly; in the second one an answer is waited for in vain.
HONEST, ATTACKED = "test_line_appears", "test_typed_line_arrives"
MOST_SECONDS = 60           # for two checks of a hostile program. They take 1 to 6
MOST_MEMORY = 1536 << 20    # by which a hostile program may lower what the machine has available
NO_TOOLS = {"PATH": str(Path(sys.executable).parent)}      # neither bwrap nor prlimit is there
ROOT_USER = os.getuid() == 0


# The tiers that this machine has ----------------------------------------------------------------------------


def no_bwrap() -> str:
    """Why bubblewrap cannot be tried here, "" if it can."""
    if not shutil.which("bwrap") or not shutil.which("prlimit"):
        return "this machine has no bubblewrap"
    tried = subprocess.run(["bwrap", "--unshare-user", "--ro-bind", "/", "/", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"bubblewrap does not work here: {tried.stderr.decode().strip()}"


def no_landlock() -> str:
    """Why Landlock cannot be tried here, "" if it can."""
    needed = 1 if ROOT_USER else 6
    return "" if landlock.abi() >= needed else f"this kernel's Landlock has ABI {landlock.abi()}, not {needed}"


@pytest.fixture(scope="module", params=["bwrap", "landlock"])
def tier(request: pytest.FixtureRequest) -> str:
    """Each tier that promises to confine other people's programs."""
    if reason := {"bwrap": no_bwrap, "landlock": no_landlock}[request.param]():
        pytest.skip(reason)
    return request.param


@pytest.fixture
def bwrap() -> None:
    """For what only bubblewrap promises."""
    if reason := no_bwrap():
        pytest.skip(reason)


@pytest.fixture(scope="module", autouse=True)
def orphans_come_here() -> None:
    """Make this process the heir of every process whose parents have ended: so none can be left behind unseen."""
    ctypes.CDLL(None).prctl(sandbox.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def left_behind() -> list[str]:
    """Processes that came from a grading, or from a play, and that outlived it. (What runs here is a Python.)"""
    mine = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [" ".join(command) for child in mine
            if (command := _command(child)) and not {"pytest", "-c"} & set(command[:4])]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every uid may enter. (pytest's tmp_path may not be: the programs that root starts are not root.)"""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


# Hostile programs, graded from outside ----------------------------------------------------------------------


@dataclass
class Attack:
    """One hostile program, graded in one tier, and what it did to the machine meanwhile."""

    program: str
    tier: str
    graded: Graded | None = None
    seconds: float = 0
    memory: int = 0
    files: list[str] = field(default_factory=list)
    processes: list[str] = field(default_factory=list)

    def run(self) -> "Attack":
        """Grade it, with a folder of its own for the files that the harness and the program make."""
        with tempfile.TemporaryDirectory(prefix="hostile-") as name, memory_taken() as taken:
            scratch, tmp = Path(name), Path(name, "tmp")
            tmp.mkdir()
            for folder in scratch, tmp:
                folder.chmod(0o755)
            submission = lay_out(EXERCISE, TESTS / "hostile" / self.program, scratch / "submission")
            environment = {"TMPDIR": str(tmp), **(NO_TOOLS if self.tier == "landlock" else {})}
            began = time.monotonic()
            self.graded = grade(EXERCISE, submission, scratch, "-k", f"{HONEST} or {ATTACKED}", environment=environment)
            self.seconds = time.monotonic() - began
            self.processes = left_behind()
            self.files = sorted(path.name for path in tmp.iterdir())
        self.memory = taken()
        return self


class memory_taken:
    """How much less memory the machine had available, at the worst moment, while something ran."""

    def __enter__(self):
        self._before = self._lowest = psutil.virtual_memory().available
        self._over = threading.Event()
        self._sampler = threading.Thread(target=self._sample)
        self._sampler.start()
        return lambda: self._before - self._lowest

    def __exit__(self, *_):
        self._over.set()
        self._sampler.join()

    def _sample(self):
        while not self._over.wait(0.05):
            self._lowest = min(self._lowest, psutil.virtual_memory().available)


PROGRAMS = sorted(path.name for path in (TESTS / "hostile").iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def attacks(request: pytest.FixtureRequest) -> Iterator[dict[tuple[str, str], Future]]:
    """All attacks that this run of pytest asks for, two at a time: a future Attack for each program and tier."""
    asked = [tuple(item.callspec.params[name] for name in ("program", "tier")) for item in request.session.items
             if item.path == Path(__file__) and "program" in getattr(item, "callspec", item).__dict__.get("params", {})]
    with ThreadPoolExecutor(2) as pool:
        yield {(program, tier): pool.submit(Attack(program, tier).run) for program, tier in dict.fromkeys(asked)
               if not (no_bwrap() if tier == "bwrap" else no_landlock())}
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def attack(attacks: dict, program: str, tier: str) -> Attack:
    """One attack, once it is over."""
    return attacks[program, tier].result()


# What the report must say of those that a limit ends. Whichever of several limits comes first will do.
LIMITS = {
    "file_flood": ["made more than 4096 files", "made files of more than 16 MiB"],
    "fork_bomb": ["had more than 64 processes"],
    "fork_threads": ["had more than 64 processes or threads"],
    "memory": ["used more than 512 MiB of memory"],
    "memory_many": ["used more than 512 MiB of memory"],
    "output_flood": ["wrote more than 1 MiB"],
    "socket_buffers": ["used more than 512 MiB of memory"],
    "stderr_flood": ["wrote more than 1 MiB"],
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_hostile_program(program: str, tier: str, attack: Attack) -> None:
    """It earns only what it does honestly, changes nothing, leaves nothing, and comes to an end."""
    it_earned_only_what_is_honest(attack)
    assert attack.seconds < MOST_SECONDS
    assert attack.memory < MOST_MEMORY
    assert attack.processes == [], "processes were left behind"
    assert attack.files == [], "files were left behind"
    assert not Path("/tmp/shadowed-by-submission").exists(), "a module of the submission was run outside"
    if program in LIMITS:
        cause = attack.graded.score["checks"][1]["cause"]
        assert any(words in cause for words in LIMITS[program]), cause
        assert any(words in " ".join(attack.graded.output.split()) for words in LIMITS[program])


def it_earned_only_what_is_honest(attack: Attack) -> None:
    """The score is the harness's own, whole, and gives points for nothing but the first line."""
    graded, score = attack.graded, attack.graded.score
    assert graded.status == pytest.ExitCode.TESTS_FAILED, graded.output
    honest = attack.program != "shadow_modules"     # its server does not even start
    assert graded.outcomes[HONEST] == ("passed" if honest else "failed")
    assert graded.outcomes[ATTACKED] in ("failed", "blocked")
    points = {check["name"]: check["points"] for check in score["checks"]}
    assert points[ATTACKED] == 0
    assert score["points"] == points[HONEST] == (7 if honest else 0)
    assert (score["exercise"], score["process"], score["max"], score["bonus"]) == (EXERCISE, attack.tier, 14, 0)
    for check in score["checks"]:
        assert not any(forged in check["cause"] for forged in ("24 passed", "100/100", '"points"')), check["cause"]
    assert f"{score['points']:g} of 14 points" in graded.output.splitlines()[-2]


# What it would have found out ---------------------------------------------------------------------------------


def played(play, *arguments: object, environment: dict[str, str] | None = None) -> object:
    """What a function of this module returns that is called in a process of its own, set up as the harness is."""
    call = (f"import sys, json, signal; sys.path.insert(0, {str(TESTS)!r}); import test_sandbox as here; "
            "signal.signal(signal.SIGINT, signal.default_int_handler); "        # which a shell may have us ignore
            "here.netns.enter(); here.sandbox.adopt_orphans(); "
            f"print(json.dumps(here.{play.__name__}(*json.loads(sys.argv[1]))))")
    done = subprocess.run([sys.executable, "-P", "-c", call, json.dumps(arguments, default=str)], check=False,
                          capture_output=True, text=True, timeout=100, env={**os.environ, **(environment or {})})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def play_attack(program: str, tier: str, folder: str, until: str) -> str:
    """Let a hostile program attack, until it shows a word. Returns its screen."""
    sandbox.copy_sources(TESTS / "hostile" / program, Path(folder, "copy"))
    stage = Stage()
    cast = Cast(stage, Path(folder, "copy"), tier)
    port = cast.port()
    server = cast.program("chat_server.py", "--port", port, lane="the server").listens(port)
    client = cast.peer("the client", server).connects()
    client.sends("hello\n")
    server.shows(until)
    stage.close()
    return server.screen


# A program may write in its own /tmp. And process 1 in a namespace is bubblewrap's, with no more rights than the
# program's: see test_first_process_of_bubblewrap_is_nothing_to_gain.
ITS_OWN = {"bwrap": "WROTE /tmp/written-by-submission$|OPENED /proc/1/mem$",
           "landlock": f"WROTE {re.escape(tempfile.gettempdir())}/program-[^/]*/written-by-submission$"}


@pytest.mark.parametrize(("spy", "success", "until"), [
    ("read_secrets", "LEAK", "END OF LEAKS"),
    ("write_everywhere", "WROTE", "END OF WRITING"),
    ("dev_access", "OPENED", "END OF OPENING"),
], ids=["read_secrets", "write_everywhere", "dev_access"])
def test_spy_finds_nothing(tier: str, open_folder: Path, spy: str, success: str, until: str) -> None:
    """It cannot read, write or open a single one of the things that it tries, but for what is its own."""
    Path(open_folder, "score.json").write_text("a secret")
    screen = played(play_attack, spy, tier, open_folder, until)
    found = [line for line in screen.splitlines() if line.startswith(success) and not re.match(ITS_OWN[tier], line)]
    assert found == []
    assert until in screen


def test_no_way_out_of_a_network_of_its_own(tier: str, open_folder: Path) -> None:
    """In a network of its own there is nobody but the harness."""
    if not played(play_enter):
        pytest.skip("this machine gives no network of one's own: the host's is shared, as the score says")
    screen = played(play_attack, "network_out", tier, open_folder, "END OF NETWORK")
    assert "NETWORK tcp failed" in screen
    assert "NETWORK udp failed" in screen


def play_enter() -> bool:
    """Whether the harness has a network of its own."""
    return [name for _, name in socket.if_nameindex()] == ["lo"]


def test_a_flood_of_frames_is_read_a_part_at_a_time() -> None:
    """Else whoever sends faster than the harness reads would hold it for ever, and fill its memory."""
    if not played(play_enter):
        pytest.skip("this machine gives no network of one's own, and in the host's nobody may capture")
    at_once, all_of_them = played(play_flood)
    assert at_once <= netns.MOST_AT_ONCE < all_of_them


def play_flood() -> tuple[int, int]:
    """How many frames one read() gives, and how many there are, when very many have passed."""
    capture = netns.Capture()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flooder:
        flooder.bind(("127.0.0.1", 0))
        for _ in range(2 * netns.MOST_AT_ONCE):
            flooder.sendto(b"flood", flooder.getsockname())
    at_once = total = len(capture.read())
    while frames := capture.read():
        total += len(frames)
    return at_once, total


def test_a_second_fin_does_not_end_time_wait() -> None:
    """A busy machine may send the last FIN twice. A check that waits for TIME-WAIT must find it then, too.

    The kernel answers to the second one out of TIME-WAIT; its sender is closed by now and answers with a reset, which
    ends TIME-WAIT (RFC 1337), if it may.
    """
    if not played(play_enter):
        pytest.skip("this machine gives no network of one's own, in which this could be set")
    assert played(play_second_fin) == ["TIME-WAIT"]


def play_second_fin() -> list[str]:
    """The states in which the side that closed first is, after the other one's FIN has come once more."""
    def passed(flag: int, count: int = 1) -> list[dpkt.ip.IP]:
        """Wait until so many segments with this flag have passed."""
        found: list[dpkt.ip.IP] = []
        while len(found) < count:
            assert select.select([capture], [], [], 10)[0], "nothing more passes"
            packets = (dpkt.ethernet.Ethernet(frame).data for frame in capture.read())
            found += [packet for packet in packets if packet.data.flags & flag]
        return found

    capture = netns.Capture()
    with socket.create_server(("127.0.0.1", netns.free_port())) as listener, \
            socket.create_connection(listener.getsockname()) as caller:
        listener.accept()[0].close()
        assert caller.recv(1) == b""
        caller.close()
        _, fin = passed(dpkt.tcp.TH_FIN, 2)
        fin.sum = fin.data.sum = 0              # on the loopback nobody fills it in; dpkt does, if it is 0
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            raw.sendto(bytes(fin), ("127.0.0.1", 0))
        passed(dpkt.tcp.TH_RST)
        socket.create_connection(listener.getsockname()).close()        # which passes behind the reset
        closed = netns.tcp_sockets(listener.getsockname()[1], "TIME-WAIT")
        return [row.state for row in closed if row.remote[1] == fin.data.sport]


# The confinement, as a program sees it ------------------------------------------------------------------------

LOOKS_AROUND = """
import errno, fcntl, json, os, resource, socket, sys

def attempt(action):
    try:
        action()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

def is_open(number):
    try:
        return bool(fcntl.fcntl(number, fcntl.F_GETFD) + 1)
    except OSError:
        return False

harness, port = map(int, sys.argv[1:])
print(json.dumps({
    "descriptors": [number for number in range(256) if is_open(number)],
    "limits": {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name.upper()))
               for name in ("as", "fsize", "nofile", "cpu", "core", "nproc")},
    "environment": dict(os.environ),
    "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(),
    "write here": attempt(lambda: open("new", "w")),
    "change itself": attempt(lambda: open(__file__, "a")),
    "write in tmp": attempt(lambda: open(os.environ["TMPDIR"] + "/new", "w")),
    "see the harness": attempt(lambda: os.listdir("/proc/%d" % harness)),
    "signal the harness": attempt(lambda: os.kill(harness, 0)),
    "signal its parent": attempt(lambda: os.kill(os.getppid(), 0)) if os.getppid() else "none there",
    "talk with the harness": attempt(lambda: socket.create_connection(("127.0.0.1", port), timeout=5)),
    "name": socket.gethostname(),
}))
"""


def play_look_around(tier: str, folder: str) -> dict:
    """Start the program that looks around, in a harness that has secrets of its own, and return what it saw."""
    Path(folder, "program.py").write_text(LOOKS_AROUND)
    os.environ["SECRET"] = "of the harness"
    secret = os.open(folder, os.O_RDONLY)
    os.set_inheritable(secret, True)            # an open file that a careless library has left
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = sandbox.start("program.py", [str(os.getpid()), str(port)], Path(folder), [port], tier)
        saw, errors = process.stdout.read(), process.stderr.read()
        process.end()
    return json.loads(saw or "{}") | {"errors": errors.decode(), "the harness's uid": os.getuid()}


@pytest.fixture(scope="module")
def sight(tier: str) -> dict:
    """What a program sees of its confinement, in each tier."""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as name:
        Path(name).chmod(0o755)
        sight = played(play_look_around, tier, name)
    assert sight["errors"] == ""
    return sight


def test_only_its_three_streams_are_open(sight: dict) -> None:
    assert sight["descriptors"] == [0, 1, 2]


def test_limits_are_set(tier: str, sight: dict) -> None:
    for name, most in sandbox.LIMITS.items():
        assert sight["limits"][name] == [most, most]
    most = sight["limits"]["nproc"][1]
    if tier == "bwrap" or ROOT_USER:
        assert most == sandbox.MOST_BETWEEN_LOOKS
    else:                                       # the user's other processes count too
        assert sandbox.MOST_BESIDE_OTHERS < most < sandbox.MOST_BESIDE_OTHERS + len(psutil.pids()) * 100


def test_environment_is_clean(sight: dict) -> None:
    unknown = set(sight["environment"]) - set(sandbox.ENVIRONMENT) - {"HOME", "TMPDIR", "PWD", "LC_CTYPE"}
    assert not unknown
    assert "SECRET" not in sight["environment"]


def test_only_its_tmp_can_be_written(sight: dict) -> None:
    assert sight["write here"] in ("EROFS", "EACCES")
    assert sight["change itself"] in ("EROFS", "EACCES")
    assert sight["write in tmp"] == "done"


@pytest.mark.skipif(not ROOT_USER, reason="only as root is a program started under another uid")
def test_root_runs_nothing_as_root(tier: str, sight: dict) -> None:
    assert sight["the harness's uid"] == 0
    assert 61184 <= sight["uid"] <= 65279
    # Ids that have no name in a namespace are shown as 65534.
    assert sight["gid"] == sight["uid"]
    assert set(sight["groups"]) <= {sight["gid"], 65534}


def test_harness_is_out_of_reach(tier: str, sight: dict) -> None:
    """It cannot be seen in /proc, and cannot be sent signals: there (bwrap), or allowed (landlock), is no such pid."""
    assert sight["see the harness"] in ("ENOENT", "EACCES")
    assert sight["signal the harness"] in ("ESRCH", "EPERM")
    if tier == "landlock":
        assert sight["signal its parent"] in ("EPERM", "none there")


def test_network_is_shared_with_the_harness(sight: dict) -> None:
    assert sight["talk with the harness"] == "done"


def test_host_name_is_hidden(tier: str, sight: dict) -> None:
    if tier == "landlock":
        pytest.skip("landlock does not hide it")
    assert sight["name"] == "student"


# How programs end ---------------------------------------------------------------------------------------------

ENDS = """
import os, signal, sys
match sys.argv[1]:
    case "normally": pass
    case "with a code": sys.exit(3)
    case "with an exception": raise ValueError
    case "by a signal": os.kill(os.getpid(), signal.SIGTERM)
    case "at Ctrl-C":
        try:
            print("ready", flush=True)
            sys.stdin.read()
        except KeyboardInterrupt:
            print("caught", flush=True)
            sys.exit(7)
"""


def play_endings(tier: str, folder: str) -> dict:
    """Let a program end in all ways. Returns its exit code for each, and what it printed last."""
    Path(folder, "program.py").write_text(ENDS)
    codes = {}
    for way in "normally", "with a code", "with an exception", "by a signal", "at Ctrl-C":
        process = sandbox.start("program.py", [way], Path(folder), tier=tier)
        if way == "at Ctrl-C":
            process.stdout.readline()
            process.signal(signal.SIGINT)
        last = process.stdout.read().decode()
        process.popen.wait()
        codes[way] = [process.exit_code(), last]
        process.end()
    return codes


def test_exit_codes_and_ctrl_c(tier: str, open_folder: Path) -> None:
    """Each kind of end has its exit code, as in a shell; and Ctrl-C is the program's to catch, not bubblewrap's."""
    assert played(play_endings, tier, open_folder) == {
        "normally": [0, ""], "with a code": [3, ""], "with an exception": [1, ""], "by a signal": [143, ""],
        "at Ctrl-C": [7, "caught\n"]}


BREAKS_FIRST_PROCESS = """
import re, time
mappings = open("/proc/1/maps").read()
begin, end = (int(number, 16) for number in re.search(r"([0-9a-f]+)-([0-9a-f]+) rw-p .*stack", mappings).groups())
with open("/proc/1/mem", "r+b", 0) as memory:
    memory.seek(begin)
    memory.write(bytes(end - begin - 4096))
while True:
    time.sleep(0.1)                 # its children's ends wake it up
    __import__("os").fork() or __import__("os")._exit(0)
"""


def play_broken_first_process(folder: str) -> list:
    """Returns the exit code of a program that breaks bubblewrap's own process, once it is ended, and what is left."""
    Path(folder, "program.py").write_text(BREAKS_FIRST_PROCESS)
    process = sandbox.start("program.py", [], Path(folder), tier="bwrap")
    deadline = time.monotonic() + 2
    while process.exit_code() is None and time.monotonic() < deadline:
        process.over_limit()
    pids = process.tree()
    process.end()
    return [process.popen.returncode, [pid for pid in pids if psutil.pid_exists(pid)]]


def test_first_process_of_bubblewrap_is_nothing_to_gain(bwrap: None, open_folder: Path) -> None:
    """Whoever breaks it ends with it."""
    code, left = played(play_broken_first_process, open_folder)
    assert code != 0
    assert left == []


DOUBLE_FORK = """
import os, signal, sys, time
near, far = os.pipe()
if not os.fork():
    os.setsid()
    if not os.fork():
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        os.write(far, b"x")
        time.sleep(600)
    os._exit(0)
os.wait()
os.read(near, 1)
print("ready", flush=True)
if sys.argv[1] == "stays":
    time.sleep(600)
"""


def start_double_fork(tier: str, folder: str, what_it_does: str) -> tuple[sandbox.Process, list[int]]:
    """Start a program that leaves a daemon behind. Returns it, and the pids of all that belongs to it."""
    Path(folder, "program.py").write_text(DOUBLE_FORK)
    before = set(psutil.Process().children(recursive=True))
    process = sandbox.start("program.py", [what_it_does], Path(folder), tier=tier)
    process.stdout.readline()
    if what_it_does == "ends" and tier == "landlock":
        process.popen.wait()                # the daemon is all that is left
    return process, [child.pid for child in set(psutil.Process().children(recursive=True)) - before]


def play_end_of_double_fork(tier: str, folder: str, what_it_does: str) -> list:
    """Returns how many processes there were before end(), and the names of those that there are after it."""
    process, pids = start_double_fork(tier, folder, what_it_does)
    process.end()
    return [len(pids), [psutil.Process(pid).name() for pid in pids if psutil.pid_exists(pid)]]


@pytest.mark.parametrize("what_it_does", ["stays", "ends"])
def test_end_leaves_no_daemon(tier: str, open_folder: Path, what_it_does: str) -> None:
    """end() also ends what has left the program's session and lost its parents, and returns when it is gone."""
    before, after = played(play_end_of_double_fork, tier, open_folder, what_it_does)
    assert after == []
    if what_it_does == "stays":
        assert before >= 2, "the program and its daemon"


FILLS_A_FOLDER = """
import os, sys, time
for number in range(5000):
    open(os.path.join(sys.argv[1], str(number)), "w").close()
print("done", flush=True)
time.sleep(60)
"""


def play_shared_folder(tier: str, folder: str) -> list:
    """Returns what a program has made in a folder that it shares with us, and the limit that it has passed there."""
    Path(folder, "program.py").write_text(FILLS_A_FOLDER)
    shared = Path(folder, "shared")
    shared.mkdir()
    shared.chmod(0o777)
    process = sandbox.start("program.py", [str(shared)], Path(folder), tier=tier, files=shared)
    said = process.stdout.readline().decode()
    limit = process.over_limit()
    process.end()
    return [said, len(os.listdir(shared)), limit]


def test_files_in_a_shared_folder_count(tier: str, open_folder: Path) -> None:
    """It can be written to in both tiers, and not without end."""
    assert played(play_shared_folder, tier, open_folder) == ["done\n", 5000, "it made more than 4096 files"]


def play_last_look(tier: str, folder: str) -> list:
    """Returns the states that a program is said to be in when it has ended, which is not yet asked for."""
    Path(folder, "program.py").write_text("")
    process = sandbox.start("program.py", [], Path(folder), tier=tier)
    os.waitid(os.P_PID, process.popen.pid, os.WEXITED | os.WNOWAIT)
    states = [process.sleeps(), process.is_held()]
    process.end()
    return states


def test_a_program_that_is_gone_does_not_sleep(tier: str, open_folder: Path) -> None:
    """Else it would be taken for one that waits, before it is known how it has ended."""
    assert played(play_last_look, tier, open_folder) == [False, False]


def play_until_killed(tier: str, folder: str) -> None:
    """Start a program with a daemon, tell the pids, and be killed."""
    _, pids = start_double_fork(tier, folder, "stays")
    Path(folder, "pids").write_text(json.dumps(pids))
    os.kill(os.getpid(), signal.SIGKILL)


def test_nothing_outlives_a_killed_harness(bwrap: None, open_folder: Path) -> None:
    """Whoever kills a harness also ends its programs. (Only with bubblewrap: in landlock a daemon goes on.)"""
    with pytest.raises(AssertionError):
        played(play_until_killed, "bwrap", open_folder)
    pids = json.loads(Path(open_folder, "pids").read_text())
    assert pids
    alive = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(alive, timeout=10)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


# What a watchdog has to look for, since no limit of the kernel's covers it ------------------------------------

DEEP = """
import os
os.chdir(os.environ["TMPDIR"])
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
"""
CLOSED = """
import os
os.chdir(os.environ["TMPDIR"])
os.mkdir("closed")
open("closed/file", "w").close()
os.chmod("closed", 0)
"""
BIG = """
import os
for number in range(8):
    try:
        with open(os.environ["TMPDIR"] + "/" + str(number), "wb") as file:
            file.write(bytes(12 << 20))
    except OSError:
        pass
"""
UNACCEPTED = """
import socket
held = []
while True:
    listener = socket.create_server(("127.0.0.1", int(__import__("sys").argv[1])), backlog=4096, reuse_port=True)
    held.append(listener)
    while len(held) < 200:
        try:
            with socket.create_connection(listener.getsockname(), timeout=1) as connection:
                connection.setblocking(False)
                while True:
                    connection.send(bytes(1 << 16))
        except OSError:
            pass
"""
ALMOST_RESTS = """
import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[-1])))
while True:
    busy = time.monotonic() + 0.01
    while time.monotonic() < busy:
        pass
    time.sleep(0.04)
"""


def play_watched(tier: str, folder: str, source: str) -> list:
    """Run a program under the watchdog, for 10 s at the most. Returns what it said, and what end() left in TMPDIR."""
    Path(folder, "program.py").write_text(source)
    tempfile.tempdir = str(Path(folder, "tmp"))
    Path(tempfile.tempdir).mkdir(mode=0o755)
    port = netns.free_port()
    process = sandbox.start("program.py", [str(port)], Path(folder), [port], tier)
    until, limit = time.monotonic() + 10, None
    while not limit and time.monotonic() < until:
        ended = process.exit_code() is not None
        limit = process.over_limit()
        if ended:
            break
    process.end()
    return [limit, os.listdir(tempfile.tempdir)]


@pytest.mark.parametrize("source", [DEEP, CLOSED, BIG], ids=["deep", "closed", "big"])
def test_folders_cannot_be_made_to_stay(tier: str, open_folder: Path, source: str) -> None:
    """Folders too deep to walk, or closed, and many big files: the watchdog does not stumble, and all is removed."""
    limit, left = played(play_watched, tier, open_folder, source)
    assert left == []
    if tier == "landlock" and source == BIG:        # in bwrap the kernel bounds the size of /tmp
        assert limit == "it made files of more than 16 MiB"
    elif tier == "landlock" and source == DEEP:
        assert limit == "it made more than 4096 files", "what cannot be looked into counts as many"


def test_buffers_of_sockets_count_as_memory(tier: str, open_folder: Path) -> None:
    """Data that nobody accepts or reads is in no process's size, and is counted all the same."""
    if not played(play_enter):
        pytest.skip("in the host's network nobody can tell whose buffers are full")
    with memory_taken() as taken:
        limit, _ = played(play_watched, tier, open_folder, UNACCEPTED)
    assert limit == "it used more than 512 MiB of memory"
    assert taken() < MOST_MEMORY


def play_almost_rests(tier: str, folder: str) -> list:
    """Ask of a program whether it rests that is in between. Returns the answer, and how long it took."""
    Path(folder, "program.py").write_text(ALMOST_RESTS)
    stage = Stage()
    cast = Cast(stage, Path(folder), tier)
    port = cast.port()
    program = cast.program("program.py", port, lane="it").listens(port)
    began = time.monotonic()
    try:
        program.rests()
        return ["rests", time.monotonic() - began]
    except Exception as error:
        return [type(error).__name__, time.monotonic() - began]
    finally:
        stage.close()


# How the tiers give way to each other -------------------------------------------------------------------------


def grade_solution(scratch: Path, *options: str, environment: dict[str, str] | None = None) -> Graded:
    """Grade a copy of the solution, with a few checks that need the server, the client, and both."""
    submission = lay_out(EXERCISE, ROOT / "solutions" / EXERCISE, scratch / "submission")
    return grade(EXERCISE, submission, scratch, "-k", "line_appears or client_shows or both", *options,
                 environment=environment)


def has_all_points(graded: Graded, tier: str) -> None:
    """The solution got full marks, in this tier."""
    assert graded.status == 0, graded.output
    assert graded.score["points"] == graded.score["max"] > 0
    assert graded.score["process"] == tier


def test_bubblewrap_is_the_first_choice(bwrap: None, open_folder: Path) -> None:
    has_all_points(grade_solution(open_folder), "bwrap")


def test_landlock_where_there_is_no_bubblewrap(open_folder: Path) -> None:
    if reason := no_landlock():
        pytest.skip(reason)
    has_all_points(grade_solution(open_folder, environment=NO_TOOLS), "landlock")


def test_landlock_where_namespaces_are_refused(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full marks without any user namespace, in whichever network this leaves."""
    if reason := no_landlock():
        pytest.skip(reason)
    monkeypatch.setattr(sys, "executable", without_namespaces(open_folder))
    graded = grade_solution(open_folder)
    has_all_points(graded, "landlock")
    # Root needs no user namespace to have a network of its own.
    assert graded.score["network"] == ("own" if ROOT_USER else "host")


def grade_unconfined(scratch: Path, *options: str) -> tuple[int, str, dict]:
    """Grade the solution on a machine that cannot confine anything: without bubblewrap, and without Landlock."""
    submission = lay_out(EXERCISE, ROOT / "solutions" / EXERCISE, scratch / "submission")
    file = scratch / "score.json"
    call = ("import sys; from autograder import landlock; landlock.abi = lambda: 0; "
            "import pytest; sys.exit(pytest.main(sys.argv[1:]))")
    done = subprocess.run(
        [sys.executable, "-P", "-c", call, ROOT / "exercises" / EXERCISE, "-k", "line_appears",
         f"--submission={submission}", f"--score={file}", *options],
        check=False, capture_output=True, text=True, cwd=scratch, env={**os.environ, **NO_TOOLS})
    return done.returncode, done.stderr.strip(), json.loads(file.read_text()) if file.exists() else {}


def test_plain_is_refused_to_other_peoples_programs(open_folder: Path) -> None:
    """In one line that says what to do, before anything is run."""
    status, errors, score = grade_unconfined(open_folder)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert len(errors.splitlines()) == 1
    assert "install bubblewrap" in errors and "--trust" in errors
    assert score == {}


def test_plain_where_it_is_trusted(open_folder: Path) -> None:
    """Told to, the harness grades all the same, and says in the score what that was worth."""
    status, _, score = grade_unconfined(open_folder, "--trust")
    assert status == 0
    assert (score["process"], score["points"]) == ("plain", 7)


@pytest.mark.parametrize("tier", ["landlock"], indirect=True)
def test_verdict_on_a_program_that_almost_rests(tier: str, open_folder: Path) -> None:
    """A program that stays between rest and spin is not measured for ever."""
    verdict, seconds = played(play_almost_rests, tier, open_folder)
    assert verdict in ("rests", "Unmet")
    assert seconds < 30


ENDED_AT_ONCE = """
import sys, time
from pathlib import Path
import psutil
from autograder import sandbox
sandbox.adopt_orphans()
for number in range(100):
    process = sandbox.start("sleeps.py", [], Path(sys.argv[1]), tier="bwrap")
    begin = time.monotonic()
    while time.monotonic() < begin + number % 30 * 0.0003:      # in the middle of whatever it does when it starts
        pass
    process.end()
    for stream in process.stdin, process.stdout, process.stderr:
        stream.close()
assert not psutil.Process().children(recursive=True), "left behind"
"""


def test_what_is_ended_while_it_starts_leaves_nothing(open_folder):
    """Bubblewrap's first process may not know yet that it has to end with the one that made it."""
    if sandbox.tier() != "bwrap":
        pytest.skip("no bubblewrap here")
    (open_folder / "sleeps.py").write_text("import time\ntime.sleep(60)\n")
    done = subprocess.run([sys.executable, "-P", "-c", ENDED_AT_ONCE, str(open_folder)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
