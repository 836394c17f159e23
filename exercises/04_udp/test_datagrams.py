"""Datagrams, check by check, in the order in which you will want to make them pass.

Run all of them with `pytest exercises/04_udp`, or one with `-k`, and a part of its name:

    pytest exercises/04_udp -k shown

Each test is a conversation with your programs, which run by themselves as they would in a terminal. `alice` and `bob`
are scripted clients that send datagrams to your server; `the_server` is a scripted server for your client. What a test
says is what happens; the first line of its text is what it gives points for. A mistake that the report recognises has
a number there, such as U03.
"""
from pytest import fixture, mark

NO_REPLY, NOBODY, TOO_LONG = "* no reply", "* nobody listens there", "* too long for a datagram"
LARGEST = 65_507                # bytes of the largest datagram


@fixture
def server(cast):
    """Your udp_server.py, which has started and receives."""
    port = cast.port()
    return cast.program("udp_server.py", "--port", port, lane="your server").receives_on(port)


@fixture
def alice(cast, server):
    """Somebody who sends datagrams to your server."""
    return cast.udp_peer("alice", server)


@fixture
def bob(cast, server):
    """Somebody else who does."""
    return cast.udp_peer("bob", server)


@fixture
def the_server(cast):
    """A server that waits for the questions of your client."""
    return cast.udp_peer("the server")


@fixture
def client(cast, the_server):
    """Your udp_client.py, which asks the_server, and would wait for a minute before it asks again."""
    program = cast.program("udp_client.py", "--port", the_server.port, "--timeout", "60", lane="your client")
    the_server.talks_with(program)
    return program


def asked(the_server, text: str) -> bytes:
    """The server receives the question with this text. Returns its number."""
    question = the_server.receives(ending=f" {text}")
    return question[:-len(text.encode()) - 1]


# Your server ----------------------------------------------------------------------------------------------


@mark.check("server", points=6, probes=["C20"],
            hint="There are no connections, so there is no listen() and no accept(): each datagram comes with its "
                 "sender, an address and a port. Decode its bytes to show them. The calls are socket(AF_INET, "
                 "SOCK_DGRAM), bind(), and then recvfrom(), again and again.")
def test_shown(cast, server, alice, bob):
    """Each datagram is shown as "[ADDRESS:PORT] TEXT" """
    server.listens_only_on("127.0.0.1")
    for peer in alice, bob, alice:
        peer.sends(text := cast.line("你好"))
        server.shows_line(f"[127.0.0.1:{peer.port}] {text}")


@mark.check("server", points=6, needs=[test_shown],
            hint="The same bytes go back, as they came, to the address that came with them: recvfrom() returns it, and "
                 "sendto() takes it.")
def test_replies(cast, server, alice, bob):
    """The same bytes go back to their sender"""
    for peer in alice, bob, alice:
        peer.sends(text := cast.line("hello"))
        peer.receives(text)
    bob.has_received_nothing_more()
    alice.has_received_nothing_more()


@mark.check("server", points=6, needs=[test_replies],
            hint="Keep nothing from one datagram to the next: each brings its own sender with it, and that is where "
                 "its answer goes.")
def test_ten_clients(cast, server):
    """Ten clients, interleaved, get each their own"""
    crowd = [cast.udp_peer(f"client {number}", server) for number in range(1, 11)]
    texts = {}
    with cast.step("ten clients send two datagrams each, in turns, faster than your server reads"):
        server.freezes()
        for turn in 1, 2:
            for peer in crowd:
                texts[peer, turn] = cast.line()
                peer.sends(texts[peer, turn])
        server.thaws()
    for peer in crowd:
        peer.receives(texts[peer, 1])
        peer.receives(texts[peer, 2])
        peer.has_received_nothing_more()


@mark.check("server", points=5, needs=[test_replies], probes=["U03"],
            hint="In UDP b'' is a datagram with nothing in it, and says nothing about an end. There is no end.")
def test_empty_datagram(cast, server, alice):
    """An empty datagram is a message like any other"""
    alice.sends(b"")
    server.shows_line(f"[127.0.0.1:{alice.port}] ")
    alice.receives(b"")
    alice.sends(text := cast.line("and on we go"))
    alice.receives(text)


