"""The harness's TCP, and the solution's: agreed with another library, with this machine's kernel, and with a recording.

The solution is imported here. It is our own; a student's file never is.
"""
import importlib.util
import json
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import dpkt
import pytest
from programs import ROOT, grade
from refused import without_namespaces

from autograder import tcp
from autograder.tcp import ACK, FIN, RST, SYN, Segment, Unreadable
from autograder.wire import HOST, KERNEL, checksum, packet

EXERCISE = "01_handshake"
SOLUTION = ROOT / "solutions" / EXERCISE
WITH_KERNEL = {"test_kernel_shakes_hands", "test_kernel_parts", "test_kernel_resets"}


@pytest.fixture(scope="module")
def segment() -> ModuleType:
    """The solution's segment.py."""
    spec = importlib.util.spec_from_file_location("segment_of_the_solution", SOLUTION / "segment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_dpkt(one: Segment) -> bytes:
    """The bytes of this segment, from HOST to the kernel, made by another library."""
    made = dpkt.tcp.TCP(sport=one.source, dport=one.destination, seq=one.seq, ack=one.ack, flags=one.flags,
                        win=one.window, opts=one.options, data=one.data)
    made.off = 5 + len(one.options) // 4
    ip = dpkt.ip.IP(src=socket.inet_aton(HOST), dst=socket.inet_aton(KERNEL), p=dpkt.ip.IP_PROTO_TCP, data=made)
    return bytes(ip)[20:]


def segments(count: int) -> list[Segment]:
    """So many segments, of all kinds."""
    chance = random.Random(9293)
    return [Segment(chance.randrange(1 << 32), chance.randrange(1 << 32), chance.randrange(256),
                    chance.randbytes(chance.choice([0, 1, 2, 3, 536, chance.randrange(1460)])),
                    chance.randrange(1 << 16), chance.randrange(1 << 16), chance.randrange(1 << 16),
                    chance.randbytes(4 * chance.randrange(11))) for _ in range(count)]


def test_the_solution_and_another_library_agree_on_ten_thousand_segments(segment):
    for one in segments(10_000):
        packed = by_dpkt(one)
        assert packed == one.packed(HOST, KERNEL)
        fields = segment.Segment(one.source, one.destination, one.seq, one.ack, one.flags, one.window, 0, one.options,
                                 one.data)
        assert segment.pack(fields, HOST, KERNEL) == packed
        assert segment.parse(packed, HOST, KERNEL) == fields
        assert segment.length(fields) == one.length


def test_a_packet_on_the_wire_is_one_that_another_library_takes():
    whole = packet(Segment(7, 8, ACK, b"hello").packed(HOST, KERNEL))
    ip = dpkt.ip.IP(whole)
    assert checksum(whole[:20]) == 0
    assert (ip.src, ip.dst, ip.len) == (socket.inet_aton(HOST), socket.inet_aton(KERNEL), len(whole))
    assert ip.data.data == b"hello"


@pytest.mark.parametrize("written", [
    "<SEQ=100><CTL=SYN>", "<SEQ=300><ACK=101><CTL=SYN,ACK>", "<SEQ=101><ACK=301><CTL=FIN,ACK>", "<SEQ=91><CTL=RST>",
    '<SEQ=0><ACK=0><CTL=ACK><DATA="hi there">', "<SEQ=0><ACK=5><CTL=RST,ACK>"])
def test_a_segment_reads_as_the_rfc_writes_it(written):
    assert str(Segment.written(written)) == written


@pytest.mark.parametrize("written", ["", "<SEQ=1>", "<SEQ=x><CTL=SYN>", "<CTL=SYN><SEQ=1>", "<SEQ=1><CTL=SNY>",
                                     "<SEQ=1><CTL=ACK,SYN><ACK=2>"])
def test_what_is_no_segment_of_a_figure_is_the_authors_mistake(written):
    with pytest.raises(ValueError):
        Segment.written(written)


@pytest.mark.parametrize(("broken", "why"), [
    (b"", "0 bytes"), (bytes(12) + b"\x40" + bytes(7), "data offset of 4"), (bytes(12) + b"\xf0" + bytes(7), "of 15"),
    (bytes(12) + b"\x50" + bytes(7), "wrong checksum")])
def test_what_is_no_segment_says_why(broken, why):
    with pytest.raises(Unreadable, match=why):
        Segment.read(broken, HOST, KERNEL)


# With this machine's kernel -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def conversations(tmp_path_factory) -> Path:
    """What was kept of the checks with the kernel. Skips where there is no network of one's own."""
    scratch = tmp_path_factory.mktemp("kernel")
    graded = grade(EXERCISE, SOLUTION, scratch, "-k", "kernel", f"--keep={scratch / 'kept'}")
    assert graded.status == 0, graded.output
    if graded.score["network"] != "own":
        pytest.skip("this machine gives no network of one's own, so it has no wire to its kernel")
    return scratch / "kept"


def captured(conversations: Path) -> list[tuple[str, str, bytes]]:
    """The segments that passed between the solution and the kernel, each with its two addresses."""
    found = []
    for file in sorted(conversations.glob("*/packets.pcap")):
        with file.open("rb") as capture:
            for _, frame in dpkt.pcap.Reader(capture):
                ip = dpkt.ethernet.Ethernet(frame).data
                found.append((socket.inet_ntoa(ip.src), socket.inet_ntoa(ip.dst), bytes(ip.data)))
    return found


def test_all_that_passed_on_the_wire_can_be_read(conversations, segment):
    """By the solution and by the harness: the kernel's own segments, options, checksums and all."""
    passed = captured(conversations)
    assert {KERNEL, HOST} == {source for source, _, _ in passed}
    for source, destination, data in passed:
        ours, theirs = Segment.read(data, source, destination), segment.parse(data, source, destination)
        assert (ours.seq, ours.ack, ours.flags, ours.options, ours.data) == (
            theirs.seq, theirs.ack, theirs.flags, theirs.options, theirs.data)
    flags = {Segment.parsed(data).flags & (SYN | FIN | RST | ACK) for source, _, data in passed if source == KERNEL}
    assert {SYN, SYN | ACK, ACK, FIN | ACK, RST | ACK} <= flags


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_another_program_finds_handshake_and_close_and_nothing_wrong(conversations):
    def tshark(check: str, *options: str) -> str:
        return subprocess.run(["tshark", "-r", conversations / check / "packets.pcap", "-o", "tcp.check_checksum:TRUE",
                               "-o", "ip.check_checksum:TRUE", *options], capture_output=True, text=True,
                              check=True).stdout
    flags = tshark("test_kernel_parts", "-T", "fields", "-e", "tcp.flags.str")
    told = [re.sub("[^A-Z]", "", line) for line in flags.splitlines()]
    assert told[:3] == ["S", "AS", "A"] and told.count("AF") == 4
    for check in WITH_KERNEL:
        whole = tshark(check, "-V")
        assert "Malformed" not in whole and "[Checksum Status: Bad]" not in whole
        assert whole.count("[Checksum Status: Good]") == whole.count("Transmission Control Protocol,")


# With a recording of it ---------------------------------------------------------------------------------------


def test_every_check_with_the_kernel_is_recorded():
    recorded = json.loads((ROOT / "exercises" / EXERCISE / "kernel.json").read_text())
    assert recorded.keys() - {"kernel"} == WITH_KERNEL


@pytest.fixture
def no_wire(tmp_path_factory, monkeypatch):
    """A machine that gives no network of one's own. As root it does so all the same, so the wire is cut there."""
    monkeypatch.setattr(sys, "executable", without_namespaces(tmp_path_factory.mktemp("refused")))


CUT = """
import pytest
from autograder import cast

@pytest.hookimpl
def pytest_sessionstart(session):
    cast.possible = lambda: False
"""


def replay(submission: Path, scratch: Path):
    """Grade the checks with the kernel on a machine that has no wire to one."""
    (scratch / "cut.py").write_text(CUT)
    return grade(EXERCISE, submission, scratch, "-p", "cut", "-k", "kernel", environment={"PYTHONPATH": str(scratch)})


def test_the_recording_is_worth_the_same_points(tmp_path):
    graded = replay(SOLUTION, tmp_path)
    assert graded.status == 0, graded.output
    assert graded.score["points"] == graded.score["max"] == 10


def test_whoever_differs_from_the_recording_is_told_where(tmp_path):
    """An endpoint that acknowledges one number too few: the recording stops there, as the kernel did not."""
    shutil.copytree(SOLUTION, tmp_path / "submission")
    endpoint = tmp_path / "submission" / "endpoint.py"
    text = endpoint.read_text("utf-8")
    assert text.count("self.rcv_nxt = add(arrived.seq, 1)") == 3
    endpoint.write_text(text.replace("self.rcv_nxt = add(arrived.seq, 1)", "self.rcv_nxt = arrived.seq"), "utf-8")
    graded = replay(tmp_path / "submission", tmp_path)
    assert graded.score["points"] == 0
    said = " ".join(graded.output.split())
    assert "what a kernel sent is replayed, as recorded" in said
    assert "in the recording <SEQ=x+1><ACK=y+1><CTL=ACK> has come before" in said


def test_where_namespaces_are_refused_all_points_are_to_be_had(tmp_path, no_wire):
    graded = grade(EXERCISE, SOLUTION, tmp_path, "-k", "kernel or states")
    assert graded.status == 0, graded.output
    assert (graded.score["points"], graded.score["bonus"]) == (10, 6)


# Reports --------------------------------------------------------------------------------------------------------


TAKES_PORTS = """

import socket

PLAIN, TAKEN = Endpoint.__init__, []

def __init__(self, local, remote, port, *others):
    PLAIN(self, local, remote, port, *others)
    for near in (*range(port - 3, port), *range(port + 1, port + 4)):
        TAKEN.append(socket.socket())
        try:
            TAKEN[-1].bind((remote, near))
        except OSError:
            pass

Endpoint.__init__ = __init__
"""


def test_a_program_cannot_take_the_ports_of_its_conversation_with_the_kernel(tmp_path, conversations):
    """It shares the network with the kernel's side. If it could, the grader would fail, and cost no points."""
    shutil.copytree(SOLUTION, tmp_path / "submission")
    with (tmp_path / "submission" / "endpoint.py").open("a", encoding="utf-8") as file:
        file.write(TAKES_PORTS)
    graded = grade(EXERCISE, tmp_path / "submission", tmp_path, "-k", "kernel")
    assert graded.status == 0, graded.output


def test_a_first_tick_that_goes_wrong_is_a_step(tmp_path):
    shutil.copytree(SOLUTION, tmp_path / "submission")
    with (tmp_path / "submission" / "endpoint.py").open("a", encoding="utf-8") as file:
        file.write("Endpoint.tick = lambda self, now: None\n")
    graded = grade(EXERCISE, tmp_path / "submission", tmp_path, "-k", "active_open")
    assert "4444, 100) FAILED expected that tick() returns a list" in " ".join(graded.output.split()), graded.output


def test_a_wrong_checksum_is_said_to_be_one(tmp_path):
    """The kernel would drop it without a word."""
    shutil.copytree(SOLUTION, tmp_path / "submission")
    file = tmp_path / "submission" / "segment.py"
    text = file.read_text("utf-8")
    begin, rest = text.split("def pack(")
    wrong = rest.replace("checksum(source, destination,", "7 ^ checksum(source, destination,", 1)
    file.write_text(f"{begin}def pack({wrong}", "utf-8")
    graded = grade(EXERCISE, tmp_path / "submission", tmp_path, "-k", "active_open")
    assert "a wrong checksum: the sum of all that it covers" in " ".join(graded.output.split()), graded.output


def test_constants_are_those_of_the_rfc():
    assert struct.pack("!B", tcp.FIN | tcp.SYN | tcp.RST | tcp.PSH | tcp.ACK | tcp.URG | tcp.ECE | tcp.CWR) == b"\xff"
