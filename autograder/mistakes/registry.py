"""The known mistakes by their ids, and which of them a trace shows."""
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..trace import Trace
from .evidence import tracebacks


@dataclass(frozen=True)
class Mistake:
    """One known mistake.

    id: as in the course's catalogue. sentence: says what was done, and what is true. holds: the condition. by_error:
    whether an exception of the program can be part of the evidence. Where a program, or a thread of it, has died of an
    exception, it does not behave any more as it was written: its behaviour alone then shows nothing.
    """

    id: str
    sentence: str
    holds: Callable[[Trace], bool]
    by_error: bool


_known: dict[str, Mistake] = {}


def mistake(id: str, sentence: str = "", by_error: bool = False, seen_in: str = "",
            ) -> Callable[[Callable[[Trace], bool]], Callable]:
    """Register the decorated condition under this id, with its sentence.

    seen_in: where the same mistake shows in another way, such as "echo": a check probes "C01.echo" then. Its sentence
    is the one that was given first.
    """
    def register(holds: Callable[[Trace], bool]) -> Callable[[Trace], bool]:
        said = sentence or _known[id].sentence
        _known[f"{id}.{seen_in}" if seen_in else id] = Mistake(id, said, holds, by_error)
        return holds
    return register


def known() -> dict[str, Mistake]:
    """All known mistakes, by id, and where they are seen if that is not where they are mostly."""
    return dict(_known)


def diagnose(trace: Trace, probes: Iterable[str]) -> Mistake | None:
    """The first of these mistakes whose condition the trace meets. Raises KeyError for an id that is not known."""
    died = bool(tracebacks(trace))
    return next((mistake for mistake in (_known[id] for id in probes)
                 if (mistake.by_error or not died) and mistake.holds(trace)), None)
