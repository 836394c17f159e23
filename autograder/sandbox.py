"""How a student's program is confined: the best of three tiers that this machine has, and limits in each.

    bwrap     bubblewrap: namespaces of its own for processes, files, IPC and host name. It sees the Python
              installation and the submission, both read-only, and a small /tmp of its own, which ends with it.
    landlock  no namespaces: the kernel's Landlock rules say which files and TCP ports it may touch.
    plain     no isolation: only limits. For programs that one trusts, such as one's own.

As root a program is started under an unprivileged uid that nobody else uses, in every tier. What no limit of
the kernel covers (memory and number of processes taken together, empty files) is covered by a watchdog: the
owner of a Process calls its watch() all the while.
"""
import contextlib
import ctypes
import functools
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from . import landlock
from .netns import LINUX, buffered

try:
    import resource
except ImportError:         # Windows has no such limits
    resource = None

MIB = 1 << 20
# Limits of each process, by the names of prlimit's options and of the resource module's RLIMIT_ constants.
LIMITS = {"as": 2048 * MIB, "fsize": 16 * MIB, "nofile": 256, "cpu": 10, "core": 0}
# Limits of a program with all its children. The watchdog counts processes with their threads, and in the time between
# two of its looks the kernel bounds them: higher, so that it is the watchdog that tells. The last bound is for a uid
# that does more than to run programs (see most_of_this_uid).
MOST_PROCESSES = 64
MOST_BETWEEN_LOOKS = 128
MOST_BESIDE_OTHERS = 512
MOST_MEMORY = 512 * MIB
MOST_FILES = 4096
TMP_SIZE = 16 * MIB
# Limits of a submission: it is copied before it is run.
MOST_SOURCES, MOST_SOURCE = 100, 1 * MIB

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1",
               "PYTHONBREAKPOINT": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
READABLE = ["/usr", "/bin", "/lib", "/lib64", "/lib32", "/sbin", "/etc/hosts", "/etc/nsswitch.conf",
            "/etc/ld.so.cache", "/etc/localtime"]
DEVICES = ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"]

SYS_READ = {"x86_64": 0, "aarch64": 63, "riscv64": 63}
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


class Refused(Exception):
    """A program cannot be run as asked. The text is one line that says what to do."""


# The interpreter, and what is run with it ---------------------------------------------------------------


def own_uid() -> int:
    """A uid for the programs that this process starts as root.

    It is from the range that systemd gives to services for as long as they run (61184 to 65519): no account has it, so
    the kernel's count of its processes is the program's.
    """
    return 61184 + os.getpid() % 4096


@functools.cache
def as_root() -> bool:
    """Whether programs have to be started under another uid: as root, unless a user namespace has no other one."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        return False
    if not LINUX:
        return True
    ranges = [[int(number) for number in line.split()] for line in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(first <= own_uid() < first + length for first, _, length in ranges)


@functools.cache
def interpreter() -> tuple[str, str]:
    """The Python that programs are run with, and the folder of its installation.

    It is the one that this process runs with, without its virtual environment; or Debian's, where the program's
    uid cannot reach that one (an interpreter under /root). Raises Refused where there is none.
    """
    own = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    if not as_root() or open_to_all(own):
        return own, sys.base_prefix
    system = os.path.realpath("/usr/bin/python3")
    if os.path.exists(system) and open_to_all(system):
        version = [system, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        if subprocess.run(version, check=False).returncode == 0:
            return system, "/usr"
    raise Refused(f"as root, no program can be run with {own}: other users cannot enter its folder. Make the "
                  "virtual environment with a Python that all may use, such as /usr/bin/python3.")


def open_to_all(path: str) -> bool:
    """Whether every user may enter all of this path, and execute what is at its end."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (Path(path), *Path(path).parents))


