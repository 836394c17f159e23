"""A connection from its first segment to its last, check by check: your endpoint.py. Before it comes test_segment.py.

Most checks are figures, drawn as RFC 9293 draws its own: what your endpoint sends (-->) or gets (<--), and the state in
which it then is. PSH, the window and options are left out: they are not compared. The clock is virtual, so nobody waits
for it. In the checks called kernel… the other end is a real TCP, that of this machine, which knows nothing of these
tests.
"""
import json
from pathlib import Path

from pytest import fixture, mark

from autograder.faults import Fault
from autograder.search import scripts
from autograder.tcp import ACK, OTHER_PORT, Network, Segment

RECORDED = Path(__file__).with_name("kernel.json")      # for a machine that cannot have a wire to its kernel
RTO, MOST_SENDS = 1000, 6
THREE_HOURS = 3 * 60 * 60 * 1000


@fixture
def end(cast):
    """Your endpoint, on port 4444. At the other end is port 80."""
    return cast.endpoint("your endpoint")


@fixture
def kernel(cast, request):
    """This machine's kernel. At the other end of its wire is your endpoint."""
    return cast.kernel(json.loads(RECORDED.read_text("utf-8")).get(request.node.name, []))


def established(end, iss: int = 100, irs: int = 300, *timers: int):
    """Your endpoint, connected to the other side. The numbers of the two begin with these. timers: rto, msl (ms)."""
    end.is_made(iss, *timers)
    end.is_told("connect", 80)
    end.plays(f"""
        SYN-SENT     -->  <SEQ={iss}><CTL=SYN>
        ESTABLISHED  <--  <SEQ={irs}><ACK={(iss + 1) % 2**32}><CTL=SYN,ACK>
        ESTABLISHED  -->  <SEQ={(iss + 1) % 2**32}><ACK={(irs + 1) % 2**32}><CTL=ACK>
    """)


def accepted(end):
    """The same, where it was the other side that connected."""
    end.is_made(100)
    end.is_told("listen")
    end.plays("""
        SYN-RECEIVED  <--  <SEQ=300><CTL=SYN>
        SYN-RECEIVED  -->  <SEQ=100><ACK=301><CTL=SYN,ACK>
        ESTABLISHED   <--  <SEQ=301><ACK=101><CTL=ACK>
    """)


@mark.check("opening", points=5,
            hint="connect() takes the port, sends a segment with SEQ=ISS and the flag SYN alone, without ACK since "
                 "nothing has come yet, and goes to SYN-SENT. The SYN takes the number ISS, so SND.NXT is ISS + 1. It "
                 "may get lost, so it is kept, and the deadline is rto from now. _begin_wait() sets that, if it finds "
                 "something in the list.")
def test_active_open(cast, end):
    """Active open: the SYN goes out, and the state is SYN-SENT"""
    end.is_made(100)
    end.is_told("connect", 80)
    end.plays("SYN-SENT  -->  <SEQ=100><CTL=SYN>")
    end.is_now("deadline", RTO)             # else a SYN that is lost would never be sent again


@mark.check("opening", points=5, needs=[test_active_open], probes=["T01", "T03", "T21.deadline"],
            hint="The other side's SYN has its number y, and takes it: RCV.NXT is y + 1, and that is what you "
                 "acknowledge. Your SYN is acknowledged by ISS + 1, and is kept no longer. Your own ACK takes no "
                 "number, so it is not kept either, and there is nothing to wait for.")
def test_syn_ack(cast, end):
    """The SYN,ACK is answered: y + 1 is expected next"""
    established(end)
    end.has_error("")
    end.is_now("deadline", None)            # all is acknowledged, and who waits all the same would send it again


@mark.check("opening", points=5, needs=[test_active_open], probes=["T01", "T03"],
            hint="Whoever listens answers a SYN with its own SYN and an ACK in one segment, and is in SYN-RECEIVED "
                 "until that is acknowledged.")
