"""For the lesson on UDP: a program that receives datagrams, a transfer that is played without sockets, two pictures.

The transfer is that of lesson 04, section 7: a sender and a receiver that are told what has arrived, or that nothing
has, and return what is to be sent. Their packets are short texts, so that a person can read them in the picture.
"""
import heapq
import itertools
from collections.abc import Sequence
from typing import Protocol

from ..faults import Fault, Faults
from ..program import Program
from ..render import svg, text
from ..render.svg import BAD, FAINT, GOOD
from ..simulation import ONE_WAY
from ..trace import Trace
from . import Play, show
from .boxes import PLAIN, arrow, box, label, picture

WAIT = 100                      # ms without a useful answer, after which the sender is told about the silence
MOST_PACKETS = 16               # after so many a transfer does not come to an end
ENDS = ("the sender", "the receiver")
QUIET = ("#f6f8fa", FAINT)      # the colours of a box that has no part in it


def receiver(play: Play, script: str, lane: str = "the server") -> Program:
    """Start a program that receives datagrams on the port that it gets as --port, and wait until it does."""
    port = play.port()
    return play.program(script, "--port", port, lane=lane).receives_on(port)


class Sender(Protocol):
    """What sends: each call returns the packet to be sent now, or None."""

    def start(self) -> str | None:
        """It begins."""

    def hears(self, packet: str) -> str | None:
        """A packet has arrived."""

    def silence(self) -> str | None:
        """Nothing useful has arrived for so long."""

    def finished(self) -> bool:
        """Whether it believes that all has arrived."""


class Receiver(Protocol):
    """What receives."""

    def hears(self, packet: str) -> tuple[str | None, str | None]:
        """A packet has arrived. Returns the block to be handed over and the packet to be sent, or None for each."""


class Transfer:
    """One transfer over a link with these faults, on a clock that only counts: how it went, in .trace.

    sender, receiver: both ends. script: what happens to which packet; "out" is towards the receiver, "back" is back.
    """

    def __init__(self, sender: Sender, receiver: Receiver, script: Sequence[Fault]) -> None:
        self.sender, self.receiver, self._faults = sender, receiver, Faults(script)
        self.handed: list[str] = []             # the blocks, as they were handed over
        self.stuck = False                      # whether both wait for each other
        self._now, self._deadline, self._sent, self._order = 0, WAIT, 0, itertools.count()
        self._under_way: list[tuple[int, int, str, str, str]] = []      # arrival, order, way, packet, what to call it
        self.trace = Trace(clock=lambda: self._now / 1000)
        self.trace.add(ENDS[0], "result", text="begins")
        self.trace.add(ENDS[1], "start")

    def plays(self) -> None:
        """Play it until the sender has finished, both wait, or it does not come to an end."""
        self._send("out", self.sender.start())
        while self._sent < MOST_PACKETS and not self.stuck:
            if self._under_way and (self.sender.finished() or self._under_way[0][0] <= self._deadline):
                self._deliver()
            elif self.sender.finished():
                break
            else:
                self._now, before = self._deadline, self._sent
                self._send("out", self.sender.silence())
                self.stuck = self._sent == before

    def _send(self, way: str, packet: str | None) -> None:
        if packet is None:
            return
        self._sent += 1
        if way == "out":
            self._deadline = self._now + WAIT
        here, there = ENDS if way == "out" else ENDS[::-1]
        for passage in self._faults.passes(way, packet):
            words = passage.told(passage.datagram)
            if passage.arrives:
                heapq.heappush(self._under_way, (self._now + ONE_WAY, next(self._order), way, passage.datagram, words))
            else:
                self.trace.add(here, passage.kind, to=there, text=words)

    def _deliver(self) -> None:
        self._now, _, way, packet, words = heapq.heappop(self._under_way)
        here, there = ENDS if way == "out" else ENDS[::-1]
        self.trace.add(here, "datagram", to=there, text=words)
        if way == "out":
            block, answer = self.receiver.hears(packet)
            if block is not None:
                self.handed.append(block)
                self.trace.add(there, "result", text=f"hands over {block}")
            self._send("back", answer)
        elif not self.sender.finished():
            self._send("out", self.sender.hears(packet))


def play_out(sender: Sender, receiver: Receiver, *script: Fault, blocks: Sequence[str] = ("A", "B", "C")) -> None:
    """Let the sender send these blocks to the receiver over a link with these faults, draw it, and say how it ended."""
    played = Transfer(sender, receiver, script)
    played.plays()
    show(svg.picture(played.trace), "\n".join(text.timeline(played.trace)))
    print("to send:    ", *blocks)
    print("handed over:", *played.handed)
    if not sender.finished():
        believes = f"not all has arrived{', and waits for ever' if played.stuck else ''}"
    elif played.handed == list(blocks):
        believes = "all has arrived"
    elif set(blocks) - set(played.handed):
        believes = "all has arrived, and is wrong"
    else:
        believes = "all has arrived; it does not know what came twice"
    print("the sender believes that", believes)


def nobody_there() -> tuple[str, str]:
    """The way of a datagram for which there is no socket, and of the news of it: a picture, and the same in words."""
    program, kernel, house = 90, 360, 690
    parts = [label(x, 28, name) for x, name in ((program, "Alice's program"), (kernel, "her kernel"),
                                                (house, "the kernel of the house"))]
    parts += [f'<line x1="{x}" y1="40" x2="{x}" y2="250" stroke="{FAINT}"/>' for x in (program, kernel, house)]
    for y, start, end, words, colour in ((70, program, kernel, "sendto() or send()", GOOD),
                                         (100, kernel, house, "anybody home?", GOOD),
                                         (145, house, kernel, "ICMP port unreachable", BAD),
                                         (225, kernel, program, "connected: the next call fails", BAD)):
        parts += [arrow(start, y, end, y, colour, dashed=colour == BAD),
                  label((start + end) / 2, y - 7, words, colour=colour)]
    parts += [label(house + 12, 104, "no socket has", "start", FAINT),
              label(house + 12, 122, "that port", "start", FAINT),
              label((program + kernel) / 2, 185, "not connected: nothing is told")]
    return picture(830, 266, parts, "What becomes of a datagram for which there is no socket"), "\n".join((
        "Alice's program -- sendto() or send() --> her kernel -- anybody home? --> the kernel of the house",
        "the kernel of the house (no socket has that port) -- ICMP port unreachable --> her kernel",
        "a socket that is not connected: nothing is told", "a connected one: the next call fails"))


def who_hears() -> tuple[str, str]:
    """Whom a datagram reaches that is sent to one, to all, or to a group: a picture, and the same in words."""
    names, joined = ("Bob", "Carol", "Dan", "Eve"), ("Bob", "Dan")
    parts, plain = [], []
    for panel, (way, to) in enumerate((("unicast: to one", names[:1]), ("broadcast: to all", names),
                                       ("multicast: to a group", joined))):
        left = 12 + panel * 270
        parts += [label(left + 124, 28, way), box(left, 104, 66, 32, "Alice")]
        for row, name in enumerate(names):
            y = 46 + row * 40
            words = f"{name}, joined" if panel == 2 and name in joined else name
            parts.append(box(left + 138, y, 110, 30, words, PLAIN if name in to else QUIET))
            if name in to:
                parts.append(arrow(left + 66, 120, left + 136, y + 15))
        plain.append(f"{way:24} Alice --> {', '.join(to)}")
    return picture(812, 214, parts, "Whom a datagram reaches"), "\n".join(plain)
