"""How fast the grader is, as ratios: one grading, and a whole class. And how long each lesson takes to execute.

One grading is compared with a script that only starts the same programs. Both are measured in turns, in one run, so
that a slow or busy machine slows both. Of the grading's time the declared quiet periods are taken off, for they are
waited for on purpose.

The sample class is compared with nbgrader as it comes, which runs the same checks in the cells of each notebook. As
that executes notebooks without confinement, each has only the assignment's own cells and files of its own names.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import classroom as sample
import nbformat
from nbclient import NotebookClient
from programs import ROOT, grade, reference

from autograder.netns import free_port, tcp_sockets, udp_sockets
from autograder.stage import POLL

TOO_LONG = 30               # seconds: none of these programs waits for its peer so long


def start_bare(exercise: str, commands: list[str]) -> float:
    """Start each program, wait until it listens, has connected, or has ended; then let it end. Returns seconds.

    It ends as its user would end it: at the end of its input, when its server has gone, or else on Ctrl-C. Who only
    offers functions is started all the same.
    """
    with tempfile.TemporaryDirectory() as name:
        Path(name, "file").write_bytes(b"")
        begin = time.perf_counter()
        for command in commands:
            start_one(ROOT / "solutions" / exercise, command.split(), Path(name))
        return time.perf_counter() - begin


def start_one(folder: Path, words: list[str], scratch: Path) -> None:
    """Start one program, at a port of ours, and let it end.

    words: its command line. scratch: a folder for its files.
    """
    script, port = words[0], free_port()
    if "--port" in words and "88888" not in words:
        words[words.index("--port") + 1] = str(port)
    words = [re.sub(r"(http://127\.0\.0\.1:)\d+", rf"\g<1>{port}", word) for word in words]
    if "find" in words:
        words[words.index("--wait") + 1] = "0"
    for at, word in enumerate(words):           # where files were while the exercise was graded
        if "/files-" in word:
            words[at] = str(scratch) if words[at - 1] == "--root" else str(scratch / "file")
    serves = re.search(r"server|many|room|serve\b|receive\b|listen\b", " ".join(words[:2]))
    connects = script in ("echo_client.py", "chat_client.py", "socket_tour.py", "browser.py") \
        and not {"88888", "--host"} & set(words)
    with contextlib.ExitStack() as ours:
        there = None                # whom it connects to, or sends to
        if connects:
            there = ours.enter_context(socket.create_server(("127.0.0.1", port)))
        elif {"send", "connect"} & set(words) or script == "tftp_client.py":
            there = ours.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            there.bind(("127.0.0.1", port))
        process = subprocess.Popen([sys.executable, *words], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        ours.callback(process.kill)             # whatever goes wrong
        if connects:
            there.settimeout(TOO_LONG)
            there.accept()[0].close()
        elif there:
            there.settimeout(TOO_LONG)
            process.stdin.close()               # it sends what it has read, which is nothing; or its first segment
            process.stdin = None
            asking = there.recvfrom(65535)[1]
            if script == "tftp_client.py":
                there.sendto(b"\0\5\0\0no\0", asking)         # an ERROR, which ends it
        most = time.monotonic() + TOO_LONG
        while serves and process.poll() is None and not tcp_sockets(port, "LISTEN") and not udp_sockets(port):
            if time.monotonic() > most:
                raise TimeoutError(f"{' '.join(words)} has no socket on port {port}")
            time.sleep(POLL)
        # chat_server.py ends with its input; so does all else that is not named here.
        interrupt = (serves and script != "chat_server.py") or {"send", "connect"} & set(words)
        while process.returncode is None:
            if interrupt:                       # again, if it came in the moment before accept() began to wait
                process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=1)
            if time.monotonic() > most:
                raise TimeoutError(f"{' '.join(words)} does not end")


def class_seconds(folder: Path) -> float:
    """Grade the sample class with the course's command. Returns seconds."""
    sample.lay_out_class(folder, sample.CLASS)
    for words in ["roster", str(folder / "roster.csv")], ["release", sample.EXERCISE]:
        subprocess.run(sample.command(folder, *words), check=True, capture_output=True)
    begin = time.perf_counter()
    subprocess.run(sample.command(folder, "grade", sample.EXERCISE, "--zips", str(folder / "archives")), check=False,
                   capture_output=True)
    return time.perf_counter() - begin


