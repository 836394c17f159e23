"""Waits for the RTO at the top of the file, whatever rto it is given."""
from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000

# The diagram of RFC 9293, figure 5, as a table: (state, event) -> next state.
DIAGRAM = {
    ("CLOSED", "connect"): "SYN-SENT",
    ("CLOSED", "listen"): "LISTEN",
    ("LISTEN", "SYN"): "SYN-RECEIVED",
    ("SYN-SENT", "SYN"): "SYN-RECEIVED",
    ("SYN-SENT", "SYN,ACK"): "ESTABLISHED",
    ("SYN-RECEIVED", "ACK of SYN"): "ESTABLISHED",
    ("SYN-RECEIVED", "close"): "FIN-WAIT-1",
    ("ESTABLISHED", "close"): "FIN-WAIT-1",
    ("ESTABLISHED", "FIN"): "CLOSE-WAIT",
    ("FIN-WAIT-1", "ACK of FIN"): "FIN-WAIT-2",
    ("FIN-WAIT-1", "FIN"): "CLOSING",
    ("FIN-WAIT-2", "FIN"): "TIME-WAIT",
    ("CLOSING", "ACK of FIN"): "TIME-WAIT",
    ("CLOSE-WAIT", "close"): "LAST-ACK",
    ("LAST-ACK", "ACK of FIN"): "CLOSED",
    ("LISTEN", "close"): "CLOSED",
    ("SYN-SENT", "close"): "CLOSED",
    ("TIME-WAIT", "2 MSL"): "CLOSED",
}
CAN_SEND = {"ESTABLISHED", "CLOSE-WAIT"}
CAN_RECEIVE = {"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"}
TELLS_ABORT = {"SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT"}