def test_passive_open(cast, end):
    """Passive open: a SYN is answered by SYN,ACK; then ESTABLISHED"""
    end.is_made(100)
    end.is_told("listen")
    end.is_in("LISTEN")
    end.sends()
    accepted(end)


@mark.check("opening", points=4, needs=[test_syn_ack, test_passive_open],
            hint="A real SYN has options, and a checksum that is looked at. With --keep kept you have what passed: "
                 "tshark -r kept/test_kernel_shakes_hands/packets.pcap.")
def test_kernel_shakes_hands(cast, kernel):
    """This machine's own TCP accepts your handshake, and you accept its"""
    end = kernel.meets_an_endpoint()
    kernel.listens()
    end.is_told("connect", end.other_port)
    kernel.accepts()
    end.is_in("ESTABLISHED")
    kernel.is_in("ESTABLISHED")

    end = kernel.meets_an_endpoint()
    end.is_told("listen")
    kernel.connects()
    kernel.is_connected()
    end.is_in("ESTABLISHED")
    kernel.is_in("ESTABLISHED")


@mark.check("talking", points=4, needs=[test_syn_ack, test_passive_open], probes=["T06", "T03", "T21"],
            hint="ACK is the number of the next byte that you expect: SEG.SEQ + SEG.LEN. What you send begins at "
                 "SND.NXT, which then moves on by as many. Where there is nothing to say, nothing is sent, for ever.")
def test_line_each_way(cast, end):
    """A line each way: ack is the next byte that is expected"""
    established(end)
    end.is_told("send", b"hello")
    end.plays("""
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK><DATA="hello">
        ESTABLISHED  <--  <SEQ=301><ACK=106><CTL=ACK>
        ESTABLISHED  <--  <SEQ=301><ACK=106><CTL=ACK><DATA="hi">
        ESTABLISHED  -->  <SEQ=106><ACK=303><CTL=ACK>
        ESTABLISHED  <--  <SEQ=303><ACK=106><CTL=ACK><DATA=" there">
        ESTABLISHED  -->  <SEQ=106><ACK=309><CTL=ACK>
    """)
    end.has_received(b"hi there")
    end.has_received(b"")
    end.is_told("send", b"x" * 600)         # more than one segment may carry
    end.sends(Segment(106, 309, ACK, b"x" * 536), Segment(642, 309, ACK, b"x" * 64))
    end.gets(Segment(309, 706, ACK))
    end.waits_until(THREE_HOURS)
    end.sends()
    end.is_in("ESTABLISHED")


@mark.check("closing", points=5, needs=[test_line_each_way], probes=["T02", "T03"],
            hint="close() sends <FIN,ACK>, which takes a number. Its ACK brings you from FIN-WAIT-1 to FIN-WAIT-2, "
                 "where you still receive. The other side's FIN takes a number too: acknowledge it, and go to "
                 "TIME-WAIT.")
def test_you_close_first(cast, end):
    """You close first: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT"""
    established(end)
    end.is_told("close")
    end.plays("FIN-WAIT-1  -->  <SEQ=101><ACK=301><CTL=FIN,ACK>")
    end.refuses("ConnectionError", "send", b"too late")
    end.is_told("close")
    end.sends()
    end.plays("""
        FIN-WAIT-2  <--  <SEQ=301><ACK=102><CTL=ACK>
        FIN-WAIT-2  <--  <SEQ=301><ACK=102><CTL=ACK><DATA="the rest">
        FIN-WAIT-2  -->  <SEQ=102><ACK=309><CTL=ACK>
        TIME-WAIT   <--  <SEQ=309><ACK=102><CTL=FIN,ACK>
        TIME-WAIT   -->  <SEQ=102><ACK=310><CTL=ACK>
    """)
    end.has_received(b"the rest")


@mark.check("closing", points=5, needs=[test_line_each_way], probes=["T02", "T18"],
            hint="The other side's FIN says that it will send no more: acknowledge it, and go to CLOSE-WAIT. Your side "
                 "is open still, so send() works. close() then sends your FIN, from LAST-ACK, and its ACK is the end: "
                 "TIME-WAIT is only for who closed first.")
