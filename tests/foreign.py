"""A pytest plugin (-p foreign): somebody else's server in the place of tftp_server.py, as if a student had written it.

$FOREIGN names it, by its name in SERVERS. The other programs stay those of the submission. In the environment that a
Python server has been installed in, this file is also the program that starts it (see real_servers.py).
"""
import ctypes
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

NAME = "FOREIGN"
HOST = "127.0.0.1"
SCRIPT = "tftp_server.py"
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Asked:
    """What a check asks of a server on its command line. timeout: in seconds."""

    port: int
    root: Path
    timeout: float
    retries: int


@dataclass(frozen=True)
class Foreign:
    """How a server is told what a check asks. name: of the server, in tftp_peers or tftp_bench.

    words: those that go in front of its other ones. told: what it can be told of it, in words for the table.
    """

    name: str
    words: Callable[[Asked], list[str]]
    told: str


def _in_python(asked: Asked) -> list[str]:
    return [str(asked.timeout), str(asked.retries)]


def _counting_sendings(asked: Asked) -> list[str]:
    return [str(asked.timeout), str(asked.retries + 1)]       # theirs gives up at the last of so many timeouts


SERVERS = [
    Foreign("in.tftpd", lambda asked: ["--retransmit", str(round(asked.timeout * 1e6))],
            "`--secure --create --permissive`, and the timeout (`--retransmit`)"),
    Foreign("atftpd", lambda asked: ["--retry-timeout", str(math.ceil(asked.timeout))],
            "`--daemon --no-fork`, and the timeout in whole seconds (`--retry-timeout`)"),
    Foreign("dnsmasq", lambda asked: [], "`--enable-tftp`; it can be told neither its times nor to take files"),
    Foreign("tftpy", _counting_sendings, "timeout and retries, by `TftpServer.listen()`"),
    Foreign("py3tftp", _in_python, "timeout (`--ack-timeout`) and, in place of retries, when to give up "
                                   "(`--conn-timeout`)"),
    Foreign("partftpy", _counting_sendings, "timeout and retries, by `TftpServer.listen()`"),
]


# In the process that grades -----------------------------------------------------------------------------------


def pytest_configure(config) -> None:
    """Put the server in its place."""
    import tftp_peers

    from autograder import cast, netns, sandbox
    name = os.environ[NAME]
    confined, enter_plain = sandbox.start, netns.enter

    def start(script: str, arguments: Sequence[str], folder: Path, ports: Sequence[int] = (), tier: str = "plain",
              files: Path | None = None) -> sandbox.Process:
        if script != SCRIPT:
            return confined(script, arguments, folder, ports, tier, files)
        asked = dict(zip(arguments, arguments[1:], strict=False))
        return sandbox.Process(subprocess.Popen(
            command(name, folder / SCRIPT, arguments, Asked(int(asked["--port"]), Path(asked["--root"]),
                                                            float(asked["--timeout"]), int(asked.get("--retries", 5)))),
            cwd=asked["--root"], env={**os.environ, "PYTHONUNBUFFERED": "1"}, bufsize=0, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_ends_with_us))

    def enter() -> bool:
        netns.enter = enter_plain           # which this one calls
        return tftp_peers.enter_network()   # with port 69 for everybody, and what in.tftpd looks its address up by

    sandbox.start, netns.enter = start, enter
    if any(server.name == name and server.port for server in tftp_peers.SERVERS):
        cast.Cast.port = lambda _: tftp_peers.WELL_KNOWN      # in a network of its own, which the grader enters


def _ends_with_us() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def command(name: str, ours: Path, arguments: Sequence[str], asked: Asked) -> list[str]:
    """What to start. ours: the solution's own server, which "ours" stands for, with these arguments."""
    import tftp_bench
    import tftp_peers
    if name == "ours":
        return [sys.executable, str(ours), *arguments]
    foreign = next(server for server in SERVERS if server.name == name)
    if name in tftp_bench.PACKAGES:
        return [str(tftp_bench.PYTHON), __file__, name, str(asked.root), str(asked.port), *foreign.words(asked)]
    server = next(server for server in tftp_peers.SERVERS if server.name == name)
    words = [tftp_peers.find(server), *foreign.words(asked), *server.command(asked.root, asked.port)]
    if server.drops_privileges and os.getuid():
        words = ["unshare", "--map-root-user", sys.executable, tftp_peers.__file__, "--without-setgroups", *words]
    return words


# In the server's own process ----------------------------------------------------------------------------------


def serve(name: str, root: str, port: int, timeout: float, retries: int) -> None:
    """Serve for ever, by one of the packages from PyPI."""
    if name == "py3tftp":               # serves the folder that it is in; sends again at equal intervals, up to a time
        from py3tftp.__main__ import main
        sys.argv[1:] = ["--host", HOST, "--port", str(port), "--ack-timeout", str(timeout),
                        "--conn-timeout", str(timeout * (retries + 0.5))]
        main()
    elif name == "tftpy":
        import tftpy
        tftpy.TftpServer(root).listen(HOST, port, timeout=timeout, retries=retries)
    else:
        from partftpy.TftpServer import TftpServer
        TftpServer(root).listen(HOST, port, timeout=timeout, retries=retries)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
