"""Nothing is wrong: a RST in the window ends the connection, and a SYN resets it, as RFC 793 has it (only bonus)."""
from segment import ACK, FIN, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000


class Endpoint:
    """CLOSED, and what all states have in common."""

    name = "CLOSED"
    may_send = False
    takes_data = False
    tells_of_abort = False
    error_of_reset = "reset"

    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self.here, self.there, self.port, self.iss, self.rto, self.msl = local, remote, port, iss, rto, msl
        self.peer_port = None
        self.error, self.deadline, self.now = "", None, 0
        self.una = self.nxt = iss
        self.rcv = 0
        self.listens = False
        self.kept = []
        self.wait, self.sends = rto, 0
        self.data = b""

    @property
    def state(self) -> str:
        return self.name

    def becomes(self, kind: type) -> None:
        self.__class__ = kind

    # Sending

    def bytes_of(self, flags, data=b"", seq=None):
        return pack(Segment(self.port, self.peer_port, self.nxt if seq is None else seq, self.rcv if flags & ACK else 0,
                            flags, RCV_WND, 0, b"", data), self.here, self.there)

    def ack(self):
        return [self.bytes_of(ACK)]

    def numbered(self, flags, data=b""):
        packed = self.bytes_of(flags, data)
        self.kept.append((self.nxt, flags, data))
        self.nxt = add(self.nxt, len(data) + bool(flags & (SYN | FIN)))
        if len(self.kept) == 1:
            self.restart()
        return [packed]

    def restart(self):
        self.wait, self.sends = self.rto, 1
        self.deadline = self.now + self.wait if self.kept else None

    def acknowledged(self, ack):
        self.una = ack
        self.kept = [(seq, flags, data) for seq, flags, data in self.kept
                     if before(ack, add(seq, len(data) + bool(flags & (SYN | FIN))))]
        self.restart()

    def ends(self, error=""):
        self.kept, self.deadline, self.error = [], None, error
        self.becomes(Endpoint)
        return []

    def rejects(self, s):
        if s.flags & RST:
            return []
        if s.flags & ACK:
            reset = Segment(s.destination, s.source, s.ack, 0, RST, 0)
        else:
            reset = Segment(s.destination, s.source, 0, add(s.seq, length(s)), RST | ACK, 0)
        return [pack(reset, self.here, self.there)]

    # The user's calls

    def connect(self, port: int) -> list[bytes]:
        if self.name != "CLOSED":
            raise ConnectionError(f"connect() in {self.name}")
        self.peer_port = port
        self.becomes(SynSent)
        return self.numbered(SYN)

    def listen(self) -> list[bytes]:
        if self.name != "CLOSED":
            raise ConnectionError(f"listen() in {self.name}")
        self.listens, self.peer_port = True, None
        self.una = self.nxt = self.iss
        self.becomes(Listen)
        return []

    def send(self, data: bytes) -> list[bytes]:
        if not self.may_send:
            raise ConnectionError(f"send() in {self.name}")
        sent = []
        while data:
            sent += self.numbered(ACK, data[:MSS])        # without PSH: it would change nothing here
            data = data[MSS:]
        return sent

    def read(self) -> bytes:
        data, self.data = self.data, b""
        return data

    def close(self) -> list[bytes]:
        return []

    def abort(self) -> list[bytes]:
        said = [self.bytes_of(RST)] if self.tells_of_abort else []
        self.ends(self.error)
        return said

    # Events

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            s = parse(segment, self.there, self.here)
        except SegmentError:
            return []
        if s.destination != self.port or (self.peer_port is not None and self.peer_port != s.source):
            return self.rejects(s)
        return self.arrives(s)

    def tick(self, now: int) -> list[bytes]:
        self.now = now
        return self.time_is_up() if self.deadline is not None and now >= self.deadline else []

    def time_is_up(self):
        if self.sends >= MOST_SENDS:
            return self.ends("timeout")
        self.sends += 1
        self.wait = min(self.wait * 2, MAX_RTO)
        self.deadline = self.now + self.wait
        seq, flags, data = self.kept[0]
        return [self.bytes_of(flags, data, seq)]

    def arrives(self, s):
        return self.rejects(s)


class Listen(Endpoint):
    name = "LISTEN"

    def close(self):
        return self.ends()

    def arrives(self, s):
        if s.flags & (RST | ACK):
            return self.rejects(s)
        if not s.flags & SYN:
            return []
        self.peer_port, self.rcv = s.source, add(s.seq, 1)
        self.becomes(SynReceived)
        return self.numbered(SYN | ACK)


