"""The chat, check by check, in the order in which you will want to make them pass.

Run all of them with `pytest exercises/03_chat`, or one with `-k`, and a part of its name:

    pytest exercises/03_chat -k line_appears

Each test is a conversation with your programs, which run by themselves as they would in a terminal. `alice`
and `bob` are scripted clients that talk with your server; `the_server` is a scripted server for your client.
What a test says is what happens; the first line of its text is what it gives points for. A mistake that the report
recognises has a number there, such as C01.
"""
from pytest import fixture, mark

JOINED, LEFT, GONE = "* client joined", "* client left", "* server gone"
LINE_LIMIT = 4096


@fixture
def server(cast):
    """Your chat_server.py, which has started and listens."""
    port = cast.port()
    return cast.program("chat_server.py", "--port", port, lane="your server").listens(port)


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
    """Your chat_client.py, which has connected to the_server."""
    program = cast.program("chat_client.py", "--port", the_server.port, lane="your client")
    the_server.accepts(program)
    return program


# Your server, and one client ------------------------------------------------------------------------------


@mark.check("lines", points=7, probes=["C21"],
            hint="listen() makes the socket, serve() takes a connection with accept(), talk() goes through "
                 "lines(connection), and lines() calls recv(). That is recv() of the connection, not of the socket "
                 "that listens. Print a line as soon as its newline has come. And before it can listen, a socket "
                 "needs its address: bind((host, port)), then listen().")
def test_line_appears(cast, server, alice):
    """A client's line appears on your server's screen"""
    hello = cast.line("hello")
    alice.connects()
    alice.sends(f"{hello}\n")
    server.shows(hello)


@mark.check("lines", points=7, needs=[test_line_appears], probes=["C11"],
            hint="say() sends the line, and its newline, on visitor. If nothing arrives, visitor is still None: "
                 "serve() has to set it, with the line `global visitor`.")
def test_typed_line_arrives(cast, server, alice):
    """A line typed at your server reaches the client"""
    hello, answer = cast.line("hello"), cast.line("wie geht's, 你好")
    alice.connects()
    alice.sends(f"{hello}\n")
    server.shows(hello)
    server.is_typed(answer)
    alice.receives(answer)


@mark.check("lines", points=7, needs=[test_typed_line_arrives], probes=["C11", "C27", "C02"],
            hint="Nobody may have to wait for anybody: no recv() before an input() or after it in the same "
                 "loop. And sendall() sends all of a long text, however slowly the other side reads; "
                 "send() need not.")
def test_either_speaks_first(cast, server, alice):
    """Either side may speak first, twice running, or a lot at once"""
    alice.connects(small_buffer=True)
    server.shows(JOINED)
    server.comes_to_rest()
    for text in cast.line("first"), cast.line("and again"):
        server.is_typed(text)
        alice.receives(text)
    cast.silence(1.2, "they have run out of words")
    for text in cast.line("well"), cast.line("as I said"):
        alice.sends(f"{text}\n")
        server.shows(text)
    essay = cast.more_than_fits()
    alice.stops_reading()
    server.is_typed(*essay)
    server.takes_what_it_can()
    alice.reads_again()
    alice.receives(*essay)


@mark.check("bye", points=7, needs=[test_line_appears],
            hint="After bye comes the answer, then the end of this connection, and then the next client is served. "
                 "'Bad file descriptor' means that the program used a socket that it had closed itself: who closes "
                 "it, and who goes on reading? In talk(), compare the whole line with BYE; part() sends ANSWER and its "
                 "newline; talk() returns, and serve() closes the connection.")
def test_bye(cast, server, alice, bob):
    """Your server answers "bye" by "^^^" and an orderly end"""
    alice.connects()
    alice.sends("bye\n")
    alice.receives("^^^")
    alice.sees_the_end()
    alice.closes()
    bob.connects()              # whoever serves must have outlived the answer
    bob.sends(f"{(text := cast.line('my turn'))}\n")
    server.shows(text)


@mark.check("bye", points=3, needs=[test_typed_line_arrives], probes=["C11"],
            hint="Only a line that is exactly bye means it: compare the whole line, after decoding, with "
                 "==.")
