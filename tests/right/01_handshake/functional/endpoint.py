"""TCP as pure functions: each takes a connection and returns another one, and nothing is ever changed."""
from dataclasses import dataclass, replace

from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000

HEARS = "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"


@dataclass(frozen=True, slots=True)
class Tcb:
    port: int
    iss: int
    una: int
    nxt: int
    rto: int
    msl: int
    state: str = "CLOSED"
    error: str = ""
    deadline: int | None = None
    now: int = 0
    peer: int | None = None
    rcv: int = 0
    passive: bool = False
    kept: tuple[Segment, ...] = ()
    sends: int = 0
    inbox: bytes = b""
    out: tuple[Segment, ...] = ()


def said(c: Tcb, flags: int = ACK, data: bytes = b"", seq: int | None = None) -> Tcb:
    return replace(c, out=(*c.out, Segment(c.port, c.peer, c.nxt if seq is None else seq, c.rcv if flags & ACK else 0,
                                           flags, RCV_WND, data=data)))


def timed(c: Tcb) -> Tcb:
    return replace(c, sends=1, deadline=c.now + c.rto if c.kept else None)


def numbered(c: Tcb, flags: int, data: bytes = b"") -> Tcb:
    sent = said(c, flags, data)
    last = sent.out[-1]
    sent = replace(sent, nxt=add(c.nxt, length(last)), kept=(*c.kept, last))
    return sent if c.kept else timed(sent)


def ended(c: Tcb, error: str = "") -> Tcb:
    return replace(c, state="CLOSED", error=error, deadline=None, kept=())


def listening(c: Tcb) -> Tcb:
    return replace(ended(c), state="LISTEN", passive=True, peer=None, una=c.iss, nxt=c.iss)


def resting(c: Tcb) -> Tcb:
    return replace(c, state="TIME-WAIT", deadline=c.now + 2 * c.msl)


def connecting(c: Tcb, port: int) -> Tcb:
    return numbered(replace(c, state="SYN-SENT", peer=port), SYN)


def sending(c: Tcb, data: bytes) -> Tcb:
    return sending(numbered(c, PSH | ACK, data[:MSS]), data[MSS:]) if data else c


def closing(c: Tcb) -> Tcb:
    if c.state in ("LISTEN", "SYN-SENT"):
        return ended(c)
    following = {"SYN-RECEIVED": "FIN-WAIT-1", "ESTABLISHED": "FIN-WAIT-1", "CLOSE-WAIT": "LAST-ACK"}
    return numbered(replace(c, state=following[c.state]), FIN | ACK) if c.state in following else c


def aborting(c: Tcb) -> Tcb:
    tells = c.state in ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT")
    return ended(said(c, RST) if tells else c, c.error)


def later(c: Tcb, now: int) -> Tcb:
    c = replace(c, now=now)
    if c.deadline is None or now < c.deadline:
        return c
    if c.state == "TIME-WAIT":
        return ended(c)
    if c.sends == MOST_SENDS:
        return ended(c, "timeout")
    oldest = c.kept[0]
    return replace(said(c, oldest.flags, oldest.data, oldest.seq), sends=c.sends + 1,
                   deadline=now + min(c.rto * 2 ** c.sends, MAX_RTO))


def refusing(c: Tcb, s: Segment) -> Tcb:
    if s.flags & RST:
        return c
    answer = (s.ack, 0, RST) if s.flags & ACK else (0, add(s.seq, length(s)), RST | ACK)
    return replace(c, out=(*c.out, Segment(s.destination, s.source, *answer, 0)))


def met(c: Tcb, s: Segment) -> Tcb:
    """The connection after this segment has arrived."""
    if c.state == "CLOSED" or s.destination != c.port or c.peer not in (None, s.source):
        return refusing(c, s)
    return {"LISTEN": in_listen, "SYN-SENT": in_syn_sent}.get(c.state, synchronized)(c, s)


def in_listen(c: Tcb, s: Segment) -> Tcb:
    if s.flags & (RST | ACK):
        return refusing(c, s)
    heard = replace(c, state="SYN-RECEIVED", peer=s.source, rcv=add(s.seq, 1))
    return numbered(heard, SYN | ACK) if s.flags & SYN else c


