"""Malformed and mutated datagrams against the TFTP server of the solution: it goes on, and keeps to its root.

    python tests/test_tftp_fuzz.py --datagrams 100000       a long run;  --seed: other datagrams

Each datagram is a valid packet of some kind, with a few changes: bits, bytes, a piece cut out, put in twice, or taken
from another packet. They go to the port for requests and to those of transfers that run, also of other clients' ones.
Between them the transfers are carried on as they should be, so that something is under way in each state. The datagrams
are the same for a seed; where one of them goes to also depends on what is answered when.
"""
import argparse
import json
import os
import random
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

import psutil
import pytest
import tftp_peers as peers
from tftp_peers import ACK, DATA, ERROR, HOST, OACK, RRQ, WRQ, Running

IN_MAKE_TEST = 3000                           # datagrams
MOST_GROWTH = 5 << 20                         # bytes by which the server may be larger than after the first tenth
CLIENTS = 64                                  # sockets that send; each may have one transfer
LARGEST = 65507                               # bytes: no datagram has more
TOO_LONG = 20                                 # s to wait for something that must come
SECRET = b"outside of the root, and nobody's business"
PROGRAMS = Path(os.environ.get("TFTP_PROGRAMS", peers.ROOT / "solutions" / peers.EXERCISE))      # whose server it is


@pytest.mark.skipif(sys.platform != "linux", reason="the server's sockets and memory are looked at as Linux has them")
def test_malformed_datagrams() -> None:
    """A few thousand. In a process of its own, which takes a network of its own: nobody else's ports are hit."""
    done = subprocess.run([sys.executable, "-P", __file__, f"--datagrams={IN_MAKE_TEST}"], capture_output=True,
                          text=True, check=False, timeout=200,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)})
    assert done.returncode == 0, done.stdout + done.stderr


# Datagrams ------------------------------------------------------------------------------------------------------


def valid(chance: random.Random, names: list[bytes]) -> bytes:
    """A packet that is as it should be, of any kind."""
    number = chance.choice([0, 1, 2, 3, 65535, chance.randrange(1 << 16)])
    match chance.choice([RRQ, RRQ, WRQ, WRQ, DATA, DATA, ACK, ACK, ERROR, OACK]):
        case peers.RRQ | peers.WRQ as opcode:
            mode = chance.choice([b"octet", b"octet", b"netascii", b"NetASCII", b"mail", b"x"])
            return struct.pack("!H", opcode) + chance.choice(names) + b"\0" + mode + b"\0" + pairs(chance)
        case peers.DATA:
            length = chance.choice([0, 1, 8, 511, 512, 512, 513, 1428])
            return struct.pack("!HH", DATA, number) + chance.randbytes(length)
        case peers.ACK:
            return struct.pack("!HH", ACK, number)
        case peers.ERROR:
            return struct.pack("!HH", ERROR, number) + chance.choice([b"", b"no\n", b"\x1b[2J"]) + b"\0"
    return struct.pack("!H", OACK) + pairs(chance)


def pairs(chance: random.Random) -> bytes:
    """Options and their values, none of them to four."""
    values = [b"0", b"1", b"8", b"16", b"512", b"1428", b"65464", b"65535", b"-1", b"1e3", b"9" * 30, b"\xff", b""]
    names = [b"blksize", b"timeout", b"tsize", b"windowsize", b"BLKSIZE", b"multicast", b""]
    return b"".join(chance.choice(names) + b"\0" + chance.choice(values) + b"\0"
                    for _ in range(chance.choice([0, 0, 1, 2, 4])))


def mutated(chance: random.Random, names: list[bytes]) -> bytes:
    """A packet with one to three changes, which is not what it was before."""
    packet = valid(chance, names)
    changed = packet
    while changed == packet:
        for _ in range(chance.randint(1, 3)):
            changed = change(changed, chance, names)
    return changed[:LARGEST]


def change(packet: bytes, chance: random.Random, names: list[bytes]) -> bytes:
    """One change."""
    at = chance.randrange(len(packet) + 1)
    to = min(len(packet), at + chance.choice([1, 1, 2, 4, 100]))
    if at < len(packet) and chance.random() < 0.3:
        return packet[:at] + bytes([packet[at] ^ 1 << chance.randrange(8)]) + packet[at + 1:]
    return chance.choice([
        lambda: packet[:at],                                                     # cut off
        lambda: packet[:at] + packet[to:],                                       # cut out
        lambda: packet[:to] + packet[at:],                                       # twice
        lambda: packet[:at] + valid(chance, names)[at:],                         # continued by another one
        lambda: packet[:at] + chance.randbytes(to - at) + packet[to:],           # other bytes
        lambda: packet[:at] + bytes(to - at) + packet[to:],                      # zero bytes
        lambda: packet[:at] + chance.choice([b"../", b"/", b"\0", b"%s", b"\xff\xfe"]) + packet[at:],
        lambda: bytes([0, chance.randrange(8)]) + packet[2:],                    # another opcode
        lambda: packet + chance.randbytes(chance.choice([1, 2, 600, 60_000])),
    ])()


