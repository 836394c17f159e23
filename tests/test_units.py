"""The parts of the harness that other tests cannot show one by one: words, questions to the kernel, waits, marks."""
import contextlib
import itertools
import json
import os
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from programs import ROOT

from autograder import course, mistakes, netns, sandbox
from autograder.cast import Cast
from autograder.peers import Peer, ScriptedServer, show
from autograder.score import Check, Score
from autograder.stage import DEADLINE, Stage, Unmet
from autograder.tcp import ACK, SYN, Segment
from autograder.trace import Event, Trace
from autograder.wire import HOST, KERNEL

LOCALHOST = "127.0.0.1"

asks_kernel = pytest.mark.skipif(not netns.can_ask(), reason="this kernel does not tell about sockets")


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


# Bytes in words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("data", "words"), [
    (b"", '""'),
    (b"hello\n", r'"hello\n"'),
    ("grüß dich, 你好 🙂\n".encode(), r'"grüß dich, 你好 🙂\n"'),
    (b"\\n is no \n, nor \r, nor \0", r'"\\n is no \n, nor \r, nor \0"'),
    (b"\xe4", "e4"),
    (b"\0\0\0\x01" + b"0", "00 00 00 01 30"),
    (b"\0", "00"),
    (b"one\0", r'"one\0"'),
    (b"\xb8\xad\n", "b8 ad 0a"),
    (b"\xff" * 16, "ff " * 15 + "ff"),
    (b"\xff" * 17, "ff " * 15 + "ff … (17 bytes)"),
    (b"a" * 48, '"' + "a" * 48 + '"'),
    (b"a" * 4096, '"' + "a" * 24 + '…" (4,096 bytes)'),
    (b"one\ntwo\nthree\n", r'"one\ntwo\nthree\n"'),
    (b"one\n" * 1400, '1,400 lines, the first "one"'),
])
def test_bytes_in_words(data, words):
    assert show(data) == words


class Wordy(Peer):
    """A peer that only describes."""

    def __init__(self) -> None:
        self._begun = b""


@pytest.mark.parametrize(("pieces", "words"), [
    (["中".encode()[:1], "中\n".encode()[1:]],
     ["e4  (1 of the 3 bytes of a character)", "b8 ad 0a  (the other 2 bytes of it, and the newline)"]),
    (["中".encode()[:2], "中".encode()[2:]],
     ["e4 b8  (2 of the 3 bytes of a character)", "ad  (the other 1 byte of it)"]),
    (["é\n".encode()[:1], "é\n".encode()[1:]],
     ["c3  (1 of the 2 bytes of a character)", "a9 0a  (the other 1 byte of it, and the newline)"]),
    (["🙂".encode()[:3], "🙂".encode()[3:]],
     ["f0 9f 99  (3 of the 4 bytes of a character)", "82  (the other 1 byte of it)"]),
    (["ab 中".encode()[:4], "中中".encode()[1:4], "中!".encode()[1:]],
     ["61 62 20 e4  (1 of the 3 bytes of a character)",
      "b8 ad e4  (the other 2 bytes of it, and 1 of the 3 bytes of a character)",
      "b8 ad 21  (the other 2 bytes of it)"]),
    ([b"\xff\xfe caf\xe9 x\n", b"hello\n"], ["ff fe 20 63 61 66 e9 20 78 0a", r'"hello\n"']),
    ([b"\x89PNG \xf0", b"\x9f\x99\x82"], ["89 50 4e 47 20 f0", "9f 99 82"]),
    (["中".encode()[:1], b"\xff\n", b"hello\n"], ["e4  (1 of the 3 bytes of a character)", "ff 0a", r'"hello\n"']),
    (["🙂".encode()[:1], "🙂".encode()[1:2], "🙂".encode()[2:]],
     ["f0  (1 of the 4 bytes of a character)", "9f  (1 more byte of it)", "99 82  (the other 2 bytes of it)"]),
])
def test_cut_characters_in_words(pieces, words):
    """A piece that ends in a character says so, and the next one that it begins with the rest; of a text only."""
    peer = Wordy()
    assert [peer._describe(piece) for piece in pieces] == words


def test_a_cut_character_ends_with_its_connection(stage):
    """Where nothing came behind it, the next client is not sent the rest of it."""
    server = ScriptedServer(stage)
    with socket.create_connection((LOCALHOST, server.port)) as first:
        server._socket, _ = server._listener.accept()
        server._begin(first.getsockname()[1])
        assert server._describe("中".encode()[:1]) == "e4  (1 of the 3 bytes of a character)"
    server._begin(0)
    assert server._describe(b"\xb8") == "b8"