def sources(folder: Path) -> list[Path]:
    """A submission's programs: its regular *.py files, but no test_*.py and no conftest.py, by name.

    Nothing else of a submission is ever used: no links, no folders, no configuration. Raises Refused for a
    submission that is too large.
    """
    found = [path for path in sorted(folder.glob("*.py")) if stat.S_ISREG(path.lstat().st_mode)
             and not path.name.startswith("test_") and path.name != "conftest.py"]
    if len(found) > MOST_SOURCES or any(path.stat().st_size > MOST_SOURCE for path in found):
        raise Refused(f"{folder} has more than {MOST_SOURCES} .py files, or one above {MOST_SOURCE // MIB} MiB: "
                      "is it the right folder?")
    return found


def copy_sources(folder: Path, to: Path) -> None:
    """Copy a submission's programs, so that every uid can read the copies. Raises Refused as sources() does."""
    to.mkdir(parents=True, exist_ok=True)
    to.chmod(0o755)
    for path in sources(folder):
        target = to / path.name
        target.write_bytes(path.read_bytes())
        target.chmod(0o644)


# Processes ----------------------------------------------------------------------------------------------

_started: set[int] = set()         # pids of the processes that were started here and are not yet ended
_adopting = False


def adopt_orphans() -> None:
    """Let processes whose parents have ended become children of this one, so that they can be found and ended.

    For a process that only grades: each child that it did not start here is taken for a program's orphan.
    """
    global _adopting
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        _adopting = True


def end_all() -> None:
    """End whatever came from this process and is still there, where it adopts orphans: for its own end.

    Ctrl-C may come while a program is just being started, and then nobody knows of it.
    """
    while _adopting and (remains := descendants(os.getpid())):
        for pid in remains:
            _send(pid, signal.SIGKILL)
        for pid in _children(os.getpid()):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def descendants(pid: int) -> list[int]:
    """The pids of all that came from this process and still has a parent among them, parents first."""
    if not LINUX:
        with contextlib.suppress(psutil.Error):
            return [child.pid for child in psutil.Process(pid).children(recursive=True)]
        return []
    found = [pid]
    for parent in found:                # which grows meanwhile
        found += _children(parent)
    return found[1:]


def _children(pid: int) -> Iterator[int]:
    # The kernel's own list. psutil would read the parent of each process of the machine, 20 times a second.
    for children in _of_threads(pid, "children"):
        yield from map(int, children.split())


def _of_threads(pid: int, file: str) -> Iterator[str]:
    """What this file of proc(5) says of each thread of a process; nothing of those that end meanwhile."""
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                yield Path(f"/proc/{pid}/task/{task}/{file}").read_text()