# What they are sent to ------------------------------------------------------------------------------------------


class Attack:
    """Sends datagrams to a server. ports: those of transfers, each with the socket that it talks with."""

    def __init__(self, running: Running, seed: int, names: list[bytes]) -> None:
        self.running, self.names = running, names
        self.process = psutil.Process(running.process.pid)
        self.listener = (HOST, running.port)
        self.datagrams, self.where = random.Random(seed), random.Random(seed + 1)
        self.sockets = [udp() for _ in range(CLIENTS)]
        self.ports: deque[tuple[socket.socket, tuple]] = deque(maxlen=4 * CLIENTS)
        self.leaked: list[bytes] = []
        self.answers = 0

    def send(self, count: int) -> None:
        """Send so many malformed datagrams."""
        for number in range(1, count + 1):
            sender, target = self.where.choice(self.sockets), self.listener
            if self.ports and self.where.random() < 0.6:
                own, target = self.where.choice(self.ports)
                sender = own if self.where.random() < 0.7 else sender
            sender.sendto(mutated(self.datagrams, self.names), target)
            if number % 8 == 0:
                self.carry_on()
            if number % 32 == 0 or number == count:           # not faster than it takes them
                self.probe()
                if self.where.random() < 0.5:                 # and something that is to be carried on
                    name, opcode = self.where.choice([(b"large.bin", RRQ), (b"new-%d" % number, WRQ)])
                    self.where.choice(self.sockets).sendto(request(name, opcode), self.listener)

    def carry_on(self) -> None:
        """Take the answers that are there, and answer most of them as a client should."""
        for ready in select.select(self.sockets, [], [], 0)[0]:
            answer, port = ready.recvfrom(1 << 16)
            self.answers += 1
            if SECRET in answer:
                self.leaked.append(answer[:100])
            if port[1] == self.running.port:
                raise AssertionError(f"an answer from the port for requests: {answer[:100]}")
            if (ready, port) not in self.ports:
                self.ports.append((ready, port))
            if self.where.random() < 0.7 and len(answer) >= 4:
                opcode, number = struct.unpack_from("!HH", answer)
                if opcode in (DATA, OACK):
                    ready.sendto(struct.pack("!HH", ACK, number if opcode == DATA else 0), port)
                elif opcode == ACK:
                    block = bytes(self.where.choice([512, 512, 512, 7]))
                    ready.sendto(struct.pack("!HH", DATA, (number + 1) % 65536) + block, port)

    def probe(self) -> None:
        """Ask for a short file, until there is an answer: then what came before has been looked at."""
        end = time.monotonic() + TOO_LONG
        with udp() as asking:
            while time.monotonic() < end and self.running.process.poll() is None:
                asking.sendto(request(b"small.txt"), self.listener)
                if select.select([asking], [], [], 1)[0]:     # else it had no room for it
                    asking.sendto(struct.pack("!HH", ACK, 1), asking.recvfrom(1 << 16)[1])
                    return
        raise AssertionError("the server does not answer any more" + self.last_words())

    def end_all(self) -> None:
        """End all transfers: another request from the same port does that. Then wait until their sockets are gone."""
        end = time.monotonic() + TOO_LONG
        while self.open_sockets() > 1:
            assert time.monotonic() < end, f"{self.open_sockets()} sockets of the server are still open"
            for each in self.sockets:
                each.sendto(request(b"not there"), self.listener)
            self.carry_on_until_silent()

    def carry_on_until_silent(self) -> None:
        """Throw away what is answered, until nothing comes for a moment."""
        while ready := select.select(self.sockets, [], [], 0.1)[0]:
            for each in ready:
                each.recv(1 << 16)

    def open_sockets(self) -> int:
        """How many sockets the server has."""
        return len(self.process.net_connections("udp"))

    def size(self) -> int:
        """Resident memory of the server."""
        return self.process.memory_info().rss

    def fetch(self, name: bytes) -> bytes:
        """A whole file, read from the server in a plain way."""
        with udp() as reading:
            reading.settimeout(TOO_LONG)
            reading.sendto(request(name), self.listener)
            blocks: dict[int, bytes] = {}
            while True:
                answer, port = reading.recvfrom(1 << 16)
                opcode, number = struct.unpack_from("!HH", answer)
                assert opcode == DATA, f"in place of a file: {answer[:100]}"
                blocks[number] = answer[4:]
                reading.sendto(struct.pack("!HH", ACK, number), port)
                if len(answer) < 516:
                    return b"".join(blocks[number] for number in sorted(blocks))

    def last_words(self) -> str:
        """What it said last, for whoever looks why it ended."""
        return f"; exit status {self.running.process.poll()}\n" + "\n".join(self.running.lines[-30:])