@mark.check("server", points=5, needs=[test_replies], probes=["U02"],
            hint="What a datagram has beyond the bytes that you ask for is thrown away. Ask for the largest there can "
                 "be: recvfrom(65507), or simply 65535.")
def test_largest_datagram(cast, server, alice):
    """65,507 bytes come whole, and go back whole"""
    for size in 1500, 9000, LARGEST:
        text = (cast.line("page") + " la" * (size // 3 + 1))[:size]
        alice.sends(text)
        server.shows(text)
        alice.receives(text)


@mark.check("server", points=4, needs=[test_replies],
            hint="Send back the bytes that came, not the text that you made of them. Ctrl-C is KeyboardInterrupt, which"
                 " main() catches: let it pass. decode('utf-8', errors='replace') never raises.")
def test_odd_bytes(cast, server, alice):
    """Bytes that are no UTF-8 do no harm, and Ctrl-C ends it quietly"""
    alice.sends(odd := b"\xff\xfe caf\xe9 \x00")
    alice.receives(odd)
    alice.sends(text := cast.line("and on we go"))
    server.shows_line(f"[127.0.0.1:{alice.port}] {text}")
    alice.receives(text)
    server.gets_ctrl_c()
    server.ends(code=0)
    server.ended_quietly()


# Your client ----------------------------------------------------------------------------------------------


@mark.check("client", points=5, probes=["U02"],
            hint="A question is one datagram, and of a reply show what stands behind the number and the space. The text"
                 " of the reply \"2 \" is empty, and is shown like any other: an empty line. \"\" and None are both "
                 "false: compare with `is not None`. Bytes that are no UTF-8 do no harm: decode('utf-8', "
                 "errors='replace').")
def test_client_shows_reply(cast, client, the_server):
    """Your client shows the reply, also an empty or a long one"""
    replies = cast.line("你好").encode(), b"", cast.line("long").encode() + b" la" * 15000, b"a caf\xe9"
    for count, reply in enumerate(replies, start=1):
        client.is_typed(text := cast.line("what?"))
        number = asked(the_server, text)
        the_server.finds("its number is made of decimal digits", number, number.isdigit())
        the_server.sends(number + b" " + reply)
        shown = reply.decode("utf-8", "replace")
        if shown:
            client.shows(shown)
        else:
            client.shows_line("")               # each line ends with an empty text
        client.shows_lines(count)
        client.does_not_show(f"{number.decode()} {shown}")
    client.input_ends()
    client.ends(code=0)
    client.ended_quietly()


@mark.check("client", points=7, needs=[test_client_shows_reply], probes=["U05"],
            hint="When the time is over, send the same bytes again, with the same number, up to --retries times; wait "
                 "after the last one too, and then show NO_REPLY. settimeout() makes recv() raise TimeoutError.")
def test_no_reply(cast, the_server):
    """No reply: it asks again with the same number, then gives up"""
    with cast.step("your client starts, with --timeout 0.3 --retries 2"):
        client = cast.program("udp_client.py", "--port", the_server.port, "--timeout", "0.3", "--retries", "2",
                              lane="your client")
        the_server.talks_with(client)
    for _ in 1, 2:
        client.is_typed(text := cast.line("is anybody there?"))
        question = the_server.receives(ending=f" {text}")
        the_server.receives(question)           # and again, after 0.3 seconds
        the_server.receives(question)
        client.shows(NO_REPLY)
        the_server.has_received_nothing_more()

    cast.timers(2 * 3 * 0.3 + 0.3, "its timeouts")

    slow = cast.udp_peer("a slow server")
    second = cast.program("udp_client.py", "--port", slow.port, "--timeout", "0.3", "--retries", "100",
                          lane="your second client")
    slow.talks_with(second)
    second.is_typed(text := cast.line("and you?"))
    number = asked(slow, text)
    slow.receives(number + f" {text}".encode())
    slow.sends(number + b" " + (reply := cast.line("well")).encode())
    second.shows(reply)


@mark.check("client", points=6, needs=[test_no_reply], probes=["U07"],
            hint="Anybody can send to your port. connect() on a UDP socket lets in only what comes from that address; "
                 "or compare what recvfrom() returned with it. What comes from elsewhere is no reply.")
def test_stranger(cast, client, the_server):
    """What a stranger sends is no reply"""
    mallory = cast.udp_peer("mallory", client)
    client.is_typed(text := cast.line("what is the password?"))
    number = asked(the_server, text)
    mallory.answers_for(the_server, number + b" " + cast.line("swordfish").encode())
    if address := cast.second_address():
        trudy = cast.udp_peer("trudy, at the same port of another address,", client, port=the_server.port,
                              address=address)
        trudy.answers_for(the_server, number + b" " + cast.line("swordfish").encode())
    the_server.sends(number + b" " + (reply := cast.line("I do not know")).encode())
    client.shows(reply)
    client.does_not_show("swordfish")


@mark.check("client", points=6, needs=[test_no_reply], probes=["U09"],
            hint="Fix one moment, the deadline, when you send, and before each recv() compute what is left: a wait that"
                 " begins anew with each datagram that does not count may never end. Give each question a number of its"
                 " own. A reply counts only if it begins with the number of the question that you are asking now, and a"
                 " space: 12 begins with 1, too.")
def test_late_reply(cast, client, the_server):
    """A late reply to an old question is not taken for a new one"""
    client.is_typed(text := cast.line("first"))
    old = asked(the_server, text)
    the_server.sends(old + b" " + (reply := cast.line("one")).encode())
    client.shows(reply)

    client.is_typed(text := cast.line("second"))
    number = asked(the_server, text)
    the_server.finds("this question has a new number", number, number != old)
    for wrong in old + b" ", number + b"0 ", b"":
        the_server.sends(wrong + cast.line("old news").encode())
    the_server.sends(number + b" " + (reply := cast.line("two")).encode())
    client.shows(reply)
    client.does_not_show("old news")

    cast.timers(0.3, "its timeout")
    noisy = cast.udp_peer("a noisy server")
    with cast.step("your second client starts, with --timeout 0.3 --retries 100"):
        second = cast.program("udp_client.py", "--port", noisy.port, "--timeout", "0.3", "--retries", "100",
                              lane="your second client")
        noisy.talks_with(second)
    second.is_typed(text := cast.line("third"))
    number = asked(noisy, text)                 # what does not count does not put off asking again
    noisy.receives_while_sending(number + f" {text}".encode(), sending=[number + b"0 old news"],
                                 timeout=0.3)


@mark.check("client", points=4, needs=[test_client_shows_reply], probes=["U01", "U08", "C19"],
            hint="Too long: send() raises OSError, with errno EMSGSIZE, for a datagram of more than 65,507 bytes. Port "
                 "taken: a server sets no SO_REUSEADDR, for on UDP that lets a second program have the same port. No "
                 "such port: above 65535 bind() and connect() raise OverflowError.")
def test_refused(cast, client, the_server):
    """A datagram too long, a port taken, or none: a clear refusal"""
    with cast.step("at the keyboard of your client, somebody types a line of 65,507 bytes: with the number in front, "
                   "the datagram has 65,509 or more"):
        client.is_typed("x" * LARGEST)
    client.shows(TOO_LONG)
    client.is_typed(text := cast.line("shorter"))
    number = asked(the_server, text)
    the_server.sends(number + b" " + (reply := cast.line("fine")).encode())
    client.shows(reply)

    port = cast.port()
    cast.program("udp_server.py", "--port", port, lane="your server").receives_on(port)
    for script, lane, wrong in (("udp_server.py", "your second server", port),
                                ("udp_server.py", "your third server", 88888),
                                ("udp_client.py", "your second client", 88888)):
        program = cast.program(script, "--port", wrong, lane=lane)
        with cast.step(f"{script} --port {wrong} ends, with exit code 1"):
            program.ends(code=1)
        program.told_in_one_line()


@mark.check("client", points=4, needs=[test_client_shows_reply], probes=["U04"],
            hint="Only a connected UDP socket is told that nobody listens: connect() once, then send() and recv(), and"
                 " catch ConnectionRefusedError around both.")
def test_nobody_listens(cast):
    """Nobody listens there: noticed at once"""
    client = cast.program("udp_client.py", "--port", cast.port(), "--timeout", "60", lane="your client")
    client.is_typed("hello?")
    client.shows(NOBODY)
    client.is_typed("and now?")
    client.input_ends()
    client.ends(code=0)
    client.has_shown(NOBODY, times=2)
