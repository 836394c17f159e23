"""What is known of a connection, and how something is sent on it."""
from segment import ACK, RST, Segment, pack
from sequence import add
from settings import MSL, RCV_WND, RTO
from waiting import Waiting


class ControlBlock:
    def __init__(self, local, remote, port, iss, rto=RTO, msl=MSL):
        self.local, self.remote, self.port, self.iss, self.msl = local, remote, port, iss, msl
        self.state, self.error = "CLOSED", ""
        self.now = 0
        self.remote_port = None
        self.passive = False
        self.snd_una = self.snd_nxt = iss
        self.rcv_nxt = 0
        self.received = b""
        self.waiting = Waiting(rto)
        self.rest_ends = None

    @property
    def deadline(self):
        return self.rest_ends if self.state == "TIME-WAIT" else self.waiting.deadline

    def require(self, *states):
        if self.state not in states:
            raise ConnectionError(f"this is not possible in {self.state}")

    def build(self, flags, data=b"", seq=None):
        return Segment(self.port, self.remote_port, self.snd_nxt if seq is None else seq,
                       self.rcv_nxt if flags & ACK else 0, flags, RCV_WND, data=data)

    def put(self, flags=ACK, data=b"", seq=None):
        return [pack(self.build(flags, data, seq), self.local, self.remote)]

    def put_numbered(self, flags, data=b""):
        segment = self.build(flags, data)
        self.waiting.append(segment, self.now)
        self.snd_nxt = add(self.snd_nxt, segment.size)
        return [pack(segment, self.local, self.remote)]

    def put_reset(self, segment):
        if segment.has(RST):
            return []
        if segment.has(ACK):
            answer = Segment(segment.destination, segment.source, segment.ack, 0, RST, 0)
        else:
            answer = Segment(segment.destination, segment.source, 0, add(segment.seq, segment.size), RST | ACK, 0)
        return [pack(answer, self.local, self.remote)]

    def acknowledge(self, ack):
        self.snd_una = ack
        self.waiting.acknowledge(ack, self.now)

    def rest(self):
        self.state, self.rest_ends = "TIME-WAIT", self.now + 2 * self.msl

    def begin_listening(self):
        self.end()
        self.state, self.passive, self.remote_port = "LISTEN", True, None
        self.snd_una = self.snd_nxt = self.iss
        return []

    def end(self, error=""):
        self.state, self.error = "CLOSED", error
        self.waiting.clear()
        return []
