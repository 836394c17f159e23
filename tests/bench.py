"""How fast the grader is, as a ratio: a whole grading, against a script that only starts the same programs.

Both are measured in turns, in one run, so that a slow or busy machine slows both. Of the grading's time the declared
quiet periods are taken off, for they are waited for on purpose.
"""
import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from programs import ROOT, grade

from autograder.netns import free_port, tcp_sockets
from autograder.stage import POLL

RECORD = "BENCH_PROGRAMS"


def pytest_runtest_makereport(item, call) -> None:
    """As a pytest plugin (-p bench): add the programs that a check started to the file that $BENCH_PROGRAMS names."""
    from autograder.pytest_plugin import STAGE
    if call.when == "teardown" and (stage := item.stash.get(STAGE, None)):
        with Path(os.environ[RECORD]).open("a") as record:
            record.writelines(event.text + "\n" for event in stage.trace.of("start"))


def programs_of(exercise: str) -> list[str]:
    """The command lines of all programs that one grading of the solution starts."""
    with tempfile.TemporaryDirectory() as name:
        record = Path(name, "programs")
        grade(exercise, ROOT / "solutions" / exercise, Path(name), "-p", "bench",
              environment={RECORD: str(record), "PYTHONPATH": str(ROOT / "tests")})
        return record.read_text().splitlines()


def start_bare(exercise: str, commands: list[str]) -> float:
    """Start each program, wait until it listens, has connected, or has ended; then let it end. Returns seconds.

    It ends as its user would end it: at the end of its input, or when its server has gone; the room, on Ctrl-C.
    """
    begin = time.perf_counter()
    for command in commands:
        script, *arguments = command.split()
        listener = None
        port = int(arguments[1])
        if port < 65536:
            port = free_port()
            if "client" in script:
                listener = socket.create_server(("127.0.0.1", port))
        process = subprocess.Popen([sys.executable, script, arguments[0], str(port)],
                                   cwd=ROOT / "solutions" / exercise, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        if listener:
            connection, _ = listener.accept()
            connection.close()
            listener.close()
        while port < 65536 and not listener and process.poll() is None and not tcp_sockets(port, "LISTEN"):
            time.sleep(POLL)
        if "room" in script:
            process.send_signal(signal.SIGINT)
        process.communicate()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, help="how many of each (default 10)")
    runs = parser.parse_args().runs
    for exercise in sorted(folder.name for folder in (ROOT / "solutions").iterdir()):
        commands = programs_of(exercise)
        walls, works, bares = [], [], []
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as name:
                begin = time.perf_counter()
                result = grade(exercise, ROOT / "solutions" / exercise, Path(name))
                walls.append(time.perf_counter() - begin)
                works.append(walls[-1] - result.score["quiet_seconds"])
            bares.append(start_bare(exercise, commands))
        work, bare = statistics.median(works), statistics.median(bares)
        print(json.dumps({
            "exercise": exercise, "programs": len(commands), "runs": runs,
            "grading_s": round(statistics.median(walls), 2), "without_quiet_s": round(work, 2),
            "bare_s": round(bare, 2), "ratio": round(work / bare, 2)}))


if __name__ == "__main__":
    main()
