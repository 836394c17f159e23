"""A SYN is taken to have no number: only bytes and a FIN have one, so the data begins with the SYN's own."""
from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND, MSS, RTO, MAX_RTO, MOST_SENDS, MSL = 8192, 536, 1000, 60_000, 6, 30_000


class Endpoint:
    def __init__(self, local, remote, port, iss, rto=RTO, msl=MSL):
        self.local, self.remote, self.port, self.iss, self.rto, self.msl = local, remote, port, iss, rto, msl
        self.state, self.error, self.deadline, self.now = "CLOSED", "", None, 0
        self.peer, self.passive, self.una, self.nxt, self.rcv = None, False, iss, iss, 0
        self.kept, self.tries, self.buffer = [], 0, b""

    def make(self, flags, seq=None, data=b""):
        return pack(Segment(self.port, self.peer, self.nxt if seq is None else seq, self.rcv if flags & ACK else 0,
                            flags, RCV_WND, data=data), self.local, self.remote)

    def keep(self, flags, data=b"", state=None):
        self.state = state or self.state
        raw = self.make(flags, data=data)
        self.kept.append((self.nxt, flags, data))
        self.nxt = add(self.nxt, len(data) + (flags & FIN))
        if len(self.kept) == 1:
            self.timer()
        return [raw]

    def timer(self):
        self.tries, self.deadline = 1, self.now + self.rto if self.kept else None

    def end(self, error=""):
        self.state, self.error, self.deadline, self.kept = "CLOSED", error, None, []
        return []

    def connect(self, port):
        if self.state != "CLOSED":
            raise ConnectionError(self.state)
        self.peer = port
        return self.keep(SYN, state="SYN-SENT")

    def listen(self):
        if self.state != "CLOSED":
            raise ConnectionError(self.state)
        self.state, self.passive, self.peer, self.una, self.nxt = "LISTEN", True, None, self.iss, self.iss
        return []

    def send(self, data):
        if self.state not in ("ESTABLISHED", "CLOSE-WAIT"):
            raise ConnectionError(self.state)
        return [self.keep(PSH | ACK, data[at:at + MSS])[0] for at in range(0, len(data), MSS)]

    def read(self):
        data, self.buffer = self.buffer, b""
        return data

    def close(self):
        if self.state in ("SYN-RECEIVED", "ESTABLISHED"):
            return self.keep(FIN | ACK, state="FIN-WAIT-1")
        if self.state == "CLOSE-WAIT":
            return self.keep(FIN | ACK, state="LAST-ACK")
        return self.end() if self.state in ("LISTEN", "SYN-SENT") else []

    def abort(self):
        silent = "CLOSED", "LISTEN", "SYN-SENT", "CLOSING", "LAST-ACK", "TIME-WAIT"
        last = [] if self.state in silent else [self.make(RST)]
        self.end(self.error)
        return last

    def tick(self, now):
        self.now = now
        if self.deadline is None or now < self.deadline:
            return []
        if self.state == "TIME-WAIT" or self.tries == MOST_SENDS:
            return self.end("" if self.state == "TIME-WAIT" else "timeout")
        self.deadline = now + min(self.rto << self.tries, MAX_RTO)
        self.tries += 1
        seq, flags, data = self.kept[0]
        return [self.make(flags, seq, data)]

    def time_wait(self):
        self.state, self.deadline = "TIME-WAIT", self.now + 2 * self.msl

    def reset(self, s):
        if s.flags & RST:
            return []
        numbers = (s.ack, 0, RST) if s.flags & ACK else (0, add(s.seq, length(s)), RST | ACK)
        return [pack(Segment(s.destination, s.source, *numbers, 0), self.local, self.remote)]

    def news(self, ack):
        self.una = ack
        self.kept = [kept for kept in self.kept if before(ack, add(kept[0], len(kept[2]) + (kept[1] & FIN)))]
        self.timer()

    def on_segment(self, raw):
        try:
            s = parse(raw, self.remote, self.local)
        except SegmentError:
            return []
        syn, ack, rst, fin = (s.flags & flag for flag in (SYN, ACK, RST, FIN))
        if self.state == "CLOSED" or s.destination != self.port or self.peer not in (None, s.source):
            return self.reset(s)
        if self.state == "LISTEN":
            if rst or ack or not syn:
                return self.reset(s) if rst or ack else []
            self.peer, self.rcv = s.source, s.seq
            return self.keep(SYN | ACK, state="SYN-RECEIVED")
        if self.state == "SYN-SENT":
            if ack and s.ack != self.nxt:
                return self.reset(s)
            if rst or not syn:
                return self.end("refused") if rst and ack else []
            self.rcv = s.seq
            if not ack:
                self.kept, self.nxt = [], self.iss
                return self.keep(SYN | ACK, state="SYN-RECEIVED")
            self.news(s.ack)
            self.state = "ESTABLISHED"
            return [self.make(ACK)]
        size = length(s)
        if all(s.seq + last - self.rcv & 0xFFFFFFFF >= RCV_WND for last in {0, max(size, 1) - 1}):
            if self.state == "TIME-WAIT" and fin and not rst:
                self.time_wait()
            return [] if rst else [self.make(ACK)]
        if rst and s.seq != self.rcv:
            return [self.make(ACK)]
        if (rst or syn) and self.state == "SYN-RECEIVED" and self.passive:
            self.end()
            return self.listen()
        if rst:
            ends = {"SYN-RECEIVED": "refused", "CLOSING": "", "LAST-ACK": "", "TIME-WAIT": ""}
            return self.end(ends.get(self.state, "reset"))
        if syn:
            return [self.make(ACK)]
        if not ack:
            return []
        if self.state == "SYN-RECEIVED":
            if s.ack != self.nxt:
                return self.reset(s)
            self.news(s.ack)
            self.state = "ESTABLISHED"
        if before(self.nxt, s.ack):
            return [self.make(ACK)]
        if before(self.una, s.ack):
            self.news(s.ack)
        if self.una == self.nxt:
            if self.state == "LAST-ACK":
                return self.end()
            if self.state == "CLOSING":
                self.time_wait()
            if self.state == "FIN-WAIT-1":
                self.state = "FIN-WAIT-2"
        if self.state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"):
            if s.seq == self.rcv:
                self.buffer, self.rcv = self.buffer + s.data, add(self.rcv, len(s.data))
            if fin and add(s.seq, len(s.data)) == self.rcv:
                self.rcv = add(self.rcv, 1)
                self.state = {"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING"}.get(self.state, "TIME-WAIT")
                if self.state == "TIME-WAIT":
                    self.time_wait()
        return [self.make(ACK)] if size else []
