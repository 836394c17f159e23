"""Mistakes with TCP itself: its segments, and an endpoint."""
import binascii
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from ..calls import whole
from ..tcp import ACK, FIN, MODULUS, RST, SYN, Segment, pseudo_header
from ..trace import Trace
from ..wire import checksum
from .evidence import Answer, last_answer, programs, raised
from .registry import mistake


def _summed(answer: Answer) -> bytes:
    """What a checksum is to cover, of a function that is given bytes alone, or two addresses and a segment."""
    *addresses, data = answer.given
    return pseudo_header(*addresses, len(data)) + data if addresses else data


def crcs(data: bytes) -> tuple[int, ...]:
    """What is taken for a checksum where that is said to be a CRC."""
    return zlib.crc32(data), zlib.crc32(data) & 0xFFFF, binascii.crc_hqx(data, 0), binascii.crc_hqx(data, 0xFFFF)


@mistake("T05", "Sequence numbers were compared with a plain <. They go round: 4294967295 comes before 0.")
def _(trace: Trace) -> bool:
    if answer := last_answer(trace, "before"):
        a, b = answer.given
        return answer.is_one_of(0 < (b - a) % MODULUS < MODULUS // 2, a < b)
    turns = _turns(trace)
    last = turns[-1] if turns else None
    if last and last.got and last.before == "ESTABLISHED" and last.got.seq == last.expects \
            and last.expects > MODULUS - WINDOW and any(one.ack == last.expects for one in last.sent):
        return True
    again = turns[-1].sent if turns and not turns[-1].got else []       # though it was acknowledged, behind 2**32 − 1
    return any(one.length <= (turn.got.ack - one.seq) % MODULUS < MODULUS // 2 and turn.got.ack < one.seq
               for one in again for turn in turns if turn.got and turn.got.flags & ACK and turn.before == "ESTABLISHED")


@mistake("T04", "Sequence numbers were added without going round. Behind 4294967295 comes 0: (seq + n) % 2**32.",
         by_error=True)
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "add")
    top = any(max(turn.first, turn.end) > (1 << 32) - 1000 for turn in _turns(trace))
    added = answer is not None and answer.is_one_of(sum(answer.given) % MODULUS, sum(answer.given))
    return added or top and raised(trace, "struct.error")


@mistake("T04", "Behind 4294967295 comes 0, in a sum and in a comparison: (seq + n) % 2**32, as add() has it, and "
                "before().", seen_in="handshake")
def _(trace: Trace) -> bool:
    return _seen(lambda seen: seen.was_in("SYN-SENT") and seen.last.first == MODULUS - 1 and seen.got(SYN | ACK)
                 and seen.last.got.ack == 0 and seen.is_in("SYN-SENT"))(trace)


@mistake("T07", "The data offset counts words of four bytes from the beginning of the segment. What is before the "
                "data and behind byte 20 are options.")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "parse")
    if not answer:
        return False
    data, offset = answer.given[0], answer.given[0][12] >> 4
    return any(trace.steps[-1].got == f"data {whole(data[begin:])}" for begin in {20, offset} - {offset * 4})


@mistake("T08", "CWR and ECE were lost. All eight bits of the byte at index 13 are flags.")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "parse")
    flags = answer.given[0][13] if answer else 0
    return flags > 0x3F and trace.steps[-1].got == f"flags {flags & 0x3F}"


@mistake("T09", "The checksum is another one than TCP's: that is the ones' complement sum of RFC 1071, no CRC, and it"
                " covers the pseudo-header too.")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "internet_checksum", "checksum")
    if not answer:
        return False
    data = answer.given[-1]
    return answer.is_one_of(checksum(_summed(answer)), *crcs(data), checksum(data))


@mistake("T10", "The sum of the checksum was not made as RFC 1071 says: a carry out of 16 bits is added to it again, "
                "as often as there is one, and an odd last byte is the upper half of its number.")
def _(trace: Trace) -> bool:
    answer = last_answer(trace, "internet_checksum", "checksum")
    return answer is not None and answer.is_one_of(checksum(_summed(answer)), *_missummed(_summed(answer)))


def _missummed(data: bytes) -> set[int]:
    """What comes out if a carry is not added, or not often enough, or if an odd last byte is forgotten or misplaced."""
    numbers = [int.from_bytes(data[at:at + 2], "big") for at in range(0, len(data) - 1, 2)]
    odd = [data[-1] << 8] if len(data) % 2 else []
    low = [data[-1]] if odd else []
    total = sum(numbers + odd)
    once = (total & 0xFFFF) + (total >> 16)
    sums = [total & 0xFFFF, once & 0xFFFF, *(_folded(sum(numbers + last)) for last in ([], low) if odd)]
    return {*(one ^ 0xFFFF for one in sums), total ^ 0xFFFF, once ^ 0xFFFF} - {_folded(total) ^ 0xFFFF}


