"""For lesson 05: scenes in which packets of TFTP go by their names, and a wire on which curl is listened to.

The packets themselves, as bytes and in words, are those of autograder/tftp.py (RFC 1350, section 5).
"""
import contextlib
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace

from ..datagrams import UdpPeer, describe, udp_socket
from ..faults import Fault
from ..peers import LOCALHOST
from ..program import Program
from ..render import svg, text
from ..stage import Actor, Stage, Unmet
from ..tftp import DATA, NAMES, RRQ, ack, can_fetch, data, error, request, words
from ..trace import Trace
from ..words import show as quoted
from . import Play, scene, show

SOON = 1.0                                      # seconds for what comes at once, in a scene in which it may not come
CURL, KNOWN, FRESH = "curl", "the known port", "the fresh port"         # who takes part when curl fetches something
Datagram = tuple[int, int, bytes]               # from this port, to this port, with these bytes

# What curl 7.88 and the first server of the lesson said to each other, for machines without such a curl. By file.
RECORDED: dict[str, list[Datagram]] = {
    "boot.img": [(40312, 23077, request(RRQ, "boot.img")),
                 (51946, 40312, data(1, b"#" * 512)), (40312, 51946, ack(1)),
                 (51946, 40312, data(2, b"#" * 512)), (40312, 51946, ack(2)),
                 (51946, 40312, data(3, b"#" * 256)), (40312, 51946, ack(3))],
    "nothing.txt": [(40313, 23077, request(RRQ, "nothing.txt")), (51947, 40313, error(1, "no such file"))],
    "hello.txt": [(40314, 23077, request(RRQ, "hello.txt", tsize=0, blksize=512, timeout=6)),
                  (51948, 40314, data(1, b"hello from a very small server\n")), (40314, 51948, ack(1))],
}


class Peer(UdpPeer):
    """Somebody who speaks TFTP with a program of a scene, and takes what comes from any port of it.

    (The peers with which exercise 05 is graded hold on to the port of their transfer. Here ports go wrong on purpose.)
    """

    def __init__(self, play: Play, lane: str, program: Program | None = None) -> None:
        super().__init__(play.stage, lane, program)
        self._partner: tuple[str, int] | None = None        # whom it replies to

    def words(self, data: bytes) -> str:
        """A packet in words."""
        return words(data)

    def _to(self) -> tuple[str, int] | None:
        return self._partner or super()._to()

    def asks(self, packet: bytes) -> None:
        """It sends this to the port that everybody knows."""
        self._partner = None
        self.sends(packet)

    def replies(self, packet: bytes) -> None:
        """It sends this to where the last packet came from."""
        self._partner = self._sender
        self.sends(packet)

    def gets(self, packet: bytes, within: float = SOON) -> None:
        """Next it receives exactly this packet, within so many seconds. Raises Unmet."""
        with self.stage.step(f"{self.lane} receives  {words(packet)}"):
            if not self.stage.wait(lambda: self.received, within, hopeless=self.program.has_ended):
                raise Unmet(words(packet), f"nothing: {self.program.state()}")
            found = self._takes(words(packet))
            if found != packet:
                tell = words if words(found) != words(packet) else quoted
                raise Unmet(tell(packet), tell(found))


