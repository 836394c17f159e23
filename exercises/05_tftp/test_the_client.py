"""Your client, check by check. `the_server` is a scripted one: it is asked at one port, and answers from another one.

The client is started with --timeout 60 where nothing gets lost: then whatever it sends again, it sends for another
reason than time. With --dally 0 it ends as soon as it can.
"""
from pytest import fixture, mark

from autograder.tftp import BLOCK, RRQ, WRQ, ack, data, error, request


@fixture
def folder(cast):
    """Where your client writes files."""
    files = cast.files()
    files.gets_folder("here")
    return files


@fixture
def the_server(cast, folder):
    """A server, and the port at which it is asked."""
    return cast.tftp_peer("the server")


@fixture
def start(cast, folder, the_server):
    """A function that starts your client, to do something at the_server."""
    def start(what: str, *words: object, lane: str = "your client"):
        files = [folder.path / "here" / words[0], "theirs.txt"] if what == "put" else \
            ["theirs.txt", folder.path / "here" / words[0]]
        program = cast.program("tftp_client.py", what, *files, "--port", the_server.port, *words[1:], lane=lane)
        the_server.talks_with(program)
        return program
    return start


@mark.check("client", points=7, probes=["F26"],
            hint="The server answers from another port than the one that you asked, so the socket must not be"
                 " connected to that. The first answer that counts decides where the ACKs go, and they go no more to"
                 " --port. A packet that makes no sense does not decide it. recvfrom() tells the address and port that"
                 " a DATA comes from.")
def test_client_get(cast, folder, the_server, start):
    """It fetches a file, and sends the ACKs to the new port"""
    content = cast.page(2 * BLOCK + 10)
    client = start("get", "got.txt", "--timeout", "60", "--dally", "0")
    the_server.is_asked(RRQ, "theirs.txt")
    transfer, third = the_server.opens_port("its new port"), the_server.opens_port("a third port")
    third.sends(b"junk")                        # it makes no sense, and so it does not decide who the peer is
    for number in 1, 2, 3:
        transfer.sends(data(number, content[(number - 1) * BLOCK:number * BLOCK]))
        transfer.receives(ack(number))
    folder.holds("here/got.txt", content)
    client.shows(f"done: {len(content)} bytes")
    client.ends(code=0)
    client.ended_quietly()
    the_server.has_received_nothing_more()
    folder.has_only("got.txt", within="here")


@mark.check("client", points=4, needs=[test_client_get], probes=["F17", "F01"],
            hint="A block of fewer than 512 bytes is the last one, also an empty one. Then show DONE, and stay for "
                 "--dally seconds: if the last block comes again, its ACK was lost, and you send it again.")
def test_client_last_block(cast, folder, the_server, start):
    """It ends on the short block, and acknowledges it again"""
    content = cast.page(BLOCK)
    client = start("get", "got.txt", "--timeout", "60", "--dally", "60")
    the_server.is_asked(RRQ, "theirs.txt")
    transfer = the_server.opens_port("its new port")
    transfer.sends(data(1, content))
    transfer.receives(ack(1))
    client.comes_to_rest()
    folder.has_no("here/got.txt")               # for that may not have been all
    for _ in 1, 2, 3:
        transfer.sends(data(2, b""))
        transfer.receives(ack(2))
    client.shows(f"done: {len(content)} bytes")
    folder.holds("here/got.txt", content)
    client.is_stopped()

    empty = cast.tftp_peer("another server")
    second = cast.program("tftp_client.py", "get", "theirs.txt", folder.path / "here" / "empty.txt", "--port",
                          empty.port, "--dally", "0", "--timeout", "60", lane="your second client")
    empty.talks_with(second)
    empty.is_asked(RRQ, "theirs.txt")
    transfer = empty.opens_port("its new port, too")
    transfer.sends(data(1, b""))
    transfer.receives(ack(1))
    second.ends(code=0)
    folder.holds("here/empty.txt", b"")


@mark.check("client", points=4, needs=[test_client_get], probes=["F23", "F21", "F05", "F17"],
            hint="Write a DATA if its number is the next one, and acknowledge the last one again if that comes again. "
                 "Once you know the server's new port, nothing from another one counts: a request that arrives twice "
                 "may make a server answer twice.")