def remove(folder: Path) -> None:
    """Remove a program's folder, however deep it is, and whatever the program has forbidden in it."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        if os.name == "posix":
            for command in ["chmod", "-R", "u+rwX"], ["rm", "-rf"]:
                subprocess.run([*command, folder], env=ENVIRONMENT, stderr=subprocess.DEVNULL, check=False)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


class Process:
    """One program that runs, with the pipes of its three standard streams. This is the plain tier's.

    popen: what was started. tmp: the program's own folder for files that it makes, removed at its end. files: a folder
    of the harness's in which it may make files too.
    """

    def __init__(self, popen: subprocess.Popen, tmp: Path | None = None, files: Path | None = None) -> None:
        self.popen = popen
        self.stdin, self.stdout, self.stderr = popen.stdin, popen.stdout, popen.stderr
        self._tmp = tmp
        self._folders = [folder for folder in (tmp, files) if folder]
        _started.add(popen.pid)

    def exit_code(self) -> int | None:
        """The program's exit code, None while it runs. Ended by signal n it is 128 + n, as in a shell."""
        code = self.popen.poll()
        return code if code is None or code >= 0 else 128 - code

    def ending(self) -> int | None:
        """A descriptor that can be read from the program's end on; the caller closes it. None where there is none."""
        return os.pidfd_open(self.popen.pid) if hasattr(os, "pidfd_open") else None

    def tree(self) -> list[int]:
        """The pids of the program and of all that came from it, the program's own first."""
        return [self.popen.pid, *descendants(self.popen.pid)]

    def signal(self, number: int) -> None:
        """Send a signal to the program, as its terminal would on Ctrl-C. No error if it has ended."""
        if self.exit_code() is None and (tree := self.tree()):
            _send(tree[0], number)

    def busy_seconds(self) -> float:
        """For how long the program's threads have run so far, or wanted to and waited for a processor (s).

        With the waiting, a program that spins is told from one that rests on a busy machine too. Where the kernel
        does not tell it, only the running counts.
        """
        total = 0.0
        for pid in self.tree():
            if LINUX:
                for ran, waited, _ in map(str.split, _of_threads(pid, "schedstat")):
                    total += (int(ran) + int(waited)) / 1e9
            else:
                with contextlib.suppress(psutil.Error):
                    total += sum(psutil.Process(pid).cpu_times()[:2])
        return total

    def descriptors(self) -> int | None:
        """How many files and sockets the program has open. None where that cannot be known."""
        counts = []
        for pid in self.tree():
            with contextlib.suppress(psutil.Error, AttributeError):
                counts.append(psutil.Process(pid).num_fds())
        return max(counts, default=None)

    def sleeps(self) -> bool:
        """Whether all threads of the program wait for something, as the kernel tells it on Linux."""
        return self._all_are("S")

    def is_held(self) -> bool:
        """Whether all of them are held still by SIGSTOP: it takes a moment until they are."""
        return self._all_are("T")

    def _all_are(self, state: str) -> bool:
        """Whether all threads are in this state (proc(5), stat). True where that is not told.

        A program without a thread is in none: it is about to begin, or its end about to be known. Of those of its
        processes that have ended, and that it has not asked for yet (Z), nothing more will come.
        """
        return not LINUX or {line.rpartition(")")[2].split()[0] for pid in self.tree()
                             for line in _of_threads(pid, "stat")} - {"Z", "X"} == {state}

    def waits_for_keyboard_only(self) -> bool | None:
        """Whether its one and only thread is in read() on stdin. None where the kernel does not say."""
        try:
            pid = self.tree()[0]
            call, *arguments = Path(f"/proc/{pid}/syscall").read_text().split()
            return (len(os.listdir(f"/proc/{pid}/task")) == 1 and arguments[:1] == ["0x0"]
                    and int(call) == SYS_READ.get(os.uname().machine))
        except (OSError, IndexError, ValueError):       # not told, ended, or "running"
            return None

    def over_limit(self) -> str | None:
        """The limit that the program with all that came from it has passed, in words. None if there is none."""
        tree, tasks, memory = self.tree(), 0, buffered()
        for pid in tree:
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                tasks += process.num_threads()
                memory += process.memory_info().rss
        if max(tasks, len(tree)) > MOST_PROCESSES:
            return f"it had more than {MOST_PROCESSES} processes or threads"
        if memory > MOST_MEMORY:
            return f"it used more than {MOST_MEMORY // MIB} MiB of memory"
        files, size = self._files()
        if files > MOST_FILES:
            return f"it made more than {MOST_FILES} files"
        if size > TMP_SIZE:
            return f"it made files of more than {TMP_SIZE // MIB} MiB"
        return None

    def _files(self) -> tuple[int, int]:
        """How many files and folders the program has made, and how many bytes they take."""
        folders, files, size = [*self._folders], 0, 0
        for folder in folders:                  # which grows meanwhile
            try:
                entries = list(os.scandir(folder))
                size += sum(entry.stat(follow_symlinks=False).st_blocks * 512 for entry in entries)
                folders += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
            except FileNotFoundError:           # removed meanwhile
                continue
            except OSError:                     # too deep, or closed to us: as good as any number of files
                return MOST_FILES + 1, size
            files += len(entries)
            if files > MOST_FILES:
                break
        return files, size

    def end(self) -> None:
        """End the program and all that came from it, and leave nothing behind. The pipes are their user's."""
        self.kill()
        _started.discard(self.popen.pid)
        if self._tmp:
            remove(self._tmp)

    def kill(self) -> None:
        """End the program and all that came from it. Returns when they are gone."""
        if not LINUX:
            for pid in reversed(self.tree()):
                with contextlib.suppress(psutil.Error):
                    psutil.Process(pid).kill()
            self.popen.wait()
            return
        self.popen.poll()
        while remains := self._remains():
            for pid in remains:             # stopped first, so that none makes another one meanwhile
                _send(pid, signal.SIGSTOP)
            if set(self._remains()) - set(remains):
                continue
            for pid in remains:
                _send(pid, signal.SIGKILL)
            self.popen.wait()
            for pid in remains:
                with contextlib.suppress(ChildProcessError):      # ours once its parent has ended
                    os.waitpid(pid, 0)

    def _remains(self) -> list[int]:
        own = self.tree() if self.popen.returncode is None else []
        if _adopting:
            orphans = [pid for pid in _children(os.getpid()) if pid not in _started]
            own += [pid for orphan in orphans for pid in (orphan, *descendants(orphan))]
        return own


