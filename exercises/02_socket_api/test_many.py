"""Bonus: the echo server for many clients at once.

All talk to your echo_many.py. What it needs of echo_server.py is taken from there: write that one first.
"""
from pytest import mark


@mark.check("many", points=8, bonus=True, probes=["C06", "C21"],
            hint="A client that waits must not hold up accept(): let each one be served beside it, by a thread "
                 "(lesson, section 3, has the line). What runs in the thread is a function of your own: converse(), "
                 "and whatever happens in it, close(). For a host with a colon in it the family is AF_INET6.")
def test_many_at_once(cast):
    """Many clients at once, over IPv4, and IPv6 where there is one"""
    for host in cast.loopback_addresses():
        port = cast.port()
        server = cast.program("echo_many.py", "--host", host, "--port", port, lane=f"your server on {host}")
        server.listens(port)
        crowd = [cast.peer(name, server).connects(host=host) for name in ("alice", "bob", "carol")]
        for peer in *crowd, *reversed(crowd):
            peer.sends(f"{(text := cast.line('hello'))}\n")
            peer.receives(text)
        crowd[0].sends("q\n")
        crowd[0].sees_the_end()
        crowd[2].sends(f"{(text := cast.line('still here'))}\n")
        crowd[2].receives(text)


@mark.check("many", points=7, bonus=True, needs=[test_many_at_once], probes=["C23", "C12", "C06"],
            hint="A thread that waits in sendall() waits for its own client only. In one loop for all, keep for each "
                 "client what it has not taken yet, and send when its socket can be written.")
def test_one_that_never_reads(cast):
    """A client that sends and never reads holds up nobody but itself"""
    port = cast.port()
    server = cast.program("echo_many.py", "--port", port, lane="your server").listens(port)
    alice, bob = cast.peer("alice", server), cast.peer("bob", server)
    alice.connects(small_buffer=True)
    alice.stops_reading()
    alice.sends_what_it_can("".join(f"{page}\n" for page in cast.more_than_fits()))
    bob.connects()
    bob.sends(f"{(text := cast.line('hello'))}\n")
    bob.receives(text)
    server.gets_ctrl_c()
    server.ends(code=0)
