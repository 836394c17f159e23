"""Where a test plays: one loop, one trace, numbered steps, and deadlines.

Everything that a test waits for passes through Stage.wait(), on one thread: what a program prints, what
arrives on a socket, what the kernel tells. So there is one order of events, and nothing is waited for by
sleeping. A deadline is generous and is only ever met by failure.

Three blames are kept apart by the type of the exception: Unmet is the student's program, Unavailable is this
machine, anything else is the harness itself. Only the first costs points.
"""
import contextlib
import random
import selectors
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from .trace import Step, Trace

DEADLINE = 5.0          # seconds that an expected event may take. It took milliseconds, wherever it was measured
MOST_DEADLINES = 4      # that many of them, while what is waited for comes nearer all the time
QUIET = 0.3             # seconds of the one declared wait, for what cannot be shown to be over in another way
WATCH = 0.05            # seconds between two looks of the watchdog
POLL = 0.0002           # seconds between two looks at what the kernel tells only when asked
MOST_TURNS = 1000       # turns in which what has already happened is taken in: a program may never stop printing
FIRST_LOOK = 0.5        # seconds after which a wait is suspicious, and CPU time is counted from here on

T = TypeVar("T")


class Unmet(Exception):
    """The student's program did not do what a step expects.

    expected, got: texts for a person, each fit to stand behind its word. late: whether a deadline passed.
    compare: whether the two are of the same kind, so that a mark under the first difference helps. done: whether it is
    about what the program has done already, so that a TODO which it runs into behind that is not why.
    """

    def __init__(self, expected: str, got: str, late: bool = False, compare: bool = False, done: bool = False) -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected, self.got, self.late, self.compare, self.done = expected, got, late, compare, done


class Unavailable(Exception):
    """This machine cannot do what the test needs. The text says what is missing."""


class Actor:
    """Who takes part in a test. The stage lets it look after itself, and ends it. One that lives on events alone has
    nothing to do but in close().

    busy: whether it has something to do that no event announces, so that the loop should turn fast.
    """

    busy = False

    def tick(self) -> None:
        """Look after what no event tells: called in each turn of the loop."""

    def suspect(self) -> None:
        """Begin to measure: an expected event is slow to come."""

    def testify(self) -> None:
        """Record what the kernel tells about this actor now, as evidence: an expectation was not met."""

    def close(self) -> None:
        """End, and leave nothing behind."""


