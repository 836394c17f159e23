"""Your server, check by check. `alice` and `bob` are scripted clients; `mallory` is a stranger.

Each has a UDP port of its own, and holds on to the port that your server's first answer comes from, as RFC 1350 wants
it. The server is started with --timeout 60 where nothing gets lost: then whatever it sends again, it sends for another
reason than time.
"""
from pytest import fixture, mark

from autograder.tftp import BLOCK, RRQ, WRQ, ack, blocks, data, error, request


@fixture
def root(cast):
    """The folder that your server serves, and the one around it."""
    files = cast.files()
    files.gets_folder("root")
    return files


@fixture
def start(cast, root):
    """A function that starts your server with these options, on a port of its own."""
    def start(*options: object, lane: str = "your server"):
        port = cast.port()
        return cast.program("tftp_server.py", "--port", port, "--root", root.path / "root", "--writable", *options,
                            lane=lane).receives_on(port)
    return start


@fixture
def server(start):
    """Your tftp_server.py, which receives, and would wait for a minute before it sends anything again."""
    return start("--timeout", "60", "--dally", "60")


@fixture
def alice(cast, server):
    """Somebody who wants files from your server."""
    return cast.tftp_peer("alice", server)


@fixture
def bob(cast, server):
    """Somebody else who does."""
    return cast.tftp_peer("bob", server)


@mark.check("server", points=7, probes=["F02"],
            hint="One socket is bound to --port, and it is for requests only. For each request make another one,"
                 " bound to port 0, which is any free one: it sends the DATA, to the address that recvfrom() gave you,"
                 " and receives the ACKs.")
def test_small_file(cast, root, server, alice):
    """A small file comes in one DATA, from a fresh port"""
    root.gets("root/hello.txt", content := f"{cast.line('hello')}\n".encode())
    alice.asks(RRQ, "hello.txt")
    alice.receives(data(1, content))
    alice.sends(ack(1))
    server.comes_to_rest()
    alice.has_received_nothing_more()
    root.gets("root/second.txt", content := b"\x00\xff" + cast.line("second").encode())
    alice.asks(RRQ, "second.txt")
    alice.receives(data(1, content))


@mark.check("server", points=6, needs=[test_small_file], probes=["F09"],
            hint="After DATA n wait for ACK n, and only then read the next 512 bytes. The mode may be written in any "
                 "mixture of capitals.")
def test_three_blocks(cast, root, server, alice):
    """Three blocks, each after the ACK of the one before"""
    root.gets("root/pages.txt", content := cast.page(2 * BLOCK + 100))
    alice.asks(RRQ, "pages.txt", "oCTet")
    for number, block in enumerate(blocks(content), start=1):
        alice.receives(data(number, block))
        server.comes_to_rest()
        alice.has_received_nothing_more()
        alice.sends(ack(number))
    server.comes_to_rest()
    alice.has_received_nothing_more()


@mark.check("server", points=6, needs=[test_three_blocks], probes=["F01"],
            hint="A block of fewer than 512 bytes is what says that it was the last. So after a full one there is"
                 " always another block, be it an empty one. When that is acknowledged it is over: finished is True,"
                 " and deadline is None, by which the server knows that it can close the socket.")
def test_last_block(cast, root, server, alice):
    """0 and 512 bytes end with an empty DATA"""
    for size in BLOCK, 0, 2 * BLOCK:
        root.gets(f"root/{size}", content := cast.page(size))
        alice.asks(RRQ, str(size))
        alice.reads(*blocks(content))
        alice.transfer_is_over()


@mark.check("server", points=5, needs=[test_small_file], probes=["F13"],
            hint="What is missing gets ERROR 1, and a folder is no file that can be sent. An ERROR is also sent from"
                 " a fresh port. Nobody answers it. Path.is_file() tells whether there is a file.")
def test_refused(cast, root, server, alice):
    """A missing file gets ERROR 1, an unknown mode ERROR 4"""
    alice.asks(RRQ, "missing.txt")
    alice.is_refused(1)
    root.gets("root/hello.txt", content := cast.line().encode())
    root.gets_folder("root/folder")
    alice.asks(RRQ, "hello.txt", "mail")
    alice.is_refused(4)
    alice.asks(RRQ, "folder")
    alice.is_refused()
    alice.asks(RRQ, "hello.txt")
    alice.receives(data(1, content))


@mark.check("server", points=6, needs=[test_three_blocks], probes=["F07", "F06", "F25"],
            hint="Keep the packet that was sent last, and send these very bytes again when its time is over. Wait"
                 " twice as long each time; after --retries times give up: then failed is set, and deadline is None."
                 " What does not count, as an old ACK, must not start the waiting anew.")
