"""TCP with a real receive buffer, a ring: the window that is announced is what is free in it. PSH is never set."""
from segment import ACK, FIN, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000
BUFFER = 65_535


class Ring:
    def __init__(self, size: int) -> None:
        self.memory = memoryview(bytearray(size))
        self.begin = self.used = 0

    @property
    def free(self) -> int:
        return len(self.memory) - self.used

    def put(self, data: bytes) -> int:
        """Take what fits; return how much that was."""
        taken = data[:self.free]
        for byte in taken:
            self.memory[(self.begin + self.used) % len(self.memory)] = byte
            self.used += 1
        return len(taken)

    def take(self) -> bytes:
        end = self.begin + self.used
        taken = bytes(self.memory[self.begin:end])
        taken += bytes(self.memory[:max(end - len(self.memory), 0)])
        self.begin, self.used = end % len(self.memory), 0
        return taken


class Endpoint:
    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self.ends = local, remote
        self.ports = [port, None]
        self.iss, self.rto, self.msl = iss, rto, msl
        self.state = "CLOSED"
        self.error = ""
        self.deadline = None
        self.time = 0
        self.passive = False
        self.snd_una = self.snd_nxt = iss
        self.rcv_nxt = 0
        self.ring = Ring(BUFFER)
        self.flight = []
        self.sendings = 0

    def read(self) -> bytes:
        return self.ring.take()

    def write(self, flags: int, data: bytes = b"", seq: int | None = None) -> bytes:
        ack = self.rcv_nxt if flags & ACK else 0
        return pack(Segment(*self.ports, self.snd_nxt if seq is None else seq, ack, flags, self.ring.free, data=data),
                    *self.ends)

    def occupy(self, flags: int, data: bytes = b"") -> bytes:
        """Write a segment that takes numbers."""
        first = self.snd_nxt
        written = self.write(flags, data)
        self.snd_nxt = add(first, len(data) if data else 1)
        self.flight.append((first, self.snd_nxt, flags, data))
        if len(self.flight) == 1:
            self.wind_up()
        return written

    def wind_up(self) -> None:
        self.sendings = 1
        self.deadline = self.time + self.rto if self.flight else None

    def over(self, error: str = "") -> list[bytes]:
        self.state, self.error, self.deadline, self.flight = "CLOSED", error, None, []
        return []

    def connect(self, port: int) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError("open already")
        self.state, self.ports[1] = "SYN-SENT", port
        return [self.occupy(SYN)]

    def listen(self) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError("open already")
        self.state, self.passive, self.ports[1] = "LISTEN", True, None
        self.snd_una = self.snd_nxt = self.iss
        return []

    def send(self, data: bytes) -> list[bytes]:
        if self.state not in {"ESTABLISHED", "CLOSE-WAIT"}:
            raise ConnectionAbortedError("nothing can be sent now")
        rest, written = memoryview(data), []
        while rest:
            written.append(self.occupy(ACK, bytes(rest[:MSS])))
            rest = rest[MSS:]
        return written

    def close(self) -> list[bytes]:
        if self.state in {"LISTEN", "SYN-SENT"}:
            return self.over()
        if self.state in {"SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT"}:
            self.state = "LAST-ACK" if self.state == "CLOSE-WAIT" else "FIN-WAIT-1"
            return [self.occupy(FIN | ACK)]
        return []

    def abort(self) -> list[bytes]:
        told = {"SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT"}
        last = [self.write(RST)] if self.state in told else []
        self.over(self.error)
        return last

    def tick(self, now: int) -> list[bytes]:
        self.time = now
        if self.deadline is None or now < self.deadline:
            return []
        if self.state == "TIME-WAIT":
            return self.over()
        if self.sendings == MOST_SENDS:
            return self.over("timeout")
        self.deadline = now + min(self.rto << self.sendings, MAX_RTO)
        self.sendings += 1
        seq, _, flags, data = self.flight[0]
        return [self.write(flags, data, seq)]

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            s = parse(segment, *reversed(self.ends))
        except SegmentError:
            return []
        stranger = s.destination != self.ports[0] or self.ports[1] not in {None, s.source}
        handle = {"CLOSED": self.refuse, "LISTEN": self.in_listen, "SYN-SENT": self.in_syn_sent}
        return self.refuse(s) if stranger else handle.get(self.state, self.in_the_others)(s)

    def refuse(self, s: Segment) -> list[bytes]:
        if s.flags & RST:
            return []
        numbers = (s.ack, 0, RST) if s.flags & ACK else (0, add(s.seq, length(s)), RST | ACK)
        return [pack(Segment(s.destination, s.source, *numbers, 0), *self.ends)]

    def in_listen(self, s: Segment) -> list[bytes]:
        if s.flags & (RST | ACK):
            return self.refuse(s)
        if not s.flags & SYN:
            return []
        self.state, self.ports[1], self.rcv_nxt = "SYN-RECEIVED", s.source, add(s.seq, 1)
        return [self.occupy(SYN | ACK)]

    def in_syn_sent(self, s: Segment) -> list[bytes]:
        if s.flags & ACK and s.ack != add(self.iss, 1):
            return self.refuse(s)
        if s.flags & RST:
            return self.over("refused") if s.flags & ACK else []
        if not s.flags & SYN:
            return []
        self.rcv_nxt = add(s.seq, 1)
        if not s.flags & ACK:
            self.state, self.flight, self.snd_nxt = "SYN-RECEIVED", [], self.iss
            return [self.occupy(SYN | ACK)]
        self.state = "ESTABLISHED"
        self.news(s.ack)
        return [self.write(ACK)]

    def news(self, ack: int) -> None:
        self.snd_una = ack
        while self.flight and not before(ack, self.flight[0][1]):
            self.flight.pop(0)
        self.wind_up()

    def acceptable(self, s: Segment) -> bool:
        """All four rows of table 6: this window may be 0."""
        size, window = length(s), self.ring.free
        ahead = (s.seq - self.rcv_nxt) % 2**32
        if window == 0:
            return size == 0 and ahead == 0
        return ahead < window or (size > 0 and (ahead + size - 1) % 2**32 < window)

    def in_the_others(self, s: Segment) -> list[bytes]:
        if not self.acceptable(s):
            if s.flags & RST:
                return []
            if self.state == "TIME-WAIT" and s.flags & FIN:
                self.time_wait()
            return [self.write(ACK)]
        if s.flags & RST and s.seq != self.rcv_nxt:
            return [self.write(ACK)]
        if s.flags & (RST | SYN) and self.state == "SYN-RECEIVED" and self.passive:
            self.over()
            return self.listen()
        if s.flags & RST:
            endings = {"SYN-RECEIVED": "refused", "CLOSING": "", "LAST-ACK": "", "TIME-WAIT": ""}
            return self.over(endings.get(self.state, "reset"))
        if s.flags & SYN:
            return [self.write(ACK)]
        if not s.flags & ACK:
            return []
        if self.state == "SYN-RECEIVED":
            if not before(self.snd_una, s.ack) or before(self.snd_nxt, s.ack):
                return self.refuse(s)
            self.state = "ESTABLISHED"
        if before(self.snd_nxt, s.ack):
            return [self.write(ACK)]
        if before(self.snd_una, s.ack):
            self.news(s.ack)
        if not self.flight:
            if self.state == "LAST-ACK":
                return self.over()
            if self.state == "CLOSING":
                self.time_wait()
            if self.state == "FIN-WAIT-1":
                self.state = "FIN-WAIT-2"
        if self.state in {"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"}:
            if s.seq == self.rcv_nxt:
                self.rcv_nxt = add(self.rcv_nxt, self.ring.put(s.data))
            if s.flags & FIN and add(s.seq, len(s.data)) == self.rcv_nxt:
                self.rcv_nxt = add(self.rcv_nxt, 1)
                if self.state == "FIN-WAIT-2":
                    self.time_wait()
                else:
                    self.state = "CLOSE-WAIT" if self.state == "ESTABLISHED" else "CLOSING"
        return [self.write(ACK)] if length(s) else []

    def time_wait(self) -> None:
        self.state, self.deadline = "TIME-WAIT", self.time + 2 * self.msl
