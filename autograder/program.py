"""A student's program, as its user meets it: a keyboard, a screen, Ctrl-C, and an end.

The methods are the sentences of the tests. Each plays one step, and raises Unmet if the program does not do what
the sentence says.
"""
import contextlib
import functools
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Protocol, runtime_checkable

import psutil

from . import sandbox
from .netns import LINUX, NO_PORT, Row, can_ask, own, tcp_sockets, udp_sockets
from .pipes import selectable
from .stage import POLL, WATCH, Actor, Stage, Unavailable, Unmet
from .words import TRACEBACK, is_text, quote, show

SHORT = 0.003               # seconds between two looks at a program that comes to rest
LAST_BREATH = 1.0           # seconds in which a program may end that has something to do still, when a check has failed
MOST_OUTPUT = 1 << 20       # bytes that one program may write to its screen, or to stderr
RESTING, SPINNING = 0.1, 0.3    # shares of the time: who is busy for less rests, for more spins
MOST_DOUBTS = 20            # how often it is measured again in between: else whoever stays there is measured for ever
FEW_DESCRIPTORS = 20        # by how many open files a program may differ from itself, at the most


def ending(code: int) -> str:
    """An exit code in words: above 128 it stands for the signal that ended the program."""
    try:
        return f"exit code {code}" if code <= 128 else f"signal {signal.Signals(code - 128).name}"
    except ValueError:
        return f"exit code {code}"


def _listening(port: int) -> list[Row]:
    return tcp_sockets(port, "LISTEN")


class Talker(Protocol):
    """Who sends something to a program."""

    def unread(self) -> int:
        """Bytes that were sent and that the program has not read."""


@runtime_checkable
class Caller(Talker, Protocol):
    """Who does so on a connection, which can be broken off."""

    lane: str

    def is_cut_off(self) -> bool:
        """Whether it was, by the program's end: then what the program had not read was thrown away."""


