"""One end of a TCP connection: RFC 9293, written without sockets and without a clock.

An Endpoint is told what happens: its user calls connect() or close(), a segment has arrived, it is now that late. It
changes its state, and returns the segments that are to be sent. It sends nothing itself. So it can talk with anybody:
with a test that plays the other side, with a second Endpoint over UDP (over_udp.py), or with the TCP in a kernel.
(Protocols written like this are called sans-IO.) segment.py makes the segments, and takes them apart.

The states and the way through them. "gets" is what arrives, "sends" is what is sent for it:

    who begins        CLOSED        connect(), sends SYN              SYN-SENT
                      SYN-SENT      gets SYN,ACK, sends ACK           ESTABLISHED
    who waits         CLOSED        listen()                          LISTEN
                      LISTEN        gets SYN, sends SYN,ACK           SYN-RECEIVED
                      SYN-RECEIVED  gets the ACK of it                ESTABLISHED
    who closes first  ESTABLISHED   close(), sends FIN                FIN-WAIT-1
                      FIN-WAIT-1    gets the ACK of it                FIN-WAIT-2    the other may still send data
                      FIN-WAIT-2    gets FIN, sends ACK               TIME-WAIT
                      TIME-WAIT     2 MSL are over                    CLOSED
    the other one     ESTABLISHED   gets FIN, sends ACK               CLOSE-WAIT    we may still send data
                      CLOSE-WAIT    close(), sends FIN                LAST-ACK
                      LAST-ACK      gets the ACK of it                CLOSED
    both at once      SYN-SENT      gets SYN, sends SYN,ACK           SYN-RECEIVED  (bonus)
    both at once      FIN-WAIT-1    gets FIN, sends ACK               CLOSING       (bonus)
                      CLOSING       gets the ACK of our FIN           TIME-WAIT     (bonus)

What an Endpoint remembers of its connection (the RFC calls that the TCB), all modulo 2³²:

    iss       our first sequence number. It is the SYN's; the first byte of our data has the next one
    snd_nxt   SND.NXT   the number of what we send next
    snd_una   SND.UNA   the oldest number of ours that is not acknowledged; equal to snd_nxt if all are
    rcv_nxt   RCV.NXT   the number that we expect next, and so the one that we acknowledge with

The RFC writes <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> for a segment with these numbers and this flag. SEG.SEQ and SEG.ACK
are those of the segment that has arrived, SEG.LEN is its length(). "+ 1" is always add(…, 1).

The TODOs come in the order in which a connection needs them: the handshake, for who begins (1 to 4) and for who waits
(5 to 7); data (8 and 9); the close (10 to 13); what was lost (14 and 15); RST (16 to 19); and what is bonus.

Rules that the RFC leaves open, or that are simpler here

  At once      What takes sequence numbers and is taken is acknowledged at once: nothing waits for company.
  In order     Data and a FIN are taken only if they begin at RCV.NXT. What comes too early may be dropped. It is
               answered with an ACK that says what is expected, and will come again. So will data that comes with a SYN.
  Again        What takes sequence numbers is kept until it is acknowledged. When rto is over, the oldest is sent again,
               and then after twice that time, and so on: MOST_SENDS times in all. When something new is acknowledged,
               the waiting begins anew, with rto.
  Idle         An idle connection sends nothing, for ever: no keep-alives (RFC 9293, section 3.8.4). FIN-WAIT-2, too,
               lasts until the other side closes.
  Windows      Our window is always RCV_WND. The other side's is not looked at, for what is sent here is short.
  Options      None are sent, and those that come are not looked at. So is the urgent pointer.
  Once         An Endpoint is for one connection.
"""
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

    # What is given: use these in your own parts ----------------------------------------------------------------

    def _segment(self, flags: int, data: bytes = b"", seq: int | None = None) -> Segment:
        """A segment of this connection, as things are now: <SEQ=SND.NXT>, or this seq; <ACK=RCV.NXT> if the flags
        have ACK."""
        assert self.remote_port is not None, "the port of the other side is not known yet"
        return Segment(self.port, self.remote_port, self.snd_nxt if seq is None else seq,
                       self.rcv_nxt if flags & ACK else 0, flags, RCV_WND, data=data)

    def _pack(self, *segments: Segment) -> list[bytes]:
        """These segments as bytes, in a list, as all that is to be sent is returned."""
        return [pack(segment, self.local, self.remote) for segment in segments]

    def _begin_wait(self) -> None:
        """Wait rto from now for the acknowledgment of the oldest, which has been sent once. If all is acknowledged,
        wait for nothing."""
        self._wait, self._sends = self.rto, 1
        self.deadline = self.now + self._wait if self._unacknowledged else None

    def _end(self, error: str = "") -> None:
        """The connection is over: enter CLOSED, with this error, and forget what has not been acknowledged."""
        self.state, self.error, self.deadline = "CLOSED", error, None
        self._unacknowledged = []

    def on_segment(self, segment: bytes) -> list[bytes]:
        """A segment has arrived: RFC 9293, section 3.10.7. Returns the segments to send now.

        What is no segment changes nothing, and is not answered. One of other ports belongs to no connection here: it
        is answered as in CLOSED.
        """
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
        """RFC 9293, section 3.10.7.4, the eight steps (two of them, security and URG, are left out here). Your parts
        are called when their time has come, and only then."""
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

    # The handshake, for who begins -----------------------------------------------------------------------------

    def connect(self, port: int) -> list[bytes]:
        """Begin a connection to this port of the other host: RFC 9293, section 3.10.1, an active OPEN.

        Remember it as self.remote_port. Send <SEQ=ISS><CTL=SYN> (_send() does that), and enter SYN-SENT.
        """
        if self.state != "CLOSED":
            raise ConnectionError(f"cannot connect in state {self.state}")
        ### BEGIN SOLUTION 1: send a SYN
        self.remote_port = port
        self.state = "SYN-SENT"
        return self._send(SYN)
        ### END SOLUTION 1

    def _send(self, flags: int, data: bytes = b"") -> list[bytes]:
        """Send a segment that takes sequence numbers: one with SYN, with FIN, or with data. Returns it, packed.

        It begins at SND.NXT, and SND.NXT moves on by its length(). First keep it in self._unacknowledged, behind those
        that are there. If it is now the only one, begin to wait: _begin_wait(), which looks into the list.

        Only for what takes sequence numbers. A bare ACK takes none and is not kept: self._pack(self._segment(ACK)).
        """
        ### BEGIN SOLUTION 2: send what takes sequence numbers, and keep it
        segment = self._segment(flags, data)
        self.snd_nxt = add(self.snd_nxt, length(segment))
        self._unacknowledged.append(segment)
        if len(self._unacknowledged) == 1:
            self._begin_wait()
        return self._pack(segment)
        ### END SOLUTION 2

    def _acknowledged(self, ack: int) -> None:
        """Everything before this number has arrived over there, and some of it is news: RFC 9293, section 3.10.7.4,
        fifth step.

        SND.UNA is ack now. What is acknowledged to its last number is kept no longer. For what is left, begin to wait
        anew: _begin_wait().
        """
        ### BEGIN SOLUTION 3: forget what is acknowledged
        self.snd_una = ack
        self._unacknowledged = [kept for kept in self._unacknowledged if before(ack, add(kept.seq, length(kept)))]
        self._begin_wait()
        ### END SOLUTION 3

    def _in_syn_sent(self, arrived: Segment) -> list[bytes]:
        """In SYN-SENT: RFC 9293, section 3.10.7.3. In this order:

            ACK, but not of ISS + 1   it is for something that we have not sent: _reject() it, and stay
            RST with ACK              nobody listens there: _end() with the error "refused"
            RST without ACK           changes nothing
            SYN with ACK              RCV.NXT = SEG.SEQ + 1, for a SYN takes a number. Our SYN is _acknowledged(). Enter
                                      ESTABLISHED, and send <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>
            SYN without ACK           bonus: _both_begin()
            neither SYN nor RST       changes nothing
        """
        if arrived.flags & (SYN | ACK | RST) == SYN:
            return self._both_begin(arrived)
        ### BEGIN SOLUTION 4: take the answer to the SYN
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
        ### END SOLUTION 4

    # The handshake, for who waits ------------------------------------------------------------------------------

    def listen(self) -> list[bytes]:
        """Wait for somebody to begin a connection: RFC 9293, section 3.10.1, a passive OPEN. Nothing is sent for it."""
        if self.state != "CLOSED":
            raise ConnectionError(f"cannot listen in state {self.state}")
        self.state, self._passive, self.remote_port = "LISTEN", True, None
        self.snd_una = self.snd_nxt = self.iss
        return []

    def _in_listen(self, arrived: Segment) -> list[bytes]:
        """In LISTEN: RFC 9293, section 3.10.7.2. In this order:

            RST    changes nothing
            ACK    there is nothing yet that could be acknowledged: _reject() it, and stay
            SYN    remember the port that it came from, as in connect(); RCV.NXT = SEG.SEQ + 1; enter SYN-RECEIVED,
                   and _send() <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>
            else   changes nothing
        """
        ### BEGIN SOLUTION 5: answer a SYN
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
        ### END SOLUTION 5

    def _acceptable(self, arrived: Segment) -> bool:
        """Whether some of this segment is inside our window, where it is news: RFC 9293, section 3.10.7.4, table 6.

            SEG.LEN   RCV.WND   acceptable if
            0         0         SEG.SEQ = RCV.NXT
            0         > 0       RCV.NXT =< SEG.SEQ < RCV.NXT + RCV.WND
            > 0       0         never
            > 0       > 0       RCV.NXT =< SEG.SEQ < RCV.NXT + RCV.WND, or
                                RCV.NXT =< SEG.SEQ + SEG.LEN - 1 < RCV.NXT + RCV.WND

        Here RCV.WND is RCV_WND, so two of the rows are enough. All comparisons are on the circle. before() is "<".
        "a =< b" is "b is not before a": not before(b, a).
        """
        ### BEGIN SOLUTION 6: is it in the window?
        end = add(self.rcv_nxt, RCV_WND)
        last = add(arrived.seq, max(length(arrived) - 1, 0))
        return any(not before(seq, self.rcv_nxt) and before(seq, end) for seq in (arrived.seq, last))
        ### END SOLUTION 6

    def _on_ack(self, arrived: Segment) -> list[bytes]:
        """An acceptable segment with an ACK: RFC 9293, section 3.10.7.4, fifth step.

        Returns the answer to an ACK that is wrong; then nothing else of the segment is looked at. If the ACK is right,
        or old, returns nothing. =< as in _acceptable().

            SND.UNA < SEG.ACK =< SND.NXT   there is news for _acknowledged(). In SYN-RECEIVED it is that our SYN has
                                           arrived: enter ESTABLISHED
            SEG.ACK > SND.NXT              it is for something that we have not sent. In SYN-RECEIVED _reject() the
                                           segment, and stay; else answer <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>
            SEG.ACK =< SND.UNA             an old one. In SYN-RECEIVED _reject() it, and stay; else it changes nothing
        """
        ### BEGIN SOLUTION 7: what does it acknowledge?
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
        ### END SOLUTION 7

    # Data ------------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> list[bytes]:
        """Send this, in pieces of MSS bytes (the last may be shorter): RFC 9293, section 3.10.2. Returns them all.

        Each goes out through _send(), as <SEQ=SND.NXT><ACK=RCV.NXT><CTL=PSH,ACK>. (PSH: hand it over, do not wait for
        more. The checks do not look at it, and their figures do not show it.)
        """
        if self.state not in ("ESTABLISHED", "CLOSE-WAIT"):
            raise ConnectionError(f"cannot send in state {self.state}")
        ### BEGIN SOLUTION 8: send data in pieces
        segments = []
        for start in range(0, len(data), MSS):
            segments += self._send(PSH | ACK, data[start:start + MSS])
        return segments
        ### END SOLUTION 8

    def read(self) -> bytes:
        """The data that has arrived, in order, since the last read(); b"" if there was none."""
        data = bytes(self._inbox)
        self._inbox.clear()
        return data

    def _on_data(self, arrived: Segment) -> None:
        """An acceptable segment with data: RFC 9293, section 3.10.7.4, seventh step.

        If it begins at RCV.NXT, its data goes to the end of self._inbox, and RCV.NXT moves on by so many bytes. Else
        there is a gap before it, or some of it has come before: it changes nothing. In all states but ESTABLISHED,
        FIN-WAIT-1 and FIN-WAIT-2 it changes nothing either: there the other side has already sent its FIN.

        There is nothing to return: _in_other_states() acknowledges with <ACK=RCV.NXT>, whatever was taken.
        """
        ### BEGIN SOLUTION 9: take the data that comes next
        if self.state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2") and arrived.seq == self.rcv_nxt:
            self._inbox += arrived.data
            self.rcv_nxt = add(self.rcv_nxt, len(arrived.data))
        ### END SOLUTION 9

    # The close -------------------------------------------------------------------------------------------------

    def close(self) -> list[bytes]:
        """There is nothing more to send: RFC 9293, section 3.10.4. What the other side sends is still taken.

            LISTEN, SYN-SENT            _end()
            SYN-RECEIVED, ESTABLISHED   enter FIN-WAIT-1, and _send() <SEQ=SND.NXT><ACK=RCV.NXT><CTL=FIN,ACK>
            CLOSE-WAIT                  enter LAST-ACK, and _send() the same
            each other state            changes nothing, for it is closed, or closing
        """
        ### BEGIN SOLUTION 10: send a FIN
        if self.state in ("LISTEN", "SYN-SENT"):
            self._end()
        elif self.state in ("SYN-RECEIVED", "ESTABLISHED"):
            self.state = "FIN-WAIT-1"
            return self._send(FIN | ACK)
        elif self.state == "CLOSE-WAIT":
            self.state = "LAST-ACK"
            return self._send(FIN | ACK)
        return []
        ### END SOLUTION 10

    def _on_fin_acknowledged(self) -> None:
        """Our FIN has arrived over there: RFC 9293, section 3.10.7.4, fifth step.

            FIN-WAIT-1   enter FIN-WAIT-2
            LAST-ACK     _end(): the other side is the one who waits in TIME-WAIT
            CLOSING      _time_wait() (bonus)
        """
        ### BEGIN SOLUTION 11: the FIN is acknowledged
        if self.state == "FIN-WAIT-1":
            self.state = "FIN-WAIT-2"
        elif self.state == "LAST-ACK":
            self._end()
        else:
            self._time_wait()
        ### END SOLUTION 11

    def _on_fin(self, arrived: Segment) -> None:
        """An acceptable segment with a FIN: RFC 9293, section 3.10.7.4, eighth step.

        The FIN's number is the one behind the segment's data (which _on_data() has taken already). If that is RCV.NXT,
        RCV.NXT moves on by one, for a FIN takes a number, and:

            ESTABLISHED   enter CLOSE-WAIT
            FIN-WAIT-2    _time_wait()
            FIN-WAIT-1    _both_close() (bonus)

        (One segment may have both the ACK of our FIN and a FIN. Then we are in FIN-WAIT-2 by now.) In each other state,
        or if something before the FIN is missing, it changes nothing, and RCV.NXT stays. There is nothing to return, as
        in _on_data().
        """
        ### BEGIN SOLUTION 12: take the FIN
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
        ### END SOLUTION 12

    def _time_wait(self) -> None:
        """Enter TIME-WAIT, or begin it anew: it ends 2 * self.msl from self.now, so tick() has something to do then.

        Why wait? If our last ACK is lost, the other side sends its FIN again, and somebody must be there to acknowledge
        it. And what is left of this connection in the network must not be taken for a part of the next one.
        """
        ### BEGIN SOLUTION 13: wait for 2 MSL
        self.state = "TIME-WAIT"
        self.deadline = self.now + 2 * self.msl
        ### END SOLUTION 13

    # What was lost, and what comes twice -----------------------------------------------------------------------

    def tick(self, now: int) -> list[bytes]:
        """The time is now (ms). It is called before all others when time has passed, and when the deadline has come.

        Returns the segments to send now: the oldest again, if its deadline has come. At the end of TIME-WAIT the
        connection is over.
        """
        self.now = now
        if self.deadline is None or now < self.deadline:
            return []
        if self.state == "TIME-WAIT":
            self._end()
            return []
        return self._send_again()

    def _send_again(self) -> list[bytes]:
        """The oldest of what is not acknowledged has waited in vain: RFC 9293, sections 3.8.1 and 3.10.8.

        Send it again: the same flags, data and seq, but the ACK of now. Its next deadline is twice as far away as the
        last one was, but no more than MAX_RTO. If it has been sent MOST_SENDS times, _end() with the error "timeout",
        and send nothing.
        """
        ### BEGIN SOLUTION 14: send again, wait longer, give up
        if self._sends == MOST_SENDS:
            self._end("timeout")
            return []
        self._sends += 1
        self._wait = min(2 * self._wait, MAX_RTO)
        self.deadline = self.now + self._wait
        oldest = self._unacknowledged[0]
        return self._pack(self._segment(oldest.flags, oldest.data, oldest.seq))
        ### END SOLUTION 14

    def _on_unacceptable(self, arrived: Segment) -> list[bytes]:
        """A segment that is not _acceptable(): RFC 9293, section 3.10.7.4, first step.

        Mostly it has come before, and our ACK of it was lost. So answer <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, which says
        what we expect; but a RST is never answered. Nothing else changes, except for a FIN in TIME-WAIT: it has come
        again, and TIME-WAIT begins anew.
        """
        ### BEGIN SOLUTION 15: say again what is expected
        if arrived.flags & RST:
            return []
        if self.state == "TIME-WAIT" and arrived.flags & FIN:
            self._time_wait()
        return self._pack(self._segment(ACK))
        ### END SOLUTION 15

    # RST -------------------------------------------------------------------------------------------------------

    def _reject(self, arrived: Segment) -> list[bytes]:
        """Answer a segment that belongs to no connection here with a RST: RFC 9293, sections 3.5.2 and 3.10.7.1.

        The RST goes from the port that the segment went to, to the one that it came from. It must look right over
        there, so its numbers are those that the segment asks for:

            the segment has RST    no answer, in no case: else two sides could go on like that for ever
            the segment has ACK    <SEQ=SEG.ACK><CTL=RST>
            else                   <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>

        Nothing of the connection changes. _segment() does not fit here, for it makes segments of this connection:
        build a Segment(…) of your own.
        """
        ### BEGIN SOLUTION 16: answer with a RST
        if arrived.flags & RST:
            return []
        seq, ack, flags = 0, add(arrived.seq, length(arrived)), RST | ACK
        if arrived.flags & ACK:
            seq, ack, flags = arrived.ack, 0, RST
        return self._pack(Segment(arrived.destination, arrived.source, seq, ack, flags, window=0))
        ### END SOLUTION 16

    def _on_rst(self, arrived: Segment) -> list[bytes]:
        """An acceptable segment with RST: RFC 9293, section 3.10.7.4, second step. It is not answered.

            SYN-RECEIVED, after listen()    somebody has changed his mind: _end(), and listen() again
            SYN-RECEIVED, after connect()   _end() with the error "refused"
            CLOSING, LAST-ACK, TIME-WAIT    _end(): all that either side had to say has been said
            each other state                _end() with the error "reset"

        Bonus, RFC 5961, section 3.2: somebody who cannot see our segments, but sends many RSTs, would soon have one in
        the window. So only a RST exactly at RCV.NXT does this. Each other one is answered with a challenge ACK,
        <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>: if the other side has really forgotten the connection, it will answer that
        with a RST which is exactly right.
        """
        ### BEGIN SOLUTION 17: end on a RST (bonus: a challenge ACK unless it is at RCV.NXT)
        if arrived.seq != self.rcv_nxt:
            return self._pack(self._segment(ACK))
        if self.state == "SYN-RECEIVED" and self._passive:
            self._end()
            return self.listen()
        over = self.state in ("CLOSING", "LAST-ACK", "TIME-WAIT")
        self._end("" if over else "refused" if self.state == "SYN-RECEIVED" else "reset")
        return []
        ### END SOLUTION 17

    def _on_syn(self, arrived: Segment) -> list[bytes]:
        """An acceptable segment with SYN, though this connection has had its SYN: RFC 9293, section 3.10.7.4, fourth
        step. It never begins a new connection.

            SYN-RECEIVED, after listen()   _end(), and listen() again: the SYN will come once more
            each other state               _reject() it, and _end() with the error "reset"

        Bonus, RFC 5961, section 4.2. In each other state nothing ends: a challenge ACK, as in _on_rst(), is the whole
        answer.
        """
        ### BEGIN SOLUTION 18: answer a SYN within a connection (bonus: with a challenge ACK)
        if self.state == "SYN-RECEIVED" and self._passive:
            self._end()
            return self.listen()
        return self._pack(self._segment(ACK))
        ### END SOLUTION 18

    def abort(self) -> list[bytes]:
        """Give the connection up, without waiting for anybody: RFC 9293, section 3.10.5.

        In SYN-RECEIVED, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2 and CLOSE-WAIT the other side is told, by
        <SEQ=SND.NXT><CTL=RST>. In all states _end(), with the error that there was already.
        """
        ### BEGIN SOLUTION 19: give up
        told = self.state in ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT")
        segments = self._pack(self._segment(RST)) if told else []
        self._end(self.error)
        return segments
        ### END SOLUTION 19

    # Bonus: both at once ---------------------------------------------------------------------------------------

    def _both_begin(self, arrived: Segment) -> list[bytes]:
        """Bonus. In SYN-SENT, a SYN without an ACK: the other side has called connect() too, and the two SYNs have
        crossed: RFC 9293, section 3.5, figure 7, and section 3.10.7.3.

        RCV.NXT = SEG.SEQ + 1, and enter SYN-RECEIVED. What we _send() now is our SYN again, with what we know now:
        <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>. So first take the other one back, as if it had never been sent.

        The other side does the same. Its SYN,ACK then comes here with a SYN that we have had: it is not acceptable, and
        the ACK that _on_unacceptable() answers is what brings the other side to ESTABLISHED, as its ACK brings us.
        """
        ### BEGIN SOLUTION 20: bonus: both sides begin at once
        self.rcv_nxt = add(arrived.seq, 1)
        self.snd_nxt, self._unacknowledged = self.iss, []
        self.state = "SYN-RECEIVED"
        return self._send(SYN | ACK)
        ### END SOLUTION 20

    def _both_close(self) -> None:
        """Bonus. In FIN-WAIT-1, a FIN, and our FIN is not acknowledged: both sides have closed, and the two FINs have
        crossed: RFC 9293, section 3.6, figure 13. Enter CLOSING, which lasts until ours is acknowledged."""
        ### BEGIN SOLUTION 21: bonus: both sides close at once
        self.state = "CLOSING"
        ### END SOLUTION 21
