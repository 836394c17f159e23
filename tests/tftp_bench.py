"""How fast the TFTP server of the solution is, as ratios to others: one run, in turns, each server on one core.

    python tests/tftp_bench.py                five rounds, two minutes;  --rounds 1 for a first look

Each server sends 10 MB to the client atftp: in blocks of 512, 1428 and 65464 bytes, and of 1428 with 16 at once; and
1 MiB to each of 30 clients at once, in blocks of 512. What is measured is how long the clients take, with their start
(some milliseconds). All servers run from the beginning; in each round each has its turn in each cell, so that a slow or
busy machine slows all of them. A cell that a server has not (it does not grant the option) is empty. The server has one
core and the clients another; as root both come before everything else that runs on the machine.

Beside in.tftpd and atftpd (see tftp_peers.py) these are servers in Python from PyPI, which are installed into build/,
and one of thirty lines below, with a thread for each transfer.
"""
import argparse
import contextlib
import json
import math
import os
import random
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import tftp_peers as peers
from tftp_peers import ACK, DATA, ERROR, HOST, OACK, RRQ, Running, Server

PROGRAMS = Path(os.environ.get("TFTP_PROGRAMS", peers.ROOT / "solutions" / peers.EXERCISE))      # whose server it is
PACKAGES = {"fbtftp": "fbtftp==0.5", "tftpy": "tftpy==0.8.7", "py3tftp": "py3tftp==1.3.0",
            "partftpy": "partftpy==0.4.0"}
VENV = peers.ROOT / "build" / "tftp_servers"
PYTHON = VENV / "bin" / "python"
SIZE, MANY, SIZE_OF_MANY = 10_000_000, 30, 1 << 20
MOST_SECONDS = 60                             # for one cell of one server
REFERENCE = "in.tftpd"
LEAST_RATIO = 0.6                             # of in.tftpd: what issue and INSTRUCTORS.md promise


# Servers in Python ----------------------------------------------------------------------------------------------


def install() -> str:
    """Install the servers of PyPI, unless they are there. Returns why that did not work; "" if it did."""
    stamp, wanted = VENV / "installed", "\n".join(PACKAGES.values())
    if stamp.exists() and stamp.read_text() == wanted:
        return ""
    print(f"installing {' '.join(PACKAGES.values())} into {VENV.relative_to(peers.ROOT)} …", file=sys.stderr)
    venv.create(VENV, with_pip=True, clear=True)
    done = subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                           *PACKAGES.values()], capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    stamp.write_text(wanted)
    return ""


def serve_fbtftp(root: Path, port: int) -> None:
    from fbtftp.base_handler import BaseHandler, ResponseData
    from fbtftp.base_server import BaseServer

    class File(ResponseData):
        def __init__(self, path: Path) -> None:
            self._size, self._file = path.stat().st_size, path.open("rb")

        def read(self, count: int) -> bytes:
            return self._file.read(count)

        def size(self) -> int:
            return self._size

        def close(self) -> None:
            self._file.close()

    class Handler(BaseHandler):
        def get_response_data(self) -> File:
            return File(root / self._path)

    class Fbtftp(BaseServer):
        def get_handler(self, server_addr: tuple, peer: tuple, path: str, options: dict) -> Handler:
            return Handler(server_addr, peer, path, options, lambda stats: None)

    Fbtftp(HOST, port, 5, 1).run()


def serve_tftpy(root: Path, port: int) -> None:
    import tftpy
    tftpy.TftpServer(str(root)).listen(HOST, port)


def serve_partftpy(root: Path, port: int) -> None:
    from partftpy.TftpServer import TftpServer
    TftpServer(str(root)).listen(HOST, port)


def serve_py3tftp(_root: Path, port: int) -> None:
    from py3tftp.__main__ import main
    sys.argv[1:] = ["--host", HOST, "--port", str(port)]
    main()