def test_peer_closes_first(cast, end):
    """The peer closes first: CLOSE-WAIT still sends, then LAST-ACK"""
    accepted(end)
    end.plays("""
        CLOSE-WAIT  <--  <SEQ=301><ACK=101><CTL=FIN,ACK>
        CLOSE-WAIT  -->  <SEQ=101><ACK=302><CTL=ACK>
    """)
    end.is_told("send", b"the rest")
    end.plays("""
        CLOSE-WAIT  -->  <SEQ=101><ACK=302><CTL=ACK><DATA="the rest">
        CLOSE-WAIT  <--  <SEQ=302><ACK=109><CTL=ACK>
    """)
    end.is_told("close")
    end.plays("""
        LAST-ACK  -->  <SEQ=109><ACK=302><CTL=FIN,ACK>
        CLOSED    <--  <SEQ=302><ACK=110><CTL=ACK>
    """)
    end.has_error("")


@mark.check("closing", points=4, needs=[test_you_close_first], probes=["T19", "T02"],
            hint="One segment may do several things: look at its ACK first, then at its data, then at its FIN. In "
                 "FIN-WAIT-1 an ACK of your FIN brings FIN-WAIT-2, and the FIN in the same segment TIME-WAIT.")
def test_three_segments(cast, end):
    """FIN and ACK may share a segment, and data may come with them"""
    for carried, ack in ("", 302), ('<DATA="bye">', 305):
        established(end)
        end.is_told("close")
        end.plays(f"""
            FIN-WAIT-1  -->  <SEQ=101><ACK=301><CTL=FIN,ACK>
            TIME-WAIT   <--  <SEQ=301><ACK=102><CTL=FIN,ACK>{carried}
            TIME-WAIT   -->  <SEQ=102><ACK={ack}><CTL=ACK>
        """)
        end.has_received(b"bye" if carried else b"")


@mark.check("closing", points=4, needs=[test_kernel_shakes_hands, test_you_close_first, test_peer_closes_first],
            hint="The kernel keeps to the same figures. Its ACKs come by themselves, or with something else.")
def test_kernel_parts(cast, kernel):
    """With the kernel: a line each way, and either side closes first"""
    end = kernel.meets_an_endpoint()
    there, here = kernel.text(), kernel.text()
    kernel.listens()
    end.is_told("connect", end.other_port)
    kernel.accepts()
    end.is_told("send", there)
    kernel.receives(there)
    kernel.sends(here)
    end.has_received(here)
    end.is_told("close")                            # you close first
    kernel.has_received_the_end()
    end.is_in("FIN-WAIT-2")
    kernel.is_in("CLOSE-WAIT")
    kernel.closes()
    end.is_in("TIME-WAIT")
    kernel.is_in("CLOSED")

    end = kernel.meets_an_endpoint()
    there, here = kernel.text(), kernel.text()
    end.is_told("listen")
    kernel.connects()
    kernel.is_connected()
    kernel.sends(here)
    end.has_received(here)
    kernel.closes()                                 # it closes first
    end.is_in("CLOSE-WAIT")
    kernel.is_in("FIN-WAIT-2")
    end.is_told("send", there)
    kernel.receives(there)
    end.is_told("close")
    kernel.has_received_the_end()
    end.is_in("CLOSED")
    kernel.is_in("TIME-WAIT")


@mark.check("trouble", points=3, needs=[test_you_close_first], probes=["T22"],
            hint="Keep what takes numbers until it is acknowledged. When its deadline has come, send the oldest of it "
                 "again, with its number and its data, and the ACK of now; and wait twice as long. After the sixth "
                 "sending and its wait, give up.")
