"""Mistakes with TFTP."""
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..trace import Trace
from .evidence import idles, programs, raised, tracebacks
from .registry import mistake


@dataclass(frozen=True)
class _Tftp:
    """A datagram of a program that speaks TFTP, or to one. kind: "" for what is no packet. body: behind the number."""

    at: int                                     # its place among all events
    lane: str
    to: str
    kind: str
    number: int
    body: bytes
    data: bytes


@dataclass(frozen=True)
class _Talk:
    """What a program has exchanged with one peer: in order, from the peer's last request to it on, if that sent any."""

    program: str
    peer: str
    packets: list[_Tftp]

    def sent(self, *kinds: str) -> list[_Tftp]:
        """What the program sent of these kinds; of all kinds if none is given."""
        return [each for each in self.packets if each.lane == self.program and (each.kind in kinds or not kinds)]

    def got(self, *kinds: str) -> list[_Tftp]:
        """The same of what it was sent."""
        return [each for each in self.packets if each.to == self.program and (each.kind in kinds or not kinds)]

    def count(self, packets: list[_Tftp], number: int) -> int:
        """How many of these have this number."""
        return sum(packet.number == number for packet in packets)


def _talks(trace: Trace) -> Iterator[_Talk]:
    found = []
    for at, event in enumerate(trace.events):
        if event.kind == "datagram":
            kind = (re.match(r"(RRQ|WRQ|DATA|ACK|ERROR|OACK)\b", event.text) or [""])[0]
            number = int.from_bytes(event.data[2:4], "big")
            found.append(_Tftp(at, event.lane, event.to, kind, number, event.data[4:], event.data))
    for program in programs(trace):
        for peer in dict.fromkeys(packet.lane if packet.to == program else packet.to for packet in found
                                  if program in (packet.lane, packet.to)):
            packets = [packet for packet in found if {packet.lane, packet.to} == {program, peer}]
            requests = [at for at, packet in enumerate(packets)
                        if packet.to == program and packet.kind in ("RRQ", "WRQ") and _is_new(packets, at)]
            yield _Talk(program, peer, packets[requests[-1] if requests else 0:])


def _is_new(packets: list[_Tftp], at: int) -> bool:
    """Whether this request is not one that came again in the middle of its own transfer."""
    return all(packets[at].data != before.data for before in packets[:at]) or packets[at - 1].kind in ("ERROR", "ACK")


def _answering(trace: Trace, program: str) -> list[_Talk]:
    """A client's talks with whoever answered it, the one that answered first in front."""
    talks = [talk for talk in _talks(trace) if talk.program == program and talk.got()]
    return sorted(talks, key=lambda talk: talk.got()[0].at)


def _file(trace: Trace) -> bytes | None:
    """What was in the file that was looked at when the check failed."""
    return next((event.data for event in trace.of("file")), None)


def _strangers(trace: Trace) -> Iterator[tuple[_Talk, _Talk]]:
    """Each transfer of a program, with the talk with somebody who has sent packets into it and is no part of it."""
    talks = list(_talks(trace))
    for program in programs(trace):
        own = [talk for talk in talks if talk.program == program]
        asked = [talk for talk in own if talk.got("RRQ", "WRQ")]
        if asked:
            yield from ((talk, other) for talk in asked for other in own
                        if other.got() and not other.got("RRQ", "WRQ"))
        elif answering := _answering(trace, program):
            yield from ((answering[0], other) for other in answering[1:])


