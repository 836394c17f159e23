"""The echo server and its client, check by check, in the order in which you will want to make them pass.

Run all of them with `pytest exercises/02_socket_api`, or one with `-k`, and a part of its name:

    pytest exercises/02_socket_api -k echoes

Each test is a conversation with your programs, which run by themselves as they would in a terminal. `alice`
and `bob` are scripted clients that talk with your server; `the_server` is a scripted server for your client.
What a test says is what happens; the first line of its text is what it gives points for. A mistake that the report
recognises has a number there, such as C01.
"""
from pytest import fixture, mark

SILENT, GONE = "* no reply yet", "* server gone"


@fixture
def server(cast):
    """Your echo_server.py, which has started and listens."""
    port = cast.port()
    return cast.program("echo_server.py", "--port", port, lane="your server").listens(port)


@fixture
def alice(cast, server):
    """Somebody who will connect to your server."""
    return cast.peer("alice", server)


@fixture
def bob(cast, server):
    """Somebody else who will."""
    return cast.peer("bob", server)


@fixture
def the_server(cast):
    """A server that waits for your client."""
    return cast.server()


@fixture
def client(cast, the_server):
    """Your echo_client.py, which has connected to the_server."""
    program = cast.program("echo_client.py", "--port", the_server.port, lane="your client")
    the_server.accepts(program)
    return program


# Your server, and one client ------------------------------------------------------------------------------


@mark.check("echo", points=4, probes=["C20", "C19"],
            hint="The steps are socket(), setsockopt(), bind() to --host and --port as one pair, listen(). The host '' "
                 "or 0.0.0.0 would be every network that this machine is in.")
def test_listens(cast, server):
    """Your server listens on the given port, on 127.0.0.1 only"""
    server.listens_only_on("127.0.0.1")


@mark.check("echo", points=6, needs=[test_listens], probes=["C21", "C27", "C03", "C01.echo", "C11.echo"],
            hint="accept() returns a new socket, and it is that one which you recv() from and send to. Keep the bytes "
                 "until their newline has come; then send the line back, before you wait for the next. Then look "
                 "whether another newline is in what you kept, before the next recv().")
def test_echoes(cast, server, alice):
    """Each line comes back, however it is cut, and after a silence too"""
    alice.connects()
    for text in cast.line("hello"), cast.line("quit"), "", cast.line("你好"):
        alice.sends(f"{text}\n")
        alice.receives(text)
    one, two, word = cast.line("one"), cast.line("two"), cast.line("together 中")
    alice.sends(f"{one}\n{two}\n")
    alice.receives(one, two)
    whole = f"{word}\n".encode()
    at = whole.index("中".encode())
    for piece in whole[:at + 1], whole[at + 1:-1], whole[-1:]:
        alice.sends(piece)
        server.has_read_everything()
    alice.receives(word)
    cast.silence(1.2, "alice thinks")
    alice.sends(f"{(text := cast.line('now I know'))}\n")
    alice.receives(text)


# Clients come and go --------------------------------------------------------------------------------------


@mark.check("clients", points=6, needs=[test_echoes], probes=["C04", "C15"],
            hint="Call accept() in a loop, and serve each connection until recv() returns b''. Then close the "
                 "connection, and never the listening socket: a connection that is only forgotten keeps a file "
                 "descriptor.")
def test_next_client(cast, server, alice, bob):
    """After a client the next one is served, also the fiftieth"""
    for peer in alice, bob:
        peer.connects()
        peer.sends(f"{(text := cast.line('hello'))}\n")
        peer.receives(text)
        peer.closes()
    before = server.counts_descriptors()
    with cast.step("fifty more come one after the other, say a line each, and leave"):
        for _ in range(50):
            alice.connects()
            alice.sends(f"{(text := cast.line())}\n")
            alice.receives(text)
            alice.closes()
    server.has_no_more_descriptors_than(before, after="those who have left")


@mark.check("clients", points=5, needs=[test_echoes], probes=["C01.echo", "C18"],
            hint="Compare each whole line with b'q'. It stays open? Then your server is still waiting in some recv(): "
                 "which one? `break` leaves one loop only, the innermost one. Before you close, say with "
                 "shutdown(SHUT_WR) that this was all, and recv() until b'' comes, with a timeout: if bytes are unread "
                 "when a socket is closed, the kernel sends a reset in place of the orderly end.")