# What the kernel knows of connections -------------------------------------------------------------------------


@contextlib.contextmanager
def connection(address: str = LOCALHOST) -> Iterator[tuple[socket.socket, socket.socket, socket.socket]]:
    """A connection of this process with itself: who listens, the end that called, and the end that was accepted."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, netns.free_port()), family=family) as listener, \
            socket.create_connection(listener.getsockname()[:2]) as caller, listener.accept()[0] as called:
        yield listener, caller, called


def port(end: socket.socket) -> int:
    return end.getsockname()[1]


def soon(ask: Callable[[], object], answer: object) -> None:
    """The kernel gives this answer, if not at once then in a moment: it may take its time to acknowledge."""
    ends = time.monotonic() + DEADLINE
    while (found := ask()) != answer:
        assert time.monotonic() < ends, found


def has_ipv6() -> bool:
    try:
        with connection("::1"):
            return True
    except OSError:
        return False


ADDRESSES = [LOCALHOST, pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here"))]


@asks_kernel
@pytest.mark.parametrize("address", ADDRESSES)
def test_sockets_of_a_port(address):
    with connection(address) as (listener, caller, called):
        [row] = netns.tcp_sockets(port(listener), "LISTEN")
        assert (row.local, row.state, row.received) == ((address, port(listener)), "LISTEN", 0)
        [row] = netns.tcp_sockets(port(listener), "ESTABLISHED")
        assert (row.local, row.remote) == ((address, port(listener)), (address, port(caller)))
        assert len(netns.tcp_sockets(port(listener), "LISTEN", "ESTABLISHED")) == 2
        assert not netns.tcp_sockets(port(listener), "TIME-WAIT")
        caller.shutdown(socket.SHUT_WR)
        assert called.recv(1) == b""
        assert [row.state for row in netns.tcp_sockets(port(listener), "CLOSE-WAIT", "ESTABLISHED")] == ["CLOSE-WAIT"]
        soon(lambda: [row.state for row in netns.tcp_sockets(port(caller), "FIN-WAIT-2")], ["FIN-WAIT-2"])
        called.close()
        soon(lambda: [row.state for row in netns.tcp_sockets(port(caller), "TIME-WAIT")], ["TIME-WAIT"])
    assert not netns.tcp_sockets(netns.free_port(), "LISTEN", "ESTABLISHED")


@asks_kernel
@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_ipv4_on_an_ipv6_socket_is_ipv4():
    """A server that listens on both families: its connections have the addresses that were used."""
    with socket.create_server(("::", netns.free_port()), family=socket.AF_INET6, dualstack_ipv6=True) as listener, \
            socket.create_connection((LOCALHOST, port(listener))), listener.accept()[0]:
        assert [row.local[0] for row in netns.tcp_sockets(port(listener), "LISTEN")] == ["::"]
        assert [row.local[0] for row in netns.tcp_sockets(port(listener), "ESTABLISHED")] == [LOCALHOST]


@asks_kernel
def test_connections_that_nobody_accepts():
    with socket.create_server((LOCALHOST, netns.free_port())) as listener, \
            socket.create_connection(listener.getsockname()), socket.create_connection(listener.getsockname()):
        assert [row.received for row in netns.tcp_sockets(port(listener), "LISTEN")] == [2]


@asks_kernel
def test_unread_bytes():
    with connection() as (listener, caller, called):
        ends = port(caller), port(listener)
        assert netns.unread(*ends) == 0
        caller.sendall(b"12345")
        assert netns.unread(*ends) == 5
        assert netns.unread(*reversed(ends)) == 0           # the other direction
        called.recv(2)
        assert netns.unread(*ends) == 3
        called.recv(3)
        assert netns.unread(*ends) == 0
        caller.shutdown(socket.SHUT_WR)
        soon(lambda: netns.unread(*ends), 1)                # the end, until it is read
        assert called.recv(1) == b""
        soon(lambda: netns.unread(*ends), 0)


@asks_kernel
def test_unread_bytes_of_who_is_not_yet_accepted():
    with socket.create_server((LOCALHOST, netns.free_port())) as listener, \
            socket.create_connection(listener.getsockname()) as caller:
        caller.sendall(b"123")
        assert netns.unread(port(caller), port(listener)) == 3


@asks_kernel
def test_unread_bytes_where_buffers_are_full():
    """What finds no room on the one side still waits on the other, and is counted there."""
    with connection() as (listener, caller, called):
        caller.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                sent += caller.send(bytes(1 << 16))
        assert sent > 1 << 16
        soon(lambda: netns.unread(port(caller), port(listener)), sent)


@asks_kernel
def test_nothing_is_unread_after_the_end():
    with connection() as (listener, caller, called):
        ends = port(caller), port(listener)
        caller.sendall(b"123")
        called.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        called.close()
        with socket.create_connection(listener.getsockname()):      # whom the kernel would answer about instead
            assert netns.unread(*ends) == 0
    assert netns.unread(*ends) == 0


def test_free_ports():
    """Never one twice; never in the range of ephemeral ports; never the one that 88888 comes to when it is cut."""
    ports = [netns.free_port() for _ in range(500)]
    assert len(set(ports)) == 500 and 20000 <= min(ports) <= max(ports) < 32000
    assert 23352 == 88888 % 65536 and 23352 not in netns.PORTS and len(netns.PORTS) > 11000


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_taken_port_is_not_free(monkeypatch, kind):
    taken, free = netns.free_port(), netns.free_port()
    monkeypatch.setattr(netns, "PORTS", [taken, free])
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind((LOCALHOST, taken))
        assert {netns.free_port() for _ in range(4)} == {free}
        monkeypatch.setattr(netns, "PORTS", [taken])
        with pytest.raises(OSError, match="no free port"):
            netns.free_port()


# Waiting --------------------------------------------------------------------------------------------------------


@dataclass
class Extra:
    """An actor that only writes down what the stage asks of it."""

    name: str
    said: list[str]
    fails: bool = False
    busy: bool = False

    def tick(self) -> None:
        pass

    def suspect(self) -> None:
        self.said.append(f"{self.name} is suspected")

    def testify(self) -> None:
        self.said.append(f"{self.name} testifies")

    def close(self) -> None:
        self.said.append(f"{self.name} leaves")
        if self.fails:
            raise RuntimeError(self.name)


def test_wait_returns_what_happened(stage):
    results = iter([None, 0, "", ["it"]])
    assert stage.wait(lambda: next(results), poll=0) == ["it"]


def test_wait_looks_before_it_gives_up(stage):
    assert stage.wait(lambda: "it", seconds=0, hopeless=lambda: True) == "it"


def test_wait_gives_up_at_its_deadline(stage):
    began = time.monotonic()
    assert stage.wait(lambda: False, seconds=0.02) is None
    assert 0.02 <= time.monotonic() - began < DEADLINE


def test_wait_goes_on_while_it_comes_nearer_but_not_for_ever(stage, monkeypatch):
    """On a clock that goes on by a tenth of a second with each look; the deadline is a second."""
    def at_look(number: int) -> Callable[[], bool]:
        looks = itertools.count(1)
        return lambda: next(looks) == number

    clock = itertools.count(step=0.1)
    monkeypatch.setattr("autograder.stage.time.monotonic", lambda: next(clock))
    monkeypatch.setattr(stage, "turn", lambda seconds: None)
    assert stage.wait(at_look(25), seconds=1) is None
    assert stage.wait(at_look(25), seconds=1, moved=itertools.count().__next__)
    assert stage.wait(at_look(100), seconds=1, moved=itertools.count().__next__) is None


def test_wait_gives_up_at_once_where_it_is_hopeless(stage):
    """So no program that has ended is waited for; the deadline is far."""
    began = time.monotonic()
    assert stage.wait(lambda: False, hopeless=lambda: True) is None
    assert time.monotonic() - began < DEADLINE / 2


def test_wait_takes_the_last_event_that_hopelessness_let_in(stage):
    """A program's end brings in what it printed last: that counts."""
    arrived = []
    assert stage.wait(lambda: arrived, hopeless=lambda: not arrived.append("it")) == ["it"]