class Stage:
    """One test's loop, steps and actors.

    seed: chooses all that is random in the test; the same seed gives the same texts.
    deadlines: False lets every wait last for ever, for a student who sits in a debugger, and shows at once what a
    program writes to stderr.
    """

    def __init__(self, seed: str = "", deadlines: bool = True) -> None:
        self.trace = Trace()
        self.random = random.Random(seed)
        self.quiet_seconds = 0.0
        self.actors: list[Actor] = []
        self.aloud = not deadlines
        self._patience = 1.0 if deadlines else float("inf")
        self._selector = selectors.SelectSelector()     # the one that counts in less than milliseconds
        self._number = self.random.randrange(9000)
        self._depth = 0

    def close(self) -> None:
        """End all actors, the last one first. Each is ended, whatever happens to another."""
        failure = None
        for actor in reversed(self.actors):
            try:
                actor.close()
            except Exception as error:
                failure = error
        self._selector.close()
        if failure:
            raise failure

    # Waiting ------------------------------------------------------------------------------------------

    def watch(self, source: Any, ready: Callable[[], object], write: bool = False) -> None:
        """Call ready() in the loop whenever the source (a file or socket) can be read; or, with write, written."""
        ways = {selectors.EVENT_WRITE if write else selectors.EVENT_READ: ready}
        if known := self._selector.get_map().get(source):
            ways = known.data | ways
            self._selector.modify(source, sum(ways), ways)
        else:
            self._selector.register(source, sum(ways), ways)

    def unwatch(self, source: Any, write: bool = False) -> None:
        """Watch this no longer; with write, only no longer for writing. No error if it is not watched."""
        with contextlib.suppress(KeyError, ValueError):
            known = self._selector.get_key(source)
            ways = {way: ready for way, ready in known.data.items() if write and way != selectors.EVENT_WRITE}
            if ways:
                self._selector.modify(source, sum(ways), ways)
            else:
                self._selector.unregister(source)

    def turn(self, seconds: float) -> bool:
        """One turn of the loop: let what is ready happen, or wait for it this long (s) at most.

        Returns whether anything happened.
        """
        if any(actor.busy for actor in self.actors):
            seconds = min(seconds, POLL)
        happened = self._selector.select(min(seconds, WATCH))
        for key, events in happened:
            for way, ready in list(key.data.items()):
                if events & way:
                    ready()
        for actor in self.actors:
            actor.tick()
        return bool(happened)

    def settle(self) -> None:
        """Take in all that has already happened, without waiting for more: so many turns at the most."""
        for _ in range(MOST_TURNS):
            if not self.turn(0):
                break

    def wait(self, happened: Callable[[], T], seconds: float = DEADLINE, poll: float = WATCH,
             hopeless: Callable[[], bool] = lambda: False, moved: Callable[[], object] = lambda: None) -> T | None:
        """Turn the loop until happened() is true, and return what it returned.

        seconds: give up after this long, and return None. poll: look again at least this often (s), for what
        no event announces. hopeless: give up at once when this is true, since it cannot happen any more. moved: when
        it changes, the time begins again, a few times: a megabyte may take long on a busy machine.
        """
        begin, most = time.monotonic(), seconds * self._patience
        suspected, last, since = False, moved(), begin
        while not (result := happened()):
            waited = time.monotonic() - begin
            if (now := moved()) != last:
                last, since = now, begin + waited
            left = min(since + most, begin + MOST_DEADLINES * most) - (begin + waited)
            if left <= 0 or hopeless():
                return happened() or None           # hopeless() may have let the last event in
            if waited > FIRST_LOOK and not suspected:
                suspected = True
                for actor in self.actors:
                    actor.suspect()
            # What takes long may be seen a little later, for less work.
            self.turn(min(max(poll, waited / 10), left))
        return result

    def expect(self, happened: Callable[[], T], expected: str, got: Callable[[], str], poll: float = WATCH,
               hopeless: Callable[[], bool] = lambda: False, moved: Callable[[], object] = lambda: None) -> T:
        """Wait as wait() does. Raises Unmet with these two texts if it does not happen."""
        result = self.wait(happened, poll=poll, hopeless=hopeless, moved=moved)
        if not result:
            raise Unmet(expected, got(), late=not hopeless())
        return result

    def expect_ready(self, source: Any, expected: str, got: Callable[[], str], hopeless: Callable[[], bool],
                     write: bool = False) -> None:
        """Wait until a source, not watched so far, can be read; or, with write, written. Raises Unmet as expect()."""
        ready: list[bool] = []
        self.watch(source, lambda: ready.append(True), write)
        try:
            self.expect(lambda: ready, expected, got, hopeless=hopeless)
        finally:
            self.unwatch(source)

    def quiet(self, why: str) -> None:
        """Let the one declared quiet period pass. why: what it is to show; kept in the trace."""
        self.declare_quiet(why)
        self.wait(lambda: False, seconds=QUIET)

    def declare_quiet(self, why: str, seconds: float = QUIET) -> None:
        """Count so long a quiet period (s), which passes, or has just passed, while something else was waited for."""
        self.trace.add("", "quiet", text=why, value=seconds)
        self.quiet_seconds += seconds

    def until_stuck(self, left: Callable[[], int], over: Callable[[], bool]) -> None:
        """Wait while less and less is left: until nothing is, or it is over, or a quiet period changes nothing."""
        while (before := left()) and not over():
            if not self.wait(lambda before=before: left() < before, seconds=QUIET, poll=POLL):
                self.declare_quiet("it takes what it can")
                return

    # Rehearsals ---------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def rehearsal(self, impatient: bool = False) -> Iterator[list]:
        """What is played inside leaves neither steps nor events in the trace: both are in the list that this gives.

        impatient: with deadlines of a tenth.
        """
        trace, patience, quiet = self.trace, self._patience, self.quiet_seconds
        steps, events = len(trace.steps), len(trace.events)
        self._patience = patience / 10 if impatient else patience
        removed: list = []
        try:
            yield removed
        finally:
            self._patience, self.quiet_seconds = patience, quiet
            removed += trace.steps[steps:], trace.events[events:]
            del trace.steps[steps:], trace.events[events:]

    # Steps --------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def step(self, sentence: str) -> Iterator[Step]:
        """Play one step. It is recorded, and numbered in the report; within it, smaller ones are not."""
        if self._depth:
            yield self.trace.steps[-1]
            return
        step = Step(sentence, self.trace.now())
        self.trace.steps.append(step)
        self._depth += 1
        try:
            yield step
            step.outcome = "ok"
        except Unmet as unmet:
            step.outcome, step.expected, step.got, step.compare = "failed", unmet.expected, unmet.got, unmet.compare
            self.settle()
            for actor in self.actors:
                actor.testify()
            raise
        finally:
            self._depth -= 1
            step.until = self.trace.now()

    # Texts --------------------------------------------------------------------------------------------

    def line(self, word: str = "") -> str:
        """A line that nobody can have foreseen: two words (or the given one) and a number, never twice."""
        words = word or f"{self.random.choice(_COLOURS)} {self.random.choice(_THINGS)}"
        self._number = (self._number + 4241) % 9000         # has no factor with 9000 in common: each comes once
        return f"{words} {1000 + self._number}"


_COLOURS = ("amber", "blue", "coral", "dusty", "early", "faint", "green", "happy", "ivory", "jolly", "kind", "lilac")
_THINGS = ("apple", "boat", "cloud", "drum", "egret", "fern", "gate", "hill", "island", "jar", "kite", "lamp", "moon")
