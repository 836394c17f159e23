"""A FIN is taken to have no number: it only says that the connection ends, and its ACK is that of the data."""
from collections import deque

from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000


class Endpoint:
    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self.local, self.remote = local, remote
        self.port, self.iss, self.rto, self.msl = port, iss, rto, msl
        self.other_port: int | None = None
        self.state = "CLOSED"
        self.error = ""
        self.deadline: float | None = None
        self.now = 0
        self.listened = False
        self.unacked: deque[Segment] = deque()
        self.snd_una = self.snd_nxt = iss
        self.rcv_nxt = 0
        self.times_sent, self.next_wait = 0, rto
        self.inbox: list[bytes] = []

    # What is sent ---------------------------------------------------------------------------------------------

    def bare(self, flags=ACK) -> list[bytes]:
        return [self.packed(Segment(self.port, self.other_port, self.snd_nxt, self.rcv_nxt if flags & ACK else 0,
                                    flags, RCV_WND))]

    def packed(self, segment: Segment) -> bytes:
        return pack(segment, self.local, self.remote)

    def queued(self, flags, data=b"") -> list[bytes]:
        segment = Segment(self.port, self.other_port, self.snd_nxt, self.rcv_nxt if flags & ACK else 0, flags,
                          RCV_WND, data=data)
        self.snd_nxt = add(self.snd_nxt, length(segment))
        self.unacked.append(segment)
        if self.unacked[0] is segment:
            self.set_timer()
        return [self.packed(segment)]

    def set_timer(self) -> None:
        self.times_sent, self.next_wait = 1, 2 * self.rto
        self.deadline = self.now + self.rto if self.unacked else None

    def over(self, error="") -> list[bytes]:
        self.state, self.error, self.deadline = "CLOSED", error, None
        self.unacked.clear()
        return []

    def reset_for(self, s: Segment) -> list[bytes]:
        match letters(s):
            case ("R", *_):
                return []
            case (_, "A", *_):
                answer = Segment(s.destination, s.source, s.ack, 0, RST, 0)
            case _:
                answer = Segment(s.destination, s.source, 0, add(s.seq, length(s)), RST | ACK, 0)
        return [self.packed(answer)]

    def listen_again(self) -> list[bytes]:
        self.over()
        return self.listen()

    # User -----------------------------------------------------------------------------------------------------

    def connect(self, port: int) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError(self.state)
        self.other_port, self.state = port, "SYN-SENT"
        return self.queued(SYN)

    def listen(self) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError(self.state)
        self.state, self.other_port, self.listened = "LISTEN", None, True
        self.snd_una = self.snd_nxt = self.iss
        return []

    def send(self, data: bytes) -> list[bytes]:
        match self.state:
            case "ESTABLISHED" | "CLOSE-WAIT":
                pieces = [data[at:at + MSS] for at in range(0, len(data), MSS)]
                return [packed for piece in pieces for packed in self.queued(PSH | ACK, piece)]
            case state:
                raise BrokenPipeError(f"not in {state}")

    def read(self) -> bytes:
        data = b"".join(self.inbox)
        self.inbox = []
        return data

    def close(self) -> list[bytes]:
        match self.state:
            case "LISTEN" | "SYN-SENT":
                return self.over()
            case "SYN-RECEIVED" | "ESTABLISHED":
                self.state = "FIN-WAIT-1"
                return self.queued(FIN | ACK)
            case "CLOSE-WAIT":
                self.state = "LAST-ACK"
                return self.queued(FIN | ACK)
            case _:
                return []

    def abort(self) -> list[bytes]:
        match self.state:
            case "SYN-RECEIVED" | "ESTABLISHED" | "FIN-WAIT-1" | "FIN-WAIT-2" | "CLOSE-WAIT":
                last = self.bare(RST)
            case _:
                last = []
        self.over(self.error)
        return last

    def tick(self, now: int) -> list[bytes]:
        self.now = now
        match self.state, self.deadline:
            case _, None:
                return []
            case _, deadline if now < deadline:
                return []
            case "TIME-WAIT", _:
                return self.over()
            case _ if self.times_sent == MOST_SENDS:
                return self.over("timeout")
        self.deadline, self.next_wait = now + min(self.next_wait, MAX_RTO), self.next_wait * 2
        self.times_sent += 1
        oldest = self.unacked[0]
        return [self.packed(oldest._replace(ack=self.rcv_nxt if oldest.flags & ACK else 0))]

    # Segments -------------------------------------------------------------------------------------------------

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            s = parse(segment, self.remote, self.local)
        except SegmentError:
            return []
        if s.destination != self.port or self.other_port not in (None, s.source):
            return self.reset_for(s)
        match self.state, letters(s):
            case "CLOSED", _:
                return self.reset_for(s)

            case "LISTEN", ("R", *_) | (_, "A", *_):
                return self.reset_for(s)
            case "LISTEN", (_, _, "S", _):
                self.other_port, self.rcv_nxt, self.state = s.source, add(s.seq, 1), "SYN-RECEIVED"
                return self.queued(SYN | ACK)
            case "LISTEN", _:
                return []

            case "SYN-SENT", (_, "A", *_) if s.ack != add(self.iss, 1):
                return self.reset_for(s)
            case "SYN-SENT", ("R", "A", *_):
                return self.over("refused")
            case "SYN-SENT", ("R", *_) | (_, _, "", _):
                return []
            case "SYN-SENT", (_, "A", *_):
                self.state, self.rcv_nxt = "ESTABLISHED", add(s.seq, 1)
                self.took(s.ack)
                return self.bare()
            case "SYN-SENT", _:
                self.state, self.rcv_nxt = "SYN-RECEIVED", add(s.seq, 1)
                self.unacked.clear()
                self.snd_nxt = self.iss
                return self.queued(SYN | ACK)

            case _, ("R", *_) if not self.inside(s):
                return []
            case _ if not self.inside(s):
                return self.bare()

            case _, ("R", *_) if s.seq != self.rcv_nxt:
                return self.bare()
            case "SYN-RECEIVED", ("R", *_) | (_, _, "S", _) if self.listened:
                return self.listen_again()
            case "SYN-RECEIVED", ("R", *_):
                return self.over("refused")
            case "CLOSING" | "LAST-ACK" | "TIME-WAIT", ("R", *_):
                return self.over()
            case _, ("R", *_):
                return self.over("reset")
            case _, (_, _, "S", _):
                return self.bare()
            case _, (_, "", *_):
                return []

            case "SYN-RECEIVED", _ if not before(self.snd_una, s.ack) or before(self.snd_nxt, s.ack):
                return self.reset_for(s)
            case "SYN-RECEIVED", _:
                self.state = "ESTABLISHED"
            case _ if before(self.snd_nxt, s.ack):
                return self.bare()
        return self.ack_data_fin(s)

    def ack_data_fin(self, s: Segment) -> list[bytes]:
        if self.unacked and not before(s.ack, self.snd_una):
            self.took(s.ack)
        match self.state, len(self.unacked):
            case "FIN-WAIT-1", 0:
                self.state = "FIN-WAIT-2"
            case "CLOSING", 0:
                self.time_wait()
            case "LAST-ACK", 0:
                return self.over()
        match self.state:
            case "ESTABLISHED" | "FIN-WAIT-1" | "FIN-WAIT-2" if s.seq == self.rcv_nxt:
                self.inbox.append(s.data)
                self.rcv_nxt = add(self.rcv_nxt, len(s.data))
        in_order = add(s.seq, len(s.data)) == self.rcv_nxt
        match self.state, letters(s):
            case "ESTABLISHED", (*_, "F") if in_order:
                self.state = "CLOSE-WAIT"
            case "FIN-WAIT-1", (*_, "F") if in_order:
                self.state = "CLOSING"
            case "FIN-WAIT-2" | "TIME-WAIT", (*_, "F") if in_order:
                self.time_wait()
        return self.bare() if length(s) or s.flags & FIN else []

    def time_wait(self) -> None:
        self.state, self.deadline = "TIME-WAIT", self.now + 2 * self.msl

    def took(self, ack: int) -> None:
        self.snd_una = ack
        while self.unacked and not before(ack, add(self.unacked[0].seq, length(self.unacked[0]))):
            self.unacked.popleft()
        self.set_timer()

    def inside(self, s: Segment) -> bool:
        size = length(s)
        ends = (s.seq, add(s.seq, size - 1)) if size else (s.seq,)
        return any(not before(end, self.rcv_nxt) and before(end, add(self.rcv_nxt, RCV_WND)) for end in ends)


def letters(s: Segment) -> tuple[str, str, str, str]:
    """("R", "A", "S", "F"), with "" for each flag that is not set."""
    return tuple(letter if s.flags & flag else "" for letter, flag in zip("RASF", (RST, ACK, SYN, FIN), strict=True))