def in_syn_sent(c: Tcb, s: Segment) -> Tcb:
    if s.flags & ACK and s.ack != add(c.iss, 1):
        return refusing(c, s)
    if s.flags & RST:
        return ended(c, "refused") if s.flags & ACK else c
    if not s.flags & SYN:
        return c
    c = replace(c, rcv=add(s.seq, 1))
    if s.flags & ACK:
        return said(replace(acknowledged(c, s.ack), state="ESTABLISHED"))
    return numbered(replace(c, kept=(), nxt=c.iss, state="SYN-RECEIVED"), SYN | ACK)


def acknowledged(c: Tcb, ack: int) -> Tcb:
    return timed(replace(c, una=ack, kept=tuple(s for s in c.kept if before(ack, add(s.seq, length(s))))))


def inside(c: Tcb, number: int) -> bool:
    return (number - c.rcv) % 2**32 < RCV_WND


def synchronized(c: Tcb, s: Segment) -> Tcb:
    if not inside(c, s.seq) and not (length(s) and inside(c, add(s.seq, length(s) - 1))):
        again = c.state == "TIME-WAIT" and s.flags & FIN
        return c if s.flags & RST else said(resting(c) if again else c)
    if s.flags & RST and s.seq != c.rcv:
        return said(c)
    if s.flags & (RST | SYN) and c.state == "SYN-RECEIVED" and c.passive:
        return listening(c)
    if s.flags & RST:
        reasons = {"SYN-RECEIVED": "refused", "CLOSING": "", "LAST-ACK": "", "TIME-WAIT": ""}
        return ended(c, reasons.get(c.state, "reset"))
    if s.flags & SYN:
        return said(c)
    if not s.flags & ACK:
        return c
    news = before(c.una, s.ack) and not before(c.nxt, s.ack)
    if c.state == "SYN-RECEIVED":
        return numbers_taken(replace(acknowledged(c, s.ack), state="ESTABLISHED"), s) if news else refusing(c, s)
    if before(c.nxt, s.ack):
        return said(c)
    return numbers_taken(acknowledged(c, s.ack) if news else c, s)


def numbers_taken(c: Tcb, s: Segment) -> Tcb:
    if c.una == c.nxt:
        if c.state == "LAST-ACK":
            return ended(c)
        c = resting(c) if c.state == "CLOSING" else c
        c = replace(c, state="FIN-WAIT-2") if c.state == "FIN-WAIT-1" else c
    if s.seq == c.rcv and c.state in HEARS:
        c = replace(c, inbox=c.inbox + s.data, rcv=add(c.rcv, len(s.data)))
    if s.flags & FIN and add(s.seq, len(s.data)) == c.rcv and c.state in HEARS:
        c = after_fin(c)
    return said(c) if length(s) else c


def after_fin(c: Tcb) -> Tcb:
    c = replace(c, rcv=add(c.rcv, 1))
    if c.state == "FIN-WAIT-2":
        return resting(c)
    return replace(c, state="CLOSE-WAIT" if c.state == "ESTABLISHED" else "CLOSING")


class Endpoint:
    """Holds the newest connection, and hands out what it has to send."""

    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self._local, self._remote = local, remote
        self._tcb = Tcb(port, iss, iss, iss, rto, msl)

    def __getattr__(self, name):
        return getattr(self._tcb, name)

    def _now(self, tcb: Tcb) -> list[bytes]:
        self._tcb = replace(tcb, out=())
        return [pack(segment, self._local, self._remote) for segment in tcb.out]

    def _must_be(self, *states: str) -> None:
        if self._tcb.state not in states:
            raise ConnectionError(f"{self._tcb.state}, and not {' or '.join(states)}")

    def connect(self, port: int) -> list[bytes]:
        self._must_be("CLOSED")
        return self._now(connecting(self._tcb, port))

    def listen(self) -> list[bytes]:
        self._must_be("CLOSED")
        return self._now(listening(self._tcb))

    def send(self, data: bytes) -> list[bytes]:
        self._must_be("ESTABLISHED", "CLOSE-WAIT")
        return self._now(sending(self._tcb, data))

    def close(self) -> list[bytes]:
        return self._now(closing(self._tcb))

    def abort(self) -> list[bytes]:
        return self._now(aborting(self._tcb))

    def tick(self, now: int) -> list[bytes]:
        return self._now(later(self._tcb, now))

    def read(self) -> bytes:
        inbox = self._tcb.inbox
        self._tcb = replace(self._tcb, inbox=b"")
        return inbox

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            return self._now(met(self._tcb, parse(segment, self._remote, self._local)))
        except SegmentError:
            return []
