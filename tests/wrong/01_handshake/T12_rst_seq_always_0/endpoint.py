"""Sends each RST with the number 0, and never with the one that the segment asks for."""
from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000


class Endpoint:
    """One end of one connection."""

    def __init__(self, local, remote, port, iss, rto=RTO, msl=MSL):
        self.local, self.remote = local, remote
        self.port, self.remote_port = port, None
        self.iss, self.rto, self.msl = iss, rto, msl
        self.state, self.error = "CLOSED", ""
        self.deadline, self.now = None, 0
        self.snd_una = self.snd_nxt = iss
        self.rcv_nxt = 0
        self.listener = False
        self.flight = []                # segments that are under way, the oldest first
        self.wait, self.sends = rto, 0
        self.received = b""
        self.out = []                   # what is to be sent when the call returns

    # For the user ------------------------------------------------------------------------------

    def connect(self, port):
        self.expect("connect", "CLOSED")
        self.remote_port, self.state = port, "SYN-SENT"
        self.transmit(SYN)
        return self.flush()

    def listen(self):
        self.expect("listen", "CLOSED")
        self.state, self.listener, self.remote_port = "LISTEN", True, None
        self.snd_una = self.snd_nxt = self.iss
        return []

    def send(self, data):
        self.expect("send", "ESTABLISHED", "CLOSE-WAIT")
        while data:
            self.transmit(ACK | PSH, data[:MSS])
            data = data[MSS:]
        return self.flush()

    def read(self):
        data, self.received = self.received, b""
        return data

    def close(self):
        match self.state:
            case "LISTEN" | "SYN-SENT":
                self.over()
            case "SYN-RECEIVED" | "ESTABLISHED":
                self.state = "FIN-WAIT-1"
                self.transmit(FIN | ACK)
            case "CLOSE-WAIT":
                self.state = "LAST-ACK"
                self.transmit(FIN | ACK)
        return self.flush()

    def abort(self):
        if self.state in ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT"):
            self.emit(RST)
        self.over(self.error)
        return self.flush()

    def tick(self, now):
        self.now = now
        if self.deadline is not None and now >= self.deadline:
            if self.state == "TIME-WAIT":
                self.over()
            elif self.sends == MOST_SENDS:
                self.over("timeout")
            else:
                self.sends += 1
                self.wait = min(self.wait * 2, MAX_RTO)
                self.deadline = now + self.wait
                oldest = self.flight[0]
                self.emit(oldest.flags, oldest.data, oldest.seq)
        return self.flush()

    # What arrives ------------------------------------------------------------------------------

    def on_segment(self, data):
        try:
            seg = parse(data, self.remote, self.local)
        except SegmentError:
            return []
        match self.state:
            case "CLOSED":
                self.refuse(seg)
            case _ if seg.destination != self.port or self.remote_port not in (None, seg.source):
                self.refuse(seg)
            case "LISTEN":
                self.in_listen(seg)
            case "SYN-SENT":
                self.in_syn_sent(seg)
            case _:
                self.in_connection(seg)
        return self.flush()

    def in_listen(self, seg):
        if seg.flags & (RST | ACK):
            self.refuse(seg)
        elif seg.flags & SYN:
            self.remote_port = seg.source
            self.rcv_nxt = add(seg.seq, 1)
            self.state = "SYN-RECEIVED"
            self.transmit(SYN | ACK)

    def in_syn_sent(self, seg):
        syn, ack, rst = seg.flags & SYN, seg.flags & ACK, seg.flags & RST
        if ack and seg.ack != self.snd_nxt:
            self.refuse(seg)
        elif rst and ack:
            self.over("refused")
        elif syn and ack and not rst:
            self.rcv_nxt = add(seg.seq, 1)
            self.acknowledged(seg.ack)
            self.state = "ESTABLISHED"
            self.emit(ACK)
        elif syn and not rst:                   # they have called connect(), too
            self.rcv_nxt = add(seg.seq, 1)
            self.state = "SYN-RECEIVED"
            self.flight.clear()
            self.snd_nxt = self.iss
            self.transmit(SYN | ACK)

    def in_connection(self, seg):
        syn, ack, fin, rst = (seg.flags & bit for bit in (SYN, ACK, FIN, RST))
        takes = length(seg)
        if not self.in_window(seg.seq) and not (takes and self.in_window(seg.seq + takes - 1)):
            if self.state == "TIME-WAIT" and fin and not rst:
                self.time_wait()
            if not rst:
                self.emit(ACK)
            return
        if rst:
            self.on_rst(seg)
            return
        if syn:
            if self.state == "SYN-RECEIVED" and self.listener:
                self.over()
                self.listen()
            else:
                self.emit(ACK)
            return
        if not ack or not self.on_ack(seg):
            return
        if seg.data and seg.seq == self.rcv_nxt and self.state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"):
            self.received += seg.data
            self.rcv_nxt = add(self.rcv_nxt, len(seg.data))
        if fin and add(seg.seq, len(seg.data)) == self.rcv_nxt:
            self.on_fin()
        if takes:
            self.emit(ACK)

    def on_rst(self, seg):
        if seg.seq != self.rcv_nxt:
            self.emit(ACK)
            return
        match self.state:
            case "SYN-RECEIVED" if self.listener:
                self.over()
                self.listen()
            case "SYN-RECEIVED":
                self.over("refused")
            case "CLOSING" | "LAST-ACK" | "TIME-WAIT":
                self.over()
            case _:
                self.over("reset")

    def on_ack(self, seg):
        """Returns whether the rest of the segment is to be looked at."""
        future = before(self.snd_nxt, seg.ack)
        new = before(self.snd_una, seg.ack) and not future
        if self.state == "SYN-RECEIVED":
            if not new:
                self.refuse(seg)
                return False
            self.state = "ESTABLISHED"
        if future:
            self.emit(ACK)
            return False
        if new:
            self.acknowledged(seg.ack)
        if self.snd_una == self.snd_nxt:        # and so is our FIN
            match self.state:
                case "FIN-WAIT-1":
                    self.state = "FIN-WAIT-2"
                case "CLOSING":
                    self.time_wait()
                case "LAST-ACK":
                    self.over()
                    return False
        return True

    def on_fin(self):
        match self.state:
            case "ESTABLISHED":
                self.state = "CLOSE-WAIT"
            case "FIN-WAIT-1":
                self.state = "CLOSING"
            case "FIN-WAIT-2":
                self.time_wait()
            case _:
                return
        self.rcv_nxt = add(self.rcv_nxt, 1)

    # Helpers -----------------------------------------------------------------------------------

    def expect(self, what, *states):
        if self.state not in states:
            raise ConnectionError(f"cannot {what} in state {self.state}")

    def flush(self):
        out, self.out = self.out, []
        return out

    def emit(self, flags, data=b"", seq=None):
        seg = Segment(self.port, self.remote_port, self.snd_nxt if seq is None else seq,
                      self.rcv_nxt if flags & ACK else 0, flags, RCV_WND, data=data)
        self.out.append(pack(seg, self.local, self.remote))
        return seg

    def transmit(self, flags, data=b""):
        """Emit something that has to be acknowledged."""
        seg = self.emit(flags, data)
        self.snd_nxt = add(self.snd_nxt, length(seg))
        self.flight.append(seg)
        if len(self.flight) == 1:
            self.start_timer()

    def acknowledged(self, ack):
        self.snd_una = ack
        self.flight = [seg for seg in self.flight if before(ack, add(seg.seq, length(seg)))]
        self.start_timer()

    def start_timer(self):
        self.wait, self.sends = self.rto, 1
        self.deadline = self.now + self.rto if self.flight else None

    def time_wait(self):
        self.state = "TIME-WAIT"
        self.deadline = self.now + 2 * self.msl

    def over(self, error=""):
        self.state, self.error, self.deadline = "CLOSED", error, None
        self.flight = []

    def in_window(self, number):
        return (number - self.rcv_nxt) % 2**32 < RCV_WND

    def refuse(self, seg):
        """Say with a RST that there is no such connection."""
        if seg.flags & RST:
            return
        reset = Segment(seg.destination, seg.source, 0, add(seg.seq, length(seg)), RST | ACK, 0)
        self.out.append(pack(reset, self.local, self.remote))
