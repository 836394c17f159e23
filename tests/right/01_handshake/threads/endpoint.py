"""TCP in a thread of its own, one for each Endpoint: calls are letters to it, and it answers each."""
import queue
import threading
import weakref

from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000


class Endpoint:
    """What others see: it knows nothing, and asks the thread."""

    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self._letters = queue.SimpleQueue()
        worker = Connection(local, remote, port, iss, rto, msl)
        threading.Thread(target=work, args=(self._letters, worker), daemon=True).start()
        weakref.finalize(self, self._letters.put, None)

    def _ask(self, name, *arguments):
        answer = queue.SimpleQueue()
        self._letters.put((name, arguments, answer))
        value, error = answer.get()
        if error:
            raise error
        return value

    def connect(self, port: int) -> list[bytes]:
        return self._ask("connect", port)

    def listen(self) -> list[bytes]:
        return self._ask("listen")

    def send(self, data: bytes) -> list[bytes]:
        return self._ask("send", data)

    def close(self) -> list[bytes]:
        return self._ask("close")

    def abort(self) -> list[bytes]:
        return self._ask("abort")

    def read(self) -> bytes:
        return self._ask("read")

    def tick(self, now: int) -> list[bytes]:
        return self._ask("tick", now)

    def on_segment(self, segment: bytes) -> list[bytes]:
        return self._ask("on_segment", segment)

    @property
    def state(self) -> str:
        return self._ask("tell", "state")

    @property
    def error(self) -> str:
        return self._ask("tell", "error")

    @property
    def deadline(self) -> int | None:
        return self._ask("tell", "deadline")


def work(letters, worker):
    """The thread: read letters until there comes None."""
    while letter := letters.get():
        name, arguments, answer = letter
        try:
            answer.put((getattr(worker, name)(*arguments), None))
        except ConnectionError as error:
            answer.put((None, error))