def _folded(total: int) -> int:
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _of_length(id: str, flag: str, wrong: Callable[[int], int]) -> None:
    """A mistake that is seen in length(), of a segment with this flag, by what is returned in place of its length."""
    @mistake(id, seen_in="length")
    def _(trace: Trace) -> bool:
        said = trace.steps and re.search(r"<CTL=([A-Z,]*)>.* has a length of (\d+)\)$", trace.steps[-1].sentence)
        flags = said[1].split(",") if said else []
        # Where there are both, the number that is missing is that of neither in particular.
        return flag in flags and not {"SYN", "FIN"} <= {*flags} and trace.steps[-1].got == str(wrong(int(said[2])))


@dataclass
class _Turn:
    """What happened to an endpoint, and what came of it.

    got: the segment that arrived; None if its user called something, or time had passed. before, after: its states.
    sent: the segments that it sent for it. first: the number of its SYN. end: the number behind all that it had sent
    before. expects: the one that it had to expect; None as long as there was no SYN. bare, bare_got: how many bare ACKs
    had been sent, and had arrived.
    """

    at: float
    got: Segment | None
    before: str
    after: str
    sent: list[Segment]
    first: int
    end: int
    expects: int | None
    bare: int
    bare_got: int


def _turns(trace: Trace) -> list[_Turn]:
    """The turns of the last endpoint that was made, in order."""
    turns: list[_Turn] = []
    lane = next(iter(programs(trace)), "")

    def begin(at: float, got: Segment | None) -> None:
        last = turns[-1] if turns else _Turn(at, None, "", "", [], -1, -1, None, 0, 0)
        first, end, expects, bare, bare_got = last.first, last.end, last.expects, last.bare, last.bare_got
        for segment in last.sent:
            first = segment.seq if segment.flags & SYN and first < 0 else first
            news = end < 0 or (segment.seq - end) % MODULUS == 0
            end = (segment.seq + segment.length) % MODULUS if news else end
            bare += not segment.length and not segment.flags & RST
        if last.got and last.got.flags & SYN and not last.got.flags & RST:
            expects = (last.got.seq + 1) % MODULUS
        elif last.got and last.got.seq == expects:
            expects = (expects + last.got.length) % MODULUS
        bare_got += bool(last.got) and not last.got.length and not last.got.flags & RST
        turns.append(_Turn(at, got, last.after, last.after, [], first, end, expects, bare, bare_got))

    for event in trace.events:
        if event.kind == "datagram" and event.to == lane and len(event.data) >= 20:
            begin(event.at, Segment.parsed(event.data))
        elif event.lane != lane:
            continue
        elif event.kind == "call" and event.text.startswith("Endpoint("):
            turns = [_Turn(event.at, None, "CLOSED", "CLOSED", [], -1, -1, None, 0, 0)]
        elif event.kind == "call" and turns:
            begin(event.at, None)
        elif event.kind in ("state", "datagram") and turns:
            if event.at - turns[-1].at > TICK:
                begin(event.at, None)
            if event.kind == "state":
                turns[-1].after = event.text
            else:
                turns[-1].sent.append(Segment.parsed(event.data))
    return turns


TICK = 0.5                  # s of virtual time: what is sent so long after all else is sent since time has passed


@dataclass
class _Seen:
    """The last turn of an endpoint, in which a check failed: see _Turn.

    turns: all of them. unreadable: whether it failed since what the endpoint sent could not be read.
    """

    turns: list[_Turn]
    unreadable: bool

    @property
    def last(self) -> _Turn:
        return self.turns[-1]

    def got(self, flags: int, without: int = 0) -> Segment | None:
        """The segment that arrived, if it has all of these flags, and none of those."""
        got = self.last.got
        return got if got and got.flags & flags == flags and not got.flags & without else None

    def sent(self, flags: int, without: int = 0) -> Segment | None:
        """The first segment that was sent for it that has all of these flags, and none of those."""
        return next((one for one in self.last.sent if one.flags & flags == flags and not one.flags & without), None)

    def was_in(self, *states: str) -> bool:
        return self.last.before in states

    def is_in(self, *states: str) -> bool:
        return self.last.after in states

    @property
    def own_fin(self) -> int | None:
        """The number of the endpoint's own FIN."""
        return next((one.seq + len(one.data) for turn in self.turns for one in turn.sent if one.flags & FIN), None)