def test_client_duplicates(cast, folder, the_server, start):
    """A block that comes twice is written once, a stranger's never"""
    one, two, three = cast.page(BLOCK), cast.page(BLOCK), cast.page(100)
    client = start("get", "got.txt", "--timeout", "60", "--dally", "0")
    the_server.is_asked(RRQ, "theirs.txt")
    transfer, second = the_server.opens_port("its new port"), the_server.opens_port("a second port")
    transfer.sends(data(1, one))
    transfer.receives(ack(1))
    for packet in data(1, cast.page(BLOCK)), data(2, cast.page(BLOCK)), data(2, b"the end"), error(0, "no"):
        second.sends(packet)
    client.comes_to_rest()
    transfer.sends(data(1, one))
    transfer.receives(ack(1))
    transfer.sends(data(2, two))
    transfer.receives(ack(2))
    for _ in 1, 2:
        transfer.sends(data(2, two))
        transfer.receives(ack(2))
    transfer.sends(data(3, three))
    transfer.receives(ack(3))
    client.ends(code=0)
    folder.holds("here/got.txt", one + two + three)


@mark.check("client", points=5, needs=[test_client_get], probes=["F24", "F16", "F19", "F19.part", "F25"],
            hint="Write to another file, and rename it at the end; remove it when anything goes wrong. An ERROR is"
                 " never answered. Its message may hold anything, also newlines and what moves the cursor: show it in"
                 " one line, of letters only, as repr() does. sys.exit('text') shows the text on stderr, and makes the"
                 " exit code 1.")
def test_client_failures(cast, folder, the_server, start):
    """An ERROR, or silence: one line, exit code 1, and no file"""
    client = start("get", "got.txt", "--timeout", "60", lane="your first client")
    the_server.is_asked(RRQ, "theirs.txt")
    transfer = the_server.opens_port("its new port")
    transfer.sends(error(1, "no such\nfile\x1b[1A"))
    client.ends(code=1)
    client.told_in_one_line()
    cast.compares("nothing in that line moves the cursor", "",
                  "".join(letter for letter in client.errors.strip() if not letter.isprintable()))
    transfer.has_received_nothing_more()

    folder.gets("here/old.txt", old := cast.page(100))
    client = start("get", "old.txt", "--timeout", "60", lane="your second client")
    the_server.is_asked(RRQ, "theirs.txt")
    transfer = the_server.opens_port("a second port")
    transfer.sends(data(1, cast.page(BLOCK)))
    transfer.receives(ack(1))
    transfer.sends(error(0, "the disk is broken"))
    client.ends(code=1)
    client.told_in_one_line()
    transfer.has_received_nothing_more()
    folder.holds("here/old.txt", old)           # as it was before

    cast.timers(0.1 + 0.2 + 0.4, "its waits")
    client = start("get", "got.txt", "--timeout", "0.1", "--retries", "2", lane="your third client")
    for _ in 1, 2, 3:
        the_server.is_asked(RRQ, "theirs.txt")
    client.ends(code=1)
    client.told_in_one_line()
    the_server.has_received_nothing_more()
    folder.has_only("old.txt", within="here")


@mark.check("client", points=4, needs=[test_client_get], probes=["F26", "F01", "F03"],
            hint="The server answers a WRQ with ACK 0, from its new port: then DATA 1 goes there. Each ACK of the block"
                 " that was sent last brings the next one, once; an empty one at the end, if need be.")
def test_client_put(cast, folder, the_server, start):
    """It brings a file there, with an empty DATA if need be"""
    folder.gets("here/mine.txt", content := cast.page(2 * BLOCK))
    client = start("put", "mine.txt", "--timeout", "60")
    the_server.is_asked(WRQ, "theirs.txt")
    transfer = the_server.opens_port("its new port")
    transfer.sends(ack(0))
    for number in 1, 2, 3:
        transfer.receives(data(number, content[(number - 1) * BLOCK:number * BLOCK]))
        transfer.sends(ack(number - 1))         # once more, late
        client.comes_to_rest()
        transfer.has_received_nothing_more()
        transfer.sends(ack(number))
    client.shows(f"done: {len(content)} bytes")
    client.ends(code=0)
    client.ended_quietly()
    the_server.has_received_nothing_more()