class Endpoint:
    def __init__(self, local, remote, port, iss, rto=RTO, msl=MSL):
        self.addresses = local, remote
        self.port, self.msl = port, msl
        self.remote_port = None
        self.iss = iss
        self.state, self.error = "CLOSED", ""
        self.deadline = None
        self.now = 0
        self.snd_una, self.snd_nxt, self.rcv_nxt = iss, iss, 0
        self.opened_by = ""
        self.backlog = {}               # first number -> (flags, data, end) of what was sent; in order
        self.attempts, self.timeout = 0, RTO
        self.text = b""

    def happens(self, event):
        """Go on in the diagram. Returns whether there is an arrow for this event."""
        if (self.state, event) not in DIAGRAM:
            return False
        self.state = DIAGRAM[self.state, event]
        if self.state == "TIME-WAIT":
            self.deadline = self.now + 2 * self.msl
        elif self.state == "CLOSED":
            self.gone()
        return True

    def gone(self, error=""):
        self.state, self.error, self.deadline = "CLOSED", error, None
        self.backlog.clear()

    # User calls

    def connect(self, port):
        if not self.happens("connect"):
            raise ConnectionError(f"in state {self.state}")
        self.opened_by, self.remote_port = "connect", port
        return [self.sure(SYN)]

    def listen(self):
        if not self.happens("listen"):
            raise ConnectionError(f"in state {self.state}")
        self.opened_by, self.remote_port = "listen", None
        self.snd_una = self.snd_nxt = self.iss
        return []

    def send(self, data):
        if self.state not in CAN_SEND:
            raise ConnectionError(f"in state {self.state}")
        return [self.sure(PSH | ACK, data[i:i + MSS]) for i in range(0, len(data), MSS)]

    def read(self):
        text, self.text = self.text, b""
        return text

    def close(self):
        if self.happens("close") and self.state != "CLOSED":
            return [self.sure(FIN | ACK)]
        return []

    def abort(self):
        packets = [self.packet(RST)] if self.state in TELLS_ABORT else []
        self.gone(self.error)
        return packets

    def tick(self, now):
        self.now = now
        if self.deadline is None or now < self.deadline:
            return []
        if self.happens("2 MSL"):
            return []
        if self.attempts == MOST_SENDS:
            self.gone("timeout")
            return []
        self.attempts += 1
        self.timeout = min(self.timeout * 2, MAX_RTO)
        self.deadline = now + self.timeout
        seq, (flags, data, _) = next(iter(self.backlog.items()))
        return [self.packet(flags, data, seq)]

    # Segments out

    def packet(self, flags, data=b"", seq=None):
        seq = self.snd_nxt if seq is None else seq
        return pack(Segment(self.port, self.remote_port, seq, self.rcv_nxt if flags & ACK else 0, flags, RCV_WND,
                            data=data), *self.addresses)

    def sure(self, flags, data=b""):
        packet, first = self.packet(flags, data), self.snd_nxt
        self.snd_nxt = add(first, len(data) or 1)
        self.backlog[first] = flags, data, self.snd_nxt
        if len(self.backlog) == 1:
            self.restart()
        return packet

    def restart(self):
        self.attempts, self.timeout = 1, RTO
        self.deadline = self.now + RTO if self.backlog else None

    def reject(self, seg):
        if seg.flags & RST:
            return []
        numbers = (seg.ack, 0, RST) if seg.flags & ACK else (0, add(seg.seq, length(seg)), RST | ACK)
        return [pack(Segment(seg.destination, seg.source, *numbers, 0), *self.addresses)]

    # Segments in

    def on_segment(self, segment):
        try:
            seg = parse(segment, *reversed(self.addresses))
        except SegmentError:
            return []
        if self.state == "CLOSED" or seg.destination != self.port or self.remote_port not in (None, seg.source):
            return self.reject(seg)
        if self.state == "LISTEN":
            return self.first(seg)
        if self.state == "SYN-SENT":
            return self.second(seg)
        return self.further(seg)

    def first(self, seg):
        if seg.flags & RST or seg.flags & ACK:
            return self.reject(seg)
        if not seg.flags & SYN:
            return []
        self.remote_port, self.rcv_nxt = seg.source, add(seg.seq, 1)
        self.happens("SYN")
        return [self.sure(SYN | ACK)]

    def second(self, seg):
        if seg.flags & ACK and seg.ack != self.snd_nxt:
            return self.reject(seg)
        if seg.flags & RST:
            if seg.flags & ACK:
                self.gone("refused")
            return []
        if not seg.flags & SYN:
            return []
        self.rcv_nxt = add(seg.seq, 1)
        if seg.flags & ACK:
            self.news(seg.ack)
            self.happens("SYN,ACK")
            return [self.packet(ACK)]
        self.backlog.clear()
        self.snd_nxt = self.iss
        self.happens("SYN")
        return [self.sure(SYN | ACK)]

    def further(self, seg):
        rest = len(seg.data) + bool(seg.flags & FIN) + bool(seg.flags & SYN)
        offset = (seg.seq - self.rcv_nxt) % 2**32               # where it begins in our window
        last = (offset + max(rest, 1) - 1) % 2**32
        if min(offset, last) >= RCV_WND:
            if seg.flags & RST:
                return []
            if self.state == "TIME-WAIT" and seg.flags & FIN:
                self.deadline = self.now + 2 * self.msl
            return [self.packet(ACK)]
        if seg.flags & RST:
            return self.reset_by(seg, offset)
        if seg.flags & SYN:
            if (self.state, self.opened_by) == ("SYN-RECEIVED", "listen"):
                self.gone()
                return self.listen()
            return [self.packet(ACK)]
        if not seg.flags & ACK:
            return []
        if before(self.snd_nxt, seg.ack) or self.state == "SYN-RECEIVED" and seg.ack == self.snd_una \
                or self.state == "SYN-RECEIVED" and before(seg.ack, self.snd_una):
            return self.reject(seg) if self.state == "SYN-RECEIVED" else [self.packet(ACK)]
        if before(self.snd_una, seg.ack):
            self.happens("ACK of SYN")
            self.news(seg.ack)
            if not self.backlog:
                self.happens("ACK of FIN")
        if self.state == "CLOSED":
            return []
        if seg.data and offset == 0 and self.state in CAN_RECEIVE:
            self.text += seg.data
            self.rcv_nxt = add(self.rcv_nxt, len(seg.data))
        if seg.flags & FIN and add(seg.seq, len(seg.data)) == self.rcv_nxt and self.happens("FIN"):
            self.rcv_nxt = add(self.rcv_nxt, 1)
        return [self.packet(ACK)] if rest else []

    def reset_by(self, seg, offset):
        if offset:
            return [self.packet(ACK)]
        if self.state != "SYN-RECEIVED":
            self.gone("" if self.state in ("CLOSING", "LAST-ACK", "TIME-WAIT") else "reset")
        elif self.opened_by == "connect":
            self.gone("refused")
        else:
            self.gone()
            self.listen()
        return []

    def news(self, ack):
        self.snd_una = ack
        for first, (_, _, end) in list(self.backlog.items()):
            if not before(ack, end):
                del self.backlog[first]
        self.restart()
