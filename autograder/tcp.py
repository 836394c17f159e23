"""TCP between a student's endpoint and others: figures as in RFC 9293, another endpoint, and this machine's kernel.

Segments are written as the RFC writes them, <SEQ=100><ACK=301><CTL=SYN,ACK>, and a test looks like one of its figures.
What is compared is what the RFC settles: numbers, the flags SYN, FIN, RST and ACK, and data. PSH, the window and
options are the sender's own affair.
"""
import errno
import heapq
import itertools
import re
import select
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .calls import short
from .faults import Fault, Faults
from .netns import STATES, free_port, tcp_sockets
from .simulation import ONE_WAY, Half
from .stage import POLL, Actor, Stage, Unmet
from .wire import HOST, KERNEL, Wire, checksum
from .words import in_hex, show

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
NAMES = {SYN: "SYN", FIN: "FIN", RST: "RST", ACK: "ACK"}            # in the order in which the RFC writes them
MODULUS = 1 << 32
PORT, OTHER_PORT = 4444, 80                     # of the student's endpoint, and of who is at the other end
MOST_EVENTS = 400                               # after so many a meeting does not come to an end
MOST_QUOTED = 24                                # bytes of data, or characters, that are quoted in words
MOST_BYTES = 1480                               # of a segment: an Ethernet's 1500, less the header of IPv4
FIGURE = re.compile(r"(?:\d+\. +)?(?P<state>[A-Z0-9-]+) +(?P<way>-->|<--) +(?P<segment><.*>)")


class Unreadable(ValueError):
    """Bytes that are no TCP segment. The text says why."""