def test_lost_segments(cast, end):
    """What is lost is sent again: same number, doubled waits, an end"""
    end.is_made(100)
    end.is_told("connect", 80)
    end.plays("SYN-SENT  -->  <SEQ=100><CTL=SYN>")
    for sent in range(MOST_SENDS - 1):
        end.waits_until(end.clock.now + (RTO << sent) - 1)
        end.sends()
        end.waits_until(end.clock.now + 1)
        end.plays("SYN-SENT  -->  <SEQ=100><CTL=SYN>")
    end.waits_until(end.clock.now + (RTO << MOST_SENDS - 1))
    end.sends()
    end.is_in("CLOSED")
    end.has_error("timeout")

    rto = 300                               # the one that it is given, and not the one at the top of the file
    established(end, 100, 300, rto)
    end.is_told("send", b"hello")
    end.plays('ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK><DATA="hello">')
    end.is_told("close")
    end.plays("""
        FIN-WAIT-1  -->  <SEQ=106><ACK=301><CTL=FIN,ACK>
        FIN-WAIT-1  <--  <SEQ=301><ACK=101><CTL=ACK><DATA="hi">
        FIN-WAIT-1  -->  <SEQ=107><ACK=303><CTL=ACK>
    """)
    end.waits_until(end.clock.now + rto)    # what is sent again acknowledges "hi", which had not come when it was sent
    end.plays("""
        FIN-WAIT-1  -->  <SEQ=101><ACK=303><CTL=ACK><DATA="hello">
        FIN-WAIT-1  <--  <SEQ=303><ACK=106><CTL=ACK>
    """)
    end.waits_until(end.clock.now + rto)
    end.plays("""
        FIN-WAIT-1  -->  <SEQ=106><ACK=303><CTL=FIN,ACK>
        FIN-WAIT-2  <--  <SEQ=303><ACK=107><CTL=ACK>
    """)
    end.waits_until(end.clock.now + 100 * rto)
    end.sends()
    end.is_in("FIN-WAIT-2")


@mark.check("trouble", points=3, needs=[test_line_each_way, test_peer_closes_first], probes=["T15"],
            hint="A segment that begins before RCV.NXT has come already, so your ACK was lost: acknowledge it again, "
                 "with what you expect. What begins behind RCV.NXT has overtaken another one. It may be dropped, and is"
                 " answered in the same way. So is what comes behind a FIN: nothing of it is taken.")
def test_twice_and_too_early(cast, end):
    """What comes twice, or too early, is answered with what is expected"""
    established(end)
    end.plays("""
        ESTABLISHED  <--  <SEQ=300><ACK=101><CTL=SYN,ACK>
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK>
        ESTABLISHED  <--  <SEQ=301><ACK=101><CTL=ACK><DATA="hi">
        ESTABLISHED  -->  <SEQ=101><ACK=303><CTL=ACK>
        ESTABLISHED  <--  <SEQ=301><ACK=101><CTL=ACK><DATA="hi">
        ESTABLISHED  -->  <SEQ=101><ACK=303><CTL=ACK>
        ESTABLISHED  <--  <SEQ=303><ACK=101><CTL=ACK><DATA=" there">
        ESTABLISHED  -->  <SEQ=101><ACK=309><CTL=ACK>
        CLOSE-WAIT   <--  <SEQ=309><ACK=101><CTL=FIN,ACK>
        CLOSE-WAIT   -->  <SEQ=101><ACK=310><CTL=ACK>
        CLOSE-WAIT   <--  <SEQ=309><ACK=101><CTL=FIN,ACK>
        CLOSE-WAIT   -->  <SEQ=101><ACK=310><CTL=ACK>
        CLOSE-WAIT   <--  <SEQ=310><ACK=101><CTL=ACK><DATA="more">
        CLOSE-WAIT   -->  <SEQ=101><ACK=310><CTL=ACK>
        CLOSE-WAIT   <--  <SEQ=310><ACK=101><CTL=FIN,ACK>
        CLOSE-WAIT   -->  <SEQ=101><ACK=310><CTL=ACK>
    """)
    end.has_received(b"hi there")
    established(end)
    end.plays("""
        ESTABLISHED  <--  <SEQ=303><ACK=101><CTL=ACK><DATA=" there">
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK>
        ESTABLISHED  <--  <SEQ=309><ACK=101><CTL=FIN,ACK>
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK>
    """)
    end.has_received(b"")
    whole = Segment(301, 101, ACK, b"hi").packed(end.remote, end.address)
    end.gets_bytes(whole[:-1], "a segment without its last byte")
    end.sends()
    end.is_in("ESTABLISHED")