def test_lost_ack(cast, root, start):
    """A lost ACK: it sends again, waits longer, gives up"""
    root.gets("root/pages.txt", content := cast.page(BLOCK + 10))
    first, second = blocks(content)

    cast.timers(0.2 + 0.4 + 0.8, "its waits")
    server = start("--timeout", "0.2", "--retries", "3")
    alice = cast.tftp_peer("alice", server)
    alice.asks(RRQ, "pages.txt")
    for _ in range(4):                          # once, and three times more
        alice.receives(data(1, first))
    alice.waited_longer(at_least=0.2 + 0.4 + 0.8)
    cast.silence(2.1, "the last wait, of 1.6 s")
    alice.has_received_nothing_more()
    alice.transfer_is_over()
    root.gets("root/small.txt", small := cast.line().encode())
    alice.asks(RRQ, "small.txt")                # and the server goes on
    alice.receives(data(1, small))

    cast.timers(1, "its timeout")
    noisy = start("--timeout", "1", "--retries", "100", lane="your second server")
    bob = cast.tftp_peer("bob", noisy)
    bob.asks(RRQ, "pages.txt")
    bob.receives(data(1, first))
    bob.receives_while_sending(data(1, first), sending=[b"junk", ack(0), data(1, b"mine")], timeout=1)
    bob.sends(ack(1))
    bob.receives_after(data(2, second), skipping=data(1, first))
    bob.sends(ack(2))


@mark.check("server", points=6, needs=[test_three_blocks], probes=["F03", "F18"],
            hint="Only the ACK of the block that you sent last makes you go on, and only once. Any other one, an old "
                 "one or one of a block that was never sent, is dropped: nothing is sent for it. What was lost is for "
                 "the timeout.")
def test_duplicate_ack(cast, root, server, alice):
    """An ACK that comes twice, or too early, triggers nothing"""
    root.gets("root/pages.txt", content := cast.page(4 * BLOCK + 10))
    alice.asks(RRQ, "pages.txt")
    for number, block in enumerate(blocks(content), start=1):
        alice.receives(data(number, block))
        copies = [number - 1] * 3 + [max(number - 2, 0)]        # a network may do this to any datagram
        for untimely in (copies, [number + 1, number + 300, 65535]) if number > 1 else ():
            for each in untimely:
                alice.sends(ack(each))
            server.has_read_everything()
            server.comes_to_rest()
            alice.has_received_nothing_more()
        alice.sends(ack(number))
    alice.sends(ack(number))
    server.comes_to_rest()
    alice.has_received_nothing_more()


@mark.check("server", points=5, needs=[test_three_blocks], probes=["F05", "F04"],
            hint="What is not from your client's address and port has nothing to do with this transfer. What is from"
                 " there does, also an ERROR: that ends it. Does Sender.receive() look for an ERROR, and is deadline"
                 " None after it? recvfrom() tells who has sent a datagram.")
def test_stranger(cast, root, server, alice):
    """A stranger does not disturb a transfer"""
    root.gets("root/pages.txt", content := cast.page(2 * BLOCK + 10))
    mallory = cast.tftp_peer("mallory", server)
    alice.asks(RRQ, "pages.txt")
    for number, block in enumerate(blocks(content), start=1):
        alice.receives(data(number, block))
        for packet in ack(number), error(0, "it is over"), b"junk":
            mallory.intrudes(alice, packet)
        server.has_read_everything()
        server.comes_to_rest()
        alice.has_received_nothing_more()
        alice.sends(ack(number))
    alice.asks(RRQ, "pages.txt")
    alice.receives(data(1, content[:BLOCK]))
    alice.sends(error(0, "I changed my mind"))  # it is hers, so this one counts
    alice.transfer_is_over()
    alice.has_received_nothing_more()
    alice.asks(RRQ, "pages.txt")                # and the server goes on
    alice.receives(data(1, content[:BLOCK]))


@mark.check("server", points=5, needs=[test_refused], probes=["F10", "F11"],
            hint="What counts is where a path really ends, with every .. and every link followed. That has to be"
                 " below the root, as a path and not as a text: /srv/files-secret begins with /srv/files."
                 " os.path.realpath() follows, and Path.is_relative_to() compares paths, where startswith() compares"
                 " letters.")
def test_outside(cast, root, server, alice):
    """No name leads outside of the folder"""
    root.gets("secret.txt", cast.line("secret").encode())
    root.gets("root-2/secret.txt", cast.line("secret").encode())
    root.gets_link("root/link.txt", "../secret.txt")
    root.gets_link("root/folder", "..")
    for name in ("../secret.txt", "folder/../../secret.txt", "../root-2/secret.txt", str(root.path / "secret.txt"),
                 str(root.path / "root-2/secret.txt"), "link.txt", "folder/secret.txt", "..", "../root/../secret.txt"):
        alice.asks(RRQ, name)
        alice.is_refused()
    for name in "../new.txt", str(root.path / "new.txt"), "folder/new.txt":
        alice.asks(WRQ, name)
        alice.is_refused()
    root.has_no("new.txt")