class Bubbled(Process):
    """One program in bubblewrap, which tells on a descriptor of its own what is inside and how it ended."""

    def __init__(self, popen: subprocess.Popen, status: int, files: Path | None = None) -> None:
        super().__init__(popen, files=files)
        self._status = status
        self._told = b""

    def _tell(self, key: str) -> int | None:
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self._status, 4096):
                self._told += more
        answers = [json.loads(line) for line in self._told.splitlines(keepends=True) if line.endswith(b"\n")]
        return next((answer[key] for answer in answers if key in answer), None)

    def exit_code(self) -> int | None:
        """As for every Process. Raises Refused if bubblewrap itself failed: the program never ran."""
        code = super().exit_code()
        if code is None:
            return None
        if self._tell("child-pid") is None:
            raise Refused("bubblewrap could not start the program")
        inner = self._tell("exit-code")
        return code if inner is None else inner

    def tree(self) -> list[int]:
        """As for every Process. The first process in there is bubblewrap's, the program is its child."""
        init = self._tell("child-pid")
        return descendants(init) if init else []

    def _files(self) -> tuple[int, int]:
        init = self._tell("child-pid")
        total, size = super()._files()
        for folder in "tmp", "dev/shm":         # their size is the kernel's to bound
            with contextlib.suppress(OSError):
                found = os.statvfs(f"/proc/{init}/root/{folder}")
                if found.f_blocks * found.f_frsize == TMP_SIZE:     # else bubblewrap has not got so far
                    total += found.f_files - found.f_ffree
        return total, size

    def kill(self) -> None:
        """As for every Process."""
        init = self._tell("child-pid")
        if self.popen.poll() is None:
            # With the first process of a namespace the kernel ends all the others.
            _send(init or self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        if init:
            with contextlib.suppress(ChildProcessError):    # ours where we adopt orphans: then all of them are gone
                os.waitpid(init, 0)
        else:               # ended before it has told, and perhaps before its first process could know that it has to
            super().kill()

    def end(self) -> None:
        """As for every Process."""
        super().end()
        os.close(self._status)


# Tiers --------------------------------------------------------------------------------------------------


@functools.cache
def tier() -> str:
    """The best tier that this machine has: "bwrap", "landlock" or "plain". Found out once, by trying."""
    if LINUX and shutil.which("bwrap") and shutil.which("prlimit"):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            Path(folder, "probe.py").touch()
            process = start("probe.py", [], Path(folder), tier="bwrap")
            try:
                process.stdout.read()           # until its end
                process.popen.wait()
                if process.exit_code() == 0:
                    return "bwrap"
            except Refused:
                pass
            finally:
                process.end()
    # Below ABI 6 a program can send signals to every process of its uid, so it must have a uid of its own.
    if landlock.abi() >= (1 if as_root() else 6):
        return "landlock"
    return "plain"


def start(script: str, arguments: Sequence[str], folder: Path, ports: Sequence[int] = (), tier: str = "plain",
          files: Path | None = None) -> Process:
    """Start folder/script under Python, confined as the tier says, with its streams connected to pipes.

    script, arguments: what the interpreter is given; instead of a file it may be options, such as -c and a program.
    ports: the TCP ports that the program may use, where the tier can tell (landlock). tier: one of the three, or
    "debug" for no limits at all, with everything that its owner has. files: a folder that it may read and write, under
    its own name; it is the caller's. Raises Refused if there is no interpreter to run it with.
    """
    if tier == "bwrap":
        return _start_bubbled(script, arguments, folder, files)
    if tier == "debug":                 # as its owner would start it, so that a debugger can attach
        return Process(subprocess.Popen(
            [sys.executable, script, *arguments], cwd=folder, env={**os.environ, "PYTHONUNBUFFERED": "1"}, bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    python, prefix = interpreter()
    tmp = Path(tempfile.mkdtemp(prefix="program-"))
    restrict = None
    if tier == "landlock":
        writable = [*DEVICES, str(tmp), *([str(files)] if files else [])]
        restrict = functools.partial(landlock.restrict, [*READABLE, prefix, str(folder)], writable, ports)
    limits = LIMITS | ({"nproc": most_of_this_uid()} if LINUX else {})
    if as_root():
        os.chown(tmp, own_uid(), own_uid())
    environment = {**ENVIRONMENT, "HOME": str(tmp), "TMPDIR": str(tmp)}
    if os.name == "nt":
        environment |= {name: os.environ[name] for name in ("SYSTEMROOT", "PATH") if name in os.environ}
    popen = subprocess.Popen(
        [python, script, *arguments], cwd=folder, env=environment, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
        preexec_fn=functools.partial(_limit, limits, restrict) if os.name == "posix" else None, **_identity())
    return Process(popen, tmp, files)


def _identity() -> dict[str, object]:
    return {"user": own_uid(), "group": own_uid(), "extra_groups": []} if as_root() else {}


@functools.cache
def most_of_this_uid() -> int:
    """The kernel's limit on processes, outside of a user namespace: it counts all of a uid, whoever started them.

    As root the programs have a uid to themselves. Otherwise the user's desktop counts too: its tasks of now, and some.
    """
    if as_root():
        return MOST_BETWEEN_LOOKS
    tasks = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.uids().real == os.getuid():
                tasks += process.num_threads()
    return tasks + MOST_BESIDE_OTHERS


def _limit(limits: dict[str, int], restrict: functools.partial | None) -> None:
    """In the child, before it becomes the program: its limits, and its end if ours comes first."""
    for name, most in limits.items():
        with contextlib.suppress(ValueError, OSError):        # macOS knows some of them, but cannot set them
            resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (most, most))
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if restrict:
        restrict()


def _start_bubbled(script: str, arguments: Sequence[str], folder: Path, files: Path | None) -> Bubbled:
    python, prefix = interpreter()
    status, inner = os.pipe()
    os.set_blocking(status, False)
    words = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
             "--disable-userns", "--cap-drop", "ALL", "--die-with-parent", "--new-session", "--hostname", "student",
             "--json-status-fd", str(inner), "--clearenv"]
    for name, value in {**ENVIRONMENT, "HOME": "/tmp", "TMPDIR": "/tmp"}.items():
        words += ["--setenv", name, value]
    for path in READABLE:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        else:
            words += ["--ro-bind-try", path, path]
    if not Path(prefix).is_relative_to("/usr"):
        for parent in reversed(Path(prefix).parents[:-1]):
            words += ["--perms", "0755", "--dir", str(parent)]
        words += ["--ro-bind", prefix, prefix]
    words += ["--ro-bind", str(folder), "/work", "--chdir", "/work", "--size", str(TMP_SIZE), "--tmpfs", "/tmp",
              *(["--bind", str(files), str(files)] if files else []),
              "--proc", "/proc", "--dev", "/dev", "--size", str(TMP_SIZE), "--tmpfs", "/dev/shm",
              "--remount-ro", "/dev", "--remount-ro", "/", "prlimit"]
    words += [f"--{name}={most}" for name, most in {**LIMITS, "nproc": MOST_BETWEEN_LOOKS}.items()]
    popen = subprocess.Popen([*words, python, script, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, bufsize=0, pass_fds=[inner], start_new_session=True,
                             **_identity())
    os.close(inner)
    return Bubbled(popen, status, files)