def test_wait_without_deadlines_lasts():
    """For who sits in a debugger: here until the hundredth look, long after the deadline of 0 seconds."""
    stage = Stage(deadlines=False)
    looks = iter(range(100))
    assert stage.wait(lambda: next(looks) == 99, seconds=1e-9, poll=0)
    stage.close()


def test_events_come_in_while_it_waits(stage):
    here, there = socket.socketpair()
    with here, there:
        got = []
        stage.watch(here, lambda: got.append(here.recv(9)))
        there.send(b"hello")
        assert stage.wait(lambda: got) == [b"hello"]
        stage.unwatch(here)
        stage.unwatch(here)                                 # no error
        there.send(b"again")
        stage.settle()
        assert got == [b"hello"]


def test_reading_and_writing_are_watched_apart(stage):
    here, there = socket.socketpair()
    with here, there:
        seen = []
        stage.watch(here, lambda: seen.append(here.recv(9)))
        stage.watch(here, lambda: seen.append("room"), write=True)
        stage.turn(0)
        assert seen == ["room"]
        stage.unwatch(here, write=True)
        there.send(b"hello")
        stage.settle()
        assert seen == ["room", b"hello"]


def test_expectation_that_is_late(stage):
    """Only what was waited for in vain is late: three of these in a row, and no more is tried."""
    stage._patience = 0.001
    with pytest.raises(Unmet) as late:
        stage.expect(lambda: False, "this", lambda: "that")
    assert (late.value.expected, late.value.got, late.value.late) == ("this", "that", True)
    with pytest.raises(Unmet) as hopeless:
        stage.expect(lambda: False, "this", lambda: "that", hopeless=lambda: True)
    assert not hopeless.value.late