def test_goodbye_is_not_bye(cast, server, alice):
    """Lines such as "goodbye" are lines like any other"""
    answer = cast.line("still here")
    alice.connects()
    for text in "goodbye", "bye bye", "bye!", "Bye", "^^^":
        alice.sends(f"{text}\n")
        server.shows(text)
    server.is_typed(answer)
    alice.receives(answer)


@mark.check("lines", points=6, needs=[test_bye], probes=["C11", "C01"],
            hint="One recv() may bring several lines. Take every line out of your bytes before you call "
                 "recv() again.")
def test_two_lines_in_one_piece(cast, server, alice):
    """Two lines in one piece are two lines"""
    one, two, three = cast.line("one"), cast.line("two"), cast.line("three")
    alice.connects()
    alice.sends(f"{one}\n{two}\n")
    server.shows(one)
    server.shows(two)
    alice.sends(f"{three}\nbye\n")
    server.shows(three)
    alice.receives("^^^")


@mark.check("lines", points=6, needs=[test_line_appears], probes=["C11", "C01", "C03"],
            hint="Keep the bytes until b'\\n' arrives, then decode the line.")
def test_line_in_pieces(cast, server, alice):
    """A line in pieces is shown whole, even if a character is cut"""
    alice.connects()
    word = cast.line("together")
    for piece in word[:4], word[4:9], word[9:] + "\n":
        alice.sends(piece)
        server.has_read_everything()
    server.shows(word)
    for character, cut in ("中", 1), ("中", 2), ("é", 1), ("🙂", 3):
        text = cast.line(character)
        whole = f"{text}\n".encode()
        alice.sends(whole[:cut])
        server.has_read_everything()
        alice.sends(whole[cut:])
        server.shows(text)


# Clients come and go --------------------------------------------------------------------------------------


@mark.check("clients", points=6, needs=[test_line_appears], probes=["C11", "C04", "C15"],
            hint="After one client comes the next, and the connection of the one before is closed: if it is only "
                 "forgotten, it keeps a file descriptor, and there are few of these. Call accept() in a loop, serve "
                 "each connection until recv() returns b'', then close() it.")
def test_next_client(cast, server, alice, bob):
    """After a client the next one is served, also the fiftieth"""
    alice.connects()
    hello, patience = cast.line("hello"), cast.line("is anybody there?")
    alice.sends(f"{hello}\n")
    server.shows(hello)
    bob.connects()
    bob.sends(f"{patience}\n")
    alice.sends(f"{(text := cast.line('as I was saying'))}\n")
    server.shows(text)
    server.does_not_show(patience)              # it is not his turn yet
    alice.closes()
    server.shows(patience)
    bob.closes()
    before = server.counts_descriptors()
    with cast.step("fifty more come one after the other, say a line each, and leave"):
        for _ in range(50):
            alice.connects()
            alice.sends(f"{(text := cast.line())}\n")
            server.shows(text)
            alice.closes()
    server.has_no_more_descriptors_than(before, after="those who have left")


@mark.check("clients", points=6, needs=[test_typed_line_arrives, test_bye], probes=["C04", "C08", "C09", "C10"],
            hint="Every call on a connection can raise OSError, and the server has to go on after each. recv() returns "
                 "b'' once the other side has closed, and raises ConnectionResetError after a reset. Sending can "
                 "raise, too.")
def test_vanished_client(cast, server, alice, bob):
    """A client that vanishes has left; the server goes on, at rest"""
    with cast.step("alice connects and talks with your server"):
        hello = cast.line("hello")
        alice.connects()
        alice.sends(f"{hello}\n")
        server.shows(hello)
    server.rests()
    alice.closes()
    server.shows(LEFT)
    server.rests()
    server.is_typed("is anybody there?")        # nobody is
    server.has_read_everything()
    server.comes_to_rest()                      # whoever has read it may hand it on

    alice.connects()
    alice.sends(f"{(text := cast.line('back again'))}\n")
    server.shows(text)
    server.is_typed(text := cast.line("welcome back"))
    alice.receives(text)                        # and not what was typed while nobody was there
    alice.sends("bye\n")
    alice.receives("^^^")
    alice.resets()              # without waiting for the end
    server.shows(LEFT)

    alice.connects()
    alice.sends(f"{(text := cast.line('one more thing'))}\n")
    server.shows(text)
    bob.connects()
    bob.resets()                # while he still waits to be accepted
    alice.resets()
    server.shows(LEFT)

    alice.connects(small_buffer=True)
    alice.sends(f"{(text := cast.line('me again'))}\n")
    server.shows(text)
    alice.stops_reading()
    server.is_typed(*cast.more_than_fits())
    server.takes_what_it_can()
    alice.resets()              # while your server sends to her
    bob.connects()
    bob.sends(f"{(text := cast.line('my turn'))}\n")
    server.shows(text)


