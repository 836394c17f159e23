"""Messages on a stream of bytes: your framing.py, whose two functions are called in a process of their own.

`peer` is at the other end of a real connection. Where a check tries many ways to cut the bytes, it shows the
smallest of those that went wrong.
"""
import json
import struct

from pytest import fixture, mark

from autograder.search import cut_everywhere, cuts

LIMIT = 65536
MESSAGES = [0, "a", "中", [], {"n": 1}, {"from": "李", "text": "grüß dich 🙂"}, [1, 2.5, None, True]]


def frame(message: object) -> bytes:
    """A message in its frame: four bytes of length, then its JSON."""
    body = json.dumps(message, ensure_ascii=False).encode()
    return struct.pack("!I", len(body)) + body


def parsed(body: bytes) -> object:
    """What this JSON says; the bytes themselves if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


@fixture
def peer(cast):
    """Somebody whom your framing.py is connected to."""
    return cast.server("the peer")


@fixture
def framing(cast, peer):
    """Your framing.py."""
    return cast.calls("framing.py", lane="your framing.py")


@mark.check("framing", points=6, probes=["C26"],
            hint="The length is the number of bytes of the body, so encode the JSON first, and count then. "
                 "struct.pack('!I', n) makes four bytes in network order.")
def test_frame(cast, framing, peer):
    """A frame is four bytes of length, in network order, and the JSON"""
    largest = "x" * (LIMIT - 2)                 # two more for the quotes
    with framing.connected_to(peer) as connection:
        for message in {"n": 1}, "中", [1, 2.5, None, True], {"text": "x" * 700}, {"big": "中" * 10000}, largest:
            framing.calls("send_message", connection, message)
            body = peer.receives_frame(LIMIT)
            cast.compares("the body is the message, as JSON", message, parsed(body))
        framing.refuses("FrameError", "send_message", connection, largest + "x")
        peer.has_received_nothing_more()


@mark.check("framing", points=5, probes=["C26"],
            hint="After a frame look whether the next one is there already, before you call recv() again; or never ask"
                 " recv() for more bytes than this frame still lacks.")
def test_five_frames(cast, framing, peer):
    """Five frames that come in one piece are five messages"""
    five = [cast.line("one"), {"n": 2}, ["three"], 4, cast.line("五")]
    with framing.connected_to(peer) as connection:
        framing.loops_over("messages", connection)
        peer.sends(b"".join(map(frame, five)))
        framing.gives(*five)


@mark.check("framing", points=6, probes=["C03.framing", "C01.framing"],
            hint="recv(n) returns at most n bytes, and often fewer. Collect until there are as many as you need: for "
                 "the four bytes of the length too.")
def test_every_cut(cast, framing, peer):
    """Messages arrive whole, wherever the bytes are cut"""
    def plays(cut):
        with framing.connected_to(peer) as connection:
            framing.loops_over("messages", connection)
            for piece in cut.pieces:
                peer.sends(piece)
                framing.has_read_everything()
            framing.gives(*cut.messages)
            peer.closes()
            framing.is_over()

    every_place = [cut for message in (0, "中") for cut in cut_everywhere(message, frame)]
    cast.search(cuts(MESSAGES, frame), plays, first=every_place, count=25, what="ways to cut")


@mark.check("framing", points=6, needs=[test_five_frames], probes=["C04"],
            hint="recv() returns b'' at the end. Between two frames that is how it should be: return. With a part of a"
                 " frame in hand it is an error: raise FrameError.")
def test_end(cast, framing, peer):
    """The end between frames is the end; inside a frame it is an error"""
    message = {"text": cast.line("中")}
    whole = frame(message)
    for sent, before_the_end in (whole, [message]), (whole * 2, [message] * 2), (b"", []):
        with framing.connected_to(peer) as connection:
            framing.loops_over("messages", connection)
            if sent:
                peer.sends(sent)
            framing.gives(*before_the_end)
            peer.closes()
            framing.is_over()
    for kept in 1, 4, 7, len(whole) - 1:
        with framing.connected_to(peer) as connection:
            framing.loops_over("messages", connection)
            peer.sends(whole + whole[:kept], f"a frame, and {kept} byte{'s' * (kept > 1)} of the next")
            framing.gives(message)
            peer.closes()
            framing.breaks_off("FrameError")


@mark.check("framing", points=5, needs=[test_every_cut], probes=["C26.limit"],
            hint="Compare the length with LIMIT as soon as you have it. json.loads() and decode() raise ValueError, or"
                 " a kind of it: catch that, and raise FrameError.")
def test_refused(cast, framing, peer):
    """A length above the limit, or a body that is no JSON, is refused"""
    message, largest = {"text": cast.line()}, "x" * (LIMIT - 2)
    for wrong, why in ((struct.pack("!I", LIMIT + 1), "a length of LIMIT + 1"),
                       (b"GET / HTTP/1.1\r\n", "somebody took you for a web server"),
                       (struct.pack("!I", 5) + b'{"a":', "half a JSON"),
                       (struct.pack("!I", 4) + b'"\xff\xfe"', "no UTF-8"),
                       (struct.pack("!I", 0), "a body of no bytes")):
        with framing.connected_to(peer) as connection:
            framing.loops_over("messages", connection)
            peer.sends(frame(message))
            framing.gives(message)
            peer.sends(wrong, why)
            framing.breaks_off("FrameError")
    with framing.connected_to(peer) as connection:
        framing.loops_over("messages", connection)
        peer.sends(frame(largest), "as long as it may be")
        framing.gives(largest)
