"""Property-based tests: many examples, and of those that fail the smallest one, which a person then sees.

Hypothesis draws the examples, and makes one that fails smaller. It is imported where it is needed only: that takes a
tenth of a second.
"""
import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .faults import Fault
from .stage import Stage, Unmet

T = TypeVar("T")

MOST_PLAYS = 600            # of one search, with all that is tried to make an example smaller
MOST_LATE = 15              # of these, so many may fail by waiting in vain
MOST_SECONDS = 20           # after which no more examples are tried
MOST_CUTS = 6               # in what is drawn; the cuts at all places are tried besides


class _Failed(Exception):
    """One and the same for all examples that fail, so that Hypothesis takes them for one bug."""


def search(stage: Stage, examples: Any, plays: Callable[[T], None], first: Sequence[T], count: int, seed: int,
           what: str) -> None:
    """Play many examples, of which no one is seen. If one fails, play the smallest that was found once more, and see.

    examples: a strategy, of those below. plays: plays one of them, and raises Unmet if it fails. first: what is tried
    before, the smallest first. count: how many are drawn then; seed: the same ones with the same seed. what: a word
    for several of them. Raises Unmet.
    """
    import hypothesis
    from hypothesis.internal.conjecture import providers

    # Else some examples would be made of the numbers in our own source: others after each change of it, and it would
    # first have to be read, for a tenth of a second.
    providers._get_local_constants = lambda: providers._local_constants

    failing: list[tuple[T, list, Unmet]] = []
    played = late = 0
    began = time.monotonic()

    def rehearse(example: T) -> bool:
        """Play one, and tell whether it failed."""
        nonlocal played, late
        played += 1
        with stage.rehearsal(impatient=bool(failing)) as removed:
            try:
                plays(example)
            except Unmet as unmet:
                failing.append((example, removed, unmet))
                late += unmet.late
                return True
        return False

    @hypothesis.seed(seed)
    @hypothesis.settings(max_examples=count, database=None, deadline=None, print_blob=False, report_multiple_bugs=False,
                         suppress_health_check=list(hypothesis.HealthCheck), verbosity=hypothesis.Verbosity.quiet,
                         phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink])
    @hypothesis.given(examples)
    def draw(example: T) -> None:
        if failing and (played >= MOST_PLAYS or late >= MOST_LATE) or time.monotonic() - began > MOST_SECONDS:
            return                              # it is small enough, or there were enough for so slow a program
        if rehearse(example):
            raise _Failed

    if not any(map(rehearse, first)):
        with tempfile.TemporaryDirectory() as home, contextlib.suppress(_Failed):
            hypothesis.configuration.set_hypothesis_home_dir(home)     # else it makes a folder where we are
            try:
                draw()
            except hypothesis.errors.Flaky:     # it was small enough, or the program does not always do the same
                if not failing:
                    raise
    if not failing:
        with stage.step(f"all of {played} {what} go well"):
            return
    with stage.step(f"of the {what} that were tried, the shortest that failed is played now"):
        pass
    example, before, unmet = min(failing, key=lambda failed: len(repr(failed[0])))
    with stage.rehearsal() as now:
        try:
            plays(example)
        except Unmet as again:
            before, unmet = now, again
    # If it went well this time: what was seen before has happened all the same.
    stage.trace.steps += before[0]
    stage.trace.events += before[1]
    raise unmet


@dataclass(frozen=True)
class Cut:
    """A stream of bytes, and where it is cut. messages: what it consists of. places: after how many bytes."""

    messages: tuple[object, ...]
    stream: bytes
    places: tuple[int, ...]

    @property
    def pieces(self) -> list[bytes]:
        """The pieces, in order."""
        ends = [0, *self.places, len(self.stream)]
        return [self.stream[begin:end] for begin, end in zip(ends, ends[1:], strict=False)]


def cut_everywhere(message: object, frame: Callable[[object], bytes]) -> list[Cut]:
    """A message in its frame: in one piece, then cut once, at each place in turn, and last at all of them."""
    stream = frame(message)
    every = range(1, len(stream))
    return [Cut((message,), stream, places) for places in [(), *((at,) for at in every), tuple(every)]]


def cuts(messages: Sequence[object], frame: Callable[[object], bytes]) -> Any:
    """A strategy for Cut: some of these messages, each in its frame, and a few cuts between any bytes."""
    from hypothesis import strategies

    @strategies.composite
    def cut(draw: Callable) -> Cut:
        chosen = draw(strategies.lists(strategies.sampled_from(messages), min_size=1, max_size=3))
        stream = b"".join(map(frame, chosen))
        # A list, for Hypothesis does not make a set much smaller.
        places = draw(strategies.lists(strategies.integers(1, len(stream) - 1), max_size=MOST_CUTS))
        return Cut(tuple(chosen), stream, tuple(sorted(set(places))))

    return cut()


def scripts(directions: Sequence[str], among: int, most: int, held: int) -> Any:
    """A strategy for scripts of faults (see faults.py).

    directions: in which something may happen. among: to the first so many datagrams of each. most: faults in all.
    held: how many later datagrams may overtake a delayed one, at most.
    """
    from hypothesis import strategies

    places = strategies.tuples(strategies.sampled_from(directions), strategies.integers(1, among))
    ways = strategies.one_of(strategies.tuples(strategies.sampled_from(["drop", "duplicate"]), strategies.just(0)),
                             strategies.tuples(strategies.just("delay"), strategies.integers(1, held)))
    plans = strategies.lists(strategies.tuples(places, ways), max_size=most)
    return plans.map(lambda plan: tuple(sorted(Fault(*place, *way) for place, way in dict(plan).items())))
