"""The program that plays one scene of the lesson on the handshake, in a process and a network of its own.

handshake.play() starts this file, and hands it the scene: the source of a function, which takes a Net. The other names
in here are for scenes too: state() and ports() ask about a connection, soon() waits, fill() and drain() move data.
The kernel's answers are its own; what we say to it on the wire is made by hand.
"""
# It is run as a file, not as a part of the package: no scene has to wait until what the notebooks need is imported.
import ast
import contextlib
import io
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder import netns
from autograder.tcp import ACK, MODULUS, RST, SYN, Segment
from autograder.wire import HOST, KERNEL, Wire

FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"]       # from the lowest bit on: RFC 9293, 3.1
IPV4_TYPE, ETHERNET = b"\x08\0", 14
NOWHERE = 9                     # a port at which nobody listens, on either end of the wire
SECONDS = 5.0                   # how long something is waited for

seen: dict[socket.socket, tuple[int, int]] = {}         # the ports of connections, which may be gone by now


class Refused(Exception):
    """This machine does not allow what a scene needs. The text says what."""


def names(flags: int) -> str:
    """The flags of a segment by their names, the lowest bit first, such as SYN,ACK."""
    return ",".join(name for bit, name in enumerate(FLAGS) if flags >> bit & 1)


def soon(happened: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Wait until this is true, or until so much time has passed, and return what it returned."""
    end = time.monotonic() + seconds
    while not (result := happened()) and time.monotonic() < end:
        time.sleep(0.001)
    return result


def ports(connection: socket.socket) -> tuple[int, int]:
    """Its own port and the other side's, 0 if there is none. Also of a connection that the kernel has taken away."""
    with contextlib.suppress(OSError):
        seen[connection] = connection.getsockname()[1], connection.getpeername()[1]
    return seen.get(connection) or (connection.getsockname()[1], 0)


def row_of(where: socket.socket | int, remote: int = 0) -> tuple[str, int, int]:
    """What the kernel says of a socket, or of the connection with these two ports: its state, own and other port."""
    if not netns.can_ask():
        raise Refused("that one asks its kernel about connections")
    if isinstance(where, socket.socket):
        where, remote = ports(where)
    rows = netns.tcp_sockets(where, *netns.STATES.values()) if where else []
    found = [row for row in rows if row.remote[1] == remote] or [row for row in rows if row.state == "LISTEN"]
    if not found and not remote:
        found = rows            # it is only about to be connected, and has no peer's name yet
    return (found[0].state.removeprefix("NEW-"), where, found[0].remote[1]) if found else ("CLOSED", where, remote)


def state(where: socket.socket | int, remote: int = 0) -> str:
    """The state of a socket, or of the connection with these two ports, in the kernel's word."""
    return row_of(where, remote)[0]


def fill(connection: socket.socket) -> None:
    """Send until there is no more room, neither at the other side nor in our own buffer."""
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            connection.send(bytes(65536))
    connection.setblocking(True)


def drain(connection: socket.socket) -> None:
    """Read until the other side has no more to send."""
    while connection.recv(1 << 20):
        pass


class Net:
    """The network of one scene.

    What passes there, and what the kernel says of its connections, is in .events, as dicts for JSON: kind ("segment",
    "state" or "note"), at (seconds), lane, and the text; of a segment to, raw (in hex), and what has become of it.
    isn: for each lane the number that its numbers are told from, where the picture does not show its SYN.
    """

    def __init__(self) -> None:
        self.own = netns.enter()
        self.events: list[dict] = []
        self.isn: dict[str, int] = {}
        self.shown: list[str] = []
        self._began: float | None = None
        self._capture: netns.Capture | None = None
        self._ports: list[int] = []             # the server's, and the client's once it is known
        self._told: dict[str, str] = {}
        self._hand: Hand | None = None
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})      # so that all happens in one order

    def note(self, kind: str, lane: str, **more: object) -> None:
        """Note that this has happened now."""
        self._began = self._began or time.monotonic()
        self.events.append({"kind": kind, "at": round(time.monotonic() - self._began, 4), "lane": lane, **more})

    def setting(self, name: str, value: int) -> None:
        """Set one of the kernel's net.ipv4 settings, in this network only."""
        self._needs_its_own()
        Path("/proc/sys/net/ipv4", name).write_text(str(value))

    def shows(self, where: socket.socket | int, remote: int = 0, what: str = "") -> None:
        """Print what the kernel says of a socket, or of the connection with these two ports."""
        now, own, other = row_of(where, remote)
        self.shown.append(now)
        print(f" {len(self.shown):2}  {now:13} {own or '-':>5} → {other or '*':<5}   {what}".rstrip())

    def _needs_its_own(self) -> None:
        if not self.own:
            raise Refused("a network of one's own")

    # Two programs on the loopback --------------------------------------------------------------------------------

    def listen(self, backlog: int = 5, wire: bool = False, buffer: int = 0) -> socket.socket:
        """A listening socket on the loopback, where all is captured now; wire: at the kernel's end of the wire instead.

        buffer: how much it has room for, in bytes.
        """
        self._needs_its_own()
        server = socket.socket()
        if buffer:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        if wire:
            self.wire()
        else:
            self._capture = self._capture or netns.Capture()
        server.bind((KERNEL if wire else "127.0.0.1", 0))
        server.listen(backlog)
        self._ports = [server.getsockname()[1]]
        return server

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """A client, and the server's socket for it. The picture leaves out how they have met."""
        server = self.listen()
        client = socket.create_connection(server.getsockname())
        connection, _ = server.accept()
        self.rests()
        self._forget()
        return client, connection

    def _forget(self) -> None:
        """Leave what has passed out of the picture; its numbers begin with the next ones of both sides."""
        for event in self.events:
            if event["kind"] == "segment":
                segment = Segment.parsed(bytes.fromhex(event["raw"]))
                self.isn[event["lane"]] = (segment.seq + segment.length) % MODULUS
        self.events, self._began, self._told = [], None, {}
        self.states()

    def says(self, lane: str, text: str) -> None:
        """Note what a program does, behind what has passed before."""
        self.look()
        self.note("note", lane, text=text)

    def look(self) -> None:
        """Take in what has passed."""
        for frame in self._capture.read() if self._capture else []:
            packet = frame[ETHERNET:]
            if frame[12:ETHERNET] == IPV4_TYPE and packet[9] == socket.IPPROTO_TCP:
                self._passes(packet[packet[0] % 16 * 4:int.from_bytes(packet[2:4], "big")])     # RFC 791, 3.1

    def _passes(self, raw: bytes) -> None:
        segment, server = Segment.parsed(raw), self._ports[0]
        if segment.destination == server and segment.flags & SYN:
            self._ports[1:] = [segment.source]
        if server in (segment.source, segment.destination):
            lanes = ["the server", "the client"] if segment.source == server else ["the client", "the server"]
            self.note("segment", lanes[0], to=lanes[1], raw=raw.hex())

    def segments(self) -> list[Segment]:
        """The segments that have passed until now."""
        self.look()
        return [Segment.parsed(bytes.fromhex(event["raw"])) for event in self.events if event["kind"] == "segment"]

    def passed(self, count: int) -> None:
        """Wait until so many segments have passed."""
        soon(lambda: len(self.segments()) >= count)

    def rests(self) -> None:
        """Wait until all that was sent is acknowledged, in both directions; then ask for the states."""
        soon(self._all_acknowledged)
        self.states()

    def _all_acknowledged(self) -> bool:
        sent, acknowledged = {}, {}
        for segment in self.segments():
            if segment.flags & RST:
                return True
            way = segment.source, segment.destination
            sent[way] = (segment.seq + segment.length) % MODULUS
            if segment.flags & ACK:
                acknowledged[way[::-1]] = segment.ack
        return bool(sent) and all(acknowledged.get(way) == number for way, number in sent.items())

    def states(self) -> None:
        """Note the kernel's word for the states of both ends, where they have changed."""
        self.look()
        server, *client = self._ports
        for lane, now in [("the client", state(*client, server) if client else "CLOSED"),
                          ("the server", state(server, *client))]:
            if client and now == "LISTEN":
                now = "CLOSED"          # the listener is still there, but this connection is not
            if self._told.get(lane) != now:
                self.note("state", lane, text=now)
            self._told[lane] = now

    # A wire to the kernel, and somebody at its other end who makes each segment by hand --------------------------

    def wire(self, to: socket.socket | int = 0, port: int = 4444) -> "Talk":
        """Our end of a conversation with the kernel. to: one of its listening sockets, or a port of its end."""
        self._needs_its_own()
        self._hand = self._hand or Hand(self)
        return Talk(self._hand, to.getsockname()[1] if isinstance(to, socket.socket) else to, port)

    def by_hand(self, x: int = 100) -> tuple["Talk", int, socket.socket]:
        """A handshake by hand, left out of the picture: our end, the kernel's ISN, the socket of its program."""
        server = self.listen(wire=True)
        we = self.wire(server)
        we.says("SYN", seq=x)
        y = we.hears().seq
        we.says("ACK", seq=x + 1, ack=y + 1)
        program, _ = server.accept()
        self.events, self._began, self.isn, we.told = [], None, {"we": x, "the kernel": y}, ""
        self.note("state", "we", text="ESTABLISHED")
        we.state()
        return we, y, program

    def connects(self) -> tuple[socket.socket, "Talk"]:
        """A program at the kernel's end that connects to port 80 of ours; and our end."""
        we = self.wire(port=80)
        client = socket.socket()
        client.setblocking(False)
        client.bind((KERNEL, 0))
        we.to = client.getsockname()[1]
        client.connect_ex((HOST, we.port))
        return client, we