@mark.check("clients", points=4, needs=[test_line_appears], probes=["C23"],
            hint="Python turns Ctrl-C into KeyboardInterrupt, in the main thread only: let that one wait "
                 "for the keyboard, and catch it there. Other threads must not keep the program alive: "
                 "daemon=True. At the end of the input a loop over sys.stdin is over, and input() raises "
                 "EOFError.")
def test_ends_quietly(cast, server, alice):
    """On Ctrl-C, or at the end of its input, your server ends quietly"""
    alice.connects()
    server.comes_to_rest()
    server.gets_ctrl_c()
    server.ends(code=0)
    server.ended_quietly()
    alice.is_disconnected()

    port = cast.port()
    second = cast.program("chat_server.py", "--port", port, lane="your server").listens(port, again=" once more")
    second.input_ends()
    second.ends(code=0)
    second.ended_quietly()


@mark.check("clients", points=5, needs=[test_bye], probes=["C05", "C20"],
            hint="Who closes a connection first keeps its port for a minute, and a new socket has to say that it does "
                 "not mind. Listen on the --host that was given, not on '' or 0.0.0.0, which is every network that "
                 "you are in. Set SO_REUSEADDR on the listening socket before bind(), or let socket.create_server() "
                 "do it.")
def test_restart(cast, server, alice):
    """It can be started again at once, and on 127.0.0.1 only"""
    alice.connects()
    alice.sends("bye\n")
    alice.receives("^^^")
    alice.sees_the_end()
    alice.closes()
    cast.time_wait(server.port)
    server.is_stopped()
    again = cast.program("chat_server.py", "--port", server.port, lane="your server")
    again.listens(server.port, again=" again")
    again.listens_only_on("127.0.0.1")


# Your client ----------------------------------------------------------------------------------------------


@mark.check("client", points=6, probes=["C11", "C01", "C03"],
            hint="Something may arrive while nobody types: one thread reads the keyboard, another one the "
                 "connection. That one goes over lines(connection), which keeps the bytes until b'\\n' has come, and "
                 "only then decodes.")
def test_client_shows_lines(cast, client, the_server):
    """Your client shows incoming lines while you type nothing"""
    for text in cast.line("welcome"), cast.line("are you there?"):
        the_server.sends(f"{text}\n")
        client.shows(text)
    one, two, word = cast.line("one"), cast.line("two"), cast.line("together")
    the_server.sends(f"{one}\n{two}\n")
    client.shows(one)
    client.shows(two)
    whole = f"{word} 中\n".encode()
    for piece in whole[:5], whole[5:-3], whole[-3:]:
        the_server.sends(piece)
        client.has_read_everything()
    client.shows(f"{word} 中")


@mark.check("client", points=7, needs=[test_client_shows_lines], probes=["C11"],
            hint="After bye your client has still to listen: only the line ^^^ is the end. A line with ^^^ somewhere "
                 "in it is a line like any other: compare the whole line. After the answer, close, and exit code 0.")
def test_client_says_bye(cast, client, the_server):
    """Your client says "bye", and stays until "^^^" comes"""
    for text in cast.line("hello"), cast.line("how are you?"):
        client.is_typed(text)
        the_server.receives(text)
    client.is_typed("bye")
    the_server.receives("bye")
    client.waits_for_more()
    for text in cast.line("one moment"), f"{cast.line('wow')} ^^^":
        the_server.sends(f"{text}\n")
        client.shows(text)
    the_server.sends("^^^\n")
    the_server.sees_the_end()
    client.ends(code=0)


@mark.check("client", points=3, needs=[test_client_says_bye],
            hint="The end of the input means the same as a typed bye: send bye, and wait for ^^^ as usual. It has come "
                 "when the loop over sys.stdin is over, or when input() raises EOFError.")