def test_slow_one_is_suspected_once(stage):
    """CPU time is counted from the first half second on, in which a program may have its reasons."""
    said = []
    stage.actors.append(Extra("alice", said))
    looks = iter([False, False, False, True])
    now = iter([0.0, 0.1, 0.6, 0.7])

    class Clock:
        monotonic = staticmethod(lambda: next(now))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autograder.stage.time", Clock)
        assert stage.wait(lambda: next(looks), poll=0)
    assert said == ["alice is suspected"]


def test_failed_step_is_kept_with_its_evidence(stage):
    said = []
    stage.actors.append(Extra("alice", said))
    with stage.step("a small step"):
        pass
    with pytest.raises(Unmet), stage.step("a large step"), stage.step("a smaller one within it"):
        raise Unmet("this", "that", compare=True)
    small, large = stage.trace.steps
    assert (small.sentence, small.outcome) == ("a small step", "ok")
    assert (large.sentence, large.outcome, large.expected, large.got, large.compare) == (
        "a large step", "failed", "this", "that", True)
    assert said == ["alice testifies"] and large.at <= large.until


def test_step_of_a_broken_test_is_neither(stage):
    """Where the harness itself fails, the step did not fail, and nobody is asked for evidence."""
    said = []
    stage.actors.append(Extra("alice", said))
    with pytest.raises(KeyError), stage.step("a broken one"):
        raise KeyError
    assert stage.trace.steps[0].outcome == "" and not said


def test_actors_leave_in_order_even_if_one_fails():
    """The last to come goes first, as nobody may need who has gone; each one goes, and the failure is told."""
    stage, said = Stage(), []
    stage.actors += [Extra("alice", said), Extra("bob", said, fails=True), Extra("carol", said)]
    with pytest.raises(RuntimeError, match="bob"):
        stage.close()
    assert said == ["carol leaves", "bob leaves", "alice leaves"]


def test_texts_follow_the_seed():
    """The same with the same seed; never one twice; with the word that was asked for."""
    same, again, other = ([stage.line(word) for word in ("", "hello")] for stage in map(Stage, "778"))
    assert same == again != other and same[1].startswith("hello ")
    stage = Stage("7")
    lines = [stage.line("x") for _ in range(9000)]
    assert len(set(lines)) == 9000


# Mistakes -------------------------------------------------------------------------------------------------------


