"""Mistakes with datagrams, and with a promise on top of them."""
import re
from dataclasses import dataclass

from ..trace import Event, Trace
from .evidence import idles, programs, raised, said_after, tracebacks
from .registry import mistake

# Datagrams --------------------------------------------------------------------------------------------------


def _sent(trace: Trace, program: str, to: str = "") -> list[Event]:
    return list(trace.of("datagram", lane=program, to=to))


def _text(datagram: Event) -> str:
    """What stands behind the number of a question, or of a reply."""
    return datagram.data.decode("utf-8", "replace").partition(" ")[2]


@mistake("U01", "A datagram over IPv4 has room for 65,507 bytes. For more, sending raises OSError, which nobody "
                "caught, or told from other errors.",
         by_error=True)
def _(trace: Trace) -> bool:
    if raised(trace, "OSError: [Errno 90]", "OSError: [Errno 40]", "OSError: [WinError 10040]"):
        return True
    return any(len(event.data) > 65_400 and not _sent(trace, event.lane) and not tracebacks(trace)
               and "too long" not in trace.text_of("screen", lane=event.lane).lower() for event in trace.of("typed"))


@mistake("U02", "The buffer was too short. recvfrom() throws away what a datagram has beyond the number of bytes "
                "that it was asked for.")
def _(trace: Trace) -> bool:
    for program in programs(trace):
        for event in trace.of("datagram", to=program):
            if len(event.data) < 512:
                continue
            text = _text(event)
            seen = said_after(trace, "screen", program, event)
            back = [sent.data for sent in _sent(trace, program, event.lane) if sent.at >= event.at]
            if (text[:200] in seen and text not in seen) or any(
                    200 <= len(data) < len(event.data) and event.data.startswith(data) for data in back):
                return True
    return False


@mistake("U03", "An empty datagram was taken for an end, or for nothing. In UDP b'' is a message of no bytes; and "
                "there are no connections, so there is no end.")
def _(trace: Trace) -> bool:
    for program in programs(trace):
        for event in trace.of("datagram", to=program):
            if event.data:
                continue
            answered = any(sent.at >= event.at for sent in _sent(trace, program, event.lane))
            if not answered and not said_after(trace, "screen", program, event).strip():
                return True
    return False


@mistake("U04", "That nobody listens was not noticed. The machine there says so at once, but only a connected UDP "
                "socket is told.")
def _(trace: Trace) -> bool:
    return any(any(trace.of("typed", lane=program)) and not any(trace.of("screen", lane=program))
               and idles(trace, program) for program in programs(trace))


@mistake("U05", "What was sent was taken to be delivered. When --timeout is over, the question or its reply may be "
                "lost, and only asking again helps.")
def _(trace: Trace) -> bool:
    for program in programs(trace):
        questions = _sent(trace, program)
        if len(questions) == 1 and idles(trace, program) \
                and not said_after(trace, "screen", program, questions[0]):
            return True
    return False


@mistake("U07", "A reply was taken from anyone. Everybody can send to a UDP socket, so compare the sender's "
                "address, or connect() the socket.")
def _(trace: Trace) -> bool:
    for program in programs(trace):
        asked = {event.to for event in _sent(trace, program)}
        for event in trace.of("datagram", to=program):
            text = _text(event)
            if asked and event.lane not in asked and text and text in said_after(trace, "screen", program, event):
                return True
    return False


@mistake("U08", "Two programs have the same UDP port. SO_REUSEADDR (or SO_REUSEPORT) allows that in UDP, and only "
                "one of them gets the datagrams.")
def _(trace: Trace) -> bool:
    return any(trace.of("shares"))


@mistake("U09", "A reply was taken that answers another question. Only the number tells which question a datagram "
                "answers.")
def _(trace: Trace) -> bool:
    for program in programs(trace):
        questions = _sent(trace, program)
        if not questions:
            continue
        number = questions[-1].data.partition(b" ")[0] + b" "
        for event in trace.of("datagram", to=program):
            text = _text(event)
            if event.at > questions[-1].at and event.lane == questions[-1].to and not event.data.startswith(number) \
                    and text and text in said_after(trace, "screen", program, event):
                return True
    return False


# A promise on top of them -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Packet:
    """A DATA or an ACK that arrived, or was sent at somebody's wish. at: its place among all events."""

    at: int
    event: Event
    kind: str
    number: int


def _packets(trace: Trace) -> list[_Packet]:
    """The packets, by what the words for them say."""
    found = ((at, event, re.match(r"(DATA|ACK) (\d+)", event.text)) for at, event in enumerate(trace.events)
             if event.kind == "datagram")
    return [_Packet(at, event, match[1], int(match[2])) for at, event, match in found if match]


def _ahead(number: int, of: int) -> int:
    """How many numbers, of 32 bits, one is ahead of another; negative if it is behind."""
    return (number - of + (1 << 31)) % (1 << 32) - (1 << 31)


@mistake("U10", "An old packet, which the network had kept, was taken for a new one. All 32 bits of the number "
                "tell them apart.")
def _(trace: Trace) -> bool:
    acknowledged: set[int] = set()
    newest: int | None = None                   # of the DATA that have arrived
    packets = _packets(trace)
    for packet, then in zip(packets, [*packets[1:], None], strict=False):
        if packet.kind == "ACK":
            acknowledged.add(packet.number)
        elif newest is None:
            newest = packet.number
        elif _ahead(packet.number, newest) > 0:
            if newest not in acknowledged:      # the sender went on all the same
                return True
            newest = packet.number
        elif packet.number != newest and any(
                event.kind == "result" and event.lane == packet.event.to
                for event in trace.events[packet.at:then.at if then else None]):
            return True                         # handed over once more
    return newest is not None and newest not in acknowledged and any(
        event.text == "has finished" for event in trace.of("result"))


@mistake("U11", "A block that came again was not acknowledged again. Its ACK may have been lost, and then the "
                "sender can only ask once more.")
def _(trace: Trace) -> bool:
    packets = [packet for packet in _packets(trace) if packet.kind == "DATA"]
    if len(packets) < 2 or packets[-1].number != packets[-2].number:
        return False
    after = [event for event in trace.events[packets[-1].at + 1:] if event.lane == packets[-1].event.to]
    return not any(event.kind in ("datagram", "lost", "held up", "result") for event in after)


@mistake("U12", "A time was measured from a block that was sent again. Nobody can know which of the sendings was "
                "acknowledged (Karn's algorithm).")
def _(trace: Trace) -> bool:
    waited = list(trace.of("wait"))
    if not waited:
        return False
    sender = waited[-1].lane                    # another one may have had blocks with the same numbers
    waits = [event.value for event in waited if event.lane == sender]
    packets = _packets(trace)
    acknowledged = [packet.number for packet in packets if packet.kind == "ACK" and packet.event.to == sender]
    sent = [packet.number for packet in packets if packet.kind == "DATA" and packet.event.lane == sender]
    known = [*waits[:-1], 200, 1000]             # what it has waited before, and what it may begin with again
    return bool(acknowledged) and sent.count(acknowledged[-1]) > 1 and len(waits) > 1 and waits[-1] not in known