def test_q(cast, server, alice, bob):
    """The line "q" ends the conversation in good order, not the server"""
    alice.connects()
    alice.sends("q\n")
    alice.sees_the_end()
    alice.closes()

    text = cast.line("almost done")
    alice.connects()
    alice.sends(f"{text}\nq\n")
    alice.receives(text)
    alice.sees_the_end()
    alice.closes()

    bob.connects()
    server.freezes()            # so that all of it is there before your server reads the first of it
    bob.sends(f"{(text := cast.line('last words'))}\nq\n" + "and one more thing\n" * 5000)
    server.thaws()
    bob.receives(text)
    bob.sees_the_end()
    server.comes_to_rest()
    bob.finds_program_in("FIN-WAIT-2")          # and no reset has come behind the end
    bob.closes()

    for piece in "q", "\n":     # the next one to be served
        if piece == "q":
            alice.connects()
        alice.sends(piece)
        server.has_read_everything()
    alice.sees_the_end()


@mark.check("clients", points=6, needs=[test_echoes], probes=["C04", "C09", "C08", "C10"],
            hint="recv() returns b'' once the other side has closed, and raises ConnectionResetError after a reset. "
                 "Sending can raise too, and so can asking for the peer's address. Every call on a connection can; the"
                 " server has to go on after each.")
def test_vanished_client(cast, server, alice, bob):
    """A client vanishes, in whichever way: the server goes on, at rest"""
    with cast.step("alice connects, and gets a line back"):
        alice.connects()
        alice.sends(f"{(text := cast.line('hello'))}\n")
        alice.receives(text)
    alice.closes()
    server.rests()

    alice.connects()
    alice.sends(f"{(text := cast.line('one more thing'))}\n")
    alice.receives(text)
    bob.connects()
    bob.resets()                # while he still waits to be accepted
    alice.resets()

    bob.connects()
    bob.sends(f"{(text := cast.line('my turn'))}\n")
    bob.receives(text)
    server.freezes()            # so that bob is gone when it sends the first of these lines back
    bob.sends("never mind\n" * 3)
    bob.closes()
    server.thaws()

    alice.connects()
    alice.sends(f"{(text := cast.line('still there?'))}\n")
    alice.receives(text)


@mark.check("clients", points=6, needs=[test_echoes], probes=["C02.echo"],
            hint="send() takes what fits into the buffer, and returns how many bytes that was; the rest is yours to "
                 "send again. sendall() does that for you.")
def test_slow_reader(cast, server, alice):
    """A megabyte comes back complete to a client that reads late"""
    pages = cast.more_than_fits()
    alice.connects(small_buffer=True)
    alice.stops_reading()
    alice.sends_what_it_can("".join(f"{page}\n" for page in pages))
    alice.reads_again()
    alice.receives(*pages)
    alice.has_received_nothing_more()


@mark.check("clients", points=5, needs=[test_slow_reader], probes=["C07"],
            hint="That recv() returned b'' says only that this client sends no more. What it sent before is still to "
                 "be sent back, and then comes the end.")
def test_half_close(cast, server, alice):
    """A client that ends its own direction still gets all the rest"""
    alice.connects()
    server.freezes()            # so that the lines and the end are there together
    alice.sends(f"{(one := cast.line('one'))}\n{(two := cast.line('two'))}\n")
    alice.half_closes()
    server.thaws()
    alice.receives(one, two)
    alice.sees_the_end()
    alice.closes()

    pages = cast.more_than_fits()
    alice.connects(small_buffer=True)
    alice.stops_reading()
    alice.sends_what_it_can("".join(f"{page}\n" for page in pages))
    alice.half_closes()
    alice.reads_again()
    alice.receives(*pages)
    alice.sees_the_end()


@mark.check("clients", points=6, needs=[test_q], probes=["C05"],
            hint="The port of a connection that your server closed first is in TIME-WAIT, and cannot be bound again "
                 "just so. Set SO_REUSEADDR on the listening socket before bind().")
def test_restart(cast, server, alice):
    """Ctrl-C ends it quietly; it starts again at once despite TIME-WAIT"""
    alice.connects()
    alice.sends("q\n")
    alice.sees_the_end()
    alice.closes()
    cast.time_wait(server.port)
    server.comes_to_rest()
    server.gets_ctrl_c()
    server.ends(code=0)
    server.ended_quietly()
    again = cast.program("echo_server.py", "--port", server.port, lane="your server")
    again.listens(server.port, again=" again")


# Your client ----------------------------------------------------------------------------------------------