@mistake("F01", "The last block was full, and nothing came after it. Only a block of fewer bytes says that it is the "
                "last, and so there is an empty one after a full one.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        blocks, last = talk.sent("DATA"), talk.packets[-1]
        if blocks and len(blocks[-1].body) == 512 and last.kind == "ACK" and last.number == blocks[-1].number \
                and last.to == talk.program and (idles(trace, talk.program) or _ended(trace, talk.program, 0)):
            return True
    return False


def _ended(trace: Trace, program: str, *codes: int) -> bool:
    return any(event.value in codes for event in trace.of("exit", lane=program))


@mistake("F02", "The answer came from the port for requests. A transfer has a port of its own, chosen anew, by which "
                "both sides know it: its TID.")
def _(trace: Trace) -> bool:
    return any(trace.of("answers from"))


@mistake("F03", "An ACK that was not the awaited one made a block go out again. Its ACK then comes twice too, and so "
                "it goes on: everything is sent twice until the end (the Sorcerer's Apprentice).")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        for block, again in itertools.combinations(talk.sent("DATA")[:50], 2):
            if block.data == again.data and any(block.at < ack.at < again.at for ack in talk.got("ACK")):
                return True
    return False


@mistake("F18", "An ACK was taken for the one that was awaited, though it is of a block that had not been sent.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        for block in talk.sent("DATA"):
            before = [ack.number for ack in talk.got("ACK") if ack.at < block.at]
            if block.number > 1 and block.number - 1 not in before and any(
                    number >= block.number for number in before):
                return True
        for ack in talk.got("ACK"):             # or it went on behind the block that the ACK is of
            sent = [block.number for block in talk.sent("DATA") if block.at < ack.at]
            if ack.number and ack.number not in sent and any(
                    block.number == ack.number + 1 for block in talk.sent("DATA") if block.at > ack.at):
                return True
    return False


@mistake("F04", "A packet was taken from a stranger. What does not come from the address and port of the other side "
                "is not a part of this transfer.")
def _(trace: Trace) -> bool:
    for talk, other in _strangers(trace):
        if other.sent("DATA"):
            return True
        for block in talk.sent("DATA"):
            def acked(by: _Talk, block: _Tftp = block) -> bool:
                return any(ack.number == block.number - 1 and ack.at < block.at for ack in by.got("ACK"))
            if block.number > 1 and acked(other) and not acked(talk):
                return True
    return False


@mistake("F05", "A stranger's packet ended the transfer. Anybody can send to a port; what is not from the other side "
                "is dropped, and the transfer goes on.")
def _(trace: Trace) -> bool:
    for talk, other in _strangers(trace):
        intruded = other.got()[0].at
        if any(error.at > intruded for error in talk.sent("ERROR")) or _ended(trace, talk.program, 1):
            return True
        last, blocks = talk.packets[-1], talk.sent("DATA")
        if blocks and last.kind == "ACK" and last.at > intruded and last.number == blocks[-1].number \
                and idles(trace, talk.program):
            return True
    return False


@mistake("F06", "When a packet was to be sent again, other bytes were sent under its number: the file was read on. "
                "Keep the packet, and send that.")
def _(trace: Trace) -> bool:
    return any(one.number == two.number and one.body != two.body for talk in _talks(trace)
               for one, two in itertools.combinations(talk.sent("DATA")[:20], 2))


@mistake("F07", "What does not count started the waiting anew. Whoever sends junk can then keep a transfer waiting for "
                "ever. The deadline is that of the block.")
def _(trace: Trace) -> bool:
    return any(len(talk.sent("DATA")) == 1 and len(talk.got("")) > 2
               and not talk.count(talk.got("ACK"), talk.sent("DATA")[0].number)
               and idles(trace, talk.program) for talk in _talks(trace))


@mistake("F25", "The waits did not grow, or there were more of them than it was told, or no end. On a network that is "
                "overloaded, who sends again at once and for ever makes it worse.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        times = [trace.events[packet.at].at for packet in talk.sent() if packet.data == talk.sent()[0].data]
        if len(times) == len(talk.sent()) > 3 and (
                talk.sent("RRQ") or len(times) > 4 or times[-1] - times[0] < 5 * (times[1] - times[0])):
            return True
    return False


@mistake("F09", "The mode was compared letter by letter. It may be written in any mixture of capitals, such as OCTET.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        for request in talk.got("RRQ", "WRQ")[-1:]:
            mode = request.data.split(b"\0")[2]
            if mode != mode.lower() and (talk.sent("ERROR") or not talk.sent() and idles(trace, talk.program)):
                return True
    return False


@mistake("F09", seen_in="packet")
def _(trace: Trace) -> bool:
    return any(word in event.data for event in trace.of("result") for word in (b"NetASCII", b"OCTET'"))


def _leaked(talk: _Talk, outright: bool) -> bool:
    """Whether a request was granted; for a name that leads out by its letters, or not."""
    for request in talk.got("RRQ", "WRQ")[-1:]:
        name = request.data[2:].split(b"\0")[0]
        if (b".." in name or name.startswith(b"/")) == outright and talk.sent("DATA") and talk.got("RRQ"):
            return True
    return False


@mistake("F10", "A name led out of the folder: by .., by an absolute path, or into another folder whose name only "
                "begins like this one's.")
def _(trace: Trace) -> bool:
    return any(_leaked(talk, outright=True) for talk in _talks(trace))


@mistake("F11", "A symbolic link led out of the folder. What counts is where a path ends when all links are followed.")
def _(trace: Trace) -> bool:
    return any(_leaked(talk, outright=False) for talk in _talks(trace))


_OF_NAMES = ("Unicode", "OSError", "FileNotFoundError", "PermissionError", "NotADirectoryError", "IsADirectoryError",
             "ValueError: embedded null")


@mistake("F12", "A datagram that is no packet raised an exception, which nobody caught. Anybody can send anything.",
         by_error=True)
def _(trace: Trace) -> bool:
    # What a name raises, which decode() has understood, is another mistake: the report says what was raised.
    return any(event.text == "" for event in trace.of("datagram")) and any(
        not each.error.startswith(_OF_NAMES) for each in tracebacks(trace))


@mistake("F13", "Somebody asked for a folder, and got no answer. To open a folder as a file raises an exception.",
         by_error=True)
def _(trace: Trace) -> bool:
    # In the check that probes this, the folder is called folder.
    return raised(trace, "IsADirectoryError", "PermissionError") or any(
        any(request.data[2:].startswith(b"folder\0") for request in talk.got("RRQ")) and not talk.sent()
        and idles(trace, talk.program) for talk in _talks(trace))


@mistake("F14", "Options were taken to be in force though the server had not granted them. Without an OACK a block has "
                "512 bytes.")
def _(trace: Trace) -> bool:
    for program in programs(trace):
        asked = any(b"blksize" in packet.data for talk in _talks(trace) if talk.program == program
                    for packet in talk.sent("RRQ"))
        for talk in _answering(trace, program):
            if asked and not talk.got("OACK") and [len(block.body) for block in talk.got("DATA")][-1:] == [512] \
                    and _ended(trace, program, 0):
                return True
    return False


@mistake("F15", "The OACK grants options that were not asked for. Who has not asked for them does not know them.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        asked = b"".join(request.data for request in talk.got("RRQ", "WRQ")[-1:]).lower().split(b"\0")[2:]
        if any(name.lower() not in asked for granted in talk.sent("OACK")
               for name in granted.data[2:].split(b"\0")[:-1:2]):
            return True
    return False


@mistake("F16", "An ERROR was answered. It ends the transfer, and whoever sent it is not there any more.")
def _(trace: Trace) -> bool:
    return any(sent.at > error.at for talk in _talks(trace) for error in talk.got("ERROR")[:1] for sent in talk.sent())


@mistake("F17", "A block that came again was not acknowledged again. Its ACK may have been lost, also the last one: "
                "then the sender waits in vain, and takes the transfer for failed.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        for block in talk.got("DATA")[-1:]:
            again = talk.count(talk.got("DATA"), block.number)
            if again > 1 and 0 < talk.count(talk.sent("ACK"), block.number) < again and talk.packets[-1] == block:
                return True
    return False


@mistake("F19", "A part of a file was left behind, under its name, when the transfer failed. Whoever finds it takes it "
                "for the whole.")
def _(trace: Trace) -> bool:
    return _left(trace, under_its_name=True)


@mistake("F19", "A part of a file was left behind when the transfer had failed, under another name. Whoever looks into "
                "the folder does not know what it is, and nobody removes it.", seen_in="part")
def _(trace: Trace) -> bool:
    # Only where the transfer is known to be over: else the program may not have noticed the ERROR.
    return _left(trace, under_its_name=False) and (
        any(trace.of("port closed")) or any(_ended(trace, program, 1) for program in programs(trace)))


def _left(trace: Trace, under_its_name: bool) -> bool:
    """Whether a file was looked at when a transfer had failed, and has the name that somebody asked for, or not."""
    asked = [name for start in trace.of("start") for name in start.text.split()]
    asked += [request.data[2:].split(b"\0")[0].decode("utf-8", "replace") for talk in _talks(trace)
              for request in talk.got("RRQ", "WRQ")]
    names = {name.rpartition("/")[2] for name in asked}
    failed = any(talk.got("ERROR") for talk in _talks(trace)) or any(
        _ended(trace, program, 1) for program in programs(trace))
    return failed and any((event.text.rpartition("/")[2] in names) == under_its_name for event in trace.of("file"))


@mistake("F20", "CR and LF, or CR and 0, were taken together only within a block. The end of a block may cut them in "
                "two.")
def _(trace: Trace) -> bool:
    found = _file(trace)
    for talk in _talks(trace):
        pieces = [block.body for block in talk.got("DATA")]
        if found is not None and found == b"".join(map(_from_netascii, pieces)) != _from_netascii(b"".join(pieces)):
            return True
        if any(len(block.body) > 512 for block in talk.sent("DATA")):
            return True
    return False


def _from_netascii(wire: bytes) -> bytes:
    return wire.replace(b"\r\n", b"\n").replace(b"\r\0", b"\r")


@mistake("F21", "Two ports answered, and the second one was listened to. A request that arrives twice may be answered "
                "twice; the first answer decides.")
def _(trace: Trace) -> bool:
    found = _file(trace) or b""
    for talk, other in _strangers(trace):
        if talk.got("RRQ", "WRQ"):
            continue
        theirs = other.got("DATA")
        if other.sent("ACK", "DATA") or any(len(block.body) > 5 and block.body in found for block in theirs) or any(
                not talk.count(talk.got("DATA"), ack.number) and other.count(theirs, ack.number)
                for ack in talk.sent("ACK")):
            return True
    return False


@mistake("F22", "One transfer was served after the other. Somebody who stops in the middle keeps all others waiting.")
def _(trace: Trace) -> bool:
    talks = [talk for talk in _talks(trace) if talk.got("RRQ")]
    return any(not late.sent("DATA") and first.sent("DATA") and not first.got("ACK") and idles(trace, late.program)
               for first, late in itertools.combinations(talks, 2))


@mistake("F23", "A block that came twice was written twice. Its number says which block it is.")
def _(trace: Trace) -> bool:
    found = _file(trace)
    return found is not None and any(
        talk.count(talk.got("DATA"), block.number) > 1 and len(block.body) > 5 and block.body * 2 in found
        for talk in _talks(trace) for block in talk.got("DATA"))


@mistake("F24", "The transfer failed, and the program ended with exit code 0. Who starts it from a script takes that "
                "for success.")
def _(trace: Trace) -> bool:
    return any(_ended(trace, talk.program, 0) and (talk.got("ERROR") or len(talk.sent("RRQ")) > 1 and not talk.got())
               for talk in _talks(trace))


@mistake("F26", "A packet of the transfer went to the port for requests. The transfer is at the port that the first "
                "answer came from.")
def _(trace: Trace) -> bool:
    return any(talk.sent("RRQ", "WRQ") and talk.sent("ACK", "DATA") and not talk.got() for talk in _talks(trace))


@mistake("F27", "A WRQ was not answered by ACK 0. The client waits for that before it sends the first block.")
def _(trace: Trace) -> bool:
    for talk in _talks(trace):
        if talk.packets[0].kind == "WRQ" and talk.packets[0].to == talk.program:
            first = (talk.sent() or [None])[0]
            if first is None and idles(trace, talk.program) or first and (
                    first.kind == "DATA" or first.kind == "ACK" and first.number != 0):
                return True
    return False


@mistake("F08", "The number of a block has two bytes. After 65535 comes 0, and not 1, and not 65536.",
         by_error=True)
def _(trace: Trace) -> bool:
    return raised(trace, "struct.error", "OverflowError") or any(
        packet.kind == "ERROR" or packet.number == 1 for talk in _talks(trace)
        if b"windowsize" in talk.packets[0].data and talk.sent("OACK") for packet in talk.sent("DATA", "ERROR"))
