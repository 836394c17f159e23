"""Once it has sent data, asks after two hours of silence whether the other side is there: keep-alives, unasked for."""
from dataclasses import dataclass, field

from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000
KEEP_ALIVE = 2 * 60 * 60 * 1000     # ms of silence after which we ask, and then every INTERVAL
INTERVAL = 75_000


@dataclass
class Tcb:
    """The transmission control block: RFC 9293, section 3.3.1."""

    snd_una: int
    snd_nxt: int
    rcv_nxt: int = 0
    passive: bool = False
    kept: list = field(default_factory=list)        # Segments that are not acknowledged
    times: int = 0                                  # how often the first of them was sent
    pause: int = 0                                  # ms between two times
    inbox: list = field(default_factory=list)


class Endpoint:
    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self.local, self.remote, self.port, self.iss, self.rto, self.msl = local, remote, port, iss, rto, msl
        self.remote_port = None
        self.state = "CLOSED"
        self.error = ""
        self.deadline = None
        self.now = 0
        self.tcb = Tcb(iss, iss)

    def connect(self, port: int) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError(f"cannot connect in state {self.state}")
        self.remote_port = port
        self.state = "SYN-SENT"
        return self.reliable(SYN)

    def listen(self) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError(f"cannot listen in state {self.state}")
        self.remote_port = None
        self.state = "LISTEN"
        self.tcb = Tcb(self.iss, self.iss, passive=True)
        return []

    def send(self, data: bytes) -> list[bytes]:
        if self.state not in ("ESTABLISHED", "CLOSE-WAIT"):
            raise ConnectionError(f"cannot send in state {self.state}")
        pieces = [data[at:at + MSS] for at in range(0, len(data), MSS)]
        return [packed for piece in pieces for packed in self.reliable(PSH | ACK, piece)]

    def read(self) -> bytes:
        data = b"".join(self.tcb.inbox)
        self.tcb.inbox.clear()
        return data

    def close(self) -> list[bytes]:
        if self.state in CLOSES_TO:
            self.state = CLOSES_TO[self.state]
            return self.reliable(FIN | ACK)
        if self.state in ("LISTEN", "SYN-SENT"):
            self.end()
        return []

    def abort(self) -> list[bytes]:
        known = self.state in (*CLOSES_TO, "FIN-WAIT-1", "FIN-WAIT-2")
        last_words = [self.packed(RST)] if known else []
        self.end(self.error)
        return last_words

    def tick(self, now: int) -> list[bytes]:
        self.now = now
        if self.deadline is None or self.deadline > now:
            return []
        if self.state == "TIME-WAIT":
            self.end()
            return []
        tcb = self.tcb
        if not tcb.kept:
            self.deadline = now + INTERVAL
            return [self.packed(ACK, seq=add(tcb.snd_nxt, -1))]
        if tcb.times >= MOST_SENDS:
            self.end("timeout")
            return []
        tcb.times += 1
        tcb.pause = min(2 * tcb.pause, MAX_RTO)
        self.deadline = now + tcb.pause
        first = tcb.kept[0]
        return [self.packed(first.flags, first.data, first.seq)]

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            arrived = parse(segment, self.remote, self.local)
        except SegmentError:
            return []
        if arrived.destination != self.port or self.remote_port not in (None, arrived.source):
            return self.reset_for(arrived)
        for step in STEPS[self.state]:
            answer = step(self, arrived)
            if answer is not None:
                return answer
        return []

    # What the steps use

    def segment(self, flags: int, data: bytes = b"", seq: int | None = None) -> Segment:
        return Segment(self.port, self.remote_port, self.tcb.snd_nxt if seq is None else seq,
                       self.tcb.rcv_nxt if flags & ACK else 0, flags, RCV_WND, data=data)

    def packed(self, flags: int, data: bytes = b"", seq: int | None = None) -> bytes:
        return pack(self.segment(flags, data, seq), self.local, self.remote)

    def reliable(self, flags: int, data: bytes = b"") -> list[bytes]:
        """Send, and keep it until it is acknowledged."""
        segment = self.segment(flags, data)
        self.tcb.kept.append(segment)
        self.tcb.snd_nxt = add(self.tcb.snd_nxt, length(segment))
        if self.tcb.kept == [segment]:
            self.wait_anew()
        return [pack(segment, self.local, self.remote)]

    def wait_anew(self) -> None:
        self.tcb.times, self.tcb.pause = 1, self.rto
        has_spoken = self.tcb.snd_una != add(self.iss, 1)
        self.deadline = self.now + self.rto if self.tcb.kept else self.now + KEEP_ALIVE if has_spoken else None

    def got_ack(self, ack: int) -> None:
        tcb = self.tcb
        tcb.snd_una = ack
        while tcb.kept and not before(ack, add(tcb.kept[0].seq, length(tcb.kept[0]))):
            del tcb.kept[0]
        self.wait_anew()

    def two_msl(self) -> None:
        self.state = "TIME-WAIT"
        self.deadline = self.now + 2 * self.msl

    def end(self, error: str = "") -> None:
        self.state, self.error, self.deadline = "CLOSED", error, None
        self.tcb.kept.clear()

    def listen_again(self) -> list[bytes]:
        self.end()
        return self.listen()

    def reset_for(self, arrived: Segment) -> list[bytes]:
        """The RST that is the answer to a segment of no connection."""
        if arrived.flags & RST:
            return []
        if arrived.flags & ACK:
            seq, ack, flags = arrived.ack, 0, RST
        else:
            seq, ack, flags = 0, add(arrived.seq, length(arrived)), RST | ACK
        reset = Segment(arrived.destination, arrived.source, seq, ack, flags, 0)
        return [pack(reset, self.local, self.remote)]