def passed_conversations() -> dict[str, Trace]:
    """Traces as right programs leave them, with all that may look odd and is not."""
    server = Event(0, "your server", "start", text="chat_server.py --port 20001")
    common = [server, Event(0.05, "your server", "listen", text="port 20001"),
              Event(0.06, "alice", "connect", to="your server"),
              Event(0.06, "your server", "screen", b"* client joined\n")]
    bye = [Event(0.1, "alice", "data", b"\xe4", "your server"), Event(0.1, "your server", "read", value=1),
           Event(0.2, "alice", "data", b"\xb8\xad\n", "your server"),
           Event(0.2, "your server", "screen", "中\n".encode()),
           Event(0.3, "your server", "typed", b"hello\n"), Event(0.3, "your server", "data", b"hello\n", "alice"),
           Event(2.0, "", "quiet", value=0.3), Event(2.1, "alice", "data", b"bye\n", "your server"),
           Event(2.1, "your server", "data", b"^^^\n", "alice"), Event(2.1, "your server", "fin", to="alice"),
           Event(2.2, "alice", "fin", to="your server"), Event(2.2, "your server", "screen", b"* client left\n"),
           Event(2.3, "", "time-wait", value=20001), Event(2.4, "your server", "listens on", text="127.0.0.1"),
           Event(2.5, "your server", "waits", text="for more than the keyboard"),
           Event(2.5, "your server", "cpu", value=0.01)]
    reset = [Event(0.1, "alice", "data", b"hello\n", "your server"), Event(0.1, "your server", "screen", b"hello\n"),
             Event(0.2, "alice", "reset", to="your server"), Event(0.2, "your server", "screen", b"* client left\n"),
             Event(0.3, "your server", "signal", text="Ctrl-C"), Event(0.4, "your server", "exit", value=0)]
    chatty = [Event(0.01, "your server", "stderr", b"DEBUG: a reset is ConnectionResetError, is it not?\n")]
    room = [Event(0, "your room", "start", text="chat_room.py --port 20001"),
            *[Event(0.1, name, "connect", to="your room") for name in ("alice", "bob")],
            *[Event(0.2, name, "data", f"{name}\n".encode(), "your room") for name in ("alice", "bob")],
            *[Event(0.3, "your room", "data", b"* alice joined\n* bob joined\n", name) for name in ("alice", "bob")],
            Event(0.4, "alice", "data", b"bob: * hello\n", "your room"),
            Event(0.5, "your room", "data", b"alice: bob: * hello\n", "bob")]
    return {"empty": Trace(), "started": Trace([server]), "bye": Trace(common + bye), "reset": Trace(common + reset),
            "chatty": Trace(common + chatty + bye), "room": Trace(room)}


@pytest.mark.parametrize("id", mistakes.known())
def test_sentence_of_a_mistake(id):
    sentence = mistakes.known()[id].sentence
    assert sentence.endswith(".") and "  " not in sentence and not sentence.startswith(" ")
    assert len(sentence) < 200                              # to be read at a glance


@pytest.mark.parametrize("conversation", passed_conversations())
@pytest.mark.parametrize("id", mistakes.known())
def test_no_mistake_where_nothing_went_wrong(id, conversation):
    assert not mistakes.known()[id].holds(passed_conversations()[conversation])


def test_first_mistake_that_holds_is_named():
    trace = Trace([Event(0, "your server", "listens on", text="0.0.0.0"),
                   Event(0, "your server", "unaccepted", value=1)])
    assert mistakes.diagnose(trace, ["C01", "C20", "C21"]).id == "C20"
    assert mistakes.diagnose(trace, ["C21", "C20"]).id == "C21"
    assert mistakes.diagnose(trace, ["C01", "C03"]) is None
    with pytest.raises(KeyError):
        mistakes.diagnose(trace, ["C99"])


@pytest.mark.parametrize(("seq", "named"), [(300, ""), (600, "T15")])
def test_a_syn_that_comes_again_is_no_new_connection(seq, named):
    """To acknowledge the same one once more is right, even if a check finds fault with something else in the answer."""
    trace = Trace([Event(0, "your endpoint", "start", text="endpoint.py"),
                   Event(0, "your endpoint", "call", text="Endpoint(…, iss=100)")])
    for number in 300, seq:
        syn, answer = Segment(number, 101, SYN | ACK), Segment(101, number + 1, ACK)
        trace.events += [Event(0.1, "the other side", "datagram", syn.packed(KERNEL, HOST), "your endpoint"),
                         Event(0.1, "your endpoint", "state", text="ESTABLISHED"),
                         Event(0.1, "your endpoint", "datagram", answer.packed(HOST, KERNEL), "the other side")]
    found = mistakes.diagnose(trace, ["T15"])
    assert (found.id if found else "") == named


# Skeletons ------------------------------------------------------------------------------------------------------


SOLVED = '''"""What it does."""


def one() -> int:
    """Return one."""
    ### BEGIN SOLUTION 1: return one
    secret = 1
    return secret
    ### END SOLUTION 1


class Two:
    """Two."""

    ### BEGIN SOLUTION 2: the secret of two
    secret = 2
    ### END SOLUTION 2
'''

