"""Scripted UDP peers, and a link for datagrams: whom a student's program talks with where there are no connections."""
import contextlib
import socket
import time
from collections import deque
from collections.abc import Sequence
from typing import NoReturn

from .faults import Fault, Faults
from .netns import free_port, unread_datagrams
from .peers import LOCALHOST
from .program import Program
from .stage import DEADLINE, Actor, Stage, Unavailable, Unmet
from .words import quote, show

MOST_DATAGRAMS = 10_000     # that a peer or a link takes in from a program that does not stop sending
BROADCAST = "127.255.255.255"           # everybody on the loopback
EVERY = 0.1                 # seconds between two datagrams of one that goes on sending
BUFFER = 1 << 20            # bytes that the sockets of the harness ask the kernel to keep


def udp_socket(address: str = LOCALHOST, port: int = 0, shared: bool = False) -> socket.socket:
    """A UDP socket of the harness, which never blocks. shared: whether others may have the same port."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    for option in socket.SO_SNDBUF, socket.SO_RCVBUF:           # macOS sends no more than 9,216 bytes without
        made.setsockopt(socket.SOL_SOCKET, option, BUFFER)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT") and not hasattr(socket, "SO_BINDTODEVICE"):      # macOS and the BSDs
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((address, port))
    return made


class UdpPeer(Actor):
    """Somebody with a UDP socket, at .address and .port.

    stage: where it plays. lane: its name in sentences. program: the student's program that it talks with. port: 0 for
    one that nobody uses. group: "broadcast", or a multicast group, to hear what is sent to everybody on that port.
    address: another one of the loopback.
    """

    def __init__(self, stage: Stage, lane: str, program: Program | None = None, port: int = 0, group: str = "",
                 address: str = LOCALHOST) -> None:
        self.stage, self.lane, self.address = stage, lane, address
        self.port = port or free_port()
        self.received: deque[tuple[bytes, tuple[str, int]]] = deque()      # what has arrived, and was not yet expected
        # Bound to the very address that is to be heard: bound to "", it would hear what is sent to any other one too.
        to_all = BROADCAST if group == "broadcast" else group
        try:
            self._socket = udp_socket(to_all or address, self.port, shared=bool(group))
        except OSError as error:
            raise Unavailable(f"no UDP socket on {to_all or address}, port {self.port}: {error}") from None
        if group not in ("", "broadcast"):
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                    socket.inet_aton(group) + socket.inet_aton(LOCALHOST))
        self._sender: tuple[str, int] | None = None     # of what it took last
        self.program = program
        if program:
            self.talks_with(program)
        stage.actors.append(self)
        stage.watch(self._socket, self._read)

    def talks_with(self, program: Program) -> "UdpPeer":
        """From here on this is the program at the other end. Returns itself."""
        self.program = program
        program.peers.append(self)
        return self

    # What the stage asks of an actor ------------------------------------------------------------------

    def testify(self) -> None:
        """Record what the program has left unread."""
        if self.program and (waiting := self.unread()):
            self.stage.trace.add(self.program.lane, "unread", value=waiting, text=self.lane)

    def close(self) -> None:
        """Leave."""
        self.stage.unwatch(self._socket)
        self._socket.close()

    def unread(self) -> int:
        """Bytes that the kernel keeps for the program, which it has not read."""
        return unread_datagrams(to[1]) if (to := self._to()) else 0

    def _to(self) -> tuple[str, int] | None:
        """Where it sends to: the port of the program, or whoever it last heard from."""
        return (LOCALHOST, self.program.port) if self.program.port else self._sender

    def words(self, data: bytes) -> str:
        """A datagram in words."""
        return describe(data)

    # Sentences ----------------------------------------------------------------------------------------

    def sends(self, data: str | bytes) -> None:
        """It sends one datagram: to the port of the program, or to whoever it last heard from. Text as UTF-8."""
        data = data.encode() if isinstance(data, str) else data
        with self.stage.step(f"{self.lane} sends  {self.words(data)}"):
            if (to := self._to()) is None:
                raise Unmet(f"{self.program.lane} to have sent something, which can be answered", "nothing")
            self._passes(self.lane, data, self.program.lane)
            self._socket.sendto(data, to)

    def _passes(self, lane: str, data: bytes, to: str) -> None:
        """Record a datagram: by its bytes, or by what else it is called."""
        words = self.words(data)
        self.stage.trace.add(lane, "datagram", data=data, to=to, text=words if words != describe(data) else "")

    def answers_for(self, other: "UdpPeer", data: str | bytes) -> None:
        """It sends one datagram to the program, at the port from which that has written to another peer."""
        self._sender = other._sender
        self.sends(data)

    def asks_everybody(self, data: bytes, port: int, group: str) -> None:
        """It sends one datagram to all who are on this port: by "broadcast", or to a multicast group, on loopback."""
        by = "by broadcast" if group == "broadcast" else f"to the group {group}"
        with self.stage.step(f"{self.lane} asks everybody, {by}:  {describe(data)}"):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOCALHOST))
            self.stage.trace.add(self.lane, "datagram", data=data, to=self.program.lane)
            self._socket.sendto(data, (BROADCAST if group == "broadcast" else group, port))

    def receives(self, data: str | bytes = b"", ending: str | bytes = b"") -> bytes:
        """Next it receives a datagram with exactly these bytes; or, where that is given, with this end. Returns it."""
        wanted = ending or data
        wanted = wanted.encode() if isinstance(wanted, str) else wanted
        sentence = f"a datagram that ends with  {show(wanted)}" if ending else self.words(wanted)
        with self.stage.step(f"{self.lane} receives  {sentence}"):
            found = self._takes(self.words(wanted))
            if not (found.endswith(wanted) if ending else found == wanted):
                self._differs(wanted, found)
            return found

    def _takes(self, expected: str) -> bytes:
        """The next datagram, waited for."""
        self.stage.expect(lambda: self.received, expected, lambda: f"nothing: {self.program.state()}",
                          hopeless=self.program.has_ended)
        found, self._sender = self.received.popleft()
        return found

    def _differs(self, wanted: bytes, found: bytes) -> NoReturn:
        """Raises Unmet with both."""
        long = max(len(found), len(wanted)) > 1000
        raise Unmet(*map(self.words, (wanted, found))) if long or not found or not wanted \
            else Unmet(quote(wanted), quote(found), compare=True)

    def receives_while_sending(self, data: bytes, sending: Sequence[bytes], timeout: float) -> bytes:
        """Next it receives a datagram with these bytes once more, though it sends something else all the while.

        sending: these datagrams, each time all of them. timeout: after how long (s) the program sends it.
        Where a busy machine has made a pause as long, the program may have sent it for that: it will do so again, and
        what comes without such a pause shows more, as long as there is time for it.
        """
        said = " and ".join(map(self.words, sending))
        with self.stage.step(f"{self.lane} sends  {said}  again and again; all the same it receives  "
                             f"{self.words(data)}  a second time"):
            pause, last, before = 0.0, time.monotonic(), []
            for _ in range(round(DEADLINE / EVERY)):
                for each in sending:
                    self.sends(each)
                came = self.stage.wait(lambda: self.received, seconds=EVERY, hopeless=self.program.has_ended)
                pause, last = max(pause, time.monotonic() - last), time.monotonic()
                if came and pause < timeout:
                    return self.receives(data)
                if came:
                    before, pause = [self.received.popleft()], 0.0
                if self.program.has_ended():
                    break
            if before:
                self.received.extendleft(before)
                return self.receives(data)
            raise Unmet(self.words(data), f"nothing: {self.program.state()}", late=not self.program.has_ended())

    def finds(self, what: str, found: bytes, holds: bool) -> None:
        """Something that it has received has this property, in words."""
        with self.stage.step(f"{self.lane} finds that {what}"):
            if not holds:
                raise Unmet(f"that {what}", describe(found))

    def has_received_nothing_more(self) -> None:
        """Nothing has arrived but what was expected. For the moment after something else shows that it would have."""
        with self.stage.step(f"{self.lane} has received nothing else"):
            self.stage.settle()
            if self.received:
                raise Unmet("nothing", self.words(self.received[0][0]))

    def _read(self) -> None:
        try:
            data, sender = self._socket.recvfrom(1 << 16)
        except (BlockingIOError, ConnectionError):          # Windows tells here that an answer found nobody
            return
        self.received.append((data, sender))
        lane = self.program.lane if self.program else "somebody"
        self._passes(lane, data, self.lane)
        if len(self.received) > MOST_DATAGRAMS:
            self.stage.trace.add(lane, "limit", text=f"it sent more than {MOST_DATAGRAMS:,} datagrams")
            self.stage.unwatch(self._socket)


def describe(data: bytes) -> str:
    """A datagram in words."""
    return show(data) if data else "an empty datagram"


class UdpLink(Actor):
    """A relay for datagrams in front of a server program, for the client program that sends to .port.

    stage: where it plays. server: the program that it hands over to. script: its faults, in the directions "out"
    (from the client) and "back".
    """

    def __init__(self, stage: Stage, server: Program, script: tuple[Fault, ...]) -> None:
        self.stage, self._server, self._faults = stage, server, Faults(script)
        self._client: Program | None = None
        self._address: tuple[str, int] | None = None        # of the client
        self._carried = 0
        self.port = free_port()
        self._near, self._far = udp_socket(port=self.port), udp_socket()
        stage.actors.append(self)
        stage.watch(self._near, self._out)
        stage.watch(self._far, self._back)

    def carries(self, client: Program) -> None:
        """What comes is this program's."""
        with self.stage.step(f"between {client.lane} and {self._server.lane} is a link with these faults: "
                             f"{self._faults}"):
            self._client = client

    def _out(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            data, self._address = self._near.recvfrom(1 << 16)
            self._pass("out", data)

    def _back(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            data = self._far.recvfrom(1 << 16)[0]
            if self._address:                       # else it answers nobody
                self._pass("back", data)

    def _pass(self, direction: str, data: bytes) -> None:
        self._carried += 1
        if self._carried > MOST_DATAGRAMS:
            return
        ends = self._client.lane if self._client else "somebody", self._server.lane
        lane, to = ends if direction == "out" else ends[::-1]
        for passage in self._faults.passes(direction, data):
            self.stage.trace.add(lane, passage.kind, data=passage.datagram, to=to,
                                 text=passage.told(describe(passage.datagram)))
            if passage.arrives and direction == "out":
                self._far.sendto(passage.datagram, (LOCALHOST, self._server.port))
            elif passage.arrives:
                self._near.sendto(passage.datagram, self._address)

    def close(self) -> None:
        """End both of its sockets."""
        for end in self._near, self._far:
            self.stage.unwatch(end)
            end.close()
