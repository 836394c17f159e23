"""Bonus: what happens seldom, and has to be right all the same. The figures are those of RFC 9293, with its numbers."""
from pytest import fixture, mark

HELD = "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "LAST-ACK", "CLOSING", "TIME-WAIT"


@fixture
def end(cast):
    """Your endpoint, on port 4444. At the other end is port 80."""
    return cast.endpoint("your endpoint")


def established(end):
    """Your endpoint, connected to the other side, whose own numbers begin at 300."""
    end.is_made(100)
    end.is_told("connect", 80)
    end.plays("""
        SYN-SENT     -->  <SEQ=100><CTL=SYN>
        ESTABLISHED  <--  <SEQ=300><ACK=101><CTL=SYN,ACK>
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK>
    """)


@mark.check("unusual", points=3, bonus=True, probes=["T16"],
            hint="The other side's SYN without an ACK says that it has called connect() too. Take your own SYN back, "
                 "and send it again with what you know now: your first number, and an ACK. To take it back is to "
                 "forget it as well, or it would be what is sent again when its time is over.")
def test_both_open(cast, end):
    """Both sides open at once: SYN-SENT, SYN-RECEIVED, ESTABLISHED"""
    end.is_made(100)
    end.is_told("connect", 80)
    end.plays("""
        SYN-SENT      -->  <SEQ=100><CTL=SYN>
        SYN-RECEIVED  <--  <SEQ=300><CTL=SYN>
        SYN-RECEIVED  -->  <SEQ=100><ACK=301><CTL=SYN,ACK>
    """)
    end.waits_until(end.clock.now + 1000)       # that was lost; and nothing is left of the SYN before it
    end.plays("""
        SYN-RECEIVED  -->  <SEQ=100><ACK=301><CTL=SYN,ACK>
        ESTABLISHED   <--  <SEQ=301><ACK=101><CTL=ACK>
        ESTABLISHED   <--  <SEQ=301><ACK=101><CTL=ACK><DATA="hi">
        ESTABLISHED   -->  <SEQ=101><ACK=303><CTL=ACK>
    """)
    end.has_received(b"hi")


@mark.check("unusual", points=3, bonus=True, probes=["T02", "T20"],
            hint="A FIN that comes before the ACK of your own has crossed it on the way. Acknowledge it, and wait in "
                 "CLOSING until yours is acknowledged. Then comes TIME-WAIT, for both sides.")
def test_both_close(cast, end):
    """Both sides close at once: FIN-WAIT-1, CLOSING, TIME-WAIT"""
    established(end)
    end.is_told("close")
    end.plays("""
        FIN-WAIT-1  -->  <SEQ=101><ACK=301><CTL=FIN,ACK>
        CLOSING     <--  <SEQ=301><ACK=101><CTL=FIN,ACK>
        CLOSING     -->  <SEQ=102><ACK=302><CTL=ACK>
        TIME-WAIT   <--  <SEQ=302><ACK=102><CTL=ACK>
    """)


@mark.check("unusual", points=4, bonus=True,
            hint="Who has crashed knows nothing of the old connection, and says so with a RST to whatever comes of it. "
                 "Who has not says what it expects, with an ACK, and learns the truth from the answer.")
def test_half_open(cast, end):
    """Half-open: one side has crashed, and both find out (figure 9)"""
    end.is_made(400)                            # you have crashed, and open again: the other side is ESTABLISHED still
    end.is_told("connect", 80)
    end.plays("""
        SYN-SENT     -->  <SEQ=400><CTL=SYN>
        SYN-SENT     <--  <SEQ=300><ACK=100><CTL=ACK>
        SYN-SENT     -->  <SEQ=100><CTL=RST>
    """)
    end.waits_until(end.clock.now + 1000)
    end.plays("""
        SYN-SENT     -->  <SEQ=400><CTL=SYN>
        ESTABLISHED  <--  <SEQ=500><ACK=401><CTL=SYN,ACK>
        ESTABLISHED  -->  <SEQ=401><ACK=501><CTL=ACK>
    """)
    established(end)                            # the other side has crashed, and opens again
    end.plays("""
        ESTABLISHED  <--  <SEQ=77><CTL=SYN>
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK>
        CLOSED       <--  <SEQ=301><CTL=RST>
    """)
    end.has_error("reset")
    established(end)                            # the other side has crashed, and you send
    end.is_told("send", b"hello")
    end.plays("""
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK><DATA="hello">
        CLOSED       <--  <SEQ=301><CTL=RST>
    """)
    end.has_error("reset")


@mark.check("unusual", points=4, bonus=True, probes=["T15"],
            hint="Who cannot see your segments can still send many, with all kinds of numbers. So only a RST exactly at"
                 " RCV.NXT ends the connection. Answer any other one in the window, and each SYN, with an ACK of what "
                 "you expect.")
def test_challenges(cast, end):
    """A RST or SYN from somebody who guesses gets a challenge ACK"""
    established(end)
    end.plays("""
        ESTABLISHED  <--  <SEQ=302><CTL=RST>
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK>
        ESTABLISHED  <--  <SEQ=8492><CTL=RST>
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK>
        ESTABLISHED  <--  <SEQ=301><CTL=SYN>
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK>
        ESTABLISHED  <--  <SEQ=5000><ACK=101><CTL=SYN,ACK>
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK>
        ESTABLISHED  <--  <SEQ=301><ACK=5000><CTL=ACK>
        ESTABLISHED  -->  <SEQ=101><ACK=301><CTL=ACK>
        CLOSED       <--  <SEQ=301><CTL=RST>
    """)
    end.has_error("reset")


@mark.check("unusual", points=6, bonus=True,
            hint="Something must not happen, so that the connection stays where it is: nobody accepts, nobody reads, "
                 "nobody closes. `ss -tan` shows what the kernel says.")
def test_states(cast):
    """Real connections, held in eight states of the kernel"""
    for state in HELD:
        holding = cast.program("states.py", state, "--port", port := cast.port(), lane="your states.py")
        cast.state_held(holding, state, port)
        holding.input_ends()
        holding.ends(code=0)
