"""TCP that keeps what comes too early, data and FIN, as RFC 9293 recommends (section 3.10.7.4), and trims overlaps."""
from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000


class Reassembly:
    """What has come, in any order: bytes by their number, and the number of the FIN."""

    def __init__(self, expects: int) -> None:
        self.expects = expects
        self.early: dict[int, int] = {}
        self.fin: int | None = None
        self.ended = False
        self.text = bytearray()

    def put(self, seq: int, data: bytes, fin: bool) -> None:
        for distance, byte in enumerate(data):
            number = add(seq, distance)
            if (number - self.expects) % 2**32 < RCV_WND:
                self.early.setdefault(number, byte)
        if fin and not self.ended:
            self.fin = add(seq, len(data))
        while self.expects in self.early:
            self.text.append(self.early.pop(self.expects))
            self.expects = add(self.expects, 1)
        if self.fin == self.expects and not self.ended:
            self.ended = True
            self.early.clear()
            self.expects = add(self.expects, 1)

    def take(self) -> bytes:
        text, self.text = bytes(self.text), bytearray()
        return text


class Endpoint:
    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self.local, self.remote, self.port, self.iss, self.rto, self.msl = local, remote, port, iss, rto, msl
        self.state, self.error, self.deadline, self.now = "CLOSED", "", None, 0
        self.peer = None
        self.passive = False
        self.una = self.nxt = iss
        self.input = Reassembly(0)
        self.unacknowledged = []
        self.wait = self.sends = 0

    def segment(self, flags, data=b"", seq=None):
        return Segment(self.port, self.peer, self.nxt if seq is None else seq, self.input.expects if flags & ACK else 0,
                       flags, RCV_WND, data=data)

    def packed(self, *segments):
        return [pack(segment, self.local, self.remote) for segment in segments]

    def ack(self):
        return self.packed(self.segment(ACK))

    def transmit(self, state, flags, data=b""):
        self.state = state
        new = self.segment(flags, data)
        self.nxt = add(self.nxt, length(new))
        self.unacknowledged.append(new)
        if len(self.unacknowledged) == 1:
            self.wait_anew()
        return self.packed(new)

    def wait_anew(self):
        self.wait, self.sends = self.rto, 1
        self.deadline = self.now + self.wait if self.unacknowledged else None

    def end(self, error=""):
        self.state, self.error, self.deadline, self.unacknowledged = "CLOSED", error, None, []
        return []

    def time_wait(self):
        self.state, self.deadline = "TIME-WAIT", self.now + 2 * self.msl

    def refuse(self, s):
        if s.flags & RST:
            return []
        seq, ack, flags = (s.ack, 0, RST) if s.flags & ACK else (0, add(s.seq, length(s)), RST | ACK)
        return self.packed(Segment(s.destination, s.source, seq, ack, flags, 0))

    def connect(self, port: int) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError(self.state)
        self.peer = port
        return self.transmit("SYN-SENT", SYN)

    def listen(self) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError(self.state)
        self.state, self.passive, self.peer = "LISTEN", True, None
        self.una = self.nxt = self.iss
        return []

    def send(self, data: bytes) -> list[bytes]:
        if self.state not in ("ESTABLISHED", "CLOSE-WAIT"):
            raise ConnectionError(self.state)
        return [self.transmit(self.state, PSH | ACK, data[at:at + MSS])[0] for at in range(0, len(data), MSS)]

    def read(self) -> bytes:
        return self.input.take()

    def close(self) -> list[bytes]:
        if self.state in ("LISTEN", "SYN-SENT"):
            return self.end()
        if self.state in ("SYN-RECEIVED", "ESTABLISHED"):
            return self.transmit("FIN-WAIT-1", FIN | ACK)
        return self.transmit("LAST-ACK", FIN | ACK) if self.state == "CLOSE-WAIT" else []

    def abort(self) -> list[bytes]:
        tells = self.state in ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT")
        last = self.packed(self.segment(RST)) if tells else []
        self.end(self.error)
        return last

    def tick(self, now: int) -> list[bytes]:
        self.now = now
        if self.deadline is None or now < self.deadline:
            return []
        if self.state == "TIME-WAIT":
            return self.end()
        if self.sends == MOST_SENDS:
            return self.end("timeout")
        self.sends += 1
        self.wait = min(2 * self.wait, MAX_RTO)
        self.deadline = now + self.wait
        oldest = self.unacknowledged[0]
        return self.packed(self.segment(oldest.flags, oldest.data, oldest.seq))

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            s = parse(segment, self.remote, self.local)
        except SegmentError:
            return []
        if self.state == "CLOSED" or s.destination != self.port or self.peer not in (None, s.source):
            return self.refuse(s)
        if self.state == "LISTEN":
            if s.flags & (RST | ACK) or not s.flags & SYN:
                return self.refuse(s) if s.flags & (RST | ACK) else []
            self.peer, self.input = s.source, Reassembly(add(s.seq, 1))
            return self.transmit("SYN-RECEIVED", SYN | ACK)
        if self.state == "SYN-SENT":
            return self.answered(s)
        size = length(s)
        if not any((number - self.input.expects) % 2**32 < RCV_WND for number in (s.seq, s.seq + max(size, 1) - 1)):
            if s.flags & FIN and self.state == "TIME-WAIT" and not s.flags & RST:
                self.time_wait()
            return [] if s.flags & RST else self.ack()
        if s.flags & RST and s.seq != self.input.expects:
            return self.ack()
        if s.flags & (RST | SYN) and self.state == "SYN-RECEIVED" and self.passive:
            self.end()
            return self.listen()
        if s.flags & RST:
            quiet = {"SYN-RECEIVED": "refused", "CLOSING": "", "LAST-ACK": "", "TIME-WAIT": ""}
            return self.end(quiet.get(self.state, "reset"))
        if s.flags & SYN:
            return self.ack()
        if not s.flags & ACK:
            return []
        return self.established(s)

    def answered(self, s):
        if s.flags & ACK and s.ack != self.nxt:
            return self.refuse(s)
        if s.flags & RST or not s.flags & SYN:
            return self.end("refused") if s.flags & RST and s.flags & ACK else []
        self.input = Reassembly(add(s.seq, 1))
        if s.flags & ACK:
            self.state = "ESTABLISHED"
            self.acknowledged(s.ack)
            return self.ack()
        self.unacknowledged.clear()
        self.nxt = self.iss
        return self.transmit("SYN-RECEIVED", SYN | ACK)

    def acknowledged(self, ack):
        self.una = ack
        self.unacknowledged = [kept for kept in self.unacknowledged if before(ack, add(kept.seq, length(kept)))]
        self.wait_anew()

    def established(self, s):
        news = before(self.una, s.ack) and not before(self.nxt, s.ack)
        if self.state == "SYN-RECEIVED":
            if not news:
                return self.refuse(s)
            self.state = "ESTABLISHED"
        if before(self.nxt, s.ack):
            return self.ack()
        if news:
            self.acknowledged(s.ack)
        if self.una == self.nxt:
            if self.state == "LAST-ACK":
                return self.end()
            if self.state == "CLOSING":
                self.time_wait()
            elif self.state == "FIN-WAIT-1":
                self.state = "FIN-WAIT-2"
        if self.state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"):
            self.input.put(s.seq, s.data, bool(s.flags & FIN))
            if self.input.ended:
                if self.state == "FIN-WAIT-2":
                    self.time_wait()
                else:
                    self.state = "CLOSE-WAIT" if self.state == "ESTABLISHED" else "CLOSING"
        return self.ack() if length(s) else []
