"""TCP as one table: in which state which event does what. All the rest only finds out which event it is."""
from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000

CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED = "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED"
ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT = "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT"
CLOSING, LAST_ACK, TIME_WAIT = "CLOSING", "LAST-ACK", "TIME-WAIT"

# (state, event): the next state, and the names of what is done on the way there
TABLE = {
    (CLOSED, "connect"): (SYN_SENT, "send_syn"),
    (CLOSED, "listen"): (LISTEN, ""),
    (LISTEN, "syn"): (SYN_RECEIVED, "send_syn_ack"),
    (LISTEN, "close"): (CLOSED, ""),
    (SYN_SENT, "syn+ack"): (ESTABLISHED, "forget_acknowledged owe_ack"),
    (SYN_SENT, "syn"): (SYN_RECEIVED, "take_syn_back send_syn_ack"),
    (SYN_SENT, "rst"): (CLOSED, "say_refused"),
    (SYN_SENT, "close"): (CLOSED, ""),
    (SYN_RECEIVED, "acked"): (ESTABLISHED, "forget_acknowledged"),
    (SYN_RECEIVED, "close"): (FIN_WAIT_1, "send_fin"),
    (SYN_RECEIVED, "rst"): (CLOSED, "say_refused"),
    (SYN_RECEIVED, "rst for a listener"): (LISTEN, "begin_anew"),
    (SYN_RECEIVED, "syn for a listener"): (LISTEN, "begin_anew"),
    (SYN_RECEIVED, "syn"): (SYN_RECEIVED, "owe_ack"),
    (SYN_RECEIVED, "abort"): (CLOSED, "send_rst"),
    (ESTABLISHED, "data"): (ESTABLISHED, "take_data"),
    (ESTABLISHED, "fin"): (CLOSE_WAIT, "take_fin"),
    (ESTABLISHED, "close"): (FIN_WAIT_1, "send_fin"),
    (FIN_WAIT_1, "data"): (FIN_WAIT_1, "take_data"),
    (FIN_WAIT_1, "fin"): (CLOSING, "take_fin"),
    (FIN_WAIT_1, "fin acked"): (FIN_WAIT_2, ""),
    (FIN_WAIT_2, "data"): (FIN_WAIT_2, "take_data"),
    (FIN_WAIT_2, "fin"): (TIME_WAIT, "take_fin wait_2msl"),
    (CLOSING, "fin acked"): (TIME_WAIT, "wait_2msl"),
    (CLOSE_WAIT, "close"): (LAST_ACK, "send_fin"),
    (LAST_ACK, "fin acked"): (CLOSED, ""),
    (TIME_WAIT, "old fin"): (TIME_WAIT, "wait_2msl"),
    (TIME_WAIT, "time"): (CLOSED, ""),
}
for state in ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT:
    TABLE |= {(state, "rst"): (CLOSED, "say_reset"), (state, "abort"): (CLOSED, "send_rst")}
for state in CLOSING, LAST_ACK, TIME_WAIT:
    TABLE |= {(state, "rst"): (CLOSED, ""), (state, "abort"): (CLOSED, "")}
for state in LISTEN, SYN_SENT:
    TABLE[state, "abort"] = CLOSED, ""
for state in ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK:
    TABLE |= {(state, "acked"): (state, "forget_acknowledged"), (state, "syn"): (state, "owe_ack")}
TABLE[TIME_WAIT, "syn"] = TIME_WAIT, "owe_ack"
for state in SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, CLOSE_WAIT, CLOSING, LAST_ACK:
    TABLE |= {(state, "time"): (state, "send_again"), (state, "given up"): (CLOSED, "say_timeout")}


