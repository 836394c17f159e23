"""A promise on top of UDP: your reliable.py, whose two halves are played a network, on a clock that nobody waits for.

Times are in ms of that clock. What goes wrong is told as a script, such as "drop the 2nd DATA; delay the 1st ACK until
2 more have passed": they are counted as they are sent, whatever number they bear. Where a check tries many scripts, it
shows the smallest of those that went wrong.
"""
import struct

from pytest import fixture, mark

from autograder.faults import Fault
from autograder.search import scripts
from autograder.simulation import transfer

FIRST_WAIT, LEAST_WAIT, MOST_WAIT, MOST_SENDS = 1000, 200, 60_000, 6
MODULUS = 1 << 32
BLOCKS = [b"one", b"two", b"three", b""]        # an empty block is a block


def data(number: int, block: bytes) -> bytes:
    """A DATA packet."""
    return struct.pack("!BI", 0, number) + block


def ack(number: int) -> bytes:
    """An ACK packet."""
    return struct.pack("!BI", 1, number)


def words(packet: bytes) -> str:
    """A packet in words: DATA 7 'one', or ACK 7."""
    if len(packet) < 5 or packet[0] > 1:
        return f"{packet.hex(' ') or 'an empty datagram'} (no packet)"
    kind, number = struct.unpack("!BI", packet[:5])
    return f"ACK {number}" + (f" {packet[5:]!r}" if packet[5:] else "") if kind else f"DATA {number} {packet[5:]!r}"


TOLD = "finished", "failed", "deadline"         # by a Sender, after each call


@fixture
def sender(cast):
    """A process for your Sender."""
    return cast.half("reliable.py", lane="your Sender", words=words, tell=TOLD)


@fixture
def receiver(cast):
    """A process for your Receiver."""
    return cast.half("reliable.py", lane="your Receiver", words=words)


@mark.check("reliable", points=6,
            hint="After the ACK of a block the next one is sent, with a number one higher. After the last ACK finished "
                 "is True; where there is no block it is so from the start, and nothing is sent. pack(DATA, number, "
                 "block) makes a packet, and parse() takes one apart; both are there already. After 4294967295 comes 0:"
                 " (number + 1) % MODULUS.")
def test_numbered(cast, sender, receiver):
    """Blocks are numbered with 32 bits, sent in order, acknowledged"""
    for blocks, first in (BLOCKS, 300), ([b"before", b"after"], MODULUS - 1):
        sender.is_made("Sender", blocks, first)
        receiver.is_made("Receiver", first)
        sender.starts()
        for count, block in enumerate(blocks):
            number = (first + count) % MODULUS
            sender.sends(data(number, block))
            sender.is_now("finished", False)
            receiver.gets(data(number, block))
            receiver.hands_over(block)
            receiver.sends(ack(number))
            sender.gets(ack(number))
        sender.sends()
        sender.is_now("finished", True)

    sender.is_made("Sender", [], 0)
    sender.starts()
    sender.sends()
    sender.is_now("finished", True)


@mark.check("reliable", points=6, needs=[test_numbered],
            hint="Each sending sets a deadline: now + wait. When tick() is told a time from then on, send the same "
                 "packet again. The sixth was the last: when its time is over too, failed is True, and nothing more is "
                 "sent. Only an ACK with the number of the block counts: look at the kind too, for parse() has number 0"
                 " for what is too short. In the end, finished or failed, there is nothing to wait for: then deadline "
                 "is None, and tick() returns [].")
def test_lost_data(cast, sender):
    """A lost block is sent again, and a bounded number of times"""
    sender.is_made("Sender", BLOCKS, 7)
    sender.starts()
    sender.sends(data(7, b"one"))
    sender.waits_until(FIRST_WAIT - 1)
    sender.sends()                              # it is not yet time
    for _ in range(MOST_SENDS - 1):
        sender.waits_until(sender.clock.now + sender.waits())
        sender.sends(data(7, b"one"))
        sender.is_now("failed", False)
    sender.waits_until(sender.clock.now + sender.waits())
    sender.sends()
    sender.is_now("failed", True)
    sender.is_now("deadline", None)
    sender.gets(ack(7))
    sender.sends()                              # too late: it has said that it failed
    sender.waits_until(sender.clock.now + MOST_WAIT)
    sender.sends()

    sender.is_made("Sender", [b"one", b"two"], 0)
    sender.starts()
    sender.sends(data(0, b"one"))
    for other in b"", data(0, b"x"):            # neither is an ACK 0
        sender.gets(other)
        sender.sends()
    sender.gets(ack(0))
    sender.sends(data(1, b"two"))
    sender.gets(ack(1))
    sender.is_now("finished", True)
    sender.is_now("deadline", None)
    sender.waits_until(sender.clock.now + MOST_WAIT)
    sender.sends()


@mark.check("reliable", points=5, needs=[test_numbered], probes=["U11"],
            hint="The same DATA again means that your ACK was lost, or is late. Send the ACK again, and do not hand "
                 "the block over again. What is no DATA, or too short, changes nothing: look at the kind before the "
                 "number.")