@mark.check("trouble", points=3, needs=[test_you_close_first], probes=["T02"],
            hint="TIME-WAIT ends 2 msl after it was entered, and then the state is CLOSED. The msl is that of this "
                 "endpoint, which need not be the constant. A FIN that comes again says that your ACK was lost: "
                 "acknowledge it again, and begin the wait anew. So each time set deadline to self.now + 2 * self.msl.")
def test_time_wait(cast, end):
    """TIME-WAIT lasts 2 MSL, and begins anew with a repeated FIN"""
    msl = 20_000                            # the one that it is given, and not the one at the top of the file
    established(end, 100, 300, RTO, msl)
    end.is_told("close")
    end.plays("""
        FIN-WAIT-1  -->  <SEQ=101><ACK=301><CTL=FIN,ACK>
        FIN-WAIT-2  <--  <SEQ=301><ACK=102><CTL=ACK>
        TIME-WAIT   <--  <SEQ=301><ACK=102><CTL=FIN,ACK>
        TIME-WAIT   -->  <SEQ=102><ACK=302><CTL=ACK>
    """)
    end.waits_until(2 * msl - 1)
    end.plays("""
        TIME-WAIT   <--  <SEQ=301><ACK=102><CTL=FIN,ACK>
        TIME-WAIT   -->  <SEQ=102><ACK=302><CTL=ACK>
    """)
    end.waits_until(2 * msl + 1)
    end.is_in("TIME-WAIT")
    end.waits_until(4 * msl - 2)
    end.is_in("TIME-WAIT")
    end.waits_until(4 * msl - 1)
    end.is_in("CLOSED")
    end.sends()
    end.has_error("")


@mark.check("trouble", points=4, needs=[test_line_each_way], probes=["T13", "T12", "T14", "T15"],
            hint="A RST counts only if its number is inside the window, from RCV.NXT on; and it is never answered. The "
                 "RST that you send must be believed too: <SEQ=SEG.ACK> if the segment has an ACK, else "
                 "<SEQ=0><ACK=SEG.SEQ+SEG.LEN>.")
def test_resets(cast, end):
    """RST: only inside the window, with right numbers, never to a RST"""
    end.is_made(100)
    end.plays("""
        CLOSED  <--  <SEQ=300><CTL=SYN>
        CLOSED  -->  <SEQ=0><ACK=301><CTL=RST,ACK>
        CLOSED  <--  <SEQ=300><ACK=77><CTL=ACK><DATA="hello">
        CLOSED  -->  <SEQ=77><CTL=RST>
        CLOSED  <--  <SEQ=300><ACK=77><CTL=RST,ACK>
        CLOSED  <--  <SEQ=300><CTL=RST>
    """)
    established(end)
    end.plays("""
        ESTABLISHED  <--  <SEQ=300><CTL=RST>
        ESTABLISHED  <--  <SEQ=100000><CTL=RST>
        ESTABLISHED  <--  <SEQ=90><CTL=SYN>
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK>
        CLOSED       <--  <SEQ=301><CTL=RST>
    """)
    end.has_error("reset")
    end.is_made(100)
    end.is_told("connect", 80)
    end.plays("""
        SYN-SENT  -->  <SEQ=100><CTL=SYN>
        SYN-SENT  <--  <SEQ=0><CTL=RST>
        CLOSED    <--  <SEQ=0><ACK=101><CTL=RST,ACK>
    """)
    end.has_error("refused")
    established(end)
    end.is_told("abort")
    end.plays("CLOSED  -->  <SEQ=101><CTL=RST>")


@mark.check("trouble", points=2, needs=[test_line_each_way], probes=["T04", "T04.handshake", "T05"],
            hint="Behind 4294967295 comes 0, in the handshake and in the middle of a line. So use add() and before() "
                 "wherever numbers are added or compared.")