class Endpoint:
    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self.addresses = local, remote
        self.port, self.iss, self.rto, self.msl = port, iss, rto, msl
        self.peer = None
        self.passive = False
        self.state, self.error, self.deadline = CLOSED, "", None
        self.now, self.wait, self.sends = 0, rto, 0
        self.una = self.nxt = iss
        self.expected = 0
        self.queue, self.received = [], bytearray()
        self.out, self.owes_ack = [], False
        self.segment = None                   # the one that the event is about

    def happens(self, *events: str) -> None:
        for event in events:
            if (self.state, event) in TABLE:
                self.state, actions = TABLE[self.state, event]
                for action in actions.split():
                    getattr(self, action)()
        if self.state in (CLOSED, LISTEN):
            self.queue, self.deadline = [], None

    def sent(self) -> list[bytes]:
        if self.owes_ack and self.state != CLOSED:
            self.emit(ACK)
        out, self.out, self.owes_ack = self.out, [], False
        return out

    # Actions --------------------------------------------------------------------------------------------------

    def emit(self, flags: int, data: bytes = b"", seq: int | None = None) -> Segment:
        seq = self.nxt if seq is None else seq
        segment = Segment(self.port, self.peer, seq, self.expected if flags & ACK else 0, flags, RCV_WND, data=data)
        self.out.append(pack(segment, *self.addresses))
        return segment

    def emit_kept(self, flags: int, data: bytes = b"") -> None:
        self.queue.append(self.emit(flags, data))
        self.nxt = add(self.nxt, length(self.queue[-1]))
        if len(self.queue) == 1:
            self.start_timer()

    def start_timer(self) -> None:
        self.wait, self.sends = self.rto, 1
        self.deadline = self.now + self.rto if self.queue else None

    def send_syn(self) -> None:
        self.emit_kept(SYN)

    def take_syn_back(self) -> None:
        self.queue, self.nxt = [], self.iss

    def send_syn_ack(self) -> None:
        self.emit_kept(SYN | ACK)

    def send_fin(self) -> None:
        self.emit_kept(FIN | ACK)

    def send_rst(self) -> None:
        self.emit(RST)

    def send_again(self) -> None:
        self.sends, self.wait = self.sends + 1, min(self.wait * 2, MAX_RTO)
        self.deadline = self.now + self.wait
        oldest = self.queue[0]
        self.emit(oldest.flags, oldest.data, oldest.seq)

    def owe_ack(self) -> None:
        self.owes_ack = True

    def forget_acknowledged(self) -> None:
        self.una = self.segment.ack
        self.queue = [kept for kept in self.queue if before(self.una, add(kept.seq, length(kept)))]
        self.start_timer()

    def take_data(self) -> None:
        self.received += self.segment.data
        self.expected = add(self.expected, len(self.segment.data))

    def take_fin(self) -> None:
        self.expected = add(self.expected, 1)

    def wait_2msl(self) -> None:
        self.deadline = self.now + 2 * self.msl

    def begin_anew(self) -> None:
        self.peer, self.una, self.nxt = None, self.iss, self.iss

    def say_refused(self) -> None:
        self.error = "refused"

    def say_reset(self) -> None:
        self.error = "reset"

    def say_timeout(self) -> None:
        self.error = "timeout"

    # What the user does ---------------------------------------------------------------------------------------

    def connect(self, port: int) -> list[bytes]:
        if self.state != CLOSED:
            raise ConnectionError("already open")
        self.peer = port
        self.happens("connect")
        return self.sent()

    def listen(self) -> list[bytes]:
        if self.state != CLOSED:
            raise ConnectionError("already open")
        self.passive = True
        self.happens("listen")
        return self.sent()

    def send(self, data: bytes) -> list[bytes]:
        if self.state not in (ESTABLISHED, CLOSE_WAIT):
            raise ConnectionError(f"{self.state}: nothing can be sent")
        for at in range(0, len(data), MSS):
            self.emit_kept(PSH | ACK, data[at:at + MSS])
        return self.sent()

    def read(self) -> bytes:
        data, self.received = bytes(self.received), bytearray()
        return data

    def close(self) -> list[bytes]:
        self.happens("close")
        return self.sent()

    def abort(self) -> list[bytes]:
        self.happens("abort")
        return self.sent()

    def tick(self, now: int) -> list[bytes]:
        self.now = now
        if self.deadline is not None and self.deadline <= now:
            self.happens("given up" if self.state != TIME_WAIT and self.sends >= MOST_SENDS else "time")
        return self.sent()

    # What arrives ---------------------------------------------------------------------------------------------

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            self.segment = parse(segment, self.addresses[1], self.addresses[0])
        except SegmentError:
            return []
        known = self.segment.destination == self.port and self.peer in (None, self.segment.source)
        if self.state == CLOSED or not known:
            self.answer_by_rst()
        elif self.state == LISTEN:
            self.arrives_in_listen(self.segment)
        elif self.state == SYN_SENT:
            self.arrives_in_syn_sent(self.segment)
        elif self.is_in_window(self.segment):
            self.arrives(self.segment)
        elif not self.segment.flags & RST:
            self.owe_ack()
            self.happens(*["old fin"] * bool(self.segment.flags & FIN))
        return self.sent()

    def arrives_in_listen(self, s: Segment) -> None:
        if s.flags & (ACK | RST):
            self.answer_by_rst()
        elif s.flags & SYN:
            self.peer, self.expected = s.source, add(s.seq, 1)
            self.happens("syn")

    def arrives_in_syn_sent(self, s: Segment) -> None:
        if s.flags & ACK and s.ack != self.nxt:
            self.answer_by_rst()
        elif s.flags & RST:
            self.happens(*["rst"] * bool(s.flags & ACK))
        elif s.flags & SYN:
            self.expected = add(s.seq, 1)
            self.happens("syn+ack" if s.flags & ACK else "syn")

    def arrives(self, s: Segment) -> None:
        listener = " for a listener" if self.passive and self.state == SYN_RECEIVED else ""
        if s.flags & RST:
            if s.seq == self.expected:
                self.happens("rst" + listener)
            else:
                self.owe_ack()
            return
        if s.flags & SYN:
            self.happens("syn" + listener)
            return
        if not s.flags & ACK:
            return
        news = before(self.una, s.ack) and not before(self.nxt, s.ack)
        if self.state == SYN_RECEIVED and not news:
            self.answer_by_rst()
            return
        if before(self.nxt, s.ack):
            self.owe_ack()
            return
        if news:
            self.happens("acked")
        if self.una == self.nxt:
            self.happens("fin acked")
        self.owes_ack = length(s) > 0
        if s.data and s.seq == self.expected:
            self.happens("data")
        if s.flags & FIN and add(s.seq, len(s.data)) == self.expected:
            self.happens("fin")

    def is_in_window(self, s: Segment) -> bool:
        first, last = s.seq, add(s.seq, max(length(s), 1) - 1)
        return any((number - self.expected) % 2**32 < RCV_WND for number in (first, last))

    def answer_by_rst(self) -> None:
        s, reset = self.segment, None
        if s.flags & RST:
            return
        if s.flags & ACK:
            reset = Segment(s.destination, s.source, s.ack, 0, RST, 0)
        else:
            reset = Segment(s.destination, s.source, 0, add(s.seq, length(s)), RST | ACK, 0)
        self.out.append(pack(reset, *self.addresses))
