"""The tour of one connection: what socket_tour.py prints, and what can be seen from outside.

`peer` is the server that your socket_tour.py connects to.
"""
import socket

from pytest import fixture, mark

BUFFER = 20000


@fixture
def peer(cast):
    """A server that waits for your tour."""
    return cast.server("the peer")


@fixture
def tour(cast, peer):
    """Your socket_tour.py, which has connected to the peer."""
    program = cast.program("socket_tour.py", "--port", peer.port, lane="your tour")
    peer.accepts(program)
    return program


@mark.check("tour", points=4,
            hint="A connection has two ends, each a pair of address and port, and a socket can be asked for both. "
                 "getsockname() is this socket's own end, getpeername() the other one.")
def test_addresses(cast, tour, peer):
    """It tells its own address and its peer's"""
    own = f"own 127.0.0.1 {peer.port_of_program}"
    tour.shows(own)
    tour.shows(f"peer 127.0.0.1 {peer.port}")
    peer.receives(own)


@mark.check("tour", points=3, needs=[test_addresses], probes=["C01.tour"],
            hint="One recv() is not all that comes. It returns what is there; the end is b''. TimeoutError is no end, "
                 "and shutdown(SHUT_WR) ends only your own direction. What the kernel has made of an option can differ "
                 "from what you set: setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1) and its like set, getsockopt() reads "
                 "back.")
def test_options(cast, tour, peer):
    """It sets options and a timeout, reads them back, and closes first"""
    peer.receives(f"own 127.0.0.1 {peer.port_of_program}")
    tour.shows(f"keepalive {cast.read_back(socket.SO_KEEPALIVE, 1)}")
    tour.shows(f"rcvbuf {cast.read_back(socket.SO_RCVBUF, BUFFER)}")
    tour.shows("timeout 0.5")
    peer.finds_options(keepalive=True, receive_buffer=cast.read_back(socket.SO_RCVBUF, BUFFER))
    cast.silence(0.6, "the peer says nothing")
    tour.shows("timed out")
    peer.finds_program_in("FIN-WAIT-2")
    for part in "but I have", " still something", " to say\n" * 2000:
        peer.sends(part)
        tour.has_read_everything()
    peer.closes()
    tour.shows("received 16026 bytes")
    tour.ends(code=0)
    peer.finds_program_in("TIME-WAIT")
