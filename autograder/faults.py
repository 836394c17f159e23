"""What a network may do to datagrams, by script: drop, duplicate or delay the n-th one of a direction.

There is no chance and no clock in it. A delayed datagram is handed over when so many later ones of its direction have
passed, which is how reordering looks to who receives; so the same script has the same effect each time, on real
sockets and in a simulation alike.
"""
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """What happens to one datagram.

    direction: the name of a direction. number: which datagram of this direction, from 1. way: "drop",
    "duplicate" or "delay". by: for a delay, after how many later datagrams of its direction it is handed over.
    """

    direction: str
    number: int
    way: str
    by: int = 0

    def __str__(self) -> str:
        later = f" until {self.by} more ha{'ve' if self.by > 1 else 's'} passed" if self.way == "delay" else ""
        # Some directions are called by the packets that go there. "DATA 1" would be the one that bears the number 1.
        called_by_packets = self.direction.isupper()
        which = f"the {nth(self.number)} {self.direction}" if called_by_packets else f"{self.direction} {self.number}"
        return f"{self.way} {which}{later}"


def nth(number: int) -> str:
    """1st, 2nd, 3rd, 4th, …"""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"


@dataclass(frozen=True)
class Passage:
    """What becomes of a datagram. fate: "" if it just arrives, "again" or "late"; "lost" or "held up" if not now."""

    datagram: bytes
    fate: str = ""

    @property
    def kind(self) -> str:
        """The kind of event that it is in a trace."""
        return self.fate if self.fate in ("lost", "held up") else "datagram"

    @property
    def arrives(self) -> bool:
        """Whether it is handed over now."""
        return self.kind == "datagram"

    def told(self, words: str) -> str:
        """What is said of it: the datagram in these words, and its fate."""
        return f"{words}, {self.fate}" if self.fate else words


class Faults:
    """The faults of a link, as they come: it counts what passes in each direction.

    script: what happens to which datagram; for one datagram the last entry counts.
    """

    def __init__(self, script: Iterable[Fault] = ()) -> None:
        self.script = tuple(script)
        self._planned = {(fault.direction, fault.number): fault for fault in self.script}
        self._passed: dict[str, int] = {}
        self._held: list[tuple[str, int, bytes]] = []       # direction, after which number, datagram

    def passes(self, direction: str, datagram: bytes) -> Iterator[Passage]:
        """One more datagram of this direction: what becomes of it, and of those that waited for it to pass."""
        number = self._passed[direction] = self._passed.get(direction, 0) + 1
        fault = self._planned.get((direction, number))
        if fault is None:
            yield Passage(datagram)
        elif fault.way == "drop":
            yield Passage(datagram, "lost")
        elif fault.way == "duplicate":
            yield Passage(datagram)
            yield Passage(datagram, "again")
        else:
            yield Passage(datagram, "held up")
            self._held.append((direction, number + fault.by, datagram))
        due = [entry for entry in self._held if entry[0] == direction and entry[1] <= number]
        self._held = [entry for entry in self._held if entry not in due]
        for _, _, late in due:
            yield Passage(late, "late")

    def left(self) -> list[tuple[str, bytes]]:
        """What is held still, with its direction; it is held no longer. For the end, when nothing else will pass."""
        left, self._held = [(direction, datagram) for direction, _, datagram in self._held], []
        return left

    def __str__(self) -> str:
        return "; ".join(map(str, self.script)) or "no fault"
