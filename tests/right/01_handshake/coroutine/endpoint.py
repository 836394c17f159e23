"""TCP as a coroutine: where its code stands is the state. It yields what is to be sent, and is sent what happens."""
from collections.abc import Generator

from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000

Life = Generator[list[Segment], tuple, list[Segment]]


class Over(Exception):
    """The connection has ended: error says why, last is what is sent once more."""

    def __init__(self, error: str = "", *last: Segment) -> None:
        super().__init__(error)
        self.error, self.last = error, list(last)


class Anew(Exception):
    """Back to LISTEN."""


class Endpoint:
    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self.local, self.remote, self.port, self.iss, self.rto, self.msl = local, remote, port, iss, rto, msl
        self.state, self.error, self.deadline = "CLOSED", "", None
        self.now = 0
        self.partner = None
        self.una = self.nxt = iss
        self.rcv = 0
        self.kept: dict[int, Segment] = {}                # by number, in the order of sending
        self.backoff = self.sends = 0
        self.arrived = bytearray()
        self.life = self.closed()
        next(self.life)

    # The outside: each call goes into the coroutine ----------------------------------------------------------

    def goes_on(self, *event: object) -> list[bytes]:
        return [pack(segment, self.local, self.remote) for segment in self.life.send(event)]

    def connect(self, port: int) -> list[bytes]:
        self.must_be("CLOSED")
        return self.goes_on("connect", port)

    def listen(self) -> list[bytes]:
        self.must_be("CLOSED")
        return self.goes_on("listen")

    def send(self, data: bytes) -> list[bytes]:
        self.must_be("ESTABLISHED", "CLOSE-WAIT")
        return self.goes_on("send", data)

    def close(self) -> list[bytes]:
        return self.goes_on("close")

    def abort(self) -> list[bytes]:
        return self.goes_on("abort")

    def read(self) -> bytes:
        data = bytes(self.arrived)
        del self.arrived[:]
        return data

    def tick(self, now: int) -> list[bytes]:
        self.now = now
        return self.goes_on("late") if self.deadline is not None and now >= self.deadline else []

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            s = parse(segment, self.remote, self.local)
        except SegmentError:
            return []
        if s.destination != self.port or self.partner not in (None, s.source):
            return [pack(segment, self.local, self.remote) for segment in self.reset(s)]
        return self.goes_on("segment", s)

    def must_be(self, *states: str) -> None:
        if self.state not in states:
            raise ConnectionError(f"not possible in {self.state}")

    # The inside -----------------------------------------------------------------------------------------------

    def closed(self) -> Life:
        out: list[Segment] = []
        while True:
            self.state, self.deadline = "CLOSED", None
            self.kept.clear()
            try:
                match (yield out):
                    case "connect", port:
                        self.partner = port
                        yield from self.opens()
                    case "listen",:
                        yield from self.waits()
                    case "segment", s:
                        out = self.reset(s)
                        continue
                    case _:
                        out = []
                        continue
            except Over as over:
                self.error, out = over.error, over.last

    def opens(self) -> Life:
        self.state = "SYN-SENT"
        out = self.keep(SYN)
        while True:
            event = yield out
            out = []
            match event:
                case ("close" | "abort"),:
                    raise Over
                case "late",:
                    out = self.again()
                case "segment", s if s.flags & ACK and s.ack != add(self.iss, 1):
                    out = self.reset(s)
                case "segment", s if s.flags & RST:
                    if s.flags & ACK:
                        raise Over("refused")
                case "segment", s if s.flags & SYN:
                    self.rcv = add(s.seq, 1)
                    if s.flags & ACK:
                        self.news(s.ack)
                        yield from self.talks([self.plain()])
                    self.kept.clear()
                    self.nxt = self.iss
                    yield from self.shakes(listened=False)

    def waits(self) -> Life:
        while True:
            self.state, self.partner, self.deadline = "LISTEN", None, None
            self.una = self.nxt = self.iss
            self.kept.clear()
            out: list[Segment] = []
            while True:
                match (yield out):
                    case ("close" | "abort"),:
                        raise Over
                    case "segment", s if s.flags & (ACK | RST):
                        out = self.reset(s)
                    case "segment", s if s.flags & SYN:
                        self.partner, self.rcv = s.source, add(s.seq, 1)
                        break
                    case _:
                        out = []
            try:
                yield from self.shakes(listened=True)
            except Anew:
                continue

    def shakes(self, listened: bool) -> Life:
        """SYN-RECEIVED."""
        self.state = "SYN-RECEIVED"
        out = self.keep(SYN | ACK)
        while True:
            event = yield out
            match event:
                case "close",:
                    yield from self.closes_first()
                case "segment", s if (answer := self.refused(s, listened)) is not None:
                    out = answer
                case "segment", s if not before(self.una, s.ack) or before(self.nxt, s.ack):
                    out = self.reset(s)
                case "segment", s:
                    self.news(s.ack)
                    yield from self.talks([], s)
                case _:
                    out = self.anything_else(event)

    def talks(self, out: list[Segment], first: Segment | None = None) -> Life:
        """ESTABLISHED. first: a segment that is to be looked at at once, for its data and FIN."""
        self.state = "ESTABLISHED"
        event = ("segment", first) if first else (yield out)
        while True:
            match event:
                case "send", data:
                    out = self.pieces(data)
                case "close",:
                    yield from self.closes_first()
                case "segment", s if (answer := self.wrong(s)) is not None:
                    out = answer
                case "segment", s:
                    self.takes(s)
                    if self.has_fin(s):
                        yield from self.closes_second([self.plain()])
                    out = [self.plain()] if length(s) else []
                case _:
                    out = self.anything_else(event)
            event = yield out

    def closes_second(self, out: list[Segment]) -> Life:
        self.state = "CLOSE-WAIT"
        while (event := (yield out)) != ("close",):
            match event:
                case "send", data:
                    out = self.pieces(data)
                case "segment", s:
                    out = self.takes_nothing_of(s)
                case _:
                    out = self.anything_else(event)
        self.state = "LAST-ACK"
        out = self.keep(FIN | ACK)
        while True:
            event = yield out
            match event:
                case "segment", s:
                    out = self.takes_nothing_of(s, quiet_end=True)
                    if not self.kept:
                        raise Over
                case _:
                    out = self.anything_else(event, tells=False)

    def closes_first(self) -> Life:
        self.state = "FIN-WAIT-1"
        out = self.keep(FIN | ACK)
        while True:
            event = yield out
            match event:
                case "segment", s if (answer := self.wrong(s)) is not None:
                    out = answer
                case "segment", s:
                    self.state = "FIN-WAIT-1" if self.kept else "FIN-WAIT-2"
                    self.takes(s)
                    if self.has_fin(s):
                        if self.kept:
                            yield from self.closes_too()
                        yield from self.rests([self.plain()])
                    out = [self.plain()] if length(s) else []
                case _:
                    out = self.anything_else(event)

    def closes_too(self) -> Life:
        """CLOSING. Returns when the own FIN has been acknowledged: what comes then is for TIME-WAIT."""
        self.state = "CLOSING"
        out = [self.plain()]
        while True:
            event = yield out
            match event:
                case "segment", s:
                    out = self.takes_nothing_of(s, quiet_end=True)
                    if not self.kept:
                        yield from self.rests(out)
                case _:
                    out = self.anything_else(event, tells=False)

    def rests(self, out: list[Segment]) -> Life:
        self.state, self.deadline = "TIME-WAIT", self.now + 2 * self.msl
        while True:
            event = yield out
            match event:
                case ("late" | "abort"),:
                    raise Over
                case "segment", s:
                    if s.flags & (FIN | RST) == FIN and not self.in_window(s):
                        self.deadline = self.now + 2 * self.msl
                    out = self.takes_nothing_of(s, quiet_end=True)
                case _:
                    out = []

    # What several states do -----------------------------------------------------------------------------------

    def anything_else(self, event: tuple, tells: bool = True) -> list[Segment]:
        if event == ("late",):
            return self.again()
        if event == ("abort",):
            raise Over("", *[self.made(RST)] * tells)
        return []

    def refused(self, s: Segment, listened: bool | None = None, quiet_end: bool = False) -> list[Segment] | None:
        """The answer to a segment that is refused before its ACK is looked at. None if it is not."""
        if not self.in_window(s):
            return [] if s.flags & RST else [self.plain()]
        if s.flags & RST and s.seq != self.rcv:
            return [self.plain()]
        if s.flags & (RST | SYN) and listened:
            raise Anew
        if s.flags & RST:
            raise Over("" if quiet_end else "reset" if listened is None else "refused")
        if s.flags & SYN:
            return [self.plain()]
        return None if s.flags & ACK else []

    def wrong(self, s: Segment, quiet_end: bool = False) -> list[Segment] | None:
        """The same, with the ACK. If that is right, it is taken."""
        if (answer := self.refused(s, quiet_end=quiet_end)) is not None:
            return answer
        if before(self.nxt, s.ack):
            return [self.plain()]
        if before(self.una, s.ack):
            self.news(s.ack)
        return None

    def takes_nothing_of(self, s: Segment, quiet_end: bool = False) -> list[Segment]:
        if (answer := self.wrong(s, quiet_end)) is not None:
            return answer
        return [self.plain()] if length(s) else []

    def takes(self, s: Segment) -> None:
        if s.seq == self.rcv:
            self.arrived += s.data
            self.rcv = add(self.rcv, len(s.data))

    def has_fin(self, s: Segment) -> bool:
        if not s.flags & FIN or add(s.seq, len(s.data)) != self.rcv:
            return False
        self.rcv = add(self.rcv, 1)
        return True

    def in_window(self, s: Segment) -> bool:
        beyond = add(self.rcv, RCV_WND)
        numbers = [s.seq, add(s.seq, length(s) - 1)] if length(s) else [s.seq]
        return any(before(number, beyond) and not before(number, self.rcv) for number in numbers)

    def made(self, flags: int, data: bytes = b"", seq: int | None = None) -> Segment:
        return Segment(self.port, self.partner, self.nxt if seq is None else seq, self.rcv if flags & ACK else 0, flags,
                       RCV_WND, data=data)

    def plain(self) -> Segment:
        return self.made(ACK)

    def keep(self, flags: int, data: bytes = b"") -> list[Segment]:
        segment = self.made(flags, data)
        if not self.kept:
            self.backoff, self.sends, self.deadline = self.rto, 1, self.now + self.rto
        self.kept[segment.seq] = segment
        self.nxt = add(self.nxt, length(segment))
        return [segment]

    def pieces(self, data: bytes) -> list[Segment]:
        return sum((self.keep(PSH | ACK, data[at:at + MSS]) for at in range(0, len(data), MSS)), [])

    def news(self, ack: int) -> None:
        self.una = ack
        for seq, segment in list(self.kept.items()):
            if not before(ack, add(seq, length(segment))):
                del self.kept[seq]
        self.backoff, self.sends = self.rto, 1
        self.deadline = self.now + self.rto if self.kept else None

    def again(self) -> list[Segment]:
        if self.sends >= MOST_SENDS:
            raise Over("timeout")
        self.sends += 1
        self.backoff = min(self.backoff * 2, MAX_RTO)
        self.deadline = self.now + self.backoff
        oldest = next(iter(self.kept.values()))
        return [self.made(oldest.flags, oldest.data, oldest.seq)]

    def reset(self, s: Segment) -> list[Segment]:
        if s.flags & RST:
            return []
        if s.flags & ACK:
            return [Segment(s.destination, s.source, s.ack, 0, RST, 0)]
        return [Segment(s.destination, s.source, 0, add(s.seq, length(s)), RST | ACK, 0)]