class Connection:
    """The connection itself; only its thread has it."""

    def __init__(self, local, remote, port, iss, rto, msl):
        self.local, self.remote, self.port, self.iss, self.rto, self.msl = local, remote, port, iss, rto, msl
        self.state, self.error, self.deadline, self.now = "CLOSED", "", None, 0
        self.peer, self.server = None, False
        self.una, self.nxt, self.rcv = iss, iss, 0
        self.pending = {}                     # the number behind a segment: the segment
        self.interval = self.attempts = 0
        self.incoming = queue.SimpleQueue()

    def tell(self, name):
        return getattr(self, name)

    def read(self):
        data = b""
        while not self.incoming.empty():
            data += self.incoming.get()
        return data

    def expect_state(self, *states):
        if self.state not in states:
            raise ConnectionError(f"in {self.state}")

    def form(self, flags, data=b"", seq=None):
        return Segment(self.port, self.peer, self.nxt if seq is None else seq, self.rcv if flags & ACK else 0, flags,
                       RCV_WND, data=data)

    def out(self, *segments):
        return [pack(segment, self.local, self.remote) for segment in segments]

    def post(self, flags, data=b""):
        segment = self.form(flags, data)
        self.nxt = add(self.nxt, length(segment))
        self.pending[self.nxt] = segment
        if len(self.pending) == 1:
            self.wind()
        return self.out(segment)

    def wind(self):
        self.interval, self.attempts = self.rto, 1
        self.deadline = self.now + self.rto if self.pending else None

    def stop(self, error=""):
        self.state, self.error, self.deadline = "CLOSED", error, None
        self.pending.clear()
        return []

    def connect(self, port):
        self.expect_state("CLOSED")
        self.peer, self.state = port, "SYN-SENT"
        return self.post(SYN)

    def listen(self):
        self.expect_state("CLOSED")
        self.state, self.server, self.peer = "LISTEN", True, None
        self.una = self.nxt = self.iss
        return []

    def send(self, data):
        self.expect_state("ESTABLISHED", "CLOSE-WAIT")
        return [packed for at in range(0, len(data), MSS) for packed in self.post(PSH | ACK, data[at:at + MSS])]

    def close(self):
        if self.state in ("LISTEN", "SYN-SENT"):
            return self.stop()
        if self.state in ("SYN-RECEIVED", "ESTABLISHED"):
            self.state = "FIN-WAIT-1"
        elif self.state == "CLOSE-WAIT":
            self.state = "LAST-ACK"
        else:
            return []
        return self.post(FIN | ACK)

    def abort(self):
        last = []
        if self.state in ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT"):
            last = self.out(self.form(RST))
        self.stop(self.error)
        return last

    def tick(self, now):
        self.now = now
        if self.deadline is None or now < self.deadline:
            return []
        if self.state == "TIME-WAIT":
            return self.stop()
        if self.attempts >= MOST_SENDS:
            return self.stop("timeout")
        self.attempts += 1
        self.interval = min(self.interval * 2, MAX_RTO)
        self.deadline = now + self.interval
        oldest = next(iter(self.pending.values()))
        return self.out(self.form(oldest.flags, oldest.data, oldest.seq))

    def on_segment(self, segment):
        try:
            s = parse(segment, self.remote, self.local)
        except SegmentError:
            return []
        flags = s.flags
        if self.state == "CLOSED" or s.destination != self.port or self.peer not in (None, s.source):
            return self.reset(s)
        if self.state == "LISTEN":
            if flags & (RST | ACK):
                return self.reset(s)
            if flags & SYN:
                self.peer, self.rcv, self.state = s.source, add(s.seq, 1), "SYN-RECEIVED"
                return self.post(SYN | ACK)
            return []
        if self.state == "SYN-SENT":
            if flags & ACK and s.ack != self.nxt:
                return self.reset(s)
            if flags & RST:
                return self.stop("refused") if flags & ACK else []
            if flags & SYN:
                self.rcv = add(s.seq, 1)
                if flags & ACK:
                    self.state = "ESTABLISHED"
                    self.confirm(s.ack)
                    return self.out(self.form(ACK))
                self.pending.clear()
                self.nxt, self.state = self.iss, "SYN-RECEIVED"
                return self.post(SYN | ACK)
            return []
        return self.numbered(s) if self.fits(s) else self.misfit(s)

    def fits(self, s):
        window = range(RCV_WND)
        return (s.seq - self.rcv) % 2**32 in window or \
            length(s) > 0 and (s.seq + length(s) - 1 - self.rcv) % 2**32 in window

    def misfit(self, s):
        if s.flags & RST:
            return []
        if s.flags & FIN and self.state == "TIME-WAIT":
            self.rest()
        return self.out(self.form(ACK))

    def numbered(self, s):
        if s.flags & RST and s.seq != self.rcv:
            return self.out(self.form(ACK))
        if s.flags & (RST | SYN) and self.state == "SYN-RECEIVED" and self.server:
            self.stop()
            return self.listen()
        if s.flags & RST:
            if self.state in ("CLOSING", "LAST-ACK", "TIME-WAIT"):
                return self.stop()
            return self.stop("refused" if self.state == "SYN-RECEIVED" else "reset")
        if s.flags & SYN:
            return self.out(self.form(ACK))
        if not s.flags & ACK:
            return []
        new = before(self.una, s.ack) and not before(self.nxt, s.ack)
        if self.state == "SYN-RECEIVED":
            if not new:
                return self.reset(s)
            self.state = "ESTABLISHED"
        if before(self.nxt, s.ack):
            return self.out(self.form(ACK))
        if new:
            self.confirm(s.ack)
        if not self.pending and self.state == "LAST-ACK":
            return self.stop()
        if not self.pending and self.state == "CLOSING":
            self.rest()
        if not self.pending and self.state == "FIN-WAIT-1":
            self.state = "FIN-WAIT-2"
        if self.state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"):
            if s.seq == self.rcv:
                self.incoming.put(s.data)
                self.rcv = add(self.rcv, len(s.data))
            if s.flags & FIN and add(s.seq, len(s.data)) == self.rcv:
                self.rcv = add(self.rcv, 1)
                if self.state == "FIN-WAIT-2":
                    self.rest()
                else:
                    self.state = "CLOSING" if self.state == "FIN-WAIT-1" else "CLOSE-WAIT"
        return self.out(self.form(ACK)) if length(s) else []

    def confirm(self, ack):
        self.una = ack
        self.pending = {end: segment for end, segment in self.pending.items() if before(ack, end)}
        self.wind()

    def rest(self):
        self.state, self.deadline = "TIME-WAIT", self.now + 2 * self.msl

    def reset(self, s):
        if s.flags & RST:
            return []
        numbers = (s.ack, 0, RST) if s.flags & ACK else (0, add(s.seq, length(s)), RST | ACK)
        return self.out(Segment(s.destination, s.source, *numbers, 0))