def serve_threads(root: Path, port: int) -> None:
    """The server of thirty lines: it only sends files."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((HOST, port))
    while True:
        threading.Thread(target=send_file, args=(root, *listener.recvfrom(65536)), daemon=True).start()


def send_file(root: Path, request: bytes, client: tuple) -> None:
    name, _, *rest = request[2:].decode().split("\0")[:-1]
    granted = {key: int(value) for key, value in zip(rest[::2], rest[1::2], strict=True)
               if key in ("blksize", "windowsize")}
    size, most = granted.get("blksize", 512), granted.get("windowsize", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire, (root / name).open("rb") as file:
        wire.bind((HOST, 0))
        wire.settimeout(1)
        oack = struct.pack("!H", OACK) + b"".join(f"{key}\0{value}\0".encode() for key, value in granted.items())
        window, number, at_end = [oack] if granted else [], 0, False       # number: of the last packet in the window
        while True:
            while len(window) < most and not at_end and window != [oack]:
                block = file.read(size)
                number, at_end = (number + 1) % 65536, len(block) < size
                window.append(struct.pack("!HH", DATA, number) + block)
            if not window:
                return
            for packet in window:
                wire.sendto(packet, client)
            with contextlib.suppress(TimeoutError):
                answer, sender = wire.recvfrom(65536)
                while sender != client:
                    answer, sender = wire.recvfrom(65536)
                opcode, acknowledged = struct.unpack("!HH", answer[:4])
                if opcode != ACK:
                    return
                left = (number - acknowledged) % 65536
                window = window[len(window) - left:] if left < len(window) else window


SERVE: dict[str, Callable[[Path, int], None]] = {
    "fbtftp": serve_fbtftp, "tftpy": serve_tftpy, "py3tftp": serve_py3tftp, "partftpy": serve_partftpy,
    "threads": serve_threads}


def in_python(name: str) -> Server:
    """One of these, as a server like the others."""
    def command(root: Path, port: int) -> list[str]:
        return [__file__, "--serve", name, str(root), str(port)]
    return Server(name, str(PYTHON) if name in PACKAGES else sys.executable, "", command)


# Cells ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """What is measured: clients at once, each of which reads so many bytes with these options."""

    name: str
    options: dict[str, int] = field(default_factory=dict)
    clients: int = 1
    size: int = SIZE

    @property
    def file(self) -> str:
        return f"file-{self.size}"


CELLS = [Cell("512"), Cell("1428", {"blksize": 1428}), Cell("65464", {"blksize": 65464}),
         Cell("1428 x16", {"blksize": 1428, "windowsize": 16}),
         Cell(f"{MANY} x 1 MiB", clients=MANY, size=SIZE_OF_MANY)]


def grants(running: Running, cell: Cell) -> bool:
    """Whether a server grants the options of a cell, as they are asked for."""
    if not cell.options:
        return True
    asked = b"".join(f"{name}\0{value}\0".encode() for name, value in cell.options.items())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(5)
        wire.sendto(struct.pack("!H", RRQ) + cell.file.encode() + b"\0octet\0" + asked, (HOST, running.port))
        answer, port = wire.recvfrom(1 << 17)
        wire.sendto(struct.pack("!HH", ERROR, 0) + b"only asked\0", port)
    words = answer[2:].decode(errors="replace").split("\0")
    granted = dict(zip(words[::2], words[1::2], strict=False))
    return answer[:2] == struct.pack("!H", OACK) and all(
        granted.get(name) == str(value) for name, value in cell.options.items())


def measure(running: Running, cell: Cell, folder: Path, content: bytes) -> float:
    """How fast the clients of a cell get their files, in MB/s altogether. content: what these files must be."""
    targets = [folder / f"got-{number}" for number in range(cell.clients)]
    atftp = next(client for client in peers.CLIENTS if client.name == "atftp")
    words = [[peers.find(atftp), *atftp.command(peers.Errand("get", target, cell.file, running.port,
                                                             options=cell.options))] for target in targets]
    begin = time.perf_counter()
    clients = [subprocess.Popen(each, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
               for each in words]
    late = threading.Timer(MOST_SECONDS, lambda: [client.kill() for client in clients])
    late.start()
    for client in clients:
        client.wait()                         # not with a timeout: then it would look every now and then only
    seconds = time.perf_counter() - begin
    late.cancel()
    for client, target in zip(clients, targets, strict=True):
        said = client.communicate()[1].decode(errors="replace")
        if not target.exists() or target.read_bytes() != content:
            raise RuntimeError(f"{cell.name}: not the file. atftp: {said}\nserver: " + "\n".join(running.lines[-10:]))
        target.unlink()
    return cell.clients * cell.size / seconds / 1e6


# Results --------------------------------------------------------------------------------------------------------


def mean_ratio(one: dict[str, float], other: dict[str, float]) -> float:
    """Geometric mean of one's speeds over the other's, of the cells that both have."""
    both = [name for name in one if name in other]
    return math.exp(statistics.fmean(math.log(one[name] / other[name]) for name in both)) if both else math.nan


def report(speeds: dict[str, dict[str, float]]) -> str:
    """Speeds, ratios and what they come to."""
    rows = [["MB/s (of in.tftpd)", *(cell.name for cell in CELLS), "geometric mean"]]
    base = speeds.get(REFERENCE, {})
    for name, mine in speeds.items():
        row = [name]
        for cell in CELLS:
            ratio = f" ({mine[cell.name] / base[cell.name]:.2f})" if cell.name in mine and cell.name in base else ""
            row.append(f"{mine[cell.name]:.0f}{ratio}" if cell.name in mine else "-")
        rows.append([*row, f"{mean_ratio(mine, base):.2f}" if base else "-"])
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    ours = speeds["ours"]
    if base:
        lines += ["", f"ours, of in.tftpd, geometric mean over the cells that both have: {mean_ratio(ours, base):.2f} "
                      f"(must be {LEAST_RATIO} or more)"]
    window = next(cell.name for cell in CELLS if "windowsize" in cell.options)
    if window in speeds.get("atftpd", {}) and window in ours:
        lines.append(f"ours, of atftpd, {window}: {ours[window] / speeds['atftpd'][window]:.2f}")
    for name in SERVE:
        if name in speeds:
            ahead = [cell for cell, speed in speeds[name].items() if cell in ours and speed > ours[cell]]
            lines.append(f"ours, of {name}, over the cells that both have: {mean_ratio(ours, speeds[name]):.2f}"
                         + (f"; it is ahead in {', '.join(ahead)}" if ahead else ""))
    return "\n".join(lines)


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        name, root, port = sys.argv[2:]
        SERVE[name](Path(root), int(port))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="of all servers; the median counts (default 5)")
    parser.add_argument("--server", action="append", help="only this one and in.tftpd (default: all)")
    parser.add_argument("--one-core", action="store_true", help="the clients on the core of the server too")
    options = parser.parse_args()
    if not peers.find(next(client for client in peers.CLIENTS if client.name == "atftp")):
        sys.exit("tftp_bench.py: atftp is not installed, which is the client of all (package atftp)")
    if reason := install():
        print(f"not installed: {', '.join(PACKAGES)} ({reason})")

    peers.enter_network()
    servers = [peers.our_server(PROGRAMS), *(server for server in peers.SERVERS if not server.port),
               *(in_python(name) for name in SERVE)]
    cores = sorted(os.sched_getaffinity(0))[-2:] if hasattr(os, "sched_getaffinity") else []
    pinned = ("taskset", "--cpu-list", str(cores[0])) if len(cores) == 2 else ()
    if pinned:
        os.sched_setaffinity(0, cores[:1] if options.one_core else cores[1:])      # the clients
    with tempfile.TemporaryDirectory(prefix="bench-") as name, contextlib.ExitStack() as stack:
        base = Path(name)
        base.chmod(0o755)
        root, folder = base / "root", base / "got"
        root.mkdir()
        folder.mkdir()
        contents = {cell.file: random.Random(cell.size).randbytes(cell.size) for cell in CELLS}
        for file, content in contents.items():
            (root / file).write_bytes(content)
        running, seen = {}, {}
        for server in servers:
            if options.server and server.name not in [*options.server, "ours", REFERENCE]:
                continue
            if not peers.find(server):
                print(f"not installed: {server.name} (package {server.package or PACKAGES.get(server.name)})")
                continue
            running[server.name] = stack.enter_context(peers.serving(server, root, pinned))
            seen[server.name] = {cell.name: [] for cell in CELLS if grants(running[server.name], cell)}
        for _ in range(options.rounds):
            for cell in CELLS:
                for server, found in seen.items():
                    if cell.name in found:
                        found[cell.name].append(measure(running[server], cell, folder, contents[cell.file]))
    speeds = {server: {cell: statistics.median(found) for cell, found in cells.items()}
              for server, cells in seen.items()}
    for server, mine in speeds.items():
        print(json.dumps({"server": server, "rounds": options.rounds,
                          "MB_per_s": {cell: round(speed, 1) for cell, speed in mine.items()},
                          "of_in.tftpd": round(mean_ratio(mine, speeds[REFERENCE]), 2)
                          if REFERENCE in speeds else None}))
    print(report(speeds))


if __name__ == "__main__":
    main()