@dataclass(frozen=True)
class Segment:
    """A TCP segment: RFC 9293, 3.1.

    seq, ack: its numbers. flags: the eight bits. data: what it carries. source, destination: ports. window: in bytes.
    options: as bytes, a multiple of four.
    """

    seq: int
    ack: int = 0
    flags: int = 0
    data: bytes = b""
    source: int = OTHER_PORT
    destination: int = PORT
    window: int = 8192
    options: bytes = b""

    @classmethod
    def written(cls, text: str, **ports: int) -> "Segment":
        """One that is written in the notation of the RFC's figures. Raises ValueError if it is not."""
        fields = dict(re.findall(r'<([A-Z]+)=("[^"]*"|[^>]*)>', text))
        if not {"SEQ", "CTL"} <= fields.keys():
            raise ValueError(f"no segment: {text}")
        control = fields.pop("CTL").split(",")
        flags = sum(bit for bit, name in NAMES.items() if name in control)
        data = fields.pop("DATA", '""').strip('"').encode()
        seq, ack = int(fields.pop("SEQ")), int(fields.pop("ACK", 0))
        if fields or str(cls(seq, ack, flags, data)) != text:
            raise ValueError(f"no segment: {text}")
        return cls(seq % MODULUS, ack % MODULUS, flags, data, **ports)

    @classmethod
    def read(cls, segment: bytes, source: str, destination: str) -> "Segment":
        """One out of its bytes, that was sent between these IPv4 addresses. Raises Unreadable."""
        if len(segment) < 20:
            raise Unreadable(f"{len(segment)} bytes, and a header has 20")
        offset = segment[12] >> 4
        if not 20 <= offset * 4 <= len(segment):
            raise Unreadable(f"a data offset of {offset} words in {len(segment)} bytes")
        if left := checksum(pseudo_header(source, destination, len(segment)) + segment):
            raise Unreadable(f"a wrong checksum: the sum of all that it covers is {left ^ 0xFFFF:04x}, not ffff")
        return cls.parsed(segment)

    @classmethod
    def parsed(cls, segment: bytes) -> "Segment":
        """One out of its bytes, which are known to be one."""
        source, destination, seq, ack, offset, flags, window = struct.unpack_from("!HHIIBBH", segment)
        begin = (offset >> 4) * 4
        return cls(seq, ack, flags, segment[begin:], source, destination, window, segment[20:begin])

    def packed(self, source: str, destination: str) -> bytes:
        """Its bytes, to be sent between these IPv4 addresses."""
        header = struct.pack("!HHIIBBHHH", self.source, self.destination, self.seq, self.ack,
                             (5 + len(self.options) // 4) << 4, self.flags, self.window, 0, 0) + self.options
        total = checksum(pseudo_header(source, destination, len(header) + len(self.data)) + header + self.data)
        return header[:16] + total.to_bytes(2, "big") + header[18:] + self.data

    @property
    def length(self) -> int:
        """How many sequence numbers it takes: SEG.LEN of RFC 9293, 3.4."""
        return len(self.data) + bool(self.flags & SYN) + bool(self.flags & FIN)

    @property
    def settled(self) -> tuple:
        """What is compared."""
        return self.seq, self.ack if self.flags & ACK else 0, self.flags & sum(NAMES), self.data

    def words(self, seq: Callable[[int], str] = str, ack: Callable[[int], str] = str) -> str:
        """It in the RFC's notation; seq, ack: how the numbers are written."""
        flags = ",".join(name for bit, name in NAMES.items() if self.flags & bit)
        acknowledges = f"<ACK={ack(self.ack)}>" if self.flags & ACK else ""
        data = show(self.data) if len(self.data) <= MOST_QUOTED else f"{len(self.data)} bytes"
        return f"<SEQ={seq(self.seq)}>{acknowledges}<CTL={flags}>" + (f"<DATA={data}>" if self.data else "")

    def __str__(self) -> str:
        return self.words()


def pseudo_header(source: str, destination: str, length: int) -> bytes:
    """What the checksum of a segment of this length covers besides: RFC 9293, 3.1."""
    return socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, socket.IPPROTO_TCP, length)


class Endpoint(Half):
    """One of the student's endpoints, in a process of its own. What it sends waits to be expected, or goes on a line.

    address, remote: its IPv4 address, and that of the only other host that it knows. own_port, other_port: its port,
    and that of the other. line: what carries its segments, if they are not for the figures of a test.
    """

    tell = ("state", "error", "deadline")
    network = "the other side"
    address, remote = HOST, KERNEL
    own_port, other_port = PORT, OTHER_PORT
    line: "Line | None" = None

    def is_made(self, iss: int, *timers: int) -> "Endpoint":
        """An endpoint is made, with this initial send sequence number, and these timers (ms): rto, msl. Returns itself.
        """
        self._sent: deque[Segment] = deque()
        self._known = {"x": iss} if self.line else {}           # numbers that were not chosen for people to read
        self.stage.trace.add(self.lane, "call", text=f"Endpoint(…, iss={iss})")
        super().is_made("Endpoint", self.address, self.remote, self.own_port, iss, *timers)
        return self

    def _once_made(self) -> None:
        self.asks("tick", self.clock.now)

    # Sentences ----------------------------------------------------------------------------------------

    def is_told(self, call: str, *arguments: object) -> None:
        """A user call: connect, listen, send, close or abort."""
        said = f"{call}({', '.join(map(short, arguments))})"
        self._has_sent_all()
        with self.stage.step(f"{self.lane} is told  {said}"):
            self.stage.trace.add(self.lane, "call", text=said)
            self.asks(call, *arguments)

    def refuses(self, error: str, call: str, *arguments: object) -> None:
        """A user call that it has to refuse with this error, or one of its kind."""
        with self.stage.step(f"{self.lane} is told  {call}({', '.join(map(short, arguments))}), and raises {error}"):
            self._request("call", call, arguments, self._object, self.tell)
            self._raises(error)

    def gets(self, *segments: Segment) -> None:
        """These segments arrive at it, one after the other."""
        for segment in segments:
            self._has_sent_all()
            with self.stage.step(f"{self.lane} gets  {self.said(segment, own=False)}"):
                self.takes(segment)

    def gets_bytes(self, data: bytes, what: str) -> None:
        """Bytes arrive at it that are no segment; what: what is to be said of them."""
        self._has_sent_all()
        with self.stage.step(f"{self.lane} gets  {what}"):
            self.stage.trace.add(self.network, "datagram", data=data, to=self.lane, text=what)
            self.asks("on_segment", data)

    def waits_until(self, now: int) -> None:
        """The time is now (ms), and nothing has arrived."""
        self._has_sent_all()
        with self.stage.step(f"nothing arrives until {now:,} ms"):
            self.clock.now = now
            self.asks("tick", now)

    def sends(self, *segments: Segment) -> None:
        """These are the segments that it wants to be sent, and no others."""
        for segment in segments:
            self._sends(segment)
        if not segments:
            with self.stage.step(f"{self.lane} sends nothing"):
                self._has_sent_all()
        else:
            self._has_sent_all()

    def is_in(self, state: str) -> None:
        """It is in this state, by its own word."""
        with self.stage.step(f"{self.lane} is in {state}"):
            self._carries_until(lambda: self.attributes.get("state") == state)
            if self.attributes["state"] != state:
                raise Unmet(state, _plain(self.attributes["state"]))

    def has_error(self, error: str) -> None:
        """This is its error; "" for none."""
        with self.stage.step(f"{self.lane}.error is {error!r}"):
            if self.attributes["error"] != error:
                raise Unmet(repr(error), short(self.attributes["error"]))

    def plays(self, figure: str) -> None:
        """A figure, as RFC 9293 draws them: of each line what it sends (-->) or gets (<--), and its state then."""
        before = ""
        for line in filter(None, map(str.strip, figure.splitlines())):
            found = FIGURE.fullmatch(line)
            if not found:
                raise ValueError(f"no line of a figure: {line}")
            segment = found["segment"]
            if found["way"] == "-->":
                self._sends(Segment.written(segment, source=self.own_port, destination=self.other_port))
            else:
                self.gets(Segment.written(segment, source=self.other_port, destination=self.own_port))
            if found["state"] != before or self.attributes["state"] != before:
                self.is_in(before := found["state"])
        self._has_sent_all()

    def has_received(self, data: bytes) -> None:
        """This is what has arrived in order since it was last asked, by its read()."""
        with self.stage.step(f"{self.lane} has received  {show(data)}"):
            found = b""

            def reads() -> bool:
                nonlocal found
                piece, self.attributes = self.method(self._object, "read", tell=self.tell)
                if not isinstance(piece, bytes):
                    raise Unmet("that read() returns bytes", short(piece))
                found += piece
                return len(found) >= len(data)
            self._carries_until(reads)
            if found != data:
                raise Unmet(show(data), show(found) if found else "nothing", compare=bool(found))

    # How it is done -----------------------------------------------------------------------------------

    def asks(self, name: str, *arguments: object) -> list[bytes]:
        """One of its methods is called, without a step; what it wants to be sent is read, and kept or put on the line.
        """
        before = self.attributes.get("state")
        packets = super().asks(name, *arguments)
        if (state := self.attributes["state"]) != before:
            self.stage.trace.add(self.lane, "state", text=_plain(state))
        for packet in packets:
            segment = self._opened(packet)
            if self.line:
                self.line.carry(self, segment)
            else:
                self.stage.trace.add(self.lane, "datagram", data=packet, to=self.network, text=self.drawn(segment))
                self._sent.append(segment)
        return packets

    def takes(self, segment: Segment, fate: str = "") -> None:
        """A segment arrives at it, without a step. fate: what the network did to it."""
        if self._known and segment.flags & SYN:
            self._known.setdefault("y", segment.seq)
        packed = segment.packed(self.remote, self.address)
        drawn = self.drawn(segment, own=False) + f", {fate}" * bool(fate)
        self.stage.trace.add(self.network, "datagram", data=packed, to=self.lane, text=drawn)
        self.asks("on_segment", packed)

    def said(self, segment: Segment, own: bool = True) -> str:
        """A segment in words: its own one, or the other side's. x and y are the initial numbers of the two."""
        mine, theirs = self._number("x"), self._number("y")
        return segment.words(mine, theirs) if own else segment.words(theirs, mine)

    def drawn(self, segment: Segment, own: bool = True) -> str:
        """The same, as short as a picture needs it."""
        return re.sub(r"<DATA=.*>$", "<DATA>", self.said(segment, own))

    def _number(self, name: str) -> Callable[[int], str]:
        def words(number: int) -> str:
            ahead = (number - self._known[name]) % MODULUS
            return f"{number}" if ahead > 1 << 20 else f"{name}+{ahead}" if ahead else name
        return words if name in self._known else str

    def _opened(self, packet: bytes) -> Segment:
        if len(packet) > MOST_BYTES:
            raise Unmet(f"a segment of {MOST_BYTES:,} bytes at the most", f"one of {len(packet):,}")
        try:
            segment = Segment.read(packet, self.address, self.remote)
        except Unreadable as error:
            raise Unmet("a segment that the other side can take", f"{error}: {in_hex(packet)}") from None
        if (segment.source, segment.destination) != (self.own_port, self.other_port):
            raise Unmet(f"a segment from port {self.own_port} to port {self.other_port}",
                        f"one from {segment.source} to {segment.destination}: {segment}")
        return segment

    def _sends(self, segment: Segment) -> None:
        wanted = self.said(segment)
        with self.stage.step(f"{self.lane} sends  {wanted}"):
            if not self._sent:
                raise Unmet(wanted, "nothing")
            found = self._sent.popleft()
            if found.settled[:-1] != segment.settled[:-1]:
                raise Unmet(wanted, self.said(found), compare=True)
            if found.data != segment.data:
                raise Unmet(f"the data {show(segment.data)}", show(found.data))

    def _has_sent_all(self) -> None:
        if self._sent:
            with self.stage.step(f"{self.lane} sends nothing else"):
                raise Unmet("nothing", self.said(self._sent[0]))

    def _carries_until(self, over: Callable[[], bool]) -> None:
        if self.line:
            self.line.carry_until(over)
        else:
            over()


def _plain(state: object) -> str:
    return state if isinstance(state, str) and 0 < len(state) <= MOST_QUOTED else short(state)


class Line:
    """What carries the segments of an endpoint."""

    def carry(self, origin: Endpoint, segment: Segment) -> None:
        """The endpoint has sent this one."""
        raise NotImplementedError

    def carry_until(self, over: Callable[[], bool]) -> None:
        """Carry what is under way, until this is true, or nothing is under way any more."""
        raise NotImplementedError


# Two endpoints -----------------------------------------------------------------------------------------------


class Network(Line):
    """A network between two endpoints, on their clock, with faults by script in the directions "client" and "server".

    One-way, a segment takes ONE_WAY ms. Where nothing else happens, time passes on to the next deadline.
    """

    def __init__(self, client: Endpoint, server: Endpoint, script: Sequence[Fault] = ()) -> None:
        self.ends = {"client": client, "server": server}
        self._stage, self._clock = client.stage, client.clock
        self.faults, self._order = Faults(script), itertools.count()
        self._under_way: list[tuple[int, int, Endpoint, Segment, str]] = []
        self._events = 0
        for end, other in (client, server), (server, client):
            end.line, end.network = self, other.lane

    def carry(self, origin: Endpoint, segment: Segment) -> None:
        """The endpoint has sent this one: it will arrive, or not, as the script has it."""
        direction, target = ("client", "server") if origin is self.ends["client"] else ("server", "client")
        packed = segment.packed(origin.address, origin.remote)
        for passage in self.faults.passes(direction, packed):
            late = Segment.read(passage.datagram, origin.address, origin.remote)
            if passage.arrives:
                self._travel(self.ends[target], late, passage.fate)
            else:
                self._stage.trace.add(origin.lane, passage.kind, data=passage.datagram, to=origin.network,
                                      text=passage.told(origin.drawn(late)))

    def _travel(self, target: Endpoint, segment: Segment, fate: str) -> None:
        heapq.heappush(self._under_way, (self._clock.now + ONE_WAY, next(self._order), target, segment, fate))

    def carry_until(self, over: Callable[[], bool]) -> None:
        """Let time pass until this is true, or nothing will happen any more. Raises Unmet if there is no end to it."""
        while not over() and self._next():
            self._events += 1
            if self._events > MOST_EVENTS:
                raise Unmet("an end", f"none after {MOST_EVENTS} segments and deadlines")

    def _next(self) -> bool:
        """Let the next thing happen. Returns whether there was one."""
        deadlines = [(deadline, name) for name, end in self.ends.items() if (deadline := end.deadline()) is not None]
        deadline, name = min(deadlines, default=(None, ""))
        if self._under_way and (deadline is None or self._under_way[0][0] <= deadline):
            self._clock.now, _, target, segment, fate = heapq.heappop(self._under_way)
            target.asks("tick", self._clock.now)
            target.takes(segment, fate)
        elif deadline is not None:
            self._clock.now = max(deadline, self._clock.now)
            self.ends[name].asks("tick", self._clock.now)
            if (again := self.ends[name].deadline()) is not None and again <= self._clock.now:
                raise Unmet(f"after tick({self._clock.now}) a deadline that is later, or None", f"{again}")
        else:
            for direction, packed in self.faults.left():       # what the network has kept comes after all
                origin, target = self.ends[direction], self.ends["server" if direction == "client" else "client"]
                self._travel(target, Segment.read(packed, origin.address, origin.remote), "very late")
            return bool(self._under_way)
        return True


# The kernel --------------------------------------------------------------------------------------------------


class Kernel(Line, Actor):
    """This machine's kernel at the other end of the wire, and a program that uses it through ordinary sockets.

    Its methods are sentences about that program. recorded: a conversation that was recorded with a kernel, in place of
    the real one, where a machine has no wire; see Recording.
    """

    lane = "the kernel"

    def __init__(self, stage: Stage, endpoint: Endpoint, recorded: list | None = None) -> None:
        self.stage, self.endpoint = stage, endpoint
        self.record: list = []          # what has happened on a real wire, as Recording has it
        self._side: Side = Recording(recorded) if recorded is not None else _Sockets(stage, self.record)
        endpoint.line, endpoint.network = self, self.lane
        stage.actors.append(self)

    def close(self) -> None:
        """End what it has begun."""
        self._side.close()

    def meets_an_endpoint(self) -> Endpoint:
        """A new endpoint is made, and a new program on the kernel's side has to do with it. Returns the endpoint."""
        self._carried = 0
        end, chosen = self.endpoint, self._side.chosen
        end.own_port = chosen(free_port)
        self._side.begins(end)
        return end.is_made(chosen(lambda: self.stage.random.randrange(MODULUS)))

    def text(self) -> bytes:
        """Bytes that nobody can have foreseen."""
        return self._side.chosen(self.stage.line).encode()

    # The line -----------------------------------------------------------------------------------------

    def carry(self, origin: Endpoint, segment: Segment) -> None:
        """Hand a segment of the endpoint to the kernel."""
        packed = segment.packed(HOST, KERNEL)
        self.stage.trace.add(origin.lane, "datagram", data=packed, to=self.lane, text=origin.drawn(segment))
        self._side.gives(segment)

    def carry_until(self, over: Callable[[], bool]) -> None:
        """Hand the endpoint what the kernel sends, until this is true, or it will not become true."""
        self._wait(over)

    def _wait(self, over: Callable[[], Any]) -> Any:
        def happened() -> Any:
            while not (result := over()) and (segment := self._side.taken()):
                self._carried += 1
                if self._carried > MOST_EVENTS:
                    raise Unmet("an end", f"none after {MOST_EVENTS} segments of the kernel")
                self.endpoint.takes(Segment.read(segment, KERNEL, HOST))
            return result
        return self.stage.wait(happened, poll=POLL, hopeless=lambda: self.endpoint.has_ended() or self._side.stuck())

    def _sees(self, what: str, expected: str, *arguments: object) -> Any:
        """Wait until the program sees this. Returns what it is. Raises Unmet."""
        found = self._wait(lambda: self._side.sees(what, self.endpoint, *arguments))
        if not found:
            raise Unmet(expected, self._side.instead(self.endpoint), late=not self._side.stuck())
        return found

    # Sentences ----------------------------------------------------------------------------------------

    def listens(self) -> None:
        """A program listens on the endpoint's other port."""
        with self.stage.step(f"a program listens on port {self.endpoint.other_port} of {KERNEL}, with listen()"):
            self._side.does("listen", self.endpoint)

    def accepts(self) -> None:
        """Its accept() returns a connection with the endpoint."""
        with self.stage.step("the kernel takes the connection for established: accept() returns it"):
            self._sees("accepted", "a connection from your endpoint")

    def connects(self) -> None:
        """A program connects to the endpoint's port."""
        with self.stage.step(f"a program calls connect(), to port {self.endpoint.own_port} of your endpoint"):
            self._side.does("connect", self.endpoint)

    def is_connected(self) -> None:
        """The kernel's connect() has returned."""
        with self.stage.step("its connect() returns: the kernel takes the connection for established"):
            self._sees("connected", "that connect() returns")

    def is_refused(self) -> None:
        """The kernel's connect() has been refused."""
        with self.stage.step("its connect() is refused (ConnectionRefusedError)"):
            self._sees("refused", "a refusal")

    def sends(self, data: bytes) -> None:
        """The program sends this."""
        with self.stage.step(f"the program sends  {show(data)}"):
            self._side.does("send", self.endpoint, data.decode())

    def receives(self, data: bytes) -> None:
        """The program receives exactly this next."""
        with self.stage.step(f"the program receives  {show(data)}"):
            found = self._sees("received", show(data), len(data))
            if found != data.decode():
                raise Unmet(show(data), show(found.encode()), compare=True)

    def closes(self) -> None:
        """The program closes its side: a FIN goes out."""
        with self.stage.step("the program closes its side, with shutdown(SHUT_WR)"):
            self._side.does("shutdown", self.endpoint)

    def has_received_the_end(self) -> None:
        """The program has read the end of what the endpoint sends."""
        with self.stage.step("the program has received the end: its recv() returns b''"):
            self._sees("end", "the end")

    def is_reset(self) -> None:
        """The program's connection has been reset."""
        with self.stage.step("its connection is reset (ConnectionResetError)"):
            self._sees("reset", "a reset")

    def is_in(self, state: str) -> None:
        """The kernel's end of the connection is in this state, as the kernel tells (ss(8) shows the same)."""
        with self.stage.step(f"the kernel's end is in {state}"):
            self._sees("state", state, state)


class Side(Protocol):
    """What is at the kernel's end of the wire, as Kernel uses it: the kernel itself, or a recording of one."""

    def begins(self, endpoint: Endpoint) -> None:
        """A new connection is to be had, with this endpoint, which gets its other_port; what is left of the last one is
        nobody's."""

    def chosen(self, choose: Callable[[], Any]) -> Any:
        """A number or text that the harness has to choose: choose() makes one, a recording has it already."""

    def gives(self, segment: Segment) -> None:
        """The kernel is given this segment, from the endpoint."""

    def taken(self) -> bytes | None:
        """The next segment that the kernel has sent, as bytes (RFC 9293, section 3.1). None if there is none yet."""

    def stuck(self) -> bool:
        """Whether the kernel can send nothing more until it is given something."""

    def does(self, what: str, endpoint: Endpoint, *arguments: str) -> None:
        """The program there calls "listen", "connect", "send" (argument: the text) or "shutdown". Raises Unmet."""

    def sees(self, what: str, endpoint: Endpoint, *arguments: Any) -> Any:
        """What the program there sees of this by now; something false if it does not see it yet.

        what: "accepted", "connected", "received" (argument: how many bytes), "end", "state" (argument: which one, as
        the RFC writes it), "refused" or "reset".
        """

    def instead(self, endpoint: Endpoint) -> str:
        """What there is in place of what was expected, in words."""

    def close(self) -> None:
        """End what was begun."""


class _Sockets:
    """The side of the real wire. record: where what happens is noted, as Recording has it."""

    def __init__(self, stage: Stage, record: list) -> None:
        self._stage, self._wire = stage, Wire()
        self._incoming: deque[bytes] = deque()
        self._connections: list[socket.socket] = []
        self._record = record
        stage.watch(self._wire, self._read)

    def _read(self) -> None:
        # Of a connection that is over there may still be something, which is nobody's any more.
        self._incoming += [segment for segment in self._wire.read()
                           if Segment.parsed(segment).destination == self._endpoint.own_port]

    def begins(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._incoming.clear()
        self._connection = socket.socket()          # or the listener, once it listens
        self._connections.append(self._connection)
        # Taken before the endpoint hears of any port: its program shares our network, and could take it first.
        self._connection.bind((KERNEL, 0))
        endpoint.other_port = self.chosen(lambda: self._connection.getsockname()[1])
        self._received, self._ended, self._failure = b"", False, 0

    def chosen(self, choose: Callable[[], Any]) -> Any:
        self._record.append(["chosen", value := choose()])
        return value

    def gives(self, segment: Segment) -> None:
        self._record.append(["gives", str(segment)])
        self._wire.send(segment.packed(HOST, KERNEL))

    def taken(self) -> bytes | None:
        if not self._incoming:
            return None
        self._record.append(["takes", self._incoming[0].hex()])
        return self._incoming.popleft()

    def stuck(self) -> bool:
        return False

    def does(self, what: str, endpoint: Endpoint, *arguments: str) -> None:
        self._record.append(["does", what])
        if what == "listen":
            self._connection.listen()
            self._connection.setblocking(False)
        elif what == "connect":
            self._connection.setblocking(False)
            self._connection.connect_ex((HOST, endpoint.own_port))
        else:
            try:
                if what == "send":
                    self._connection.sendall(arguments[0].encode())
                else:
                    self._connection.shutdown(socket.SHUT_WR)
            except OSError as error:
                raise Unmet("a connection that is there", f"{error.strerror}: the kernel's end is in "
                            f"{' and '.join(self._states(endpoint))}") from None

    def sees(self, what: str, endpoint: Endpoint, *arguments: Any) -> Any:
        if what == "accepted":
            found = self._accepts()
        elif what == "connected":
            found = bool(select.select([], [self._connection], [], 0)[1]) and not self._error()
        elif what == "received":
            self._receives()
            found = self._received.decode("utf-8", "replace") if len(self._received) >= arguments[0] else ""
            self._received = b"" if found else self._received
        elif what == "end":
            self._receives()
            found = self._ended and not self._received
        elif what == "state":
            found = arguments[0] in self._states(endpoint)
        else:
            found = self._error() == {"refused": errno.ECONNREFUSED, "reset": errno.ECONNRESET}[what]
        if found:
            self._record.append(["sees", what, found])
        return found

    def instead(self, endpoint: Endpoint) -> str:
        if endpoint.has_ended():
            return f"nothing: {endpoint.state()}"
        received = f"{show(self._received)}, and then " if self._received else ""
        return f"{received}nothing: the kernel's end is in {' and '.join(self._states(endpoint))}"

    def _states(self, endpoint: Endpoint) -> list[str]:
        """The states of the kernel's ends of connections with the endpoint."""
        found = [row.state for row in tcp_sockets(endpoint.other_port, *STATES.values())
                 if row.remote == (HOST, endpoint.own_port)]
        return found or ["CLOSED"]

    def _accepts(self) -> bool:
        try:
            accepted, address = self._connection.accept()
        except BlockingIOError:
            return False
        if address != (HOST, self._endpoint.own_port):      # whoever that was
            accepted.close()
            return False
        accepted.setblocking(False)
        self._connection = accepted
        self._connections.append(accepted)
        return True

    def _receives(self) -> None:
        try:
            while piece := self._connection.recv(1 << 16):
                self._received += piece
            self._ended = True
        except BlockingIOError:
            pass
        except OSError as error:
            self._failure = error.errno

    def _error(self) -> int:
        self._failure = self._failure or self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return self._failure

    def close(self) -> None:
        for connection in self._connections:        # at once, with nothing that the kernel would try to send still
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        self._stage.unwatch(self._wire)
        self._wire.close()


class Recording:
    """The same, out of a conversation that was recorded with a real kernel: it sends what that one has sent.

    record: in order, what was "chosen" by the harness, what the program "does" and "sees", what the kernel was given
    ("gives", in the RFC's notation), and what was taken from it ("takes", as bytes). Since the numbers that were chosen
    are chosen again, what the kernel sent then is right now, byte for byte. A bare ACK more or less is no difference.
    """

    def __init__(self, record: list) -> None:
        self._left = deque(record)
        self._incoming: deque[bytes] = deque()

    def begins(self, endpoint: Endpoint) -> None:
        self._incoming.clear()
        endpoint.other_port = self._next()

    def _next(self) -> Any:
        entry = self._left.popleft()
        while self._left and self._left[0][0] == "takes":
            self._incoming.append(bytes.fromhex(self._left.popleft()[1]))
        return entry[-1]

    def chosen(self, choose: Callable[[], Any]) -> Any:
        if self._left[0][0] != "chosen":
            raise Unmet("all that an endpoint had sent by then, when this was recorded", "less")
        return self._next()

    def gives(self, segment: Segment) -> None:
        if self._left and self._left[0] == ["gives", str(segment)]:
            self._next()

    def taken(self) -> bytes | None:
        return self._incoming.popleft() if self._incoming else None

    def stuck(self) -> bool:
        return not self._incoming

    def does(self, what: str, endpoint: Endpoint, *arguments: str) -> None:
        if self._left[0] != ["does", what]:
            raise Unmet("all that an endpoint had sent by then, when this was recorded", self.instead(endpoint))
        self._next()

    def sees(self, what: str, endpoint: Endpoint, *arguments: Any) -> Any:
        return self._next() if self._left[0][:2] == ["sees", what] else None

    def instead(self, endpoint: Endpoint) -> str:
        if endpoint.has_ended():
            return f"nothing: {endpoint.state()}"
        if not self._left or self._left[0][0] != "gives":
            return "nothing"
        return f"nothing: in the recording {endpoint.said(Segment.written(self._left[0][1]))} has come before"

    def close(self) -> None:
        pass