def request(name: bytes, opcode: int = RRQ) -> bytes:
    """A request that is in order."""
    return struct.pack("!H", opcode) + name + b"\0octet\0"


def udp() -> socket.socket:
    """A socket on the loopback."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((HOST, 0))
    return made


def lay_out(base: Path) -> tuple[dict[str, bytes], list[bytes]]:
    """Make a root with files, and something around it. Returns the files in the root, and names to ask for."""
    root = base / "root"
    for folder in root / "folder", base / "outside", base / "root-secret", base / "cwd":
        folder.mkdir(parents=True)
    files = {"small.txt": b"short\n", "large.bin": random.Random(1).randbytes(100_000), "folder/inner": b"x" * 1024}
    for name, content in files.items():
        (root / name).write_bytes(content)
    for folder in "outside", "root-secret":
        (base / folder / "secret").write_bytes(SECRET)
    (root / "link-out").symlink_to(base / "outside")
    (root / "link-secret").symlink_to(base / "outside" / "secret")
    (root / "link-in").symlink_to(root / "small.txt")
    os.mkfifo(root / "fifo")
    outside = os.fsencode(base / "outside")
    names = [b"small.txt", b"large.bin", b"large.bin", b"folder/inner", b"folder", b"fifo", b"link-in", b"link-secret",
             b"link-out/secret", b"link-out/new", b"../outside/secret", b"../outside/new", b"../root-secret/secret",
             b"../new", b"folder/../../outside/secret", b"..", b".", b"", b"/", outside + b"/secret", outside + b"/new",
             b"new", b"folder/new", b"none/new", b"a" * 300, b"\xff\xfe", b"folder//inner", b"~root/x", b"new\n"]
    return files, names


def outside(base: Path) -> dict[str, object]:
    """All that is around the root: what it is, and when it was changed."""
    return {str(path): (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
            for folder in ("outside", "root-secret", "cwd", "programs") for path in [base / folder,
                                                                                    *(base / folder).rglob("*")]
            if "__pycache__" not in path.parts} | {"": sorted(path.name for path in base.iterdir())}


def attack(datagrams: int, seed: int) -> dict[str, object]:
    """Send so many datagrams to a server of our own. Returns what was seen; raises AssertionError."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        base = Path(folder).resolve()
        files, names = lay_out(base)
        (base / "programs").mkdir()
        for source in PROGRAMS.glob("*.py"):
            shutil.copy(source, base / "programs")
        server = peers.our_server(base / "programs", "--timeout", "0.2", "--retries", "2")
        with peers.serving(server, base / "root") as running:
            before, begin = outside(base), time.monotonic()
            attacker = Attack(running, seed, names)
            attacker.send(datagrams // 10)
            attacker.end_all()
            early = attacker.size()
            attacker.send(datagrams - datagrams // 10)
            attacker.end_all()
            late = attacker.size()
            assert running.process.poll() is None, attacker.last_words()
            for name, content in files.items():
                assert attacker.fetch(name.encode()) == content, f"{name} is served with other bytes"
                assert (base / "root" / name).read_bytes() == content, f"{name} was changed"
            attacker.end_all()
            assert not attacker.leaked, f"it served what is outside of its root: {attacker.leaked[:3]}"
            assert outside(base) == before, "something outside of its root was changed"
            parts = [path.name for path in (base / "root").rglob(".tftp-*")]
            assert not parts, f"unfinished uploads were left: {parts}"
            words = [line for line in running.lines if "Traceback" in line]
            assert not words, attacker.last_words()
            assert late - early <= MOST_GROWTH, f"its memory grew from {early >> 10} to {late >> 10} KiB"
            for each in attacker.sockets:
                each.close()
            return {"datagrams": datagrams, "seed": seed, "answers": attacker.answers,
                    "requests": len(running.lines), "files": sum(1 for _ in (base / "root").rglob("*")),
                    "rss_after_a_tenth_kib": early >> 10, "rss_at_the_end_kib": late >> 10,
                    "seconds": round(time.monotonic() - begin, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datagrams", type=int, default=100_000, help="how many (default 100,000)")
    parser.add_argument("--seed", type=int, default=7, help="which ones")
    options = parser.parse_args()
    peers.enter_network()
    print(json.dumps(attack(options.datagrams, options.seed)))


if __name__ == "__main__":
    main()