def test_round_the_circle(cast, end):
    """The numbers go round, in the handshake and in the middle of a line"""
    end.is_made(2**32 - 1)
    end.is_told("connect", 80)
    end.plays("""
        SYN-SENT     -->  <SEQ=4294967295><CTL=SYN>
        ESTABLISHED  <--  <SEQ=4294967295><ACK=0><CTL=SYN,ACK>
        ESTABLISHED  -->  <SEQ=0><ACK=0><CTL=ACK>
        ESTABLISHED  <--  <SEQ=0><ACK=0><CTL=ACK><DATA="hi">
        ESTABLISHED  -->  <SEQ=0><ACK=2><CTL=ACK>
    """)
    end.has_error("")
    established(end, 2**32 - 4)
    end.is_told("send", b"hello")
    end.plays("""
        ESTABLISHED  -->  <SEQ=4294967293><ACK=301><CTL=ACK><DATA="hello">
        ESTABLISHED  <--  <SEQ=301><ACK=2><CTL=ACK>
        ESTABLISHED  <--  <SEQ=301><ACK=2><CTL=ACK><DATA="hi">
        ESTABLISHED  -->  <SEQ=2><ACK=303><CTL=ACK>
    """)
    end.has_received(b"hi")
    end.waits_until(end.clock.now + 100 * RTO)
    end.sends()
    established(end, irs=2**32 - 5)                 # the other side's numbers
    end.plays("""
        ESTABLISHED  <--  <SEQ=4294967292><ACK=101><CTL=ACK><DATA="hello">
        ESTABLISHED  -->  <SEQ=101><ACK=1><CTL=ACK>
        ESTABLISHED  <--  <SEQ=4294967292><ACK=101><CTL=ACK><DATA="hello">
        ESTABLISHED  -->  <SEQ=101><ACK=1><CTL=ACK>
    """)
    end.has_received(b"hello")


@mark.check("trouble", points=2, needs=[test_syn_ack, test_passive_open], probes=["T17", "T17.listen", "T12", "T13"],
            hint="The numbers tell an old segment from a new one. In SYN-SENT only an ACK of ISS + 1 is for this "
                 "connection; any other is answered by <SEQ=SEG.ACK><CTL=RST>. To send a RST changes nothing at your "
                 "end: whoever listens still takes a SYN from any port. Whoever listened, and gets a RST in "
                 "SYN-RECEIVED, knows that the SYN was an old one: back to LISTEN.")
def test_old_syn(cast, end):
    """An old SYN is got over, on either side: figure 8 of RFC 9293"""
    end.is_made(100)
    end.is_told("connect", 80)
    end.plays("""
        SYN-SENT     -->  <SEQ=100><CTL=SYN>
        SYN-SENT     <--  <SEQ=300><ACK=91><CTL=SYN,ACK>
        SYN-SENT     -->  <SEQ=91><CTL=RST>
        SYN-SENT     <--  <SEQ=0><ACK=91><CTL=RST,ACK>
        ESTABLISHED  <--  <SEQ=400><ACK=101><CTL=SYN,ACK>
        ESTABLISHED  -->  <SEQ=101><ACK=401><CTL=ACK>
    """)
    end.is_made(300)
    end.is_told("listen")
    end.plays("""
        LISTEN        <--  <SEQ=77><CTL=RST>
    """)
    end.other_port = 81
    with cast.step(f"the next one is from port {end.other_port}"):
        pass
    end.plays("""
        LISTEN        <--  <SEQ=77><ACK=55><CTL=ACK>
        LISTEN        -->  <SEQ=55><CTL=RST>
    """)
    end.other_port = OTHER_PORT
    with cast.step(f"and all that come now are from port {end.other_port} again"):
        pass
    end.plays("""
        SYN-RECEIVED  <--  <SEQ=90><CTL=SYN>
        SYN-RECEIVED  -->  <SEQ=300><ACK=91><CTL=SYN,ACK>
        LISTEN        <--  <SEQ=91><CTL=RST>
        SYN-RECEIVED  <--  <SEQ=100><CTL=SYN>
        SYN-RECEIVED  -->  <SEQ=300><ACK=101><CTL=SYN,ACK>
        SYN-RECEIVED  <--  <SEQ=101><ACK=299><CTL=ACK>
        SYN-RECEIVED  -->  <SEQ=299><CTL=RST>
        ESTABLISHED   <--  <SEQ=101><ACK=301><CTL=ACK>
    """)
    end.has_error("")


