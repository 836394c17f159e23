"""Returns the bytes of the SYN, and not a list with them in it."""
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from segment import ACK, FIN, PSH, RST, SYN, Segment, SegmentError, add, before, length, pack, parse

RCV_WND = 8192                  # our receive window, bytes
MSS = 536                       # maximum segment size, bytes
RTO, MAX_RTO = 1000, 60_000     # retransmission timeout, ms
MOST_SENDS = 6
MSL = 30_000                    # maximum segment lifetime, ms


class State(StrEnum):
    CLOSED = "CLOSED"
    LISTEN = "LISTEN"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"


@dataclass
class Sent:
    """Something that was sent and has to be acknowledged."""

    seq: int
    flags: int
    data: bytes
    end: int                    # the number that acknowledges it
    times: int = 1


class Timer:
    """Says when something is due."""

    def __init__(self):
        self.due = None

    def start(self, now, ms):
        self.due = now + ms

    def stop(self):
        self.due = None

    def expired(self, now):
        return self.due is not None and now >= self.due


class Endpoint:
    def __init__(self, local, remote, port, iss, rto=RTO, msl=MSL):
        self.local = local
        self.remote = remote
        self.port = port
        self.remote_port = None
        self.iss = iss
        self.rto = rto
        self.msl = msl
        self.state = State.CLOSED
        self.error = ""
        self.now = 0
        self.timer = Timer()
        self.queue = deque()
        self.snd_nxt = iss
        self.rcv_nxt = 0
        self.is_server = False
        self.buffer = bytearray()

    @property
    def deadline(self):
        return self.timer.due

    @property
    def snd_una(self):
        return self.queue[0].seq if self.queue else self.snd_nxt

    # -- interface for the user ----------------------------------------------------------------

    def connect(self, port):
        if self.state is not State.CLOSED:
            raise ConnectionError("already in use")
        self.remote_port = port
        self.state = State.SYN_SENT
        return self.send_and_keep(SYN)

    def listen(self):
        if self.state is not State.CLOSED:
            raise ConnectionError("already in use")
        self.is_server = True
        self.remote_port = None
        self.snd_nxt = self.iss
        self.state = State.LISTEN
        return []

    def send(self, data):
        if self.state not in (State.ESTABLISHED, State.CLOSE_WAIT):
            raise ConnectionError(f"not possible in {self.state}")
        packets = []
        while data:
            chunk, data = data[:MSS], data[MSS:]
            packets.append(self.send_and_keep(PSH | ACK, chunk))
        return packets

    def read(self):
        result = bytes(self.buffer)
        self.buffer = bytearray()
        return result

    def close(self):
        if self.state in (State.SYN_RECEIVED, State.ESTABLISHED):
            self.state = State.FIN_WAIT_1
        elif self.state is State.CLOSE_WAIT:
            self.state = State.LAST_ACK
        else:
            if self.state in (State.LISTEN, State.SYN_SENT):
                self.terminate()
            return []
        return [self.send_and_keep(FIN | ACK)]

    def abort(self):
        packets = []
        if self.state in (State.SYN_RECEIVED, State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT):
            packets.append(self.build(RST, seq=self.snd_nxt))
        self.terminate(self.error)
        return packets

    def tick(self, now):
        self.now = now
        if not self.timer.expired(now):
            return []
        if self.state is State.TIME_WAIT:
            self.terminate()
            return []
        return self.retransmit()

    # -- segments ------------------------------------------------------------------------------

    def on_segment(self, packet):
        try:
            seg = parse(packet, self.remote, self.local)
        except SegmentError:
            return []
        mine = seg.destination == self.port and (self.remote_port is None or seg.source == self.remote_port)
        if not mine or self.state is State.CLOSED:
            return self.reply_with_reset(seg)
        if self.state is State.LISTEN:
            return self.handle_listen(seg)
        if self.state is State.SYN_SENT:
            return self.handle_syn_sent(seg)
        return self.handle_rest(seg)

    def handle_listen(self, seg):
        if seg.flags & RST:
            return []
        if seg.flags & ACK:
            return self.reply_with_reset(seg)
        if seg.flags & SYN:
            self.remote_port = seg.source
            self.rcv_nxt = add(seg.seq, 1)
            self.state = State.SYN_RECEIVED
            return [self.send_and_keep(SYN | ACK)]
        return []

    def handle_syn_sent(self, seg):
        has_ack = bool(seg.flags & ACK)
        if has_ack and seg.ack != add(self.iss, 1):
            return self.reply_with_reset(seg)
        if seg.flags & RST:
            if has_ack:
                self.terminate("refused")
            return []
        if not seg.flags & SYN:
            return []
        self.rcv_nxt = add(seg.seq, 1)
        if has_ack:
            self.acknowledged_up_to(seg.ack)
            self.state = State.ESTABLISHED
            return [self.build(ACK)]
        self.queue.clear()
        self.snd_nxt = self.iss
        self.state = State.SYN_RECEIVED
        return [self.send_and_keep(SYN | ACK)]

    def handle_rest(self, seg):
        if not self.is_acceptable(seg):
            if seg.flags & RST:
                return []
            if self.state is State.TIME_WAIT and seg.flags & FIN:
                self.start_time_wait()
            return [self.build(ACK)]
        if seg.flags & RST:
            return self.handle_rst(seg)
        if seg.flags & SYN:
            if self.state is State.SYN_RECEIVED and self.is_server:
                self.terminate()
                return self.listen()
            return [self.build(ACK)]
        if not seg.flags & ACK:
            return []

        if before(self.snd_nxt, seg.ack):
            if self.state is State.SYN_RECEIVED:
                return self.reply_with_reset(seg)
            return [self.build(ACK)]
        is_new = before(self.snd_una, seg.ack)
        if self.state is State.SYN_RECEIVED:
            if not is_new:
                return self.reply_with_reset(seg)
            self.state = State.ESTABLISHED
        if is_new:
            self.acknowledged_up_to(seg.ack)
        if not self.queue:
            if self.state is State.FIN_WAIT_1:
                self.state = State.FIN_WAIT_2
            elif self.state is State.CLOSING:
                self.start_time_wait()
            elif self.state is State.LAST_ACK:
                self.terminate()
                return []

        if seg.data and seg.seq == self.rcv_nxt \
                and self.state in (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2):
            self.buffer.extend(seg.data)
            self.rcv_nxt = add(self.rcv_nxt, len(seg.data))
        if seg.flags & FIN:
            self.handle_fin(seg)
        if seg.data or seg.flags & FIN:
            return [self.build(ACK)]
        return []

    def handle_fin(self, seg):
        if add(seg.seq, len(seg.data)) != self.rcv_nxt:
            return
        if self.state is State.ESTABLISHED:
            self.state = State.CLOSE_WAIT
        elif self.state is State.FIN_WAIT_1:
            self.state = State.CLOSING
        elif self.state is State.FIN_WAIT_2:
            self.start_time_wait()
        else:
            return
        self.rcv_nxt = add(self.rcv_nxt, 1)

    def handle_rst(self, seg):
        if seg.seq != self.rcv_nxt:
            return [self.build(ACK)]
        if self.state is State.SYN_RECEIVED:
            if self.is_server:
                self.terminate()
                return self.listen()
            self.terminate("refused")
        elif self.state in (State.CLOSING, State.LAST_ACK, State.TIME_WAIT):
            self.terminate()
        else:
            self.terminate("reset")
        return []

    def is_acceptable(self, seg):
        size = length(seg)
        if size == 0:
            return self.in_window(seg.seq)
        return self.in_window(seg.seq) or self.in_window(add(seg.seq, size - 1))

    def in_window(self, seq):
        return seq == self.rcv_nxt or (before(self.rcv_nxt, seq) and before(seq, add(self.rcv_nxt, RCV_WND)))

    # -- sending -------------------------------------------------------------------------------

    def build(self, flags, data=b"", seq=None):
        """The bytes of a segment of this connection."""
        if seq is None:
            seq = self.snd_nxt
        segment = Segment(
            source=self.port,
            destination=self.remote_port,
            seq=seq,
            ack=self.rcv_nxt if flags & ACK else 0,
            flags=flags,
            window=RCV_WND,
            data=data,
        )
        return pack(segment, self.local, self.remote)

    def send_and_keep(self, flags, data=b""):
        packet = self.build(flags, data)
        end = add(self.snd_nxt, len(data))
        if flags & (SYN | FIN):
            end = add(end, 1)
        self.queue.append(Sent(self.snd_nxt, flags, data, end))
        self.snd_nxt = end
        if len(self.queue) == 1:
            self.timer.start(self.now, self.rto)
        return packet

    def acknowledged_up_to(self, ack):
        while self.queue and not before(ack, self.queue[0].end):
            self.queue.popleft()
        if self.queue:
            self.queue[0].times = 1
            self.timer.start(self.now, self.rto)
        else:
            self.timer.stop()

    def retransmit(self):
        oldest = self.queue[0]
        if oldest.times == MOST_SENDS:
            self.terminate("timeout")
            return []
        wait = min(self.rto << oldest.times, MAX_RTO)
        oldest.times += 1
        self.timer.start(self.now, wait)
        return [self.build(oldest.flags, oldest.data, oldest.seq)]

    def reply_with_reset(self, seg):
        if seg.flags & RST:
            return []
        if seg.flags & ACK:
            reset = Segment(seg.destination, seg.source, seg.ack, 0, RST, 0)
        else:
            reset = Segment(seg.destination, seg.source, 0, add(seg.seq, length(seg)), RST | ACK, 0)
        return [pack(reset, self.local, self.remote)]

    def start_time_wait(self):
        self.state = State.TIME_WAIT
        self.timer.start(self.now, 2 * self.msl)

    def terminate(self, error=""):
        self.state = State.CLOSED
        self.error = error
        self.timer.stop()
        self.queue.clear()
