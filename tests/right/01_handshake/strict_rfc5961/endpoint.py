"""TCP as strict as RFC 5961 wants it: RST, SYN and ACK are believed at one place only, and challenge ACKs are limited.

A segment passes a row of rules; the first one that has an answer, even an empty one, ends it.
"""
from collections import deque

from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000
MOST_CHALLENGES, PERIOD = 10, 5000      # RFC 5961, section 7: so many challenge ACKs in so many ms


class Endpoint:
    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self.local = local
        self.remote = remote
        self.local_port = port
        self.remote_port = None
        self.iss = iss
        self.irs = None
        self.rto = rto
        self.msl = msl
        self.state = "CLOSED"
        self.error = ""
        self.deadline = None
        self.now = 0
        self.snd_una = iss
        self.snd_nxt = iss
        self.max_snd_wnd = 0
        self.rcv_nxt = 0
        self.was_listening = False
        self.retransmission_queue = deque()
        self.retransmissions = 0
        self.buffer = bytearray()
        self.challenges = deque()

    # OPEN, SEND, RECEIVE, CLOSE, ABORT -------------------------------------------------------------------------

    def connect(self, port: int) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError("connection already exists")
        self.remote_port = port
        return self.enter("SYN-SENT", SYN)

    def listen(self) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError("connection already exists")
        self.was_listening = True
        return self.back_to_listen()

    def send(self, data: bytes) -> list[bytes]:
        if self.state not in ("ESTABLISHED", "CLOSE-WAIT"):
            raise ConnectionError("connection does not exist" if self.state == "CLOSED" else "connection closing")
        out = []
        for begin in range(0, len(data), MSS):
            last = begin + MSS >= len(data)
            out += self.number(ACK | PSH if last else ACK, data[begin:begin + MSS])
        return out

    def read(self) -> bytes:
        data = bytes(self.buffer)
        self.buffer = bytearray()
        return data

    def close(self) -> list[bytes]:
        if self.state in ("LISTEN", "SYN-SENT"):
            return self.delete()
        if self.state in ("SYN-RECEIVED", "ESTABLISHED"):
            return self.enter("FIN-WAIT-1", FIN | ACK)
        if self.state == "CLOSE-WAIT":
            return self.enter("LAST-ACK", FIN | ACK)
        return []

    def abort(self) -> list[bytes]:
        informs = self.state in ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT")
        out = [self.bare(RST)] if informs else []
        self.delete(self.error)
        return out

    # Timeouts --------------------------------------------------------------------------------------------------

    def tick(self, now: int) -> list[bytes]:
        self.now = now
        if self.deadline is None or now < self.deadline:
            return []
        if self.state == "TIME-WAIT":
            return self.delete()
        self.retransmissions += 1
        if self.retransmissions == MOST_SENDS:
            return self.delete("timeout")
        self.deadline = now + min(self.rto * (1 << self.retransmissions), MAX_RTO)
        old = self.retransmission_queue[0]
        again = old._replace(ack=self.rcv_nxt) if old.flags & ACK else old
        return [pack(again, self.local, self.remote)]

    # SEGMENT ARRIVES -------------------------------------------------------------------------------------------

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            s = parse(segment, self.remote, self.local)
        except SegmentError:
            return []
        if self.state == "CLOSED" or s.destination != self.local_port or self.remote_port not in (None, s.source):
            return self.reset(s)
        if self.state == "LISTEN":
            return self.listening(s)
        if self.state == "SYN-SENT":
            return self.opening(s)
        for rule in (self.first_numbers, self.second_rst, self.fourth_syn, self.fifth_ack, self.fifth_own_fin,
                     self.seventh_text, self.eighth_fin):
            answer = rule(s)
            if answer is not None:
                return answer
        return [self.bare(ACK)] if length(s) else []

    def listening(self, s: Segment) -> list[bytes]:
        if s.flags & (RST | ACK):
            return self.reset(s)
        if not s.flags & SYN:
            return []
        self.remote_port = s.source
        self.synchronize(s)
        return self.enter("SYN-RECEIVED", SYN | ACK)

    def opening(self, s: Segment) -> list[bytes]:
        if s.flags & ACK and s.ack != self.snd_nxt:
            return self.reset(s)
        if s.flags & RST:
            return self.delete("refused") if s.flags & ACK else []
        if not s.flags & SYN:
            return []
        self.synchronize(s)
        if s.flags & ACK:
            self.state = "ESTABLISHED"
            self.acknowledged(s)
            return [self.bare(ACK)]
        self.retransmission_queue.clear()
        self.snd_nxt = self.iss
        return self.enter("SYN-RECEIVED", SYN | ACK)

    def first_numbers(self, s: Segment) -> list[bytes] | None:
        size = length(s)
        ends = [s.seq] if size == 0 else [s.seq, add(s.seq, size - 1)]
        if any(not before(end, self.rcv_nxt) and before(end, add(self.rcv_nxt, RCV_WND)) for end in ends):
            return None
        if s.flags & RST:
            return []
        if self.state == "TIME-WAIT" and s.flags & FIN:
            self.deadline = self.now + 2 * self.msl
        return [self.bare(ACK)]

    def second_rst(self, s: Segment) -> list[bytes] | None:
        if not s.flags & RST:
            return None
        if s.seq != self.rcv_nxt:
            return self.challenge()
        if self.state == "SYN-RECEIVED":
            return self.back_to_listen() if self.was_listening else self.delete("refused")
        return self.delete("" if self.state in ("CLOSING", "LAST-ACK", "TIME-WAIT") else "reset")

    def fourth_syn(self, s: Segment) -> list[bytes] | None:
        if not s.flags & SYN:
            return None
        return self.back_to_listen() if self.state == "SYN-RECEIVED" and self.was_listening else self.challenge()

    def fifth_ack(self, s: Segment) -> list[bytes] | None:
        if not s.flags & ACK:
            return []
        oldest = self.snd_una if self.state == "SYN-RECEIVED" else add(self.snd_una, -self.max_snd_wnd)
        in_range = not before(s.ack, oldest) and not before(self.snd_nxt, s.ack)
        if self.state == "SYN-RECEIVED":
            if not in_range or s.ack == self.snd_una:
                return self.reset(s)
            self.state = "ESTABLISHED"
        elif not in_range:
            return self.challenge()                             # RFC 5961, section 5.2: also if it is too old
        if before(self.snd_una, s.ack):
            self.acknowledged(s)
        self.max_snd_wnd = max(self.max_snd_wnd, s.window)
        return None

    def fifth_own_fin(self, s: Segment) -> list[bytes] | None:
        if self.snd_una == self.snd_nxt:
            if self.state == "LAST-ACK":
                return self.delete()
            if self.state == "CLOSING":
                self.time_wait()
            elif self.state == "FIN-WAIT-1":
                self.state = "FIN-WAIT-2"
        return None

    def seventh_text(self, s: Segment) -> list[bytes] | None:
        if s.seq == self.rcv_nxt and self.state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"):
            self.buffer.extend(s.data)
            self.rcv_nxt = add(self.rcv_nxt, len(s.data))
        return None

    def eighth_fin(self, s: Segment) -> list[bytes] | None:
        if not s.flags & FIN or add(s.seq, len(s.data)) != self.rcv_nxt:
            return None
        if self.state not in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"):
            return None
        self.rcv_nxt = add(self.rcv_nxt, 1)
        if self.state == "FIN-WAIT-2":
            self.time_wait()
        else:
            self.state = {"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING"}[self.state]
        return None

    # What they use ---------------------------------------------------------------------------------------------

    def challenge(self) -> list[bytes]:
        while self.challenges and self.challenges[0] <= self.now - PERIOD:
            self.challenges.popleft()
        if len(self.challenges) == MOST_CHALLENGES:
            return []
        self.challenges.append(self.now)
        return [self.bare(ACK)]

    def synchronize(self, s: Segment) -> None:
        self.irs = s.seq
        self.rcv_nxt = add(s.seq, 1)
        self.max_snd_wnd = s.window

    def bare(self, flags: int) -> bytes:
        return pack(Segment(self.local_port, self.remote_port, self.snd_nxt, self.rcv_nxt if flags & ACK else 0, flags,
                            RCV_WND), self.local, self.remote)

    def enter(self, state: str, flags: int) -> list[bytes]:
        self.state = state
        return self.number(flags)

    def number(self, flags: int, data: bytes = b"") -> list[bytes]:
        new = Segment(self.local_port, self.remote_port, self.snd_nxt, self.rcv_nxt if flags & ACK else 0, flags,
                      RCV_WND, data=data)
        self.snd_nxt = add(self.snd_nxt, length(new))
        if not self.retransmission_queue:
            self.retransmissions, self.deadline = 0, self.now + self.rto
        self.retransmission_queue.append(new)
        return [pack(new, self.local, self.remote)]

    def acknowledged(self, s: Segment) -> None:
        self.snd_una = s.ack
        queue = self.retransmission_queue
        while queue and not before(s.ack, add(queue[0].seq, length(queue[0]))):
            queue.popleft()
        self.retransmissions = 0
        self.deadline = self.now + self.rto if queue else None

    def reset(self, s: Segment) -> list[bytes]:
        if s.flags & RST:
            return []
        if s.flags & ACK:
            answer = Segment(s.destination, s.source, s.ack, 0, RST, 0)
        else:
            answer = Segment(s.destination, s.source, 0, add(s.seq, length(s)), RST | ACK, 0)
        return [pack(answer, self.local, self.remote)]

    def time_wait(self) -> None:
        self.state = "TIME-WAIT"
        self.deadline = self.now + 2 * self.msl

    def back_to_listen(self) -> list[bytes]:
        self.delete()
        self.state = "LISTEN"
        self.remote_port = None
        self.snd_una = self.snd_nxt = self.iss
        return []

    def delete(self, error: str = "") -> list[bytes]:
        self.state, self.error, self.deadline = "CLOSED", error, None
        self.retransmission_queue.clear()
        return []