class Hand:
    """Whoever makes segments, and puts them on the wire."""

    def __init__(self, net: Net) -> None:
        try:
            self.wire = Wire()
        except OSError as error:
            raise Refused("a wire to its own kernel") from error
        self.net = net
        self._came: list[bytes] = []
        net.setting("tcp_invalid_ratelimit", 0)         # the kernel is to answer each time, and not twice a second

    def to(self, port: int) -> list[bytes]:
        """What the kernel has sent to this port of ours, and nobody has taken yet."""
        self._came += self.wire.read()
        return [raw for raw in self._came if Segment.parsed(raw).destination == port]

    def takes(self, raw: bytes) -> None:
        """This one has been heard."""
        self._came.remove(raw)

    def settled(self) -> None:
        """Wait until the kernel has dealt with all that was sent to it: it takes one after the other."""
        asks = Segment(0, 77, ACK, source=NOWHERE, destination=NOWHERE)
        self.wire.send(asks.packed(HOST, KERNEL))       # nobody listens there, so it answers with a RST
        for answer in soon(lambda: self.to(NOWHERE)) or []:
            self.takes(answer)


class Talk:
    """One conversation with the kernel. to, port: the kernel's port, and ours. told: the last state that was noted."""

    def __init__(self, hand: Hand, to: int, port: int) -> None:
        self.to, self.port, self.told = to, port, ""
        self._hand, self._net = hand, hand.net
        self._heard: Segment | None = None

    def says(self, flags: str, seq: int = 0, ack: int = 0, data: bytes = b"", lost: str = "", mine: str = "",
             broken: bool = False) -> None:
        """Send this. lost: why it does not arrive. mine: the state of our end from now on. broken: a wrong checksum."""
        bits = sum(1 << FLAGS.index(name) for name in flags.split(","))
        segment = Segment(seq % MODULUS, ack % MODULUS, bits, data, self.port, self.to)
        raw = segment.packed(HOST, KERNEL)
        if broken:
            raw = raw[:17] + bytes([raw[17] ^ 1]) + raw[18:]
        if not lost:
            self._hand.wire.send(raw)
        self._net.note("segment", "we", to="the kernel", raw=raw.hex(), lost=lost, broken=broken)
        self._mine(mine)
        self.state()

    def hears(self, lost: str = "", mine: str = "", again: bool = False, crosses: bool = False) -> Segment | None:
        """What the kernel sends next; None if nothing comes. lost: as if it had not arrived.

        mine: the state of our end from then on. again: also what it has sent before. crosses: it was sent before ours
        had arrived there.
        """
        raw = soon(lambda: self._next(again))
        if not raw:
            return None
        self._hand.takes(raw)
        self._heard = Segment.parsed(raw)
        self._net.note("segment", "the kernel", to="we", raw=raw.hex(), lost=lost, crosses=crosses)
        self._mine(mine)
        self.state()
        return self._heard

    def _next(self, again: bool) -> bytes | None:
        """What has come next. Without again the last one that takes a number is passed over where it is repeated."""
        for raw in self._hand.to(self.port):
            segment = Segment.parsed(raw)
            if again or not segment.length or not self._heard or segment.settled != self._heard.settled:
                return raw
        return None

    def hears_nothing(self) -> bool:
        """Whether the kernel says nothing to us, though it has dealt with all that we have sent."""
        self._hand.settled()
        return not self._hand.to(self.port)

    def state(self) -> None:
        """Note the kernel's word for the state of its end, if it has changed."""
        self._hand.settled()
        now = state(self.to, self.port)
        if now == "LISTEN" and self.told not in ("", "LISTEN", "SYN-RECEIVED"):
            now = "CLOSED"              # the listener is still there, but this connection is not
        if now != self.told:
            self._net.note("state", "the kernel", text=now)
        self.told = now

    def _mine(self, text: str) -> None:
        if text:
            self._net.note("state", "we", text=text)


def played(scene: Callable[..., None], *arguments: object) -> dict:
    """Play a scene. Returns what it has printed, and what there is to draw of it; and why it ended, if too early."""
    net, text, report = Net(), io.StringIO(), {}
    try:
        with contextlib.redirect_stdout(text):
            scene(net, *arguments)
    except Refused as refused:
        report["refused"] = str(refused)
    except Exception as error:          # whatever a student has put into the scene
        report["stopped"] = f"{type(error).__name__}: {error}"
    net.look()
    return {"text": text.getvalue(), "events": net.events, "isn": net.isn, "shown": net.shown, **report}


def keep_sockets() -> None:
    """Keep every socket until the end: Python would close one that a scene has no name for any more."""
    kept, make = [], socket.socket.__init__

    def make_and_keep(self: socket.socket, *arguments: Any, **more: Any) -> None:
        make(self, *arguments, **more)
        kept.append(self)

    socket.socket.__init__ = make_and_keep


if __name__ == "__main__":
    request = json.load(sys.stdin)
    keep_sockets()
    exec(compile(request["source"], "<scene>", "exec"))
    json.dump(played(globals()[request["scene"]], *ast.literal_eval(request["arguments"])), sys.stdout)