class Wire(Actor):
    """Stands between a server and its client, passes on what they say to each other, and notes it.

    The client sends to .port in place of the server's. For each port that the server answers from there is another one
    of the wire, so that the client sees the answer come from a fresh port, as it would without (RFC 1350, section 4).

    noted: what has passed, with the ports that the client sees.
    """

    def __init__(self, stage: Stage, server: Program) -> None:
        self.stage, self.noted = stage, []
        self._server, self._client = server, (LOCALHOST, 0)
        self._back = udp_socket()                           # talks with the server
        self._fronts: dict[int, socket.socket] = {}         # talk with the client, each for a port of the server
        self.port = self._front(server.port)
        stage.actors.append(self)
        stage.watch(self._back, self._from_server)

    def _front(self, port: int) -> int:
        """The port that stands for this one of the server."""
        if port not in self._fronts:
            self._fronts[port] = made = udp_socket()
            self.stage.watch(made, lambda: self._from_client(made, port))
        return self._fronts[port].getsockname()[1]

    def _lane(self, port: int) -> str:
        return KNOWN if port == self._server.port else FRESH

    def _from_client(self, front: socket.socket, port: int) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            datagram, self._client = front.recvfrom(1 << 16)
            self.noted.append((self._client[1], self._front(port), datagram))
            _passes(self.stage.trace, CURL, self._lane(port), datagram)
            self._back.sendto(datagram, (LOCALHOST, port))

    def _from_server(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            datagram, (_, port) = self._back.recvfrom(1 << 16)
            self.noted.append((self._front(port), self._client[1], datagram))
            _passes(self.stage.trace, self._lane(port), CURL, datagram)
            self._fronts[port].sendto(datagram, self._client)

    def close(self) -> None:
        """End all of its sockets."""
        for end in self._back, *self._fronts.values():
            self.stage.unwatch(end)
            end.close()


def _passes(trace: Trace, lane: str, to: str, datagram: bytes) -> None:
    """Record a datagram; of a request with options only how many it has, for which an arrow has room."""
    told = words(datagram).split(" ")
    if told[0] == NAMES[RRQ] and len(told) > 3:
        told[2:] = [f"{told[2]},", str(len(told) - 3), "options"]
    trace.add(lane, "datagram", data=datagram, to=to, text=" ".join(told))


def curl_fetches(server: str, name: str, *options: str) -> list[Datagram]:
    """Let curl fetch this file from a server, show what passes, and return it.

    server: the source of its program. options: for curl. Where no curl knows TFTP, a recording is shown, and returned.
    """
    if not can_fetch():
        print("There is no curl with TFTP on this machine. This was recorded on another one:")
        return _replayed(RECORDED[name])
    ending, noted = "curl was not started", []
    with scene({"server.py": server}) as play:
        play.stage.trace.add(FRESH, "start")    # its line stands left of the known port's: a long request has room
        wire = Wire(play.stage, starts(play, "server.py", KNOWN))
        noted = wire.noted
        ending = _curl(play.stage, f"tftp://{LOCALHOST}:{wire.port}/{name}", *options)
    print(ending)
    return noted


def _curl(stage: Stage, url: str, *options: str) -> str:
    """Run curl, while the stage goes on. Returns in words what came of it."""
    curl = subprocess.Popen(["curl", "--disable", "--silent", "--show-error", "--noproxy", "*", *options, url],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if stage.wait(lambda: curl.poll() is not None) is None:
        curl.kill()
    content, _ = curl.communicate()
    stage.settle()                              # its last packet, which nobody answers
    return f"curl has got {len(content)} bytes, and ended with exit code {curl.returncode}"


def _replayed(recorded: list[Datagram]) -> list[Datagram]:
    """Show what was recorded, as if it passed now. Returns it."""
    trace, (client, known, _) = Trace(), recorded[0]
    for lane in FRESH, KNOWN:
        trace.add(lane, "start")
    names = {client: CURL, known: KNOWN}
    for source, to, datagram in recorded:
        _passes(trace, names.get(source, FRESH), names.get(to, FRESH), datagram)
    show(svg.picture(trace), "\n".join(text.timeline(trace)))
    return recorded


@contextlib.contextmanager
def over_a_link(server: str, client: str, *script: Fault) -> Iterator[Callable[[], tuple[Program, Program]]]:
    """A scene of a server and its client, with a link between them that has these faults. Both are sources of programs,
    and what this gives is to be called: it starts both.

    Afterwards the picture is shown, and it is said how many DATA were sent: to be compared with the 4 of the file.
    """
    with scene({"serve.py": server, "fetch.py": client}) as play:
        def begin() -> tuple[Program, Program]:
            serving = starts(play, "serve.py")
            link = play.udp_link(serving, *script)
            fetching = play.program("fetch.py", "--port", link.port, lane="the client")
            link.carries(fetching)
            return serving, fetching

        try:
            yield begin
        finally:
            play.stage.settle()
            _name_packets(play.stage.trace)
    sent = [event for event in play.stage.trace.of("datagram", "lost")
            if int.from_bytes(event.data[:2], "big") == DATA]
    print(f"DATA sent: {len(sent)}. Needed: 4.")


def _name_packets(trace: Trace) -> None:
    """Call what has passed on a link by its names, which a link does not know; its fate stays with it."""
    trace.events[:] = [
        replace(event, text=words(event.data) + event.text.removeprefix(describe(event.data)))
        if event.kind in ("datagram", "lost", "held up") else event for event in trace.events]


def starts(play: Play, script: str, lane: str = "the server") -> Program:
    """Start a program that receives on the port that it gets as --port, and wait until it does."""
    port = play.port()
    return play.program(script, "--port", port, lane=lane).receives_on(port)


def shows_soon(program: Program, line: str) -> None:
    """As program.shows(line), but it does not wait for long. Raises Unmet."""
    with program.stage.step(f"{program.lane}'s screen shows {quoted(line)}"):
        if not program.stage.wait(lambda: f"{line}\n" in program.screen, SOON, hopeless=program.has_ended):
            last = quoted(program.screen.splitlines()[-1]) if program.screen else "nothing"
            raise Unmet(quoted(line), f"{last} on the screen: {program.state()}")


def mend(program: str, *changes: tuple[str, str]) -> str:
    """The source of a program with other lines: before and after each. ValueError if it has no such line."""
    for before, after in changes:
        if before not in program:
            raise ValueError(f"there is no such line in the program: {before}")
        program = program.replace(before, after)
    return program
