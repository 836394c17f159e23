"""All of TCP in one module, as few lines as may be; it imports nothing of segment.py, which imports this one."""
from array import array
from collections import namedtuple
from ipaddress import IPv4Address
from struct import pack as packed
from struct import unpack_from
from sys import byteorder

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
RCV_WND, MSS, RTO, MAX_RTO, MOST_SENDS, MSL = 8192, 536, 1000, 60_000, 6, 30_000

Segment = namedtuple("Segment", "source destination seq ack flags window urgent options data", defaults=(0, b"", b""))


class SegmentError(ValueError):
    pass


def add(seq, n):
    return seq + n & 0xFFFFFFFF


def before(a, b):
    return a != b and b - a & 0xFFFFFFFF < 0x80000000


def length(segment):
    return len(segment.data) + (segment.flags >> 1 & 1) + (segment.flags & 1)


def internet_checksum(data):
    words = array("H", data + b"\0" * (len(data) & 1))
    if byteorder == "little":
        words.byteswap()
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def checksum(source, destination, segment):
    addresses = IPv4Address(source).packed + IPv4Address(destination).packed
    return internet_checksum(addresses + packed("!HH", 6, len(segment)) + segment)


def pack(segment, source, destination):
    if len(segment.options) > 40 or len(segment.options) & 3:
        raise SegmentError("these options do not fit")
    raw = packed("!HHIIBBHHH", *segment[:4], 80 + len(segment.options) * 4, segment.flags, segment.window, 0,
                 segment.urgent) + segment.options + segment.data
    return raw[:16] + packed("!H", checksum(source, destination, raw)) + raw[18:]


def parse(segment, source, destination):
    begin = segment[12] >> 4 << 2 if len(segment) >= 20 else 0
    if begin < 20 or begin > len(segment) or checksum(source, destination, segment):
        raise SegmentError("broken")
    *numbers, _, flags, window, _, urgent = unpack_from("!HHIIBBHHH", segment)
    return Segment(*numbers, flags, window, urgent, segment[20:begin], segment[begin:])


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
        self.nxt = add(self.nxt, len(data) or 1)
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
        self.kept = [kept for kept in self.kept if before(ack, add(kept[0], len(kept[2]) or 1))]
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
            self.peer, self.rcv = s.source, add(s.seq, 1)
            return self.keep(SYN | ACK, state="SYN-RECEIVED")
        if self.state == "SYN-SENT":
            if ack and s.ack != self.nxt:
                return self.reset(s)
            if rst or not syn:
                return self.end("refused") if rst and ack else []
            self.rcv = add(s.seq, 1)
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
            if not before(self.una, s.ack) or before(self.nxt, s.ack):
                return self.reset(s)
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