@mark.check("server", points=6, needs=[test_refused], probes=["F12", "F22"],
            hint="Whatever arrives, decode() either understands it or raises PacketError: catch that, answer a broken"
                 " request with ERROR 4, drop the rest, and go on. A name with bytes that are not UTF-8 is a name like"
                 " any other: decode it with errors='surrogateescape', and encode it in the same way. Some names the"
                 " operating system does not take at all, one of 1,000 letters for example: then some call raises"
                 " OSError or ValueError; the request is answered with an ERROR. For many transfers at once wait for"
                 " all sockets in one loop (selectors), or give each a thread.")
def test_garbage(cast, root, server, alice, bob):
    """It survives garbage, and serves two at the same time"""
    root.gets("root/pages.txt", content := cast.page(BLOCK + 10))
    first, second = blocks(content)
    mallory = cast.tftp_peer("mallory", server)
    mallory.sends(b"\x00\x01a\x00")            # no mode: a broken request
    mallory.is_refused(4)
    for garbage in (b"", b"\x00", b"hello", b"\x00\x01", b"\x00\x01\x02\x03", b"\x00\x01a\x00octet",
                    request(RRQ, "a\x00"), b"\x00\x03\x00\x01what?", b"\x00\x04\x00\x00", b"\x00\x05\x00\x00no\x00",
                    b"\x00\x63" * 300):
        mallory.sends(garbage)
    alice.asks(RRQ, "\udcff.txt")               # with the byte ff, which is no UTF-8
    alice.is_refused(1, 2)                      # 2 where the operating system has no such names
    alice.asks(RRQ, "a" * 1000)
    alice.is_refused()
    alice.asks(RRQ, "pages.txt")
    alice.receives(data(1, first))
    bob.asks(RRQ, "pages.txt")
    bob.receives(data(1, first))
    for peer in bob, alice:
        for garbage in b"", b"\x00", b"junk", b"\x00\x04\x00", b"\x00\x03\x00\x01", request(RRQ, "pages.txt"):
            peer.sends(garbage)
    for peer in alice, bob:
        peer.sends(ack(1))
        peer.receives(data(2, second))
    server.gets_ctrl_c()
    server.ends(code=0)
    server.ended_quietly()


@mark.check("server", points=4, needs=[test_refused], probes=["F27", "F23", "F17", "F19", "F19.part"],
            hint="The answer to a WRQ is ACK 0, from a fresh port. A block that comes again is acknowledged again,"
                 " and not written again. Write the blocks to another file, and rename that with os.replace() when the"
                 " last one has come, before you acknowledge it. A part of a file was left behind after the transfer"
                 " had ended? Then look whether the transfer ends when an ERROR comes, and whether close() of the"
                 " session then calls discard().")
def test_put(cast, root, server, alice):
    """A file is written: ACK 0 first, and it appears when complete"""
    for size in BLOCK + 10, BLOCK, 0:
        content, name = cast.page(size), f"new-{size}.txt"
        alice.asks(WRQ, name)
        alice.receives(ack(0))
        for number, block in enumerate(blocks(content), start=1):
            root.has_no(f"root/{name}")
            for _ in 1, 2:
                alice.sends(data(number, block))
                alice.receives(ack(number))
        root.holds(f"root/{name}", content)
    alice.asks(WRQ, f"new-{BLOCK}.txt")
    alice.is_refused(6)
    root.holds(f"root/new-{BLOCK}.txt", root.read(f"root/new-{BLOCK}.txt"))

    alice.asks(WRQ, "half.txt")
    alice.receives(ack(0))
    alice.sends(data(1, b"x" * BLOCK))
    alice.receives(ack(1))
    alice.sends(error(0, "I changed my mind"))
    alice.transfer_is_over()
    root.has_only(*(f"new-{size}.txt" for size in (0, BLOCK, BLOCK + 10)), within="root")
    alice.has_received_nothing_more()
    alice.asks(WRQ, f"new-{BLOCK}.txt")         # and the server goes on
    alice.is_refused(6)


@mark.check("server", points=2, needs=[test_last_block],
            hint="curl asks for options (RFC 2347): more texts behind the mode. Who does not know them ignores them, "
                 "and just sends the first DATA.")
def test_curl(cast, root, server, alice):
    """curl fetches a file from you"""
    root.gets("root/hello.txt", content := cast.page(3 * BLOCK))
    if curl := cast.curl():
        curl.fetches(server.port, "hello.txt", content)
    else:                                       # alice asks as curl does
        alice.asks(RRQ, "hello.txt", tsize=0, blksize=BLOCK, timeout=6)
        alice.may_be_granted("tsize", "blksize", "timeout")
        alice.receives(data(1, content[:BLOCK]))
