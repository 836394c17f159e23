"""Looks at the window for RST and SYN only: data that comes twice is delivered twice."""
from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000


class Endpoint:
    """The connection. What depends on its state is done by one of the classes below."""

    def __init__(self, local, remote, port, iss, rto=RTO, msl=MSL):
        self.local, self.remote = local, remote
        self.port, self.remote_port = port, None
        self.iss = self.una = self.nxt = iss
        self.rto, self.msl, self.now = rto, msl, 0
        self.expected = 0               # RCV.NXT
        self.error, self.deadline = "", None
        self.listened = False
        self.sent = []                  # [segment, how often, wait] of what is not acknowledged
        self.data = bytearray()
        self.role = Closed()

    @property
    def state(self):
        return self.role.name

    def become(self, role):
        self.role = role
        return []

    # ---- calls ----

    def connect(self, port):
        if self.state != "CLOSED":
            raise ConnectionError("connected already")
        self.remote_port = port
        self.become(SynSent())
        return self.post(SYN)

    def listen(self):
        if self.state != "CLOSED":
            raise ConnectionError("connected already")
        self.listened, self.remote_port = True, None
        self.una = self.nxt = self.iss
        return self.become(Listen())

    def send(self, data):
        if not self.role.can_send:
            raise ConnectionError(f"nothing can be sent in {self.state}")
        segments = []
        for begin in range(0, len(data), MSS):
            segments.extend(self.post(PSH | ACK, data[begin:begin + MSS]))
        return segments

    def read(self):
        data = bytes(self.data)
        del self.data[:]
        return data

    def close(self):
        return self.role.close(self)

    def abort(self):
        reset = [self.make(RST)] if self.role.tells_abort else []
        self.finish(self.error)
        return reset

    def tick(self, now):
        self.now = now
        if self.deadline is None or now < self.deadline:
            return []
        return self.role.timeout(self)

    def on_segment(self, raw):
        try:
            seg = parse(raw, self.remote, self.local)
        except SegmentError:
            return []
        if seg.destination != self.port or (self.remote_port is not None and self.remote_port != seg.source):
            return self.reset(seg)
        return self.role.segment(self, seg)

    # ---- tools ----

    def make(self, flags, data=b"", seq=None):
        if seq is None:
            seq = self.nxt
        ack = self.expected if flags & ACK else 0
        return pack(Segment(self.port, self.remote_port, seq, ack, flags, RCV_WND, 0, b"", data),
                    self.local, self.remote)

    def ack(self):
        return [self.make(ACK)]

    def post(self, flags, data=b""):
        """Send something that takes sequence numbers."""
        size = len(data) + (1 if flags & (SYN | FIN) else 0)
        packed = self.make(flags, data)
        self.sent.append((self.nxt, size, flags, data))
        self.nxt = add(self.nxt, size)
        if len(self.sent) == 1:
            self.start()
        return [packed]

    def start(self):
        self.times, self.wait = 1, self.rto
        self.deadline = self.now + self.wait if self.sent else None

    def acknowledge(self, number):
        self.una = number
        self.sent = [entry for entry in self.sent if before(number, add(entry[0], entry[1]))]
        self.start()

    def again(self):
        if self.times == MOST_SENDS:
            return self.finish("timeout")
        self.times += 1
        self.wait = min(2 * self.wait, MAX_RTO)
        self.deadline = self.now + self.wait
        seq, _, flags, data = self.sent[0]
        return [self.make(flags, data, seq)]

    def finish(self, error=""):
        self.error, self.deadline, self.sent = error, None, []
        return self.become(Closed())

    def wait_2msl(self):
        self.deadline = self.now + 2 * self.msl
        return self.become(TimeWait())

    def reset(self, seg):
        if seg.flags & RST:
            return []
        if seg.flags & ACK:
            answer = Segment(seg.destination, seg.source, seg.ack, 0, RST, 0)
        else:
            answer = Segment(seg.destination, seg.source, 0, add(seg.seq, length(seg)), RST | ACK, 0)
        return [pack(answer, self.local, self.remote)]


class State:
    """What a state does if its class does not say otherwise."""

    name = ""
    can_send = False
    tells_abort = False
    reads = False           # whether data is still taken

    def close(self, end):
        return []

    def timeout(self, end):
        return end.again()

    def segment(self, end, seg):
        raise NotImplementedError


class Closed(State):
    name = "CLOSED"

    def segment(self, end, seg):
        return end.reset(seg)


