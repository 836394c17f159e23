"""Bonus: what the RFCs after RFC 1350 add, and netascii. `alice` reads and writes files; `mallory` is a stranger."""
from pytest import fixture, mark

from autograder.tftp import BLOCK, RRQ, WRQ, ack, blocks, data, error, oack


@fixture
def files(cast):
    """A folder for your server, root, and one for your client, here."""
    files = cast.files()
    files.gets_folder("root")
    files.gets_folder("here")
    return files


@fixture
def server(cast, files):
    """Your tftp_server.py, which receives, and would wait for a minute before it sends anything again."""
    port = cast.port()
    return cast.program("tftp_server.py", "--port", port, "--root", files.path / "root", "--writable", "--timeout",
                        "60", "--dally", "60", lane="your server").receives_on(port)


@fixture
def alice(cast, server):
    """Somebody who wants files from your server."""
    return cast.tftp_peer("alice", server)


@fixture
def ask(cast, files):
    """A function that starts your client with these words, at a server of its own. Returns the client and the server's
    new port."""
    def ask(what: str, name: str, *words: object, lane: str = "your client", **options: object):
        the_server = cast.tftp_peer(f"the server of {lane}")
        path = files.path / "here" / name
        names = [path, "theirs.txt"] if what == "put" else ["theirs.txt", path]
        client = cast.program("tftp_client.py", what, *names, "--port", the_server.port, "--timeout", "60", "--dally",
                              "0", *words, lane=lane)
        the_server.talks_with(client)
        opcode, mode = WRQ if what == "put" else RRQ, "netascii" if "netascii" in words else "octet"
        the_server.is_asked(opcode, "theirs.txt", mode, **options)
        return client, the_server.opens_port(f"the new port for {lane}")
    return ask


@mark.check("options", points=2, bonus=True,
            hint="ERROR 5 means: this is not your transfer. It goes to whoever has sent to the wrong port, never as an "
                 "answer to an ERROR; and your own transfer goes on. A connected socket never hears of strangers.")
def test_strangers_are_told(cast, files, server, alice):
    """A stranger gets ERROR 5 from your server"""
    files.gets("root/hello.txt", content := cast.page(100))
    mallory = cast.tftp_peer("mallory", server)
    alice.asks(RRQ, "hello.txt")
    alice.receives(data(1, content))
    mallory.intrudes(alice, error(0, "go away"))
    mallory.intrudes(alice, ack(1))
    mallory.is_refused(5)
    server.comes_to_rest()
    mallory.has_received_nothing_more()
    alice.sends(ack(1))


@mark.check("options", points=1, bonus=True,
            hint="The same as in your server: what comes from another port than the peer's is a stranger's.")
def test_client_tells_strangers(cast, ask):
    """A stranger gets ERROR 5 from your client"""
    client, transfer = ask("get", "got.txt")
    transfer.sends(data(1, cast.page(BLOCK)))
    transfer.receives(ack(1))
    second = transfer.opens_port("another port")
    second.sends(data(1, cast.page(BLOCK)))
    second.is_refused(5)
    transfer.sends(data(2, b""))
    transfer.receives(ack(2))
    client.ends(code=0)


@mark.check("options", points=5, bonus=True, probes=["F15"],
            hint="The OACK has those options that were asked for and that you can grant, and nothing else; where "
                 "nothing is left there is no OACK. It takes the place of ACK 0 after a WRQ; after an RRQ, ACK 0 "
                 "answers it. Names in any case.")
def test_server_grants(cast, files, server, alice):
    """Your server grants blksize, tsize and timeout, if asked for"""
    files.gets("root/pages.txt", content := cast.page(2500))
    for asked in {"BlkSize": 1024, "tsize": 0}, {"blksize": 600}, {"tsize": 0, "timeout": 60}:
        alice.asks(RRQ, "pages.txt", **asked)
        asked = {name.lower(): value for name, value in asked.items()}
        granted = alice.is_granted(**asked | ({"tsize": len(content)} if "tsize" in asked else {}))
        alice.sends(ack(0))
        alice.reads(*blocks(content, granted.get("blksize", BLOCK)))
    for asked in {"blksize": 3}, {"colour": "blue"}, {"blksize": "large", "timeout": 0}:
        alice.asks(RRQ, "pages.txt", **asked)
        alice.receives(data(1, content[:BLOCK]))
        alice.sends(error(0, "never mind"))
    alice.asks(WRQ, "new.txt", blksize=1024, tsize=1500)
    size = alice.is_granted(blksize=1024, tsize=1500)["blksize"]
    alice.writes(*blocks(content[:1500], size))
    files.holds("root/new.txt", content[:1500])