class SynSent(Endpoint):
    name = "SYN-SENT"

    def close(self):
        return self.ends()

    def arrives(self, s):
        if s.flags & ACK and s.ack != add(self.iss, 1):
            return self.rejects(s)
        if s.flags & RST:
            return self.ends("refused") if s.flags & ACK else []
        if not s.flags & SYN:
            return []
        self.rcv = add(s.seq, 1)
        if s.flags & ACK:
            self.becomes(Established)
            self.acknowledged(s.ack)
            return self.ack()
        self.kept, self.nxt = [], self.iss
        self.becomes(SynReceived)
        return self.numbered(SYN | ACK)


class Synchronized(Endpoint):
    """What the states have in common in which both sides know each other's numbers."""

    name = ""

    def in_window(self, s):
        size = length(s)
        return any((number - self.rcv) % (1 << 32) < RCV_WND for number in {s.seq, add(s.seq, max(size - 1, 0))})

    def arrives(self, s):
        if not self.in_window(s):
            return self.outside(s)
        if s.flags & RST:
            return self.is_reset(s)
        if s.flags & SYN:
            return self.second_syn(s)
        if not s.flags & ACK:
            return []
        if (answer := self.looks_at_ack(s)) is not None:
            return answer
        if self.una == self.nxt:
            self.all_acknowledged()
        if self.name == "CLOSED":
            return []
        if s.seq == self.rcv and self.takes_data:
            self.data += s.data
            self.rcv = add(self.rcv, len(s.data))
        if s.flags & FIN and add(s.seq, len(s.data)) == self.rcv:
            self.gets_fin()
        return self.ack() if length(s) else []

    def outside(self, s):
        return [] if s.flags & RST else self.ack()

    def is_reset(self, s):
        return self.ends(self.error_of_reset)

    def second_syn(self, s):
        told = self.rejects(s)
        self.ends("reset")
        return told

    def looks_at_ack(self, s):
        if before(self.nxt, s.ack):
            return self.ack()
        if before(self.una, s.ack):
            self.acknowledged(s.ack)
        return None

    def all_acknowledged(self):
        pass

    def gets_fin(self):
        pass


class SynReceived(Synchronized):
    name = "SYN-RECEIVED"
    tells_of_abort = True
    error_of_reset = "refused"

    def close(self):
        self.becomes(FinWait1)
        return self.numbered(FIN | ACK)

    def is_reset(self, s):
        if not self.listens:
            return super().is_reset(s)
        self.ends()
        return self.listen()

    def second_syn(self, s):
        return self.is_reset(s) if self.listens else super().second_syn(s)

    def looks_at_ack(self, s):
        if not before(self.una, s.ack) or before(self.nxt, s.ack):
            return self.rejects(s)
        self.becomes(Established)
        self.acknowledged(s.ack)
        return None


class Established(Synchronized):
    name = "ESTABLISHED"
    may_send = takes_data = tells_of_abort = True

    def close(self):
        self.becomes(FinWait1)
        return self.numbered(FIN | ACK)

    def gets_fin(self):
        self.rcv = add(self.rcv, 1)
        self.becomes(CloseWait)


class FinWait1(Synchronized):
    name = "FIN-WAIT-1"
    takes_data = tells_of_abort = True

    def all_acknowledged(self):
        self.becomes(FinWait2)

    def gets_fin(self):
        self.rcv = add(self.rcv, 1)
        self.becomes(Closing)


class FinWait2(Synchronized):
    name = "FIN-WAIT-2"
    takes_data = tells_of_abort = True

    def gets_fin(self):
        self.rcv = add(self.rcv, 1)
        self.becomes(TimeWait)
        self.begin()


class CloseWait(Synchronized):
    name = "CLOSE-WAIT"
    may_send = tells_of_abort = True

    def close(self):
        self.becomes(LastAck)
        return self.numbered(FIN | ACK)


class LastAck(Synchronized):
    name = "LAST-ACK"
    error_of_reset = ""

    def all_acknowledged(self):
        self.ends()


class Closing(Synchronized):
    name = "CLOSING"
    error_of_reset = ""

    def all_acknowledged(self):
        self.becomes(TimeWait)
        self.begin()


class TimeWait(Synchronized):
    name = "TIME-WAIT"
    error_of_reset = ""

    def begin(self):
        self.deadline = self.now + 2 * self.msl

    def outside(self, s):
        if s.flags & FIN and not s.flags & RST:
            self.begin()
        return super().outside(s)

    def time_is_up(self):
        return self.ends()