class Listen(State):
    name = "LISTEN"

    def close(self, end):
        return end.finish()

    def segment(self, end, seg):
        if seg.flags & (RST | ACK):
            return end.reset(seg)
        if not seg.flags & SYN:
            return []
        end.remote_port = seg.source
        end.expected = add(seg.seq, 1)
        end.become(SynReceived())
        return end.post(SYN | ACK)


class SynSent(State):
    name = "SYN-SENT"

    def close(self, end):
        return end.finish()

    def segment(self, end, seg):
        if seg.flags & ACK and seg.ack != end.nxt:
            return end.reset(seg)
        if seg.flags & RST:
            return end.finish("refused") if seg.flags & ACK else []
        if not seg.flags & SYN:
            return []
        end.expected = add(seg.seq, 1)
        if seg.flags & ACK:
            end.acknowledge(seg.ack)
            end.become(Established())
            return end.ack()
        end.nxt, end.sent = end.iss, []
        end.become(SynReceived())
        return end.post(SYN | ACK)


class Synchronized(State):
    """All states in which both sides have had their SYNs."""

    def segment(self, end, seg):
        size = length(seg)
        inside = self.in_window(end, seg.seq) or self.in_window(end, add(seg.seq, max(0, size - 1)))
        if not inside and (not seg.data or seg.flags & (RST | SYN)):
            return self.outside(end, seg)
        if seg.flags & RST:
            return self.rst(end) if seg.seq == end.expected else end.ack()
        if seg.flags & SYN:
            return self.syn(end)
        if not seg.flags & ACK:
            return []
        if before(end.nxt, seg.ack) or not before(end.una, seg.ack):
            answer = self.useless_ack(end, seg)
            if answer is not None:
                return answer
        else:
            end.acknowledge(seg.ack)
            end.role.acknowledged(end)
        # The state may be another one from here on.
        if end.role.reads and seg.data and not before(end.expected, seg.seq):
            end.data += seg.data
            end.expected = add(seg.seq, len(seg.data))
        if seg.flags & FIN and add(seg.seq, len(seg.data)) == end.expected:
            end.role.fin(end)
        return end.ack() if size and end.state != "CLOSED" else []

    def in_window(self, end, number):
        return not before(number, end.expected) and before(number, add(end.expected, RCV_WND))

    def outside(self, end, seg):
        return [] if seg.flags & RST else end.ack()

    def rst(self, end):
        return end.finish("reset")

    def syn(self, end):
        return end.ack()

    def useless_ack(self, end, seg):
        return end.ack() if before(end.nxt, seg.ack) else None

    def acknowledged(self, end):
        pass

    def fin(self, end):
        pass


class SynReceived(Synchronized):
    name = "SYN-RECEIVED"
    tells_abort = True

    def close(self, end):
        end.become(FinWait1())
        return end.post(FIN | ACK)

    def rst(self, end):
        if not end.listened:
            return end.finish("refused")
        end.finish()
        return end.listen()

    def syn(self, end):
        return self.rst(end) if end.listened else end.ack()

    def useless_ack(self, end, seg):
        return end.reset(seg)

    def acknowledged(self, end):
        end.become(Established())


class Established(Synchronized):
    name = "ESTABLISHED"
    can_send = tells_abort = reads = True

    def close(self, end):
        end.become(FinWait1())
        return end.post(FIN | ACK)

    def fin(self, end):
        end.expected = add(end.expected, 1)
        end.become(CloseWait())


class FinWait1(Synchronized):
    name = "FIN-WAIT-1"
    tells_abort = reads = True

    def acknowledged(self, end):
        if not end.sent:
            end.become(FinWait2())

    def fin(self, end):
        end.expected = add(end.expected, 1)
        end.become(Closing())


class FinWait2(Synchronized):
    name = "FIN-WAIT-2"
    tells_abort = reads = True

    def fin(self, end):
        end.expected = add(end.expected, 1)
        end.wait_2msl()


class Closing(Synchronized):
    name = "CLOSING"

    def acknowledged(self, end):
        if not end.sent:
            end.wait_2msl()

    def rst(self, end):
        return end.finish()


class TimeWait(Synchronized):
    name = "TIME-WAIT"

    def timeout(self, end):
        return end.finish()

    def outside(self, end, seg):
        if seg.flags & FIN and not seg.flags & RST:
            end.wait_2msl()
        return super().outside(end, seg)

    def rst(self, end):
        return end.finish()


class CloseWait(Synchronized):
    name = "CLOSE-WAIT"
    can_send = tells_abort = True

    def close(self, end):
        end.become(LastAck())
        return end.post(FIN | ACK)


class LastAck(Synchronized):
    name = "LAST-ACK"

    def acknowledged(self, end):
        if not end.sent:
            end.finish()

    def rst(self, end):
        return end.finish()