def test_lost_ack(cast, receiver):
    """A block that comes again is acknowledged again, not handed over"""
    receiver.is_made("Receiver", 0)
    for other in ack(0), b"\0":                 # which parse() gives the number 0 that comes next
        receiver.gets(other)
        receiver.hands_over()
        receiver.sends()
    for number, block in enumerate(BLOCKS):
        receiver.gets(data(number, block))
        receiver.hands_over(block)
        for _ in 1, 2:
            receiver.gets(data(number, block))
            receiver.hands_over()
            receiver.sends(ack(number))


@mark.check("reliable", points=5, needs=[test_lost_data, test_lost_ack], probes=["U11", "U10"],
            hint="Compare all 32 bits. The Sender takes the ACK of the block that it is sending, and no other. The "
                 "Receiver hands over the DATA with the number that comes next, and no other, whatever the network had"
                 " kept.")
def test_old_packets(cast, sender, receiver):
    """An old, delayed packet is not mistaken, whatever the network does"""
    def plays(script):
        for half in sender, receiver:
            half.is_free()
        sender.clock.now = 0
        transfer(sender.is_made("Sender", blocks, first), receiver.is_made("Receiver", first), blocks, script,
                 ways=("DATA", "ACK"))

    blocks, first = BLOCKS, 7
    every_one = [(Fault(direction, number, way, by),) for direction in ("DATA", "ACK") for number in (1, 2, 3)
                 for way, by in (("drop", 0), ("duplicate", 0), ("delay", 1), ("delay", 2))]
    cast.search(scripts(["DATA", "ACK"], among=6, most=5, held=4), plays, first=every_one, count=40,
                what="scripts of faults")
    blocks, first = [b"%d" % number for number in range(40)], 2**32 - 20
    plays([Fault("DATA", 1, "delay", 30)])      # the number has gone round meanwhile


@mark.check("reliable", points=3, needs=[test_lost_data], probes=["U12"],
            hint="After the ACK of a block that was sent once, compute the wait as the three lines in the text of "
                 "receive() say: RTTVAR first, with the SRTT of before. Measure only a block that was sent once (Karn),"
                 " and count the sendings of each block from 1 again. Keep the wait between LEAST_WAIT and MOST_WAIT. "
                 "Double it with each sending again.")
def test_waits(cast, sender):
    """Waits grow, and nothing is measured from what was sent again"""
    sender.is_made("Sender", [b"one", b"two", b"three", b"four", b"five"], 0)
    sender.starts()
    sender.has_to_wait(FIRST_WAIT)
    sender.clock.now = 100
    sender.gets(ack(0))                         # measured: 100 ms, so the wait is 100 + 4 · 50
    sender.has_to_wait(300)
    sender.waits_until(100 + 300)
    sender.has_to_wait(600)                     # "two" was sent again
    sender.waits_until(100 + 300 + 600)
    sender.has_to_wait(1200)
    sender.clock.now = 1005                     # which of the three was that for?
    sender.gets(ack(1))
    sender.has_to_wait(1200)
    sender.clock.now = 1105
    sender.gets(ack(2))                         # "three" was sent once: 100 ms again, so 100 + 4 · 37.5
    sender.has_to_wait(250)
    sender.clock.now = 1405
    sender.gets(ack(3))                         # 300 ms: RTTVAR is 78.125 now, and then SRTT is 125
    sender.has_to_wait(438)

    # Another one, so that nobody takes its DATA 0 for one that was sent again.
    second = cast.half("reliable.py", lane="your second Sender", words=words, tell=TOLD)
    second.is_made("Sender", [b"one", b"two"], 0)
    second.starts()
    second.clock.now += 4
    second.gets(ack(0))                         # 4 + 4 · 2 ms would be in a great hurry
    second.has_to_wait(LEAST_WAIT)


@mark.check("reliable", points=2, needs=[test_old_packets],
            hint="Here your two halves meet real sockets, in the part at the end of the file. That part is given: "
                 "leave it as it is, and the imports at the top with it.")
def test_real_sockets(cast):
    """Over real sockets and a link that drops, all lines arrive, once"""
    port = cast.port()
    receiving = cast.program("reliable.py", "receive", "--port", port, lane="your receiver").receives_on(port)
    link = cast.udp_link(receiving, Fault("out", 2, "drop"), Fault("back", 3, "drop"), Fault("out", 5, "duplicate"),
                         Fault("back", 6, "delay", 1))
    sending = cast.program("reliable.py", "send", "--port", link.port, lane="your sender")
    link.carries(sending)
    lines = [cast.line(word) for word in ("eins", "zwei", "三", "cuatro", "five")]
    cast.timers((LEAST_WAIT * (1 + 2 + 4)) / 1000, "its waits, doubled with each loss")
    sending.is_typed(*lines)
    sending.input_ends()
    for line in lines:
        receiving.shows(line)
    sending.ends(code=0)
    for line in lines:
        receiving.has_shown(line, times=1)