class Program(Actor):
    """One run of one of the student's programs.

    stage: where it plays. script: its file's name, in folder. arguments: as on a command line. lane: what it is
    called in sentences. ports: those that the test uses. tier: how it is confined. files: a folder that it may write
    to, if there is one.
    """

    def __init__(self, stage: Stage, folder: Path, script: str, arguments: Sequence[str], lane: str,
                 ports: Sequence[int], tier: str, files: Path | None = None) -> None:
        self.stage, self.script, self.lane = stage, script, lane
        self.port = 0                           # where it listens, or receives datagrams, once it does
        at = arguments.index("--port") + 1 if "--port" in arguments else 0
        self._given_port = int(arguments[at]) if at else 0
        self._listening = _listening            # asks the kernel for the sockets there
        self.peers: list[Talker] = []           # who talks with it
        self.exit_code: int | None = None
        self._shown: Counter[str] = Counter()
        self._read_before: Counter[str] = Counter()     # bytes from each lane, when it was last seen to have read all
        self._output = {"screen": bytearray(), "stderr": bytearray()}
        self._typing = bytearray()              # typed, and not yet in the pipe
        self._cpu_mark: tuple[float, float] | None = None
        self._launch = functools.partial(sandbox.start, *self._command(script, arguments), folder, ports, tier, files)
        self._begin()
        stage.actors.append(self)
        stage.trace.add(lane, "start", text=" ".join([script, *arguments]))

    def _begin(self) -> None:
        """Start its process, and listen to it."""
        self._looked, self._over_limit, self.exit_code = time.monotonic(), "", None
        self._cpu_mark = None
        self._typing.clear()
        self._process = self._launch()
        self._screen = self._listen_to("screen", self._process.stdout)
        self._stderr = self._listen_to("stderr", self._process.stderr)
        self._keyboard = selectable(self._process.stdin, write=True)
        self._end = self._process.ending()
        if self._end is not None:
            self.stage.watch(self._end, lambda: None)    # nothing to do but to wake up: tick() looks

    def _command(self, script: str, arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
        """What the interpreter is given: a file, and its arguments."""
        return script, arguments

    # What the stage asks of an actor ------------------------------------------------------------------

    def tick(self) -> None:
        """Keep it within its limits, and notice its end."""
        if self.exit_code is not None:
            return
        now = time.monotonic()
        if now - self._looked > WATCH and not self._over_limit:
            self._looked = now
            self._stop(self._process.over_limit())
        code = self._process.exit_code()
        if code is not None:
            for kind, source in ("screen", self._screen), ("stderr", self._stderr):
                while self._read(kind, source):
                    pass
            self.exit_code = code
            self._forget_end()
            self.stage.trace.add(self.lane, "exit", value=code, text=self._over_limit or ending(code))

    def suspect(self) -> None:
        """Count CPU time from here on."""
        if self.exit_code is None:
            self._cpu_mark = time.monotonic(), self._process.busy_seconds()

    def testify(self) -> None:
        """Record CPU share, open files, unread typing, and connections that wait to be accepted.

        Who is just ending is let end first, so that it can be told why.
        """
        self.stage.wait(lambda: self.has_ended() or self._process.sleeps(), seconds=LAST_BREATH, poll=SHORT)
        if self.exit_code is not None:
            return
        trace = self.stage.trace
        if self._cpu_mark:
            since, used = self._cpu_mark
            trace.add(self.lane, "cpu", value=(self._process.busy_seconds() - used) / (time.monotonic() - since))
        if unread := self._untyped():
            trace.add(self.lane, "unread", value=unread, text="typed")
        if (keyboard_only := self._process.waits_for_keyboard_only()) is not None:
            for_whom = "for the keyboard only" if keyboard_only else "for more than the keyboard"
            trace.add(self.lane, "waits", text=for_whom)
        if own() and (_listening(NO_PORT - 65536) or udp_sockets(NO_PORT - 65536)):
            trace.add(self.lane, "listens on", text=f"port {NO_PORT - 65536}")
        if self._given_port and len(udp_sockets(self._given_port)) > 1:
            trace.add(self.lane, "shares", value=self._given_port)
        for row in tcp_sockets(self.port, "LISTEN"):
            if row.received:
                trace.add(self.lane, "unaccepted", value=row.received)

    def close(self) -> None:
        """End the program and all that it started."""
        self._finish()

    def _finish(self) -> None:
        for source in self._screen, self._stderr, self._keyboard:
            self.stage.unwatch(source)
            source.close()
        self._forget_end()
        self._process.end()

    # Sentences ----------------------------------------------------------------------------------------

    def listens(self, port: int, again: str = "") -> "Program":
        """It listens on this port, within the deadline. Returns itself, so that a fixture can return it."""
        return self._opens(port, _listening, f"starts{again}, and listens", "a socket that listens")

    def receives_on(self, port: int, again: str = "") -> "Program":
        """It has a UDP socket on this port, within the deadline. Returns itself."""
        return self._opens(port, udp_sockets, f"starts{again}, and has a UDP socket", "a UDP socket")

    def _opens(self, port: int, sockets: Callable[[int], list[Row]], does: str, what: str) -> "Program":
        self.port, self._listening = port, sockets
        with self.stage.step(f"{self.lane} {does} on port {port}"):
            self.stage.expect(self._is_open, f"{what} on port {port}", lambda: f"none: {self.state()}", poll=POLL,
                              hopeless=self.has_ended)
            self.stage.trace.add(self.lane, "listen", text=f"port {port}")
        return self

    def listens_only_on(self, address: str) -> None:
        """Its listening socket is bound to this address alone."""
        with self.stage.step(f"{self.lane} listens on {address} only"):
            found = sorted({row.local[0] for row in self._listening(self.port)})
            for other in found:
                self.stage.trace.add(self.lane, "listens on", text=other)
            if can_ask() and found != [address]:
                raise Unmet(address, " and ".join(found))

    def shows(self, text: str) -> None:
        """A line on its screen ends with this text: once for each time that this was asked. A prefix does no harm."""
        self._shown[text] += 1
        times = self._shown[text]
        again = f", {times} times by now" if times > 1 else ""
        with self.stage.step(f"{self.lane}'s screen shows {show(text)}{again}"):
            self.stage.expect(lambda: self.screen.count(f"{text}\n") >= times, show(text),
                              lambda: self._too_seldom(text) or self._instead(text), hopeless=self.has_ended)

    def shows_line(self, line: str) -> None:
        """Exactly this is a line on its screen, and has no end of another one in front of it."""
        with self.stage.step(f"{self.lane}'s screen shows the line {show(line)}"):
            self.stage.expect(lambda: f"\n{line}\n" in f"\n{self.screen}", show(line),
                              lambda: self._instead(f"{line}\n"), hopeless=self.has_ended)

    def shows_lines(self, count: int) -> None:
        """So many lines are on its screen by now, or more."""
        with self.stage.step(f"{self.lane}'s screen has {count} line{'s' * (count > 1)} by now"):
            self.stage.expect(lambda: self.screen.count("\n") >= count, f"{count}",
                              lambda: str(self.screen.count("\n")), hopeless=self.has_ended)

    def has_shown(self, text: str, times: int) -> None:
        """So often, and not more, a line on its screen ends with this text."""
        often = "once" if times == 1 else f"{times} times"
        with self.stage.step(f"{self.lane}'s screen has shown {show(text)} {often}"):
            self.stage.settle()
            if (found := self.screen.count(f"{text}\n")) != times:
                raise Unmet(f"{times}", f"{found}")

    def has_printed(self, data: bytes) -> None:
        """All that is on its screen are exactly these bytes."""
        with self.stage.step(f"{self.lane}'s screen shows exactly  {show(data)}"):
            def found() -> bytes:
                return bytes(self._output["screen"])

            self.stage.expect(lambda: found() == data or not data.startswith(found()), f"{len(data):,} bytes",
                              lambda: f"{f'only the first {len(found()):,} of them' if found() else 'nothing'}: "
                              f"{self.state()}", hopeless=self.has_ended)
            if found() != data:
                as_text = is_text(data) and is_text(found())
                raise Unmet(*(quote(each) if as_text else each.hex(" ") for each in (data, found())), compare=True)

    def does_not_show(self, text: str) -> None:
        """This text is not on its screen. For the moment after something else has shown that it would be there."""
        with self.stage.step(f"{self.lane}'s screen does not show {show(text)}"):
            self.stage.settle()
            if text in self.screen:
                raise Unmet("nothing of it yet", show(text))

    def tells(self, line: str) -> None:
        """This is a line of what it writes to stderr."""
        with self.stage.step(f"{self.lane} tells on stderr  {show(line)}"):
            self.stage.expect(lambda: line in self.errors.splitlines(), show(line), lambda: f"nothing: {self.state()}",
                              hopeless=self.has_ended)

    def is_typed(self, *lines: str) -> None:
        """Somebody types these lines at its keyboard, each with Enter."""
        shown = show(lines[0]) if len(lines) == 1 else f"{len(lines)} lines"
        with self.stage.step(f"at the keyboard of {self.lane}, somebody types {shown}"):
            data = "".join(f"{line}\n" for line in lines).encode()
            self.stage.trace.add(self.lane, "typed", data=data)
            self._put(data)

    def input_ends(self) -> None:
        """Its input ends, as with Ctrl-D at a terminal."""
        with self.stage.step(f"the input of {self.lane} ends (Ctrl-D)"):
            self.stage.wait(lambda: not self._typing or self.has_ended())
            self.stage.trace.add(self.lane, "input ended")
            self.stage.unwatch(self._keyboard)
            self._keyboard.close()

    def gets_ctrl_c(self) -> None:
        """Somebody presses Ctrl-C in its terminal, while it waits. One that never rests is let pass.

        A signal that comes in the moment before a call waits is seen by Python only when that call returns.
        """
        with self.stage.step(f"somebody presses Ctrl-C in the terminal of {self.lane}"):
            if os.name == "nt":
                raise Unavailable("Ctrl-C cannot be sent to another program on Windows")
            if LINUX:
                self.stage.wait(self._at_rest(), poll=SHORT, hopeless=self.has_ended)
            self.stage.trace.add(self.lane, "signal", text="Ctrl-C")
            self._process.signal(signal.SIGINT)

    def is_stopped(self) -> None:
        """It is ended from outside, at once; the kernel closes its sockets. For tests of what comes after."""
        with self.stage.step(f"{self.lane} is stopped"):
            self._process.kill()
            self.stage.expect(self.has_ended, "its end", self.state)

    def takes_what_it_can(self) -> None:
        """It reads what is typed until it has all of it, or until it has to wait, since its peer does not read."""
        with self.stage.step(f"{self.lane} sends as much as fits into the buffers"):
            self.stage.until_stuck(self._untyped, self.has_ended)

    def comes_to_rest(self) -> None:
        """It has done what it had to do, and waits: all its threads sleep, and none has run between two looks.

        Where the kernel does not tell, a quiet period passes.
        """
        with self.stage.step(f"{self.lane} has come to rest"):
            if not LINUX:
                self.stage.quiet("give the program time")
                return
            self.stage.expect(self._at_rest(), "a program at rest",
                              lambda: self.state() if self.has_ended() else "one that is busy",
                              poll=SHORT, hopeless=self.has_ended)

    def waits_for_more(self) -> None:
        """It has come to rest and not ended, as it would if it were about to. One that never rests is let pass.

        Where the kernel does not tell, a quiet period passes.
        """
        with self.stage.step(f"{self.lane} waits for more"):
            if LINUX:
                self.stage.wait(self._at_rest(), poll=SHORT, hopeless=self.has_ended)
            else:
                self.stage.quiet("give the program time to end")
            if self.has_ended():
                raise Unmet("that it waits for more", self.state())

    def _at_rest(self) -> Callable[[], bool]:
        """A question, to be asked again and again: whether it rests, and has not run since it was asked last."""
        before: list[float] = []

        def same_as_before() -> bool:
            before.append(self._process.busy_seconds())
            return self._process.sleeps() and before[-2:-1] == before[-1:]
        return same_as_before

    def freezes(self) -> None:
        """The system gives it no time from here on, so that things happen which it can only see afterwards."""
        if os.name == "nt":
            raise Unavailable("a program cannot be held still on Windows")
        self._signal_all(signal.SIGSTOP)
        self.stage.wait(lambda: self._process.is_held() or self.has_ended(), poll=POLL)

    def thaws(self) -> None:
        """It goes on after freezes()."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: int) -> None:
        for pid in self._process.tree():
            with contextlib.suppress(ProcessLookupError):       # it has ended meanwhile
                os.kill(pid, number)

    def has_read_everything(self) -> None:
        """It has taken in all that was sent and typed so far, so that its recv() has returned.

        Asked of the kernel: nothing is on its way, nothing is in its receive buffer, nothing is left in the pipe
        of its keyboard. Where the kernel cannot be asked, a quiet period passes instead.
        """
        with self.stage.step(f"{self.lane} has read everything"):
            if not can_ask():
                self.stage.quiet("give the program time to read")
                return
            self.stage.expect(lambda: not self._unread(), "all of it read",
                              lambda: f"{self._unread()} bytes that it leaves unread: {self.state()}",
                              poll=POLL, hopeless=self.has_ended)
            sent: Counter[str] = Counter()
            for event in self.stage.trace.of("data", "datagram", to=self.lane):
                sent[event.lane] += len(event.data)
            # What comes for a socket that the program has closed, the kernel throws away. Nobody has read that.
            lost = {peer.lane for peer in self.peers if isinstance(peer, Caller) and peer.is_cut_off()}
            read = sum(size - self._read_before[lane] for lane, size in sent.items() if lane not in lost)
            if read > 0:
                self.stage.trace.add(self.lane, "read", value=read)
            self._read_before = sent

    def ends(self, code: int | None = 0) -> None:
        """It ends, with this exit code; with None, any will do."""
        wanted = "" if code is None else f", with exit code {code}"
        with self.stage.step(f"{self.lane} ends{wanted}"):
            self.stage.expect(self.has_ended, f"its end{wanted}", self.state)
            if code not in (None, self.exit_code):
                raise Unmet(f"exit code {code}", self.state())

    def ended_quietly(self) -> None:
        """After its end: stderr has no traceback. What else is there is the student's own business."""
        with self.stage.step(f"{self.lane} ended without a traceback"):
            if TRACEBACK in self.errors:
                raise Unmet("no traceback on stderr", "one, see below")

    def told_in_one_line(self) -> None:
        """After its end: stderr has one line, and it is not the end of a traceback."""
        with self.stage.step(f"{self.lane} told why, in one line on stderr"):
            lines = self.errors.strip().splitlines()
            if len(lines) != 1:
                traceback = " of a traceback" if TRACEBACK in self.errors else ""
                raise Unmet("one line that says what is wrong",
                            f"{len(lines)} lines{traceback}" if lines else "nothing on stderr")

    def rests(self) -> None:
        """It does not spin: while nothing happens it uses next to no CPU time.

        Measured over the declared quiet period; again if the share is between that of rest and that of a spin.
        """
        with self.stage.step(f"{self.lane} waits without using the CPU"):
            trace = self.stage.trace

            def share() -> float:
                since, used = time.monotonic(), self._process.busy_seconds()
                self.stage.quiet("it rests")
                return (self._process.busy_seconds() - used) / (time.monotonic() - since)

            measured = share()
            for _ in range(MOST_DOUBTS):
                if self.has_ended() or not RESTING <= measured <= SPINNING:
                    break
                measured = share()
            if self.has_ended():
                raise Unmet("a program at rest", self.state())
            if measured >= RESTING:
                trace.add(self.lane, "cpu", value=measured)
                raise Unmet("a program at rest", f"one that uses {measured:.0%} of a processor, for nothing")

    def counts_descriptors(self) -> int:
        """How many files and sockets it has open; 0 where that cannot be known."""
        return self._process.descriptors() or 0

    def has_no_more_descriptors_than(self, before: int, after: str) -> None:
        """It holds no more open files and sockets than counts_descriptors() said, give or take a few."""
        with self.stage.step(f"{self.lane} has closed its sockets of {after}"):
            def grown() -> int:
                return self.counts_descriptors() - before
            if not self.stage.wait(lambda: grown() < FEW_DESCRIPTORS or self.has_ended()):
                self.stage.trace.add(self.lane, "descriptors", value=grown())
                raise Unmet(f"about {before} open files and sockets, as before", f"{before + grown()}")

    # What is known of it ------------------------------------------------------------------------------

    @property
    def screen(self) -> str:
        """All that it has printed so far, with a plain newline at the end of each line."""
        return self._output["screen"].decode("utf-8", "replace").replace("\r\n", "\n")

    @property
    def errors(self) -> str:
        """All that it has written to stderr so far."""
        return self._output["stderr"].decode("utf-8", "replace")

    def has_ended(self) -> bool:
        """Whether it has ended, with all that it printed taken in."""
        return self.exit_code is not None

    # How it is done -----------------------------------------------------------------------------------

    def _is_open(self) -> bool:
        """Whether its socket is there: one that listens, or one for datagrams."""
        if can_ask():
            return bool(self._listening(self.port))
        kind, state = ("udp", psutil.CONN_NONE) if self._listening is udp_sockets else ("tcp", psutil.CONN_LISTEN)
        for pid in self._process.tree():
            try:
                connections = psutil.Process(pid).net_connections(kind)
            except psutil.Error:
                continue
            if any(c.status == state and c.laddr.port == self.port for c in connections):
                return True
        return False

    def _forget_end(self) -> None:
        if self._end is not None:
            self.stage.unwatch(self._end)
            os.close(self._end)
            self._end = None

    def _listen_to(self, kind: str, pipe: IO[bytes]) -> IO[bytes]:
        source = selectable(pipe)
        self.stage.watch(source, lambda: self._read(kind, source))
        return source

    def _read(self, kind: str, source: IO[bytes]) -> bool:
        """Take in what is there. Returns whether there may be more."""
        data = source.read(65536)
        if not data:
            if data is not None:
                self.stage.unwatch(source)
            return False
        output = self._output[kind]
        room = MOST_OUTPUT - len(output)
        output += data[:room]
        self._heard(kind, data[:room])
        if kind == "stderr" and self.stage.aloud:
            sys.stderr.write(data.decode("utf-8", "replace"))
        if len(data) > room:
            self._stop(f"it wrote more than {MOST_OUTPUT >> 20} MiB")
            self.stage.unwatch(source)
            return False
        return True

    def _heard(self, kind: str, data: bytes) -> None:
        """It has written this: to the "screen", or to "stderr"."""
        self.stage.trace.add(self.lane, kind, data=data)

    def _put(self, data: bytes) -> None:
        """Have this put into the pipe of its keyboard."""
        if not self._typing:
            self.stage.watch(self._keyboard, self._type, write=True)
        self._typing += data
        self._type()

    def _type(self) -> None:
        """Put into the pipe what fits, and go on when there is room again."""
        try:
            written = self._keyboard.write(self._typing[:65536]) or 0
        except OSError:                         # it has closed its input, or ended
            written = len(self._typing)
        del self._typing[:written]
        if not self._typing:
            self.stage.unwatch(self._keyboard, write=True)

    def _untyped(self) -> int:
        """Bytes that were typed and that the program has not read: those in the pipe too, where that is told."""
        if not LINUX or self._keyboard.closed:
            return len(self._typing)
        import fcntl
        import termios
        waiting = fcntl.ioctl(self._keyboard, termios.FIONREAD, bytes(4))
        return len(self._typing) + int.from_bytes(waiting, sys.byteorder)

    def _unread(self) -> int:
        return self._untyped() + sum(peer.unread() for peer in self.peers)

    def _stop(self, reason: str | None) -> None:
        """End it for a reason that lies with it."""
        if reason and not self._over_limit:
            self._over_limit = reason
            self.stage.trace.add(self.lane, "limit", text=reason)
            self._process.kill()

    def state(self) -> str:
        """In words: that it runs, or how it ended."""
        if self._over_limit:
            return f"{self.lane} was ended, since {self._over_limit}"
        if self.exit_code is None:
            return f"{self.lane} still runs"
        return f"{self.lane} ended with {ending(self.exit_code)}"

    def _too_seldom(self, text: str) -> str:
        """How often a line that ends with this text was shown, where one more was expected; "" if none was."""
        if not (found := self.screen.count(f"{text}\n")):
            return ""
        often = "it once" if found == 1 else f"it {found} times"
        return f"{often}: {self.state()}" if self.has_ended() else often

    def _instead(self, text: str) -> str:
        """What is on the screen, where a line that ends with this text was expected."""
        if text in self.screen and text != "\n":        # an empty line: each line has that in it
            return "it, but not at the end of a line of its own"
        shown = self.screen.strip().splitlines()
        found = f"last on the screen: {show(shown[-1])}" if shown else "nothing on the screen"
        return f"{found}: {self.state()}" if self.has_ended() else found