BROKEN = {
    "no end": ("    ### END SOLUTION 2\n", ""),
    "no end in between": ("    ### END SOLUTION 1\n", ""),
    "no beginning": ("    ### BEGIN SOLUTION 1: return one\n", ""),
    "nested": ("    secret = 1\n", "    ### BEGIN SOLUTION 2: more\n    secret = 1\n    ### END SOLUTION 2\n"),
    "begun twice": ("    secret = 1\n", "    ### BEGIN SOLUTION 1: more\n    secret = 1\n"),
    "wrong number at the end": ("END SOLUTION 1", "END SOLUTION 2"),
    "no number at the end": ("END SOLUTION 1", "END SOLUTION"),
    "wrong number at the beginning": ("BEGIN SOLUTION 2", "BEGIN SOLUTION 3"),
    "the same number again": ("SOLUTION 2", "SOLUTION 1"),
    "no number": ("BEGIN SOLUTION 1:", "BEGIN SOLUTION:"),
    "no text": ("BEGIN SOLUTION 1: return one", "BEGIN SOLUTION 1:"),
    "no colon": ("BEGIN SOLUTION 1: return one", "BEGIN SOLUTION 1 return one"),
    "misspelt beginning": ("BEGIN SOLUTION 1", "BEGIN SOLUTIONS 1"),
    "misspelt end": ("END SOLUTION 1", "END SOLUTIONS 1"),
    "misspelt both": ("SOLUTION 2", "SLOUTION 2"),
    "in small letters": ("SOLUTION 2", "solution 2"),
    "all in small letters": ("### BEGIN SOLUTION 2: the secret of two\n    secret = 2\n    ### END SOLUTION 2",
                             "# begin solution 2: the secret of two\n    secret = 2\n    # end solution 2"),
    "two hashes at the beginning": ("### BEGIN SOLUTION 1", "## BEGIN SOLUTION 1"),
    "two hashes at the end": ("### END SOLUTION 1", "## END SOLUTION 1"),
    "no space behind the hashes": ("### BEGIN SOLUTION 1", "###BEGIN SOLUTION 1"),
    "indented less at the end": ("    ### END SOLUTION 1", "### END SOLUTION 1"),
    "indented more at the end": ("    ### END SOLUTION 1", "        ### END SOLUTION 1"),
    "a tab before it": ("    ### BEGIN SOLUTION 1", "\t### BEGIN SOLUTION 1"),
    "a tab in it": ("### BEGIN SOLUTION 1", "###\tBEGIN SOLUTION 1"),
    "a space behind it": ("### END SOLUTION 1\n", "### END SOLUTION 1 \n"),
    "behind code": ("    return secret\n    ### END SOLUTION 1", "    return secret ### END SOLUTION 1"),
    "a quote in its text": ("return one\n", 'return "one"\n'),
    "a backslash in its text": ("return one\n", "return one\\\n"),
    "indented less at the beginning": ("    ### BEGIN SOLUTION 1", "  ### BEGIN SOLUTION 1"),
    "all in a string": ("    secret = 1\n    return secret\n    ### END SOLUTION 1\n",
                        "    '''\n    ### END SOLUTION 1\n    '''\n"),
}


def test_skeleton():
    assert course.skeleton(SOLVED, "solved.py") == '''"""What it does."""


def one() -> int:
    """Return one."""
    # TODO 1: return one
    raise NotImplementedError("TODO 1: return one")


class Two:
    """Two."""

    # TODO 2: the secret of two
    raise NotImplementedError("TODO 2: the secret of two")
'''


@pytest.mark.parametrize("name", BROKEN)
def test_skeleton_fails_closed(name):
    """Where a mark is not exactly right there is no skeleton, so no secret in it; and the file is named."""
    right, wrong = BROKEN[name]
    assert right in SOLVED
    with pytest.raises(course.Flaw, match="^broken.py"):
        course.skeleton(SOLVED.replace(right, wrong), "broken.py")


def test_no_region_is_no_solution():
    with pytest.raises(course.Flaw, match="no region"):
        course.skeleton("print('a program that is given')\n", "given.py")


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_other_line_ends(ending):
    """A file that was saved on Windows makes the same skeleton."""
    assert course.skeleton(SOLVED.replace("\n", ending), "solved.py") == course.skeleton(SOLVED, "solved.py")


@pytest.fixture
def root(tmp_path) -> Path:
    """A course with one exercise."""
    (tmp_path / "solutions" / "01_one").mkdir(parents=True)
    (tmp_path / "solutions" / "01_one" / "one.py").write_text(SOLVED)
    return tmp_path


def test_strip_writes_what_changed(root):
    target = root / "exercises" / "01_one" / "one.py"
    assert course.strip(root) == [target]
    assert "secret = " not in target.read_text()
    assert course.strip(root) == []                         # once more, and nothing changes
    target.write_text("something else")
    assert course.strip(root) == [target]


def test_strip_leaves_all_as_it_was_where_one_is_broken(root):
    (root / "solutions" / "02_two").mkdir()
    (root / "solutions" / "02_two" / "two.py").write_text(SOLVED.replace("END", "EMD"))
    with pytest.raises(course.Flaw, match=r"^solutions/02_two/two.py"):
        course.strip(root)
    assert not (root / "exercises").exists()