@mark.check("client", points=7, probes=["C03", "C01.echo", "C11.echo"],
            hint="Send each line with its newline, so that an empty line is one byte and not none. A reply is over "
                 "when its newline has come, however many times recv() returned before; only then decode it.")
def test_client_shows_replies(cast, client, the_server):
    """Your client shows each reply whole, even if "中" is cut in two"""
    client.is_typed(text := cast.line("hello"))
    the_server.receives(text)
    the_server.sends(f"{text}\n")
    client.shows(text)
    client.is_typed("")
    the_server.receives("")
    the_server.sends("\n")
    client.shows_lines(2)
    client.is_typed(text := f"  {cast.line('spaces are a part of it')} ")
    the_server.receives(text)
    the_server.sends(f"{text}\n")
    client.shows(text)
    for character, cut in ("中", 1), ("中", 2), ("é", 1), ("🙂", 3):
        client.is_typed(text := cast.line(character))
        the_server.receives(text)
        whole = f"{text}\n".encode()
        for piece in whole[:cut], whole[cut:cut + 4], whole[cut + 4:]:
            the_server.sends(piece)
            client.has_read_everything()
        client.shows(text)
    the_server.has_received_nothing_more()


@mark.check("client", points=4, needs=[test_client_shows_replies],
            hint="Send the line q when it was typed, and when the loop over sys.stdin is over. Then recv() until the "
                 "server has closed, close too, and end with exit code 0.")
def test_client_leaves(cast, client, the_server):
    """"q", or the end of the input, ends your client in good order"""
    client.is_typed("q")
    the_server.receives("q")
    client.comes_to_rest()
    the_server.is_still_connected()             # for the server closes first
    the_server.has_received_nothing_more()
    the_server.closes()
    client.ends(code=0)
    client.ended_quietly()

    other = cast.server("another server")
    second = cast.program("echo_client.py", "--port", other.port, lane="your second client")
    other.accepts(second)
    second.is_typed(text := cast.line("that is all"))
    other.receives(text)
    other.sends(f"{text}\n")
    second.shows(text)
    second.input_ends()
    other.receives("q")
    other.closes()
    second.ends(code=0)


@mark.check("client", points=5, probes=["C19"],
            hint="connect() and bind() raise OSError, also for a name that is unknown, and OverflowError for a port "
                 "above 65535. Catch both, and leave with sys.exit('one line that says what was tried, and what "
                 "happened').")
def test_nobody_there(cast):
    """Nobody there, no such name, no such port: one clear line"""
    taken = cast.server("another program")
    for script, lane, *arguments in (("echo_client.py", "your client", "--port", cast.port()),
                                     ("echo_client.py", "your client", "--host", cast.unknown_name()),
                                     ("echo_client.py", "your client", "--port", 88888),
                                     ("echo_server.py", "your server", "--port", 88888),
                                     ("echo_server.py", "your server", "--port", taken.port)):
        program = cast.program(script, *arguments, lane=lane)
        with cast.step(f"{script} {' '.join(map(str, arguments))} ends, with exit code 1"):
            program.ends(code=1)
        program.told_in_one_line()


@mark.check("client", points=5, needs=[test_client_shows_replies], probes=["C27", "C04", "C08", "C10"],
            hint="recv() on a socket with a timeout raises TimeoutError when nothing came: say SILENT once, and call "
                 "recv() again. Only b'' is an end. And a reset, ConnectionResetError, is one too.")
def test_silence_is_no_end(cast, the_server):
    """A silent server is told from one that has gone"""
    client = cast.program("echo_client.py", "--port", the_server.port, "--timeout", "0.2", lane="your client")
    the_server.accepts(client)
    client.is_typed(text := cast.line("are you there?"))
    the_server.receives(text)
    cast.timers(0.2, "its timeout")
    client.shows(SILENT)
    cast.silence(0.6, "the server is slow")
    the_server.sends(f"{text}\n")
    client.shows(text)
    client.has_shown(SILENT, times=1)
    client.is_typed(text := cast.line("and now?"))
    the_server.receives(text)
    the_server.closes()
    client.shows(GONE)
    client.ends(code=1)
    client.ended_quietly()

    crashing = cast.server("a server that will crash")
    second = cast.program("echo_client.py", "--port", crashing.port, lane="your second client")
    crashing.accepts(second)
    second.is_typed(text := cast.line("hello"))
    crashing.receives(text)
    crashing.resets()
    second.shows(GONE)
    second.ends(code=1)
