"""What the exercises after the chat brought: functions called in the sandbox, searches, datagrams, virtual time."""
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from programs import ROOT

from autograder import sandbox
from autograder.calls import Calls, Handle
from autograder.cast import Cast
from autograder.faults import Fault, Faults
from autograder.search import Cut, cut_everywhere, cuts, scripts, search
from autograder.simulation import transfer
from autograder.stage import Stage, Unmet


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage("7")
    yield stage
    stage.close()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that all may enter, as that of a submission is."""
    with tempfile.TemporaryDirectory(prefix="submission-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def module(stage, place) -> Callable[..., Calls]:
    """A module of this text, and others beside it, whose functions can be called."""
    def make(source: str, **others: str) -> Calls:
        for name, text in {"module": source, **others}.items():
            (place / f"{name}.py").write_text(text, "utf-8")
            (place / f"{name}.py").chmod(0o644)
        return Cast(stage, place, sandbox.tier()).calls("module.py", lane="your module")
    return make


# Functions, called in the sandbox ---------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, True, 0, -1.5, "中\n", [1, [b"\x00\xff", {"a": b""}], "x"], {"n": [None]}])
def test_a_value_comes_back_as_it_went(module, value):
    assert module("def same(value):\n    return value\n").calls("same", value) == value


def test_what_the_code_prints_or_reads_has_nothing_to_do_with_what_it_returns(module, stage):
    called = module("import sys\nprint('at import')\ndef f():\n    print('hello', flush=True)\n"
                    "    return [sys.stdin.read(), 42]\n")
    assert called.calls("f") == ["", 42]
    stage.settle()
    assert "hello" in called.errors and not called.screen


def test_a_file_of_a_modules_name_does_not_get_into_the_worker(module):
    called = module("def f():\n    return 1\n", json="raise SystemExit('shadowed')", socket="raise SystemExit(3)")
    assert called.calls("f") == 1


def test_an_error_is_told_with_its_place(module, stage):
    called = module("class Odd(ValueError):\n    pass\ndef f(n):\n    raise Odd(f'no {n}')\n")
    called.refuses("ValueError", "f", 1)
    with pytest.raises(Unmet) as unmet:
        called.calls("f", 2)
    assert unmet.value.got == "Odd: no 2"
    assert "line 4, in f" in stage.trace.text_of("stderr")


@pytest.mark.parametrize("forged", ["b'[1'", "b'[' * 100000", r"""b'{"value": 42}'""", r"b'\xff'", "b'7'"])
def test_what_is_forged_on_the_channel_is_an_answer_like_any_other(module, forged):
    """It can only be wrong, or right: there is no word in it that gives a point."""
    source = ("import contextlib, os\ndef f():\n    for n in range(3, 20):\n"
              f"        with contextlib.suppress(OSError):\n            os.write(n, {forged} + b'\\n')\n    return 1\n")
    called = module(source)
    try:
        assert called.calls("f") == 42
    except Unmet as unmet:
        assert "no JSON" in unmet.got


def test_who_never_comes_back_is_started_anew(module, stage):
    called = module("def f():\n    while True:\n        pass\ndef g():\n    return 1\n")
    with stage.rehearsal(impatient=True):
        with pytest.raises(Unmet, match="f\\(\\) has not come back"):
            called.calls("f")
        called.is_free()
    assert called.calls("g") == 1


def test_a_module_that_cannot_be_imported_says_why(module, stage):
    with pytest.raises(Unmet, match="ModuleNotFoundError"):
        module("import scoket\n")
    assert "import scoket" in stage.trace.text_of("stderr")


def test_a_loop_is_given_one_after_the_other(module):
    called = module("def f(n):\n    yield from range(n)\n    raise KeyError(n)\n")
    called.loops_over("f", 2)
    called.gives(0, 1)
    called.breaks_off("LookupError")
    called.loops_over("f", 1)
    with pytest.raises(Unmet) as unmet:
        called.gives(5)
    assert (unmet.value.expected, unmet.value.got) == ("5", "0")


def test_objects_stay_where_they_are(module):
    called = module("class Counter:\n    def __init__(self):\n        self.n = 0\n    def add(self, m):\n"
                    "        self.n += m\n        return self.n\n")
    counter = called.make("Counter")
    assert isinstance(counter, Handle)
    assert called.method(counter, "add", 2, tell=["n"]) == (2, {"n": 2})
    assert called.method(counter, "add", 3, tell=["n"]) == (5, {"n": 5})


# The smallest that fails ------------------------------------------------------------------------------------


def frame(message: object) -> bytes:
    body = str(message).encode()
    return struct.pack("!I", len(body)) + body


def fails_if(stage: Stage, condition: Callable[[object], bool], seen: list | None = None) -> Callable[[object], None]:
    def plays(example: object) -> None:
        if seen is not None:
            seen.append(example)
        with stage.step(f"play {example}"):
            if condition(example):
                raise Unmet("well", "ill")
    return plays


def test_the_smallest_cut_is_found_and_seen_alone(stage):
    seen: list = []
    ill = fails_if(stage, lambda cut: 5 in cut.places and max(cut.places) > 7, seen)
    with pytest.raises(Unmet):
        search(stage, cuts(["a", "bb", "ccc"], frame), ill, [], 100, 7, "cuts")
    steps = [step.sentence for step in stage.trace.steps]
    assert len(steps) == 2 and "the shortest that failed" in steps[0]
    found = eval(steps[1].removeprefix("play "), {"Cut": Cut})
    assert found.places == (5, 8) and len(found.messages) <= 2


def test_what_comes_first_is_tried_first_and_in_order(stage):
    first = cut_everywhere("ab", frame)
    assert [cut.places for cut in first] == [(), (1,), (2,), (3,), (4,), (5,), (1, 2, 3, 4, 5)]
    with pytest.raises(Unmet):
        late = fails_if(stage, lambda cut: max(cut.places, default=0) > 2)
        search(stage, cuts(["a"], frame), late, first, 5, 7, "cuts")
    assert "places=(3,)" in stage.trace.steps[-1].sentence


def test_the_same_seed_tries_the_same(stage):
    def tried(seed: int) -> list:
        seen: list = []
        some = scripts(["DATA", "ACK"], among=6, most=5, held=4)
        search(stage, some, fails_if(stage, lambda script: False, seen), [], 30, seed, "scripts")
        return seen
    assert tried(7) == tried(7) != tried(8)
    assert len(tried(7)) > 20


def test_what_failed_once_has_failed(stage):
    """A program that goes wrong only now and then is shown as it was when it did."""
    seen: list = []
    with pytest.raises(Unmet):
        search(stage, cuts(["a"], frame), fails_if(stage, lambda cut: len(seen) == 3, seen), [], 20, 7, "cuts")
    assert stage.trace.steps[-1].outcome == "failed"


# Datagrams, and time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("script", "arrives"), [
    ([], "1 2 3 4"),
    ([Fault("out", 2, "drop")], "1 3 4"),
    ([Fault("out", 2, "duplicate")], "1 2 2 3 4"),
    ([Fault("out", 1, "delay", 1)], "2 1 3 4"),
    ([Fault("out", 1, "delay", 2), Fault("out", 2, "delay", 1)], "3 1 2 4"),
    ([Fault("back", 2, "drop")], "1 2 3 4"),
    ([Fault("out", 4, "delay", 1)], "1 2 3"),
])
def test_a_script_of_faults_does_what_it_says(script, arrives):
    faults = Faults(script)
    found = [passage.datagram for number in range(1, 5) for passage in faults.passes("out", b"%d" % number)
             if passage.arrives]
    assert b" ".join(found).decode() == arrives
    assert faults.left() == ([("out", b"4")] if arrives == "1 2 3" else [])


@pytest.mark.parametrize(("fault", "words"), [
    (Fault("DATA", 1, "delay", 2), "delay the 1st DATA until 2 more have passed"),
    (Fault("ACK", 12, "drop"), "drop the 12th ACK"),
    (Fault("ACK", 23, "duplicate"), "duplicate the 23rd ACK"),
    (Fault("out", 2, "drop"), "drop out 2"),
])
def test_a_fault_in_words(fault, words):
    """Where a direction is called by its packets, which bear numbers of their own, its n-th one is told from these."""
    assert str(fault) == words


ECHO = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[2])))
while True:
    data, sender = s.recvfrom(65535)
    s.sendto(data, sender)
"""