def stock_seconds(folder: Path, ours: Path) -> tuple[int, float]:
    """Grade the same programs with nbgrader as it comes. ours: the folder of the class. Returns how many, and seconds.

    Not those that nothing was collected from. Also for those who handed in no notebook, or one that cannot be read.
    """
    assignment = sample.ASSIGNMENTS[sample.EXERCISE]
    notebook = json.loads((assignment.skeletons / assignment.notebook).read_text("utf-8"))
    notebook["cells"] = [cell for cell in notebook["cells"]
                         if cell["cell_type"] == "code" and "nbgrader" in cell["metadata"]]
    name, text = f"{sample.EXERCISE}.ipynb", json.dumps(notebook)
    source = folder / "source" / sample.EXERCISE
    source.mkdir(parents=True)
    (source / name).write_text(text, "utf-8")
    students = sorted((ours / "class" / "submitted").iterdir())
    for student in students:
        target = folder / "submitted" / student.name / sample.EXERCISE
        target.mkdir(parents=True)
        for path in (student / sample.EXERCISE).glob("*.py"):
            if (assignment.solution / path.name).exists():      # a kernel there would run what has a module's name
                shutil.copy(path, target)
        (target / name).write_text(text, "utf-8")
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    nbgrader = [sys.executable, "-m", "nbgrader"]
    subprocess.run([*nbgrader, "generate_assignment", sample.EXERCISE], cwd=folder, check=True, capture_output=True,
                   env=environment)
    begin = time.perf_counter()
    subprocess.run([*nbgrader, "autograde", sample.EXERCISE, "--ExecutePreprocessor.timeout=600"], cwd=folder,
                   check=False, capture_output=True, env=environment)
    seconds = time.perf_counter() - begin
    graded = len(list((folder / "autograded").glob(f"*/{sample.EXERCISE}/{name}")))
    if graded != len(students):
        raise RuntimeError(f"nbgrader graded {graded} of {len(students)}: nothing to compare with")
    return graded, seconds


def lesson_seconds(lesson: Path) -> float:
    """Execute a lesson on a kernel of its own, as `make test` does, with its start. Returns seconds."""
    with tempfile.TemporaryDirectory() as name:
        notebook = nbformat.read(lesson, as_version=4)
        begin = time.perf_counter()
        NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": name}}).execute()
        return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, help="how many single gradings (default 10)")
    parser.add_argument("--no-class", action="store_true", help="only single gradings: a class takes minutes")
    options = parser.parse_args()
    runs = options.runs
    signal.signal(signal.SIGINT, signal.default_int_handler)       # which a shell may have us ignore, and all we start
    for exercise in sorted(folder.name for folder in (ROOT / "solutions").iterdir()):
        commands = [entry["command"] for entry in reference(exercise).started]
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
            "bare_s": round(bare, 2), "ratio": round(work / bare, 2)}), flush=True)
    for lesson in sorted((ROOT / "lessons").glob("*.ipynb")):
        print(json.dumps({"lesson": lesson.stem, "seconds": round(lesson_seconds(lesson), 1)}), flush=True)
    if not options.no_class:
        with tempfile.TemporaryDirectory() as name:
            ours = class_seconds(Path(name, "ours"))
            count, stock = stock_seconds(Path(name, "stock"), Path(name, "ours"))
        print(json.dumps({
            "class": sample.EXERCISE, "submissions": count, "ours_s": round(ours, 1), "stock_s": round(stock, 1),
            "ours_per_minute": round(count * 60 / ours, 1), "stock_per_minute": round(count * 60 / stock, 1),
            "ratio": round(stock / ours, 2)}))


if __name__ == "__main__":
    main()