@mark.check("options", points=4, bonus=True, probes=["F14"],
            hint="What was asked for is in force only if the first answer is an OACK that grants it. If it is DATA, or "
                 "ACK 0, the server knows no options, and a block has 512 bytes. An OACK for what you did not ask for "
                 "gets ERROR 8.")
def test_client_asks(cast, files, ask):
    """Your client takes what is granted, and goes on without"""
    content = cast.page(1100)
    client, transfer = ask("get", "granted.txt", "--blksize", "1024", blksize=1024)
    for _ in 1, 2:                              # ACK 0 may be lost
        transfer.sends(oack(blksize=1024))
        transfer.receives(ack(0))
    transfer.writes(*blocks(content, 1024))
    client.ends(code=0)
    files.holds("here/granted.txt", content)

    client, transfer = ask("get", "ignored.txt", "--blksize", "1024", lane="your second client", blksize=1024)
    transfer.writes(*blocks(content))
    client.ends(code=0)
    files.holds("here/ignored.txt", content)

    files.gets("here/mine.txt", content)
    client, transfer = ask("put", "mine.txt", "--blksize", "1024", lane="your third client", blksize=1024)
    transfer.sends(oack(blksize=600))
    transfer.reads(*blocks(content, 600))
    client.ends(code=0)

    client, transfer = ask("get", "wrong.txt", "--blksize", "600", lane="your fourth client", blksize=600)
    transfer.sends(oack(blksize=1024))
    transfer.is_refused(8)
    client.ends(code=1)
    client.told_in_one_line()


@mark.check("options", points=4, bonus=True, probes=["F20"],
            hint="On the wire a newline is CR LF, and a CR is CR 0. Encode before you cut into blocks, and decode what "
                 "a block brings together with a CR that the block before ended with.")
def test_netascii(cast, files, server, alice, ask):
    """netascii both ways, also where a block cuts CR LF in two"""
    text = cast.page(BLOCK - 1) + b"\nsecond\rthird\r\nfourth\n"
    wire = text.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")
    files.gets("root/text.txt", text)
    alice.asks(RRQ, "text.txt", "netascii")
    alice.reads(*blocks(wire))
    alice.asks(WRQ, "new.txt", "NetASCII")
    alice.receives(ack(0))
    alice.writes(*blocks(wire))
    files.holds("root/new.txt", text)

    client, transfer = ask("get", "got.txt", "--mode", "netascii")
    transfer.writes(*blocks(wire))
    client.ends(code=0)
    files.holds("here/got.txt", text)

    files.gets("here/mine.txt", text)
    client, transfer = ask("put", "mine.txt", "--mode", "netascii", lane="your second client")
    transfer.sends(ack(0))
    transfer.reads(*blocks(wire))
    client.ends(code=0)


@mark.check("options", points=2, bonus=True, needs=[test_server_grants], probes=["F15"],
            hint="RFC 7440: send windowsize blocks, then wait for one ACK. It says how far all has come, and the next "
                 "window begins behind that, also in the middle of the last one.")
def test_windowsize(cast, files, server, alice):
    """Your server sends as many blocks at once as were agreed"""
    files.gets("root/pages.txt", content := cast.page(9 * BLOCK + 100))
    alice.asks(RRQ, "pages.txt", windowsize=4)
    window = alice.is_granted(windowsize=4)["windowsize"]
    alice.sends(ack(0))
    sent, whole = 0, blocks(content)
    gap = [2] if window > 2 else []             # of the first window, this much arrives
    while sent < len(whole):
        for number in range(sent + 1, min(sent + window, len(whole)) + 1):
            alice.receives(data(number, whole[number - 1]))
        server.comes_to_rest()
        alice.has_received_nothing_more()
        sent = gap.pop() if gap else min(sent + window, len(whole))
        alice.sends(ack(sent))


@mark.check("options", points=2, bonus=True, needs=[test_windowsize], probes=["F08"],
            hint="Two bytes count up to 65535. What comes after that is 0, for blocks and for ACKs alike: count modulo "
                 "65536.")
def test_roll_over(cast, files, server, alice):
    """More than 65535 blocks: the number begins again with 0"""
    files.gets("root/long", content := cast.page(8 * 65_600 + 3))
    alice.asks(RRQ, "long", blksize=8, windowsize=64)
    granted = alice.is_granted(blksize=8, windowsize=64)
    alice.sends(ack(0))
    alice.reads_on(content, granted["blksize"], granted["windowsize"])
