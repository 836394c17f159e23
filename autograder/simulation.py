"""Two halves of a protocol that know neither sockets nor clocks (sans-IO), and a network that is played to them.

Time is virtual: nobody waits for it, and the trace of a check tells it in place of the machine's.
"""
import heapq
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from .calls import Calls, short
from .faults import Fault, Faults
from .stage import Stage, Unmet

ONE_WAY = 20                # ms that a packet is under way in a simulation
MOST_PACKETS = 400          # after so many a simulation does not come to an end
MOST_AT_ONCE = 10           # packets that one call may want to be sent
LATEST = 1e9                # ms: no deadline is as far away


class Clock:
    """Virtual time, in ms, from 0. stage: whose trace tells it in place of the machine's time, if one does."""

    def __init__(self, stage: Stage | None = None) -> None:
        self.now = 0
        if stage:
            stage.trace.clock = lambda: self.now / 1000


class Half(Calls):
    """An object of a student's class, in a process of its own, and the network at its other side.

    words: says what a packet is. clock: whose time it is told. tell: the attributes that are read after each call.
    """

    words: Callable[[bytes], str]
    clock: Clock
    tell: Sequence[str] = ()
    attributes: dict[str, Any]
    network = "the network"

    def is_made(self, kind: str, *arguments: object) -> "Half":
        """An object of this class is made. Returns itself."""
        with self.stage.step(f"{self.lane} is made: {kind}({', '.join(map(repr, arguments))})"):
            self._object = self.make(kind, *arguments)
            self._packets: list[bytes] = []
            self.blocks: list[bytes] = []
            self.attributes = {}
            self._once_made()
        return self

    def _once_made(self) -> None:
        """What it is asked as soon as it is made: nothing here."""

    def starts(self) -> None:
        """It is told to begin."""
        with self.stage.step(f"{self.lane} starts"):
            self._records(self.asks("start", self.clock.now))

    def gets(self, packet: bytes) -> None:
        """A packet arrives at it."""
        with self.stage.step(f"{self.lane} gets  {self.words(packet)}"):
            self.stage.trace.add(self.network, "datagram", data=packet, to=self.lane, text=self.words(packet))
            self._records(self.takes(packet))

    def waits_until(self, now: int) -> None:
        """The time is now (ms), and nothing has arrived."""
        with self.stage.step(f"nothing arrives until {now} ms"):
            self.clock.now = now
            self._records(self.asks("tick", now))

    def takes(self, packet: bytes) -> list[bytes]:
        """A packet is given to it, without a step. Returns those that it wants to be sent."""
        return self.asks("receive", packet, *([self.clock.now] if self.tell else []))

    def sends(self, *packets: bytes) -> None:
        """These are the packets that it wanted to be sent, and no others."""
        wanted = " and ".join(map(self.words, packets)) or "nothing"
        with self.stage.step(f"{self.lane} sends  {wanted}"):
            if self._packets != list(packets):
                raise Unmet(wanted, " and ".join(map(self.words, self._packets)) or "nothing")

    def hands_over(self, *blocks: bytes) -> None:
        """These are the blocks that it has handed over since it was last asked, and no others."""
        wanted = " and ".join(map(repr, blocks)) or "nothing"
        with self.stage.step(f"{self.lane} hands over  {wanted}"):
            found, self.blocks = self.blocks, []
            if found != list(blocks):
                raise Unmet(wanted, " and ".join(map(repr, found)) or "nothing")

    def is_now(self, attribute: str, value: object) -> None:
        """This attribute has this value."""
        with self.stage.step(f"{self.lane}.{attribute} is {value}"):
            if self.attributes[attribute] != value:
                raise Unmet(str(value), short(self.attributes[attribute]))

    def waits(self) -> int:
        """For how long it waits now, by its own deadline (ms). Raises Unmet where that is no time to come."""
        with self.stage.step(f"{self.lane} has a deadline"):
            deadline = self.deadline()
            if deadline is None or deadline <= self.clock.now:
                raise Unmet(f"deadline to be a time after {self.clock.now} ms", f"{deadline}")
            return deadline - self.clock.now

    def deadline(self) -> int | None:
        """Its deadline, rounded up to whole ms. Raises Unmet for what is neither a time nor None."""
        deadline = self.attributes["deadline"]
        if deadline is None:
            return None
        if isinstance(deadline, bool) or not isinstance(deadline, (int, float)) or not abs(deadline) < LATEST:
            raise Unmet("deadline to be a time in ms, or None", short(deadline))
        return math.ceil(deadline)

    def has_to_wait(self, time: int) -> None:
        """It waits so long now (ms), but for what it may round."""
        with self.stage.step(f"{self.lane} waits for {time} ms"):
            found = self.waits()
            self.stage.trace.add(self.lane, "wait", value=found)
            if abs(found - time) > 2:           # but for rounding
                raise Unmet(f"{time} ms", f"{found} ms")

    def _records(self, packets: list[bytes]) -> None:
        for block in self.blocks:
            self.stage.trace.add(self.lane, "result", text="hands over", data=repr(block).encode())
        for packet in packets:
            self.stage.trace.add(self.lane, "datagram", data=packet, to=self.network, text=self.words(packet))

    def asks(self, name: str, *arguments: object) -> list[bytes]:
        """One of its methods is called, without a step. Returns the packets that it wants to be sent.

        The blocks that it hands over are added to its list of blocks.
        """
        value, self.attributes = self.method(self._object, name, *arguments, tell=self.tell)
        parts = [[], value] if self.tell else value
        if not isinstance(parts, list) or len(parts) != 2 or not all(map(_is_bytes, parts)):
            shape = "a list of packets" if self.tell else "two lists, of blocks and of packets"
            raise Unmet(f"that {name}() returns {shape}, all of them bytes", short(value))
        blocks, packets = parts
        if (most := max(map(len, parts))) > MOST_AT_ONCE:
            raise Unmet(f"no more than {MOST_AT_ONCE} blocks or packets at once", f"{most}")
        self.blocks += blocks
        self._packets = packets
        return packets