@mark.check("trouble", points=2, needs=[test_kernel_shakes_hands, test_resets],
            hint="In CLOSED a SYN is answered by <RST,ACK>, and a connect() at the other end is refused at once.")
def test_kernel_resets(cast, kernel):
    """With the kernel: a closed port refuses, and abort() resets"""
    end = kernel.meets_an_endpoint()
    end.is_told("connect", end.other_port)          # nobody listens there
    end.is_in("CLOSED")
    end.has_error("refused")

    kernel.meets_an_endpoint()                      # and you do not listen
    kernel.connects()
    kernel.is_refused()

    end = kernel.meets_an_endpoint()
    kernel.listens()
    end.is_told("connect", end.other_port)
    kernel.accepts()
    end.is_in("ESTABLISHED")
    end.is_told("abort")
    kernel.is_reset()


@mark.check("trouble", points=2, needs=[test_lost_segments, test_twice_and_too_early, test_time_wait],
            hint="The steps tell what the network did, and the picture what came of it. Look for the first "
                 "segment after that which is not as a figure of RFC 9293 would have it.")
def test_two_of_yours(cast):
    """Two of your endpoints find each other, whatever the network does"""
    server, client = cast.endpoint("your server"), cast.endpoint("your client")
    server.address, server.remote, server.own_port, server.other_port = client.remote, client.address, 80, 4444

    def plays(script):
        client.clock.now = 0
        for end in client, server:
            end.is_free()
            end.line = None
        client.is_made(100)
        server.is_made(2**32 - 4)
        network = Network(client, server, script)
        with cast.step(f"the network between them has these faults: {network.faults}"):
            pass
        server.is_told("listen")
        client.is_told("connect", 80)
        client.is_in("ESTABLISHED")
        client.is_told("send", b"How are you?")
        server.has_received(b"How are you?")
        server.is_told("send", b"Fine.")
        client.is_told("close")
        client.has_received(b"Fine.")
        server.is_in("CLOSE-WAIT")
        server.is_told("close")
        server.is_in("CLOSED")
        client.is_in("CLOSED")
        for end in client, server:
            end.has_error("")

    every_one = [(), *((Fault(direction, number, way, by),) for direction in ("client", "server")
                       for number in (1, 2, 3, 4) for way, by in (("drop", 0), ("duplicate", 0), ("delay", 1)))]
    cast.search(scripts(["client", "server"], among=6, most=4, held=3), plays, first=every_one, count=10,
                what="scripts of faults")


@mark.check("trouble", points=1, needs=[test_two_of_yours],
            hint="over_udp.py is written already: it gives your endpoint what arrives, and sends what it returns.")
def test_real_link(cast):
    """The same over real sockets, through a link that drops"""
    port = cast.port()
    timers = "--rto", 100, "--msl", 100
    server = cast.program("over_udp.py", "listen", "--port", port, *timers, lane="your server").receives_on(port)
    link = cast.udp_link(server, Fault("out", 1, "drop"), Fault("back", 1, "drop"), Fault("out", 4, "drop"),
                         Fault("back", 4, "duplicate"))
    cast.timers((100 + 100 + 200 + 200) / 1000, "their waits for what was lost, and TIME-WAIT")
    client = cast.program("over_udp.py", "connect", "--port", link.port, *timers, lane="your client")
    link.carries(client)
    question, answer = cast.line("question"), cast.line("answer")
    client.is_typed(question)
    server.shows(question)
    server.is_typed(answer)
    client.shows(answer)
    client.input_ends()
    server.tells("* CLOSE-WAIT")
    server.input_ends()
    client.ends(code=0)
    server.ends(code=0)
