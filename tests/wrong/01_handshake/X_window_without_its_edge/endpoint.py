"""Takes a number for acceptable only if it is behind RCV.NXT: =< was read as <."""
from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192                  # bytes that we are ready to take: RCV.WND
MSS = 536                       # bytes of data in one segment, at the most (RFC 9293, section 3.7.1)
RTO, MAX_RTO = 1000, 60_000     # ms until something is sent again: at first, and at the most
MOST_SENDS = 6                  # how often one segment is sent, before the connection is given up
MSL = 30_000                    # ms that a segment may live in the network, at the most


class Endpoint:
    """One end of one connection, on a wire to one other host.

    local, remote: the two addresses ("10.0.0.1"). port: our port. iss: our first sequence number. rto, msl: in ms.

    state: as the RFC writes it, "SYN-SENT". error: why it is CLOSED: "refused", "reset" or "timeout"; else "".
    deadline: when tick() will have something to do (ms), None if there is nothing to wait for.
    """

    def __init__(self, local: str, remote: str, port: int, iss: int, rto: int = RTO, msl: int = MSL) -> None:
        self.local, self.remote, self.port, self.iss, self.rto, self.msl = local, remote, port, iss, rto, msl
        self.state = "CLOSED"
        self.error = ""
        self.deadline: int | None = None
        self.now = 0                                    # ms, as tick() was told last
        self.remote_port: int | None = None             # None as long as anybody may come
        self.snd_una = self.snd_nxt = iss
        self.rcv_nxt = 0
        self._passive = False                           # whether it began with listen()
        self._unacknowledged: list[Segment] = []        # what was sent and takes numbers, the oldest first
        self._wait = rto                                # ms between two sendings of the oldest
        self._sends = 0                                 # how often the oldest was sent
        self._inbox = bytearray()                       # data that has arrived, and that nobody has read

    def _segment(self, flags: int, data: bytes = b"", seq: int | None = None) -> Segment:
        assert self.remote_port is not None, "the port of the other side is not known yet"
        return Segment(self.port, self.remote_port, self.snd_nxt if seq is None else seq,
                       self.rcv_nxt if flags & ACK else 0, flags, RCV_WND, data=data)

    def _pack(self, *segments: Segment) -> list[bytes]:
        return [pack(segment, self.local, self.remote) for segment in segments]

    def _begin_wait(self) -> None:
        self._wait, self._sends = self.rto, 1
        self.deadline = self.now + self._wait if self._unacknowledged else None

    def _end(self, error: str = "") -> None:
        self.state, self.error, self.deadline = "CLOSED", error, None
        self._unacknowledged = []

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            arrived = parse(segment, self.remote, self.local)
        except SegmentError:
            return []
        ours = arrived.destination == self.port and self.remote_port in (None, arrived.source)
        if self.state == "CLOSED" or not ours:
            return self._reject(arrived)
        if self.state == "LISTEN":
            return self._in_listen(arrived)
        if self.state == "SYN-SENT":
            return self._in_syn_sent(arrived)
        return self._in_other_states(arrived)

    def _in_other_states(self, arrived: Segment) -> list[bytes]:
        if not self._acceptable(arrived):
            return self._on_unacceptable(arrived)
        if arrived.flags & RST:
            return self._on_rst(arrived)
        if arrived.flags & SYN:
            return self._on_syn(arrived)
        if not arrived.flags & ACK:
            return []
        refused = self._on_ack(arrived)
        if refused:
            return refused
        if self.state in ("FIN-WAIT-1", "CLOSING", "LAST-ACK") and self.snd_una == self.snd_nxt:
            self._on_fin_acknowledged()
            if self.state == "CLOSED":
                return []
        if arrived.data:
            self._on_data(arrived)
        if arrived.flags & FIN:
            self._on_fin(arrived)
        return self._pack(self._segment(ACK)) if length(arrived) else []

    def connect(self, port: int) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError(f"cannot connect in state {self.state}")
        self.remote_port = port
        self.state = "SYN-SENT"
        return self._send(SYN)

    def _send(self, flags: int, data: bytes = b"") -> list[bytes]:
        segment = self._segment(flags, data)
        self.snd_nxt = add(self.snd_nxt, length(segment))
        self._unacknowledged.append(segment)
        if len(self._unacknowledged) == 1:
            self._begin_wait()
        return self._pack(segment)

    def _acknowledged(self, ack: int) -> None:
        self.snd_una = ack
        self._unacknowledged = [kept for kept in self._unacknowledged if before(ack, add(kept.seq, length(kept)))]
        self._begin_wait()

    def _in_syn_sent(self, arrived: Segment) -> list[bytes]:
        if arrived.flags & (SYN | ACK | RST) == SYN:
            return self._both_begin(arrived)
        if arrived.flags & ACK and arrived.ack != self.snd_nxt:
            return self._reject(arrived)
        if arrived.flags & RST:
            if arrived.flags & ACK:
                self._end("refused")
            return []
        if not arrived.flags & SYN:
            return []
        self.rcv_nxt = add(arrived.seq, 1)
        self._acknowledged(arrived.ack)
        self.state = "ESTABLISHED"
        return self._pack(self._segment(ACK))

    def listen(self) -> list[bytes]:
        if self.state != "CLOSED":
            raise ConnectionError(f"cannot listen in state {self.state}")
        self.state, self._passive, self.remote_port = "LISTEN", True, None
        self.snd_una = self.snd_nxt = self.iss
        return []

    def _in_listen(self, arrived: Segment) -> list[bytes]:
        if arrived.flags & RST:
            return []
        if arrived.flags & ACK:
            return self._reject(arrived)
        if not arrived.flags & SYN:
            return []
        self.remote_port = arrived.source
        self.rcv_nxt = add(arrived.seq, 1)
        self.state = "SYN-RECEIVED"
        return self._send(SYN | ACK)

    def _acceptable(self, arrived: Segment) -> bool:
        end = add(self.rcv_nxt, RCV_WND)
        last = add(arrived.seq, max(length(arrived) - 1, 0))
        return any(before(self.rcv_nxt, seq) and before(seq, end) for seq in (arrived.seq, last))

    def _on_ack(self, arrived: Segment) -> list[bytes]:
        too_far = before(self.snd_nxt, arrived.ack)
        news = before(self.snd_una, arrived.ack) and not too_far
        if self.state == "SYN-RECEIVED" and not news:
            return self._reject(arrived)
        if too_far:
            return self._pack(self._segment(ACK))
        if self.state == "SYN-RECEIVED":
            self.state = "ESTABLISHED"
        if news:
            self._acknowledged(arrived.ack)
        return []

    def send(self, data: bytes) -> list[bytes]:
        if self.state not in ("ESTABLISHED", "CLOSE-WAIT"):
            raise ConnectionError(f"cannot send in state {self.state}")
        segments = []
        for start in range(0, len(data), MSS):
            segments += self._send(PSH | ACK, data[start:start + MSS])
        return segments

    def read(self) -> bytes:
        data = bytes(self._inbox)
        self._inbox.clear()
        return data

    def _on_data(self, arrived: Segment) -> None:
        if self.state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2") and arrived.seq == self.rcv_nxt:
            self._inbox += arrived.data
            self.rcv_nxt = add(self.rcv_nxt, len(arrived.data))

    def close(self) -> list[bytes]:
        if self.state in ("LISTEN", "SYN-SENT"):
            self._end()
        elif self.state in ("SYN-RECEIVED", "ESTABLISHED"):
            self.state = "FIN-WAIT-1"
            return self._send(FIN | ACK)
        elif self.state == "CLOSE-WAIT":
            self.state = "LAST-ACK"
            return self._send(FIN | ACK)
        return []

    def _on_fin_acknowledged(self) -> None:
        if self.state == "FIN-WAIT-1":
            self.state = "FIN-WAIT-2"
        elif self.state == "LAST-ACK":
            self._end()
        else:
            self._time_wait()

    def _on_fin(self, arrived: Segment) -> None:
        if add(arrived.seq, len(arrived.data)) != self.rcv_nxt:
            return
        if self.state == "ESTABLISHED":
            self.state = "CLOSE-WAIT"
        elif self.state == "FIN-WAIT-2":
            self._time_wait()
        elif self.state == "FIN-WAIT-1":
            self._both_close()
        else:
            return
        self.rcv_nxt = add(self.rcv_nxt, 1)

    def _time_wait(self) -> None:
        self.state = "TIME-WAIT"
        self.deadline = self.now + 2 * self.msl

    def tick(self, now: int) -> list[bytes]:
        self.now = now
        if self.deadline is None or now < self.deadline:
            return []
        if self.state == "TIME-WAIT":
            self._end()
            return []
        return self._send_again()

    def _send_again(self) -> list[bytes]:
        if self._sends == MOST_SENDS:
            self._end("timeout")
            return []
        self._sends += 1
        self._wait = min(2 * self._wait, MAX_RTO)
        self.deadline = self.now + self._wait
        oldest = self._unacknowledged[0]
        return self._pack(self._segment(oldest.flags, oldest.data, oldest.seq))

    def _on_unacceptable(self, arrived: Segment) -> list[bytes]:
        if arrived.flags & RST:
            return []
        if self.state == "TIME-WAIT" and arrived.flags & FIN:
            self._time_wait()
        return self._pack(self._segment(ACK))

    def _reject(self, arrived: Segment) -> list[bytes]:
        if arrived.flags & RST:
            return []
        seq, ack, flags = 0, add(arrived.seq, length(arrived)), RST | ACK
        if arrived.flags & ACK:
            seq, ack, flags = arrived.ack, 0, RST
        return self._pack(Segment(arrived.destination, arrived.source, seq, ack, flags, window=0))

    def _on_rst(self, arrived: Segment) -> list[bytes]:
        if arrived.seq != self.rcv_nxt:
            return self._pack(self._segment(ACK))
        if self.state == "SYN-RECEIVED" and self._passive:
            self._end()
            return self.listen()
        over = self.state in ("CLOSING", "LAST-ACK", "TIME-WAIT")
        self._end("" if over else "refused" if self.state == "SYN-RECEIVED" else "reset")
        return []

    def _on_syn(self, arrived: Segment) -> list[bytes]:
        if self.state == "SYN-RECEIVED" and self._passive:
            self._end()
            return self.listen()
        return self._pack(self._segment(ACK))

    def abort(self) -> list[bytes]:
        told = self.state in ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT")
        segments = self._pack(self._segment(RST)) if told else []
        self._end(self.error)
        return segments

    def _both_begin(self, arrived: Segment) -> list[bytes]:
        self.rcv_nxt = add(arrived.seq, 1)
        self.snd_nxt, self._unacknowledged = self.iss, []
        self.state = "SYN-RECEIVED"
        return self._send(SYN | ACK)

    def _both_close(self) -> None:
        self.state = "CLOSING"