def _is_bytes(part: object) -> bool:
    return isinstance(part, list) and all(isinstance(entry, bytes) for entry in part)


def transfer(sender: Half, receiver: Half, blocks: Sequence[bytes], script: Sequence[Fault], ways: tuple[str, str],
             ) -> None:
    """Have a sender send these blocks to a receiver, over a link with these faults, until it has finished.

    Both are made already. ways: the names of the two directions in the script. Raises Unmet if the receiver hands over
    anything but the blocks, each once and in order; if the sender fails, finishes too early, or never does. What is
    still under way after that must change nothing.
    """
    stage, clock = sender.stage, sender.clock
    faults, order = Faults(script), itertools.count()
    under_way: list[tuple[int, int, Half, bytes, str]] = []        # when it arrives, where, and what it is called
    handed: list[bytes] = []

    def travel(target: Half, packet: bytes, words: str) -> None:
        heapq.heappush(under_way, (clock.now + ONE_WAY, next(order), target, packet, words))

    def send(origin: Half, packets: Sequence[bytes]) -> None:
        target, direction = (receiver, ways[0]) if origin is sender else (sender, ways[1])
        for packet in packets:
            for passage in faults.passes(direction, packet):
                words = passage.told(origin.words(passage.datagram))
                if passage.arrives:
                    travel(target, passage.datagram, words)
                else:
                    stage.trace.add(origin.lane, passage.kind, data=passage.datagram, to=target.lane, text=words)

    def deliver() -> None:
        clock.now, _, target, packet, words = heapq.heappop(under_way)
        origin = sender if target is receiver else receiver
        stage.trace.add(origin.lane, "datagram", data=packet, to=target.lane, text=words)
        over = target is sender and sender.attributes["finished"]
        packets = target.takes(packet)
        if over and packets:
            raise Unmet("nothing to be sent any more, since all is acknowledged", sender.words(packets[0]))
        send(target, packets)
        if target is receiver:
            for block in receiver.blocks:
                wanted = blocks[len(handed)] if len(handed) < len(blocks) else None
                stage.trace.add(receiver.lane, "result", text="hands over", data=repr(block).encode())
                if block != wanted:
                    raise Unmet(f"{wanted!r} to be handed over next" if wanted is not None else
                                "nothing more to be handed over", f"{block!r}")
                handed.append(block)
            receiver.blocks = []

    with stage.step(f"{len(blocks)} blocks are sent, over a link with these faults: {faults}"):
        send(sender, sender.asks("start", clock.now))
        for _ in range(MOST_PACKETS):
            if sender.attributes["finished"] or sender.attributes["failed"]:
                break
            deadline = sender.deadline()
            if under_way and (deadline is None or under_way[0][0] <= deadline):
                deliver()
            elif deadline is not None and deadline >= clock.now:
                clock.now = deadline
                send(sender, sender.asks("tick", clock.now))
            else:
                raise Unmet("a deadline, since nothing is under way and not all is acknowledged", f"{deadline}")
        if sender.attributes["finished"]:
            stage.trace.add(sender.lane, "result", text="has finished")
        if sender.attributes["failed"]:
            raise Unmet("all to be acknowledged", "the sender has given up")
        if not sender.attributes["finished"]:
            raise Unmet("the sender to finish", f"no end after {MOST_PACKETS} packets")
        if len(handed) < len(blocks):
            raise Unmet(f"{blocks[len(handed)]!r} to have been handed over",
                        f"the sender has finished, and only {len(handed)} of {len(blocks)} blocks were")
        for direction, packet in faults.left():
            travel(receiver if direction == ways[0] else sender, packet, f"{sender.words(packet)}, very late")
        for _ in range(MOST_PACKETS):
            if under_way:
                deliver()