# The steps: each returns what is to be sent if the segment is done with, and None if the next step is to look at it ---


def closed(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    return end.reset_for(arrived)


def listen_rst(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    return [] if arrived.flags & RST else None


def listen_ack(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    return end.reset_for(arrived) if arrived.flags & ACK else None


def listen_syn(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    if not arrived.flags & SYN:
        return []
    end.remote_port = arrived.source
    end.tcb.rcv_nxt = add(arrived.seq, 1)
    end.state = "SYN-RECEIVED"
    return end.reliable(SYN | ACK)


def syn_sent_ack(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    wrong = arrived.flags & ACK and arrived.ack != end.tcb.snd_nxt
    return end.reset_for(arrived) if wrong else None


def syn_sent_rst(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    if not arrived.flags & RST:
        return None
    if arrived.flags & ACK:
        end.end("refused")
    return []


def syn_sent_syn(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    if not arrived.flags & SYN:
        return []
    end.tcb.rcv_nxt = add(arrived.seq, 1)
    if arrived.flags & ACK:
        end.got_ack(arrived.ack)
        end.state = "ESTABLISHED"
        return [end.packed(ACK)]
    end.tcb.kept.clear()
    end.tcb.snd_nxt = end.iss
    end.state = "SYN-RECEIVED"
    return end.reliable(SYN | ACK)


def sequence(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    size = length(arrived)
    for number in {arrived.seq, add(arrived.seq, max(size - 1, 0))}:
        if not before(number, end.tcb.rcv_nxt) and before(number, add(end.tcb.rcv_nxt, RCV_WND)):
            return None
    if arrived.flags & RST:
        return []
    if arrived.flags & FIN and end.state == "TIME-WAIT":
        end.two_msl()
    return [end.packed(ACK)]


def rst(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    if not arrived.flags & RST:
        return None
    if arrived.seq != end.tcb.rcv_nxt:
        return [end.packed(ACK)]
    if end.state == "SYN-RECEIVED":
        if end.tcb.passive:
            return end.listen_again()
        end.end("refused")
    elif end.state in ("CLOSING", "LAST-ACK", "TIME-WAIT"):
        end.end()
    else:
        end.end("reset")
    return []


def syn(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    if not arrived.flags & SYN:
        return None
    if end.state == "SYN-RECEIVED" and end.tcb.passive:
        return end.listen_again()
    return [end.packed(ACK)]


def ack_of_syn(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    if not arrived.flags & ACK:
        return []
    if not before(end.tcb.snd_una, arrived.ack) or before(end.tcb.snd_nxt, arrived.ack):
        return end.reset_for(arrived)
    end.state = "ESTABLISHED"
    return None


def ack(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    if not arrived.flags & ACK:
        return []
    if before(end.tcb.snd_nxt, arrived.ack):
        return [end.packed(ACK)]
    if before(end.tcb.snd_una, arrived.ack):
        end.got_ack(arrived.ack)
    return None


def ack_of_fin(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    if end.tcb.kept:
        return None
    if end.state == "FIN-WAIT-1":
        end.state = "FIN-WAIT-2"
    elif end.state == "CLOSING":
        end.two_msl()
    elif end.state == "LAST-ACK":
        end.end()
        return []
    return None


def text(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    if end.state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2") and arrived.seq == end.tcb.rcv_nxt:
        end.tcb.inbox.append(arrived.data)
        end.tcb.rcv_nxt = add(arrived.seq, len(arrived.data))
    return None


def fin(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    if not arrived.flags & FIN or add(arrived.seq, len(arrived.data)) != end.tcb.rcv_nxt:
        return None
    if end.state == "FIN-WAIT-2":
        end.two_msl()
    elif end.state in FIN_GETS_TO:
        end.state = FIN_GETS_TO[end.state]
    else:
        return None
    end.tcb.rcv_nxt = add(end.tcb.rcv_nxt, 1)
    return None


def answer(end: Endpoint, arrived: Segment) -> list[bytes] | None:
    return [end.packed(ACK)] if length(arrived) else []


CLOSES_TO = {"SYN-RECEIVED": "FIN-WAIT-1", "ESTABLISHED": "FIN-WAIT-1", "CLOSE-WAIT": "LAST-ACK"}
FIN_GETS_TO = {"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING"}

STEPS = {
    "CLOSED": [closed],
    "LISTEN": [listen_rst, listen_ack, listen_syn],
    "SYN-SENT": [syn_sent_ack, syn_sent_rst, syn_sent_syn],
    "SYN-RECEIVED": [sequence, rst, syn, ack_of_syn, ack, text, fin, answer],
    "ESTABLISHED": [sequence, rst, syn, ack, text, fin, answer],
    "CLOSE-WAIT": [sequence, rst, syn, ack, answer],
    "FIN-WAIT-1": [sequence, rst, syn, ack, ack_of_fin, text, fin, answer],
    "FIN-WAIT-2": [sequence, rst, syn, ack, text, fin, answer],
    "CLOSING": [sequence, rst, syn, ack, ack_of_fin, answer],
    "LAST-ACK": [sequence, rst, syn, ack, ack_of_fin, answer],
    "TIME-WAIT": [sequence, rst, syn, ack, answer],
}