def _seen(condition: Callable[[_Seen], object]) -> Callable[[Trace], bool]:
    """A condition about the last turn of an endpoint, as one about the trace."""
    def holds(trace: Trace) -> bool:
        turns = _turns(trace)
        unreadable = bool(trace.steps) and trace.steps[-1].expected.startswith("a segment ")
        return bool(turns) and bool(condition(_Seen(turns, unreadable)))
    return holds


@mistake("T01", "A SYN takes a sequence number. Whoever gets one expects SEG.SEQ + 1 next, and behind one's own SYN "
                "comes ISS + 1.")
@_seen
def _(seen: _Seen) -> bool:
    syn, answer, reset = seen.got(SYN, without=RST), seen.sent(ACK, without=RST), seen.sent(RST)
    if syn and answer and answer.ack == syn.seq:
        return True
    if not seen.was_in("SYN-SENT", "SYN-RECEIVED") or seen.last.first < 0:
        return False
    after = (seen.last.first + 1) % MODULUS
    right = bool(seen.got(ACK)) and seen.last.got.ack == after and seen.last.first < MODULUS - 1
    # In SYN-RECEIVED who refuses SEG.ACK = SND.NXT answers with that RST too, wherever its SND.NXT is.
    refused = seen.was_in("SYN-SENT") and bool(reset) and reset.seq == after
    return right and (refused or bool(answer) and answer.seq == seen.last.first)


@mistake("T02", "A FIN takes a sequence number. Whoever gets one acknowledges the number behind it, and one's own is "
                "acknowledged by its number + 1.")
@_seen
def _(seen: _Seen) -> bool:
    fin, answer, own = seen.got(FIN), seen.sent(ACK, without=RST | FIN), seen.own_fin
    # Only where the FIN was taken, as the state shows: who does not take it, for whatever reason, still expects it.
    taken = fin and seen.is_in("CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT")
    if taken and answer and answer.ack == (fin.seq + len(fin.data)) % MODULUS or own and answer and answer.seq == own:
        return True
    acknowledged = own is not None and seen.got(ACK) and seen.last.got.ack == own + 1
    return bool(acknowledged) and seen.was_in("FIN-WAIT-1", "LAST-ACK") and seen.is_in(seen.last.before)


@mistake("T03", "A bare ACK takes no sequence number: what comes behind it has the number that it had. Else every ACK"
                " would have to be acknowledged.")
@_seen
def _(seen: _Seen) -> bool:
    answer = seen.sent(ACK, without=RST | SYN)
    if not answer or seen.last.expects is None:
        return False
    expects, got = seen.last.expects, seen.got(ACK, without=RST)
    # Only where it was taken, as its new state shows: who takes an ACK for a wrong one answers it, too.
    if got and not got.length and (got.seq, got.ack) == (expects, seen.last.end) and not answer.length \
            and answer.ack == expects < MODULUS - WINDOW and not seen.is_in(seen.last.before):
        return True
    if seen.last.got and seen.last.got.seq == expects:
        expects += seen.last.got.length
    got_too = seen.last.bare_got + bool(seen.last.got and not seen.last.got.length)
    return 0 < (answer.seq - seen.last.end) % MODULUS <= seen.last.bare \
        or 0 < (answer.ack - expects) % MODULUS <= got_too


@mistake("T06", "ACK was the number of the last byte that has come. It is that of the next byte that is expected.")
@_seen
def _(seen: _Seen) -> bool:
    answer, got = seen.sent(ACK, without=RST | SYN), seen.last.got
    return bool(answer and got and got.data) and answer.ack == (got.seq + got.length - 1) % MODULUS


@mistake("T12", "A RST with the number 0 is believed only where the segment before had no ACK. Else its number is "
                "SEG.ACK, so that the other side finds it in its window.")
@_seen
def _(seen: _Seen) -> bool:
    reset = seen.sent(RST)
    return bool(reset and seen.got(ACK)) and reset.seq == 0 != seen.last.got.ack


@mistake("T13", "A RST was answered by a RST. Two that do so would never stop.")
@_seen
def _(seen: _Seen) -> bool:
    return bool(seen.got(RST) and seen.sent(RST))


@mistake("T14", "A RST from outside the window ended the connection. So anybody could end it who guesses its ports.")
@_seen
def _(seen: _Seen) -> bool:
    outside = seen.got(RST) and seen.last.expects is not None \
        and not (seen.last.got.seq - seen.last.expects) % MODULUS < WINDOW
    return bool(outside) and seen.was_in("ESTABLISHED") and seen.is_in("CLOSED")


@mistake("T15", "A SYN within a connection began a new one. It may be an old one that the network had kept: the "
                "answer is an ACK of what is expected.")