def test_client_end_of_input(cast, client, the_server):
    """The end of the input means "bye" to your client"""
    client.is_typed(text := cast.line("last words"))
    client.input_ends()
    the_server.receives(text, "bye")
    the_server.sends("^^^\n")
    client.ends(code=0)


@mark.check("client", points=4, needs=[test_client_shows_lines], probes=["C04", "C08", "C10"],
            hint="When the server is gone, say so and end the program, also if the other thread is just waiting for "
                 "the keyboard. recv() returns b'' then, or raises ConnectionResetError; sending may raise as well: "
                 "catch it. Read the keyboard with `for line in sys.stdin`, for input() in a thread makes Python abort "
                 "at the end.")
def test_server_gone(cast, client, the_server):
    """When the server is gone, your client says so and ends"""
    the_server.closes()
    client.shows(GONE)
    client.ends(code=1)
    client.ended_quietly()

    crashing = cast.server("a server that will crash")
    second = cast.program("chat_client.py", "--port", crashing.port, lane="your client")
    crashing.accepts(second)
    crashing.stops_reading()
    second.is_typed(*cast.more_than_fits())
    second.takes_what_it_can()
    crashing.resets()           # while your client sends to it
    second.shows(GONE)
    second.ends(code=1)


@mark.check("client", points=3, probes=["C19"],
            hint="Who cannot do what was asked says in one line what was tried and what happened, and ends with exit "
                 "code 1. connect() and bind() raise OSError, and OverflowError for a port above 65535: catch both. "
                 "sys.exit('that line') does the rest.")
def test_nobody_there(cast):
    """Nobody there, or no such port: one clear line"""
    taken = cast.server("another program")
    for script, lane, port in (("chat_client.py", "your client", cast.port()),
                               ("chat_client.py", "your client", 88888),
                               ("chat_server.py", "your server", 88888),
                               ("chat_server.py", "your server", taken.port)):
        program = cast.program(script, "--port", port, lane=lane)
        with cast.step(f"{script} --port {port} ends, with exit code 1"):
            program.ends(code=1)
        program.told_in_one_line()


@mark.check("together", points=5, needs=[test_two_lines_in_one_piece], probes=["C16", "C18"],
            hint="The odd bytes: what is not UTF-8 is shown with a mark in its place, and ends nothing; decode() has "
                 "errors='replace' for that. The endless line: look at how much you keep while you wait for a newline, "
                 "and above LINE_LIMIT bytes close the connection. The line of 5,000 bytes: a whole line needs the "
                 "same look, before it is shown. The hasty bye: if you close while bytes are unread, the kernel sends "
                 "a reset; so after ^^^ call shutdown(SHUT_WR), then recv() until b'', with a timeout, then close().")
def test_rough_client(cast, server, alice, bob):
    """Neither odd bytes, nor an endless line, nor a hasty bye do harm"""
    alice.connects()
    alice.sends(b"\xff\xfe caf\xe9 " + (text := cast.line("caffè")).encode() + b"\n")
    server.shows(text)
    alice.sends("x" * LINE_LIMIT)
    server.has_read_everything()
    alice.sends("\n")
    server.shows("x" * LINE_LIMIT)
    alice.sends("y" * (LINE_LIMIT * 40))
    alice.is_disconnected()
    alice.connects()
    alice.sends("z" * 5000 + "\n")
    alice.is_disconnected()
    bob.connects()
    server.freezes()            # so that all of it is there before your server reads the first of it
    bob.sends("bye\n" + "wait, one more thing\n" * 5000)
    server.thaws()
    bob.receives("^^^")
    bob.sees_the_end()


# Both -----------------------------------------------------------------------------------------------------


@mark.check("together", points=8, needs=[test_typed_line_arrives, test_two_lines_in_one_piece, test_line_in_pieces,
                             test_client_says_bye],
            hint="Each half passed its own checks. Between them is now a network that delivers every byte "
                 "by itself.")
def test_both(cast, server):
    """Your two programs chat, part, and chat again"""
    link = cast.link(server, piece=1)
    for name in "your client", "your second client":
        client = cast.program("chat_client.py", "--port", link.port, lane=name)
        link.carries(client)
        client.is_typed(hello := cast.line("grüß dich, 你好"))
        server.shows(hello)
        server.is_typed(answer := cast.line("na, 🙂"))
        client.shows(answer)
        client.is_typed("bye")
        client.ends(code=0)