def test_committed_skeletons_are_the_stripped_solutions():
    """If this fails, somebody has edited exercises/ in place of solutions/, or not run `python -m autograder strip`."""
    skeletons = dict(course.skeletons(ROOT))
    assert skeletons
    for target, text in skeletons.items():
        assert target.read_text("utf-8") == text, target


# The link -------------------------------------------------------------------------------------------------------


ECHO = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener, listener.accept()[0] as connection:
    while data := connection.recv(100):
        print("took", len(data), flush=True)
        connection.sendall(data.upper())
    print("the end", flush=True)
"""

CALLER = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
    for line in sys.stdin:
        connection.sendall(line.encode())
        back = bytearray()
        while not back.endswith(b"\\n") and (data := connection.recv(100)):
            back += data
        print(back.decode(), end="", flush=True)
    connection.shutdown(socket.SHUT_WR)
    print("the end" if connection.recv(1) == b"" else "more", flush=True)
"""

LISTENER = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
    connection.shutdown(socket.SHUT_WR)
    for _ in range(int(sys.argv[2])):
        connection.recv(100)
print("closed", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def cast(stage) -> Iterator[Cast]:
    """Two programs, in a folder that every user may enter, since root starts them as another one."""
    with tempfile.TemporaryDirectory(prefix="cast-") as name:
        for script, source in ("echo.py", ECHO), ("caller.py", CALLER), ("listener.py", LISTENER):
            Path(name, script).write_text(source)
        Path(name).chmod(0o755)
        yield Cast(stage, Path(name), "plain")
        for actor in reversed(stage.actors):                # they must have ended before their folder does
            actor.close()
        stage.actors.clear()


@asks_kernel
@pytest.mark.parametrize(("listens", "read"), [(1, [3]), (2, [3, 4])])
def test_what_comes_for_a_closed_socket_is_not_read(cast, listens, read):
    """Who has ended its direction only still reads. Who has closed does not: the kernel throws away what comes."""
    server = cast.server()
    listener = cast.program("listener.py", server.port, listens, lane="the listener")
    server.accepts(listener)
    server.sees_the_end()
    server.sends("one")
    listener.has_read_everything()
    if listens == 1:
        listener.shows("closed")
    server.sends("more")
    listener.has_read_everything()
    assert [event.value for event in cast.stage.trace.of("read")] == read


def linked(cast: Cast, piece: int):
    """An echo server, and a caller that talks with it through a link."""
    port = cast.port()
    server = cast.program("echo.py", port, lane="the server").listens(port)
    link = cast.link(server, piece)
    caller = cast.program("caller.py", link.port, lane="the caller")
    link.carries(caller)
    return server, caller


def sizes(trace: Trace, sender: str) -> list[int]:
    return [len(event.data) for event in trace.of("data", lane=sender)]


@asks_kernel
def test_what_the_kernel_does_not_know_is_an_error():
    """An answer that says "no such protocol" is not one that says "no such socket"."""
    with pytest.raises(OSError):
        netns._ask(netns._diagnostics(), socket.AF_INET, netns.ALL_STATES, netns.NLM_F_DUMP, protocol=200)


@pytest.mark.parametrize("piece", [1, 3])
def test_link_cuts_what_passes(cast, piece):
    """Each piece is one recv(), in both directions, since the next one waits until it was read."""
    server, caller = linked(cast, piece)
    caller.is_typed("grüß dich")                            # 12 bytes with the newline
    caller.shows("GRüß DICH")                               # to bytes, upper() is that of ASCII
    assert sizes(cast.stage.trace, "the caller") == [piece] * (12 // piece)
    if netns.can_ask():
        server.shows("\n".join([f"took {piece}"] * (12 // piece)))
    assert cast.stage.trace.bytes_of("data", lane="the caller") == "grüß dich\n".encode()
    assert cast.stage.trace.bytes_of("data", lane="the server") == "GRüß DICH\n".encode()


def test_link_waits_until_a_piece_is_read(cast):
    """However long that takes: here the server is held still meanwhile, and still each piece is one recv()."""
    if not netns.can_ask():
        pytest.skip("this kernel does not tell what is unread")
    server, caller = linked(cast, 1)
    server.freezes()
    caller.is_typed("hello")
    cast.stage.wait(lambda: sizes(cast.stage.trace, "the caller"))
    for _ in range(50):
        cast.stage.turn(0)
    assert sizes(cast.stage.trace, "the caller") == [1]
    server.thaws()
    caller.shows("HELLO")
    server.shows("\n".join(["took 1"] * 6))


def test_link_passes_on_the_end_of_each_direction(cast):
    """The caller's end arrives behind its last byte, and the server can still answer; then comes the server's."""
    server, caller = linked(cast, 2)
    caller.is_typed("hello")
    caller.input_ends()
    server.shows("the end")
    caller.shows("the end")
    caller.ends(code=0)
    assert [(event.lane, event.to) for event in cast.stage.trace.of("fin")] == [
        ("the caller", "the server"), ("the server", "the caller")]


def test_what_was_shown_too_seldom_is_not_said_to_have_been_shown_wrongly(cast):
    """A line stood there by itself, and was asked for once more: how often it was there is what helps."""
    _, caller = linked(cast, 2)
    caller.is_typed("hello", "hello")
    caller.input_ends()
    caller.ends(code=0)
    caller.shows("HELLO")
    caller.shows("HELLO")
    caller.shows("the end")
    with pytest.raises(Unmet) as unmet:
        caller.shows("HELLO")
    assert unmet.value.got == "it 2 times: the caller ended with exit code 0"
    with pytest.raises(Unmet) as unmet:
        caller.shows("the end")
    assert unmet.value.got == "it once: the caller ended with exit code 0"
    with pytest.raises(Unmet) as unmet:
        caller.shows("the")
    assert unmet.value.got == "it, but not at the end of a line of its own"


def test_link_to_a_server_that_has_gone(cast):
    port = cast.port()
    server = cast.program("echo.py", port, lane="the server").listens(port)
    link = cast.link(server, 1)
    server.is_stopped()
    caller = cast.program("caller.py", link.port, lane="the caller")
    with pytest.raises(Unmet, match="Connection refused"):
        link.carries(caller)


def test_link_outlives_a_program_that_ends_suddenly(cast):
    """The caller learns of it as it would without a link: its connection ends."""
    server, caller = linked(cast, 1)
    caller.is_typed("hello")
    caller.shows("HELLO")
    server.is_stopped()
    caller.is_typed("are you there?")
    caller.input_ends()
    caller.ends(code=None)


# The score ------------------------------------------------------------------------------------------------------


def test_score_is_written_whole_or_not_at_all(tmp_path):
    """Where it cannot be written, the score of before stays."""
    file = tmp_path / "score.json"
    score = Score("03_chat", seed=7)
    score.add(Check("test_a", "lines", "「中」", 1, 1, False, "passed"))
    score.write(file)
    before = file.read_text("utf-8")
    assert json.loads(before)["checks"][0]["rubric"] == "「中」" and "「中」" in before
    score.checks[0].cause = object()                        # nothing that JSON knows
    with pytest.raises(TypeError):
        score.write(file)
    (tmp_path / f".score.json.{os.getpid()}.partial").mkdir()              # nothing that can be written to
    score.checks[0].cause = ""
    with pytest.raises(OSError):
        score.write(file)
    assert file.read_text("utf-8") == before


def test_score_counts_only_what_could_be_judged():
    score = Score("03_chat")
    for outcome, points in ("passed", 1), ("failed", 0), ("blocked", 0), ("error", 0), ("unavailable", 0):
        score.add(Check("test", "lines", "", points, 1, False, outcome))
        score.add(Check("test", "lines", "", points * 2, 2, True, outcome))
    assert (score.points, score.max, score.bonus) == (1, 3, 2)


def test_copy_takes_programs_alone(tmp_path):
    """What is copied of a submission: regular .py files that are not tests."""
    folder = tmp_path / "submission"
    folder.mkdir()
    for name in "a.py", "test_a.py", "conftest.py", "notes.txt", ".hidden.py":
        (folder / name).write_text(name)
    (folder / "link.py").symlink_to(folder / "a.py")
    (folder / "folder.py").mkdir()
    sandbox.copy_sources(folder, tmp_path / "copy")
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) in (["a.py"], [".hidden.py", "a.py"])


# Peers ------------------------------------------------------------------------------------------------------


def test_who_resets_a_connection_at_once_has_connected_all_the_same():
    """By the time that it is accepted, there is no peer whose name could be asked for."""
    stage = Stage()
    server = ScriptedServer(stage)
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as hasty:
            hasty.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            port = hasty.getsockname()[1]
        server.accepts(SimpleNamespace(peers=[], lane="your client", state=lambda: "", has_ended=lambda: False))
        assert server._ports == (server.port, port)
        assert [step.outcome for step in stage.trace.steps] == ["ok"]
    finally:
        server.close()
        stage.close()