@_seen
def _(seen: _Seen) -> bool:
    return bool(seen.got(SYN, without=RST)) and not seen.was_in("CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED") \
        and bool(seen.is_in("SYN-RECEIVED") or seen.sent(SYN) or seen.sent(ACK, without=RST)
                 and seen.sent(ACK).ack == (seen.last.got.seq + 1) % MODULUS != seen.last.expects)


@mistake("T16", "A SYN in SYN-SENT is an open from both sides at once. It is answered by SYN,ACK with one's own first"
                " number, in SYN-RECEIVED.")
@_seen
def _(seen: _Seen) -> bool:
    # Not where what it sent could not be read, for then nobody knows what it wanted.
    return seen.was_in("SYN-SENT") and bool(seen.got(SYN, without=ACK | RST)) and not seen.is_in("SYN-RECEIVED") \
        and not seen.unreadable


@mistake("T17", "In the handshake an old segment was taken for a new one. In SYN-SENT only an ACK of ISS + 1 counts, "
                "and another is answered by RST; a listener that gets a RST listens again.")
@_seen
def _(seen: _Seen) -> bool:
    wrong = seen.got(ACK) and (seen.last.got.ack - seen.last.first) % MODULUS != 1
    return seen.was_in("SYN-SENT") and bool(wrong) and seen.is_in("ESTABLISHED")


@mistake("T17", seen_in="listen")
@_seen
def _(seen: _Seen) -> bool:
    return seen.was_in("SYN-RECEIVED") and bool(seen.got(RST)) and not seen.is_in("LISTEN") \
        and any(turn.before == "LISTEN" for turn in seen.turns)


@mistake("T18", "TIME-WAIT is for the side that closed first. The other one knows with the ACK of its FIN that all "
                "has arrived, and is in CLOSED.")
@_seen
def _(seen: _Seen) -> bool:
    return seen.was_in("LAST-ACK") and seen.is_in("TIME-WAIT")


@mistake("T19", "A close was taken to be four segments always. One segment may have both the ACK of your FIN and a "
                "FIN.")
@_seen
def _(seen: _Seen) -> bool:
    # Not where data comes with it: then the FIN may have been looked for at the number of the data.
    both = seen.got(FIN | ACK) and not seen.last.got.data and seen.own_fin is not None \
        and seen.last.got.ack == seen.own_fin + 1
    return seen.was_in("FIN-WAIT-1") and bool(both) and seen.is_in("FIN-WAIT-1", "FIN-WAIT-2", "CLOSING")


@mistake("T20", "Two FINs crossed. As long as one's own is not acknowledged, that is CLOSING, and TIME-WAIT comes "
                "with its ACK.")
@_seen
def _(seen: _Seen) -> bool:
    fin, answer = seen.got(FIN), seen.sent(ACK)
    crossed = fin and seen.own_fin is not None and fin.ack == seen.own_fin \
        and answer and answer.ack == (fin.seq + fin.length) % MODULUS           # so the FIN was taken
    return seen.was_in("FIN-WAIT-1") and bool(crossed) and seen.is_in("TIME-WAIT", "FIN-WAIT-2", "FIN-WAIT-1", "CLOSED")


@mistake("T21", "An idle connection sent something. Keep-alives are off unless a program asks for them (RFC 9293, "
                "3.8.4).")
@_seen
def _(seen: _Seen) -> bool:
    probe = seen.sent(ACK)
    return seen.was_in("ESTABLISHED") and not seen.last.got and bool(probe) and probe.length <= 1 \
        and seen.last.at - seen.turns[-2].at > IDLE


@mistake("T21", "An idle connection waits, to send something in the end. Keep-alives are off unless a program asks for "
                "them (RFC 9293, 3.8.4).", seen_in="deadline")
def _(trace: Trace) -> bool:
    step = trace.steps[-1] if trace.steps else None
    waits = step is not None and step.sentence.endswith(".deadline is None")
    deadline = re.fullmatch(r"(\d+)(\.\d+)?", step.got) if waits else None
    return bool(deadline) and int(deadline[1]) > IDLE * 1000           # before that it may be to send something again


@mistake("T22", "The SYN was sent again with another sequence number. It is the same one, and the other side may have"
                " got the first.")
@_seen
def _(seen: _Seen) -> bool:
    again = seen.sent(SYN)
    return bool(again) and not seen.last.got and seen.last.first >= 0 and again.seq != seen.last.first


IDLE = 60                   # s of virtual time
WINDOW = 8192               # bytes: what the course's endpoints offer

_of_length("T01", "SYN", lambda right: right - 1)
_of_length("T02", "FIN", lambda right: right - 1)
_of_length("T03", "ACK", lambda right: 1 if right == 0 else -1)