def test_datagrams_go_and_come_and_a_link_does_what_its_script_says(stage, place):
    (place / "echo.py").write_text(ECHO)
    (place / "echo.py").chmod(0o644)
    cast = Cast(stage, place, sandbox.tier())
    port = cast.port()
    server = cast.program("echo.py", "--port", port, lane="your server").receives_on(port)
    alice = cast.udp_peer("alice", server)
    for data in b"one", b"", b"x" * 65_507:
        alice.sends(data)
        alice.receives(data)
    server.listens_only_on("127.0.0.1")
    server.freezes()
    alice.sends(b"wait")
    assert alice.unread() > 0
    server.thaws()
    server.has_read_everything()
    with pytest.raises(Unmet) as unmet:
        alice.receives(b"else")
    assert (unmet.value.expected, unmet.value.got) == ('"else"', '"wait"')
    alice.has_received_nothing_more()

    link = cast.udp_link(server, Fault("out", 1, "drop"), Fault("back", 1, "duplicate"))
    link.carries(server)
    through = cast.udp_peer("through", server)
    through.program = type("Somewhere", (), {"port": link.port, "lane": "the link", "state": str, "has_ended": bool})()
    for data in b"lost", b"kept":
        through.sends(data)
    assert [through.receives(b"kept"), through.receives(b"kept")] == [b"kept", b"kept"]
    assert [event.text for event in stage.trace.of("lost")] == ['"lost", lost']


@pytest.mark.parametrize("script", [[], [Fault("DATA", 1, "drop")], [Fault("ACK", 2, "delay", 1)]])
def test_a_transfer_takes_no_time(stage, place, script):
    sandbox.copy_sources(ROOT / "solutions" / "04_udp", place)
    cast, blocks = Cast(stage, place, sandbox.tier()), [b"a", b"b", b"c"]

    def words(packet: bytes) -> str:
        return packet.hex()

    sender = cast.half("reliable.py", lane="S", words=words, tell=("finished", "failed", "deadline"))
    receiver = cast.half("reliable.py", lane="R", words=words)
    transfer(sender.is_made("Sender", blocks, 0), receiver.is_made("Receiver", 0), blocks, script, ("DATA", "ACK"))
    assert stage.trace.now() == sender.clock.now / 1000 >= 0.1
    assert [event.data for event in stage.trace.of("result", lane="R")] == [b"b'a'", b"b'b'", b"b'c'"]
