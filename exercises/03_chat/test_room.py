"""Bonus: a room for many. Everything here is worth extra points; do test_chat.py first.

`alice`, `bob` and `carol` are scripted clients of your chat_room.py. Each has come in under her or his name.
"""
from pytest import fixture, mark


@fixture
def room(cast):
    """Your chat_room.py, which has started and listens."""
    port = cast.port()
    return cast.program("chat_room.py", "--port", port, lane="your room").listens(port)


@fixture
def enters(cast, room):
    """A new client that comes in under its name, and is told so."""
    def enter(name, **buffers):
        peer = cast.peer(name, room)
        with cast.step(f"{name} connects, and comes in under that name"):
            peer.connects(**buffers)
            peer.sends(f"{name}\n")
            peer.receives(f"* {name} joined")
        return peer
    return enter


@mark.check("room", points=4, bonus=True, probes=["C06", "C21"],
            hint="Each client needs somebody who waits for it: a thread of its own (start() it, do not "
                 "run() it), or one select() over all. accept() has to go on meanwhile.")
def test_room_for_two(cast, enters):
    """In a room for two, each hears the other, by name"""
    alice = enters("alice")
    bob = enters("bob")
    alice.receives("* bob joined")
    alice.sends(f"{(hello := cast.line('hello'))}\n")
    bob.receives(f"alice: {hello}")
    bob.sends(f"{(answer := cast.line('hi'))}\n")
    alice.receives(f"bob: {answer}")
    bob.has_received_nothing_more()


@mark.check("room", points=4, bonus=True, needs=[test_room_for_two], probes=["C25"],
            hint="Two threads that write to one socket can get into each other's lines. One sendall() for "
                 "the whole line, and a lock, or one thread that writes for all.")
def test_room_whole_lines(cast, enters):
    """When many talk at once, every line stays whole"""
    listener = enters("listener")
    talkers = []
    for name in "alice", "bob", "carol", "dave":
        talkers.append(enters(name))
        listener.receives(f"* {name} joined")
    said = {peer: [f"{cast.line()} {'bla ' * 40}".strip() for _ in range(25)] for peer in talkers}
    for peer, lines in said.items():
        peer.sends("".join(f"{line}\n" for line in lines))
    with cast.step("the listener receives all hundred lines, each whole, and each talker's in order"):
        listener.receives_interleaved(*[[f"{peer.lane}: {line}" for line in lines] for peer, lines in said.items()])


@mark.check("room", points=3, bonus=True, needs=[test_room_whole_lines], probes=["C14", "C15", "C04", "C08", "C10"],
            hint="However somebody goes, take the name off the list, tell the others, close the socket. Do "
                 "not change a set or dict while a loop runs over it: loop over a copy, or under a lock "
                 "that everybody takes.")
def test_room_come_and_go(cast, room, enters):
    """The others are told who has come and who has left"""
    alice = enters("alice")
    for way in "bye", "closes", "resets":
        bob = enters("bob")
        alice.receives("* bob joined")
        if way == "bye":
            bob.sends("bye\n")
            bob.receives("^^^")
            bob.sees_the_end()
            bob.closes()
        else:
            getattr(bob, way)()
        alice.receives("* bob left")
    bob, carol = enters("bob"), enters("carol")
    alice.receives("* bob joined", "* carol joined")
    bob.receives("* carol joined")
    room.freezes()              # so that it sees the next two things at once
    bob.resets()
    alice.sends(f"{(text := cast.line('is bob still here?'))}\n")
    room.thaws()
    with cast.step(f'carol receives "alice: {text}" and "* bob left", in either order'):
        carol.receives_in_any_order(f"alice: {text}", "* bob left")
    alice.receives("* bob left")
    before = room.counts_descriptors()
    with cast.step("fifty more come one after the other, and leave"):
        for _ in range(50):
            dave = enters("dave")
            dave.closes()
            carol.receives("* dave joined", "* dave left")
    room.has_no_more_descriptors_than(before, after="those who have left")


@mark.check("room", points=4, bonus=True, needs=[test_room_whole_lines], probes=["C14", "C13"],
            hint="sendall() to somebody who does not read waits for ever. Keep what is to be sent to each "
                 "client in a queue of its own, with a thread of its own that sends it; and cut off who is "
                 "too far behind.")
def test_room_slow_client(cast, enters):
    """A client that does not read holds up nobody"""
    alice, carol = enters("alice"), enters("carol")
    bob = enters("bob", small_buffer=True)
    alice.receives("* carol joined", "* bob joined")
    carol.receives("* bob joined")
    bob.stops_reading()         # he may be cut off for it, in time
    with cast.step("alice says more than can be kept for bob, and carol hears all of it"):
        for line in cast.more_than_fits():
            alice.sends(f"{line}\n")
            carol.receives_interleaved([f"alice: {line}"], maybe="* bob left")


@mark.check("room", points=3, bonus=True, needs=[test_room_for_two], probes=["C17"],
            hint="A name is 1 to 16 letters or digits: str.isalnum() and len(). Anything else would let "
                 "somebody write lines that look like yours. And a name that is taken is refused as well.")
def test_room_names(cast, enters, room):
    """Names that could deceive are refused"""
    alice = enters("alice")
    mallory = cast.peer("mallory", room)
    mallory.connects()
    for name in "* bob left", "bob: hi", "", "x" * 17, "alice":
        mallory.sends(f"{name}\n")
        mallory.receives("* name refused")
    mallory.sends("mallory\n")
    mallory.receives("* mallory joined")
    alice.receives("* mallory joined")


@mark.check("room", points=2, bonus=True, probes=["C23"],
            hint="The main thread accepts, and gets the KeyboardInterrupt; the threads of the clients are "
                 "daemons.")
def test_room_ends_quietly(cast, room, enters):
    """On Ctrl-C your room ends quietly"""
    enters("alice")
    room.comes_to_rest()
    room.gets_ctrl_c()
    room.ends(code=0)
    room.ended_quietly()
