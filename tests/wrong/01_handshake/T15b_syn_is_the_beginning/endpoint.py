"""A SYN is always the beginning: in whatever state one arrives, a new connection takes the place of the old."""
import heapq
from collections import deque
from functools import partial

from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000


class Timers:
    """Which function is to be called when. One that is set again replaces itself."""

    def __init__(self):
        self.heap = []
        self.valid = {}
        self.count = 0

    def set(self, function, at):
        self.count += 1
        self.valid[function.__name__] = self.count
        heapq.heappush(self.heap, (at, self.count, function))

    def cancel(self, function):
        self.valid.pop(function.__name__, None)

    def next(self):
        while self.heap and self.valid.get(self.heap[0][2].__name__) != self.heap[0][1]:
            heapq.heappop(self.heap)
        return self.heap[0] if self.heap else None

    def due(self, now):
        if (first := self.next()) and first[0] <= now:
            self.cancel(first[2])
            return first[2]
        return None


class Endpoint:
    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self.local, self.remote, self.port, self.iss = local, remote, port, iss
        self.rto, self.msl = float(rto), float(msl)
        self.state, self.error = "CLOSED", ""
        self.clock = 0.0
        self.events = deque()
        self.sending = []
        self.timers = Timers()
        self.role = None
        self.remote_port = None
        self.snd_una = self.snd_nxt = iss
        self.rcv_nxt = 0
        self.in_flight = deque()
        self.attempt = 0
        self.text = []

    @property
    def deadline(self):
        first = self.timers.next()
        return first[0] if first else None

    def run(self, *events):
        """Put these into the queue, and do all that is in there."""
        self.events.extend(events)
        while self.events:
            self.events.popleft()()
        sent, self.sending = self.sending, []
        return [pack(segment, self.local, self.remote) for segment in sent]

    def then(self, *events):
        self.events.extend(events)

    # Calls ----------------------------------------------------------------------------------------------------

    def connect(self, port: int) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError("not CLOSED")
        self.role, self.remote_port = "active", port
        return self.run(partial(self.enter, "SYN-SENT"), partial(self.transmit, SYN))

    def listen(self) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError("not CLOSED")
        self.role = "passive"
        return self.run(self.begin_to_listen)

    def send(self, data: bytes) -> list[bytes]:
        if self.state not in ("ESTABLISHED", "CLOSE-WAIT"):
            raise ConnectionError("not open")
        return self.run(*(partial(self.transmit, ACK | PSH, data[at:at + MSS]) for at in range(0, len(data), MSS)))

    def read(self) -> bytes:
        text, self.text = self.text, []
        return b"".join(text)

    def close(self) -> list[bytes]:
        following = {"SYN-RECEIVED": "FIN-WAIT-1", "ESTABLISHED": "FIN-WAIT-1", "CLOSE-WAIT": "LAST-ACK"}
        if self.state in ("LISTEN", "SYN-SENT"):
            return self.run(self.finish)
        if self.state in following:
            return self.run(partial(self.enter, following[self.state]), partial(self.transmit, FIN | ACK))
        return []

    def abort(self) -> list[bytes]:
        has_partner = self.state in ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT")
        return self.run(*[partial(self.say, RST)] * has_partner, partial(self.finish, self.error))

    def tick(self, now: int) -> list[bytes]:
        self.clock = float(now)
        due = self.timers.due(self.clock)
        return self.run(due) if due else []

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            s = parse(segment, self.remote, self.local)
        except SegmentError:
            return []
        return self.run(partial(self.dispatch, s))

    # Events ---------------------------------------------------------------------------------------------------

    def enter(self, state):
        self.state = state

    def finish(self, error=""):
        self.state, self.error = "CLOSED", error
        self.in_flight.clear()
        self.timers = Timers()
        self.events.clear()

    def begin_to_listen(self):
        self.finish()
        self.state, self.remote_port = "LISTEN", None
        self.snd_una = self.snd_nxt = self.iss

    def say(self, flags=ACK):
        self.sending.append(self.build(flags, self.snd_nxt))

    def build(self, flags, seq, data=b""):
        return Segment(self.port, self.remote_port, seq, self.rcv_nxt if flags & ACK else 0, flags, RCV_WND, data=data)

    def transmit(self, flags, data=b""):
        segment = self.build(flags, self.snd_nxt, data)
        self.sending.append(segment)
        self.in_flight.append(segment)
        self.snd_nxt = add(self.snd_nxt, length(segment))
        if len(self.in_flight) == 1:
            self.first_attempt()

    def first_attempt(self):
        self.attempt = 1
        if self.in_flight:
            self.timers.set(self.transmit_again, self.clock + self.rto)
        else:
            self.timers.cancel(self.transmit_again)

    def transmit_again(self):
        if self.attempt == MOST_SENDS:
            self.finish("timeout")
            return
        self.timers.set(self.transmit_again, self.clock + min(self.rto * 2.0 ** self.attempt, MAX_RTO))
        self.attempt += 1
        oldest = self.in_flight[0]
        self.sending.append(self.build(oldest.flags, oldest.seq, oldest.data))

    def dispatch(self, s):
        if self.state == "CLOSED" or s.destination != self.port or self.remote_port not in (None, s.source):
            self.then(partial(self.refuse, s))
        elif self.state == "LISTEN":
            self.then(partial(self.heard, s))
        elif self.state == "SYN-SENT":
            self.then(partial(self.answered, s))
        elif s.flags & SYN and not s.flags & RST:
            self.then(partial(self.begin_again, s))
        else:
            self.then(partial(self.check_numbers, s))

    def refuse(self, s):
        if s.flags & RST:
            return
        seq, ack, flags = (s.ack, 0, RST) if s.flags & ACK else (0, add(s.seq, length(s)), RST | ACK)
        self.sending.append(Segment(s.destination, s.source, seq, ack, flags, 0))

    def begin_again(self, s):
        self.finish()
        self.snd_una = self.snd_nxt = self.iss
        self.rcv_nxt = add(s.seq, 1)
        self.then(partial(self.enter, "SYN-RECEIVED"), partial(self.transmit, SYN | ACK))

    def heard(self, s):
        if s.flags & (RST | ACK):
            self.then(partial(self.refuse, s))
        elif s.flags & SYN:
            self.remote_port = s.source
            self.rcv_nxt = add(s.seq, 1)
            self.then(partial(self.enter, "SYN-RECEIVED"), partial(self.transmit, SYN | ACK))

    def answered(self, s):
        if s.flags & ACK and s.ack != self.snd_nxt:
            self.then(partial(self.refuse, s))
        elif s.flags & RST:
            self.then(*[partial(self.finish, "refused")] * bool(s.flags & ACK))
        elif s.flags & SYN:
            self.rcv_nxt = add(s.seq, 1)
            if s.flags & ACK:
                self.then(partial(self.acknowledge, s.ack), partial(self.enter, "ESTABLISHED"), self.say)
            else:
                self.snd_nxt = self.iss
                self.in_flight.clear()
                self.then(partial(self.enter, "SYN-RECEIVED"), partial(self.transmit, SYN | ACK))

    def check_numbers(self, s):
        fits = [0 <= (number - self.rcv_nxt) % 2**32 < RCV_WND for number in (s.seq, add(s.seq, length(s) - 1))]
        if fits[0] or (length(s) and fits[1]):
            self.then(partial(self.check_flags, s))
        elif not s.flags & RST:
            self.then(*[self.time_wait] * (self.state == "TIME-WAIT" and bool(s.flags & FIN)), self.say)

    def check_flags(self, s):
        if s.flags & RST and s.seq != self.rcv_nxt:
            self.then(self.say)
        elif s.flags & RST and self.state == "SYN-RECEIVED" and self.role == "passive":
            self.then(self.begin_to_listen)
        elif s.flags & RST:
            error = {"SYN-RECEIVED": "refused", "CLOSING": "", "LAST-ACK": "", "TIME-WAIT": ""}.get(self.state, "reset")
            self.then(partial(self.finish, error))
        elif s.flags & ACK:
            self.then(partial(self.check_ack, s))

    def check_ack(self, s):
        news = before(self.snd_una, s.ack) and not before(self.snd_nxt, s.ack)
        if self.state == "SYN-RECEIVED":
            if not news:
                self.then(partial(self.refuse, s))
                return
            self.then(partial(self.enter, "ESTABLISHED"))
        if before(self.snd_nxt, s.ack):
            self.then(self.say)
            return
        self.then(*[partial(self.acknowledge, s.ack)] * news, self.check_own_fin, partial(self.take_text, s))
        if s.flags & FIN:
            self.then(partial(self.take_fin, s))
        if length(s):
            self.then(self.say)

    def acknowledge(self, ack):
        self.snd_una = ack
        while self.in_flight and not before(ack, add(self.in_flight[0].seq, length(self.in_flight[0]))):
            self.in_flight.popleft()
        self.first_attempt()

    def check_own_fin(self):
        if self.snd_una != self.snd_nxt:
            return
        if self.state == "FIN-WAIT-1":
            self.state = "FIN-WAIT-2"
        elif self.state == "CLOSING":
            self.time_wait()
        elif self.state == "LAST-ACK":
            self.finish()

    def take_text(self, s):
        if s.seq == self.rcv_nxt and self.state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"):
            self.text.append(s.data)
            self.rcv_nxt = add(self.rcv_nxt, len(s.data))

    def take_fin(self, s):
        following = {"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING", "FIN-WAIT-2": "TIME-WAIT"}.get(self.state)
        if following and add(s.seq, len(s.data)) == self.rcv_nxt:
            self.rcv_nxt = add(self.rcv_nxt, 1)
            self.state = following
            if following == "TIME-WAIT":
                self.time_wait()

    def time_wait(self):
        self.state = "TIME-WAIT"
        self.timers.set(self.finish, self.clock + 2 * self.msl)
