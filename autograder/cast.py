"""Who takes part in a test: what a test file builds its fixtures from."""
import re
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from .calls import Calls, short
from .datagrams import BROADCAST, UdpLink, UdpPeer
from .faults import Fault
from .files import Folder
from .frames import RECORDED, Seen, captured
from .link import Link
from .netns import STATES, Capture, can_ask, free_port, most_sent_unread, own, tcp_sockets
from .peers import LOCALHOST, Peer, ScriptedServer
from .program import Program
from .search import search
from .simulation import Clock, Half
from .stage import POLL, QUIET, Actor, Stage, Unavailable, Unmet
from .tcp import Endpoint, Kernel
from .tftp import Curl, TftpPeer, can_fetch
from .trace import Step
from .wire import NEAR, possible
from .words import show

P = TypeVar("P", bound=Program)
H = TypeVar("H", bound=Half)


class Cast:
    """The student's programs and their peers, on one stage.

    folder: where the student's programs are. tier: how they are confined. before_start: called with
    the name of each program before it is started; may raise. capture: whether to keep the packets, which can be done
    in a network of one's own only.
    """

    def __init__(self, stage: Stage, folder: Path, tier: str,
                 before_start: Callable[[str], None] = lambda script: None, capture: bool = False) -> None:
        self.stage, self.folder, self.tier = stage, folder, tier
        self._before_start = before_start
        self._ports: list[int] = []
        self._clock: Clock | None = None
        self._files: Folder | None = None
        self._capture = capture
        if capture:
            stage.actors.append(_Recorder(stage))

    def program(self, script: str, *arguments: object, lane: str) -> Program:
        """Start one of the student's programs. Raises Unmet if there is no such file."""
        return self._start(Program, script, arguments, lane)

    def calls(self, script: str, lane: str) -> Calls:
        """A process that calls the functions of one of the student's files. Raises Unmet if there is no such file."""
        return self._start(Calls, script, [], lane)

    def half(self, script: str, lane: str, words: Callable[[bytes], str], tell: Sequence[str] = (),
             kind: type[H] = Half) -> H:
        """A process for an object of one of the student's classes, on a virtual clock; see Half for words and tell."""
        half = self._start(kind, script, [], lane)
        self._clock = self._clock or Clock(self.stage)
        half.words, half.clock, half.tell = words, self._clock, tell
        return half

    def endpoint(self, lane: str) -> Endpoint:
        """A process for an object of the student's Endpoint class, on a virtual clock."""
        return self.half("endpoint.py", lane, words=show, tell=Endpoint.tell, kind=Endpoint)

    def kernel(self, recorded: list) -> Kernel:
        """This machine's kernel, and an endpoint at the other end of its wire; where a machine has none, a recording.

        The kernel's time is real, and the endpoint's stands still: on this wire nothing is lost.
        """
        endpoint = self._start(Endpoint, "endpoint.py", [], "your endpoint")
        endpoint.clock = Clock()
        if possible():
            kernel = Kernel(self.stage, endpoint)
            if self._capture:
                self.stage.actors.append(_Recorder(self.stage, NEAR))
            return kernel
        with self.stage.step("this machine has no wire to its kernel: what a kernel sent is replayed, as recorded"):
            return Kernel(self.stage, endpoint, recorded)

    def _start(self, kind: type[P], script: str, arguments: Sequence[object], lane: str) -> P:
        self._before_start(script)
        source = self.folder / script
        if not source.exists() or not source.read_bytes().strip():
            with self.stage.step(f"there is a program {script}"):
                if source.exists():
                    raise Unmet(f"a program in {script}", "an empty file")
                others = ", ".join(sorted(path.name for path in self.folder.glob("*.py")))
                raise Unmet(f"a file {script}", others or "no .py file at all")
        return kind(self.stage, self.folder, script, [str(word) for word in arguments], lane, self._ports, self.tier,
                    self._files and self._files.path)

    def peer(self, lane: str, program: Program) -> Peer:
        """Somebody who will connect to a program."""
        return Peer(self.stage, lane, program)

    def server(self, lane: str = "the server") -> ScriptedServer:
        """A server for the student's client."""
        server = ScriptedServer(self.stage, lane)
        self._ports.append(server.port)
        return server

    def link(self, server: Program, piece: int) -> Link:
        """A relay in front of a server program, which passes on so many bytes at a time."""
        link = Link(self.stage, server, piece)
        self._ports.append(link.port)
        return link

    def udp_peer(self, lane: str, program: Program | None = None, **where: Any) -> UdpPeer:
        """Somebody who exchanges datagrams with a program. where: port, address or group, as UdpPeer has them."""
        return UdpPeer(self.stage, lane, program, **where)

    def udp_link(self, server: Program, *script: Fault) -> UdpLink:
        """A link for datagrams in front of a server program, with the faults of this script."""
        return UdpLink(self.stage, server, script)

    def files(self) -> Folder:
        """A folder that all programs of this test may read and write. It has to be there before they start."""
        self._files = self._files or Folder(self.stage)
        return self._files

    def tftp_peer(self, lane: str, program: Program | None = None) -> TftpPeer:
        """Somebody who speaks TFTP with a program."""
        return TftpPeer(self.stage, lane, program)

    def curl(self) -> Curl | None:
        """The program curl, if this machine has one that knows TFTP."""
        return Curl(self.stage) if can_fetch() else None

    def port(self) -> int:
        """A port that nobody uses."""
        self._ports.append(free_port())
        return self._ports[-1]

    def captures(self, line: str, reply: str) -> list[Seen]:
        """Frames that have passed on the loopback just now, with this line, and in some the reply to it, in them.

        Where nobody may capture, frames that were recorded elsewhere.
        """
        with self.stage.step("a datagram and a short TCP conversation pass on the loopback, and are captured") as step:
            seen = captured(self.stage, line.encode(), reply.encode()) if own() else []
            if not seen:
                step.sentence = "this machine lets nobody capture: frames that were recorded elsewhere are used"
            return seen or RECORDED

    def line(self, word: str = "") -> str:
        """A line that nobody can have foreseen; it contains the word, if one is given."""
        return self.stage.line(word)

    def more_than_fits(self) -> list[str]:
        """Lines which together are more than a connection can keep for somebody who does not read; 4 kB each."""
        return [self.line("page") + " la" * 1300 for _ in range((most_sent_unread() + (1 << 19)) // 3900)]

    def page(self, size: int) -> bytes:
        """So many bytes that nobody can have foreseen."""
        return (self.line("page") * (size // 8 + 1)).encode()[:size]

    def search(self, examples: Any, plays: Callable[[Any], None], count: int, what: str, first: Sequence = ()) -> None:
        """Play these and so many other examples, and see the smallest that fails; see search.py. Raises Unmet."""
        search(self.stage, examples, plays, first, count, self.stage.random.randrange(1 << 32), what)

    def second_address(self) -> str:
        """A second IPv4 address of the loopback; "" where it has none (on macOS)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.2", 0))
            except OSError:
                return ""
        return "127.0.0.2"

    def loopback_addresses(self) -> list[str]:
        """The addresses of this machine's loopback: 127.0.0.1, and ::1 where there is IPv6."""
        try:
            with socket.create_server(("::1", 0), family=socket.AF_INET6):
                return [LOCALHOST, "::1"]
        except OSError:
            return [LOCALHOST]

    def ways_to_everybody(self, group: str) -> list[str]:
        """How to reach everybody on the loopback: by "broadcast", where it has that (macOS has not), and the group."""
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                probe.sendto(b"", (BROADCAST, self.port()))
                return ["broadcast", group]
        except OSError:
            return [group]

    def compares(self, sentence: str, expected: object, found: object) -> None:
        """What was found is what was expected. Raises Unmet."""
        with self.stage.step(sentence):
            if found != expected or type(found) is not type(expected):
                raise Unmet(short(expected), short(found), compare=True, done=True)

    def read_back(self, option: int, value: int) -> int:
        """What this system says of an option of a TCP socket (level SOL_SOCKET) after it was set to this value."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, option, value)
            return probe.getsockopt(socket.SOL_SOCKET, option)

    def unknown_name(self) -> str:
        """A host name that nobody has. Where programs could ask other machines for it, one too long to be asked."""
        return "no-such-host.invalid" if own() else "no-such-host." * 20 + "invalid"

    def step(self, sentence: str) -> AbstractContextManager[Step]:
        """Make one step of all that happens inside, for what would be many steps of one kind."""
        return self.stage.step(sentence)

    def silence(self, seconds: float, why: str) -> None:
        """Nothing happens for so long (s): quiet periods, one after the other."""
        with self.stage.step(f"nothing happens for {seconds} s: {why}"):
            for _ in range(round(seconds / QUIET)):
                self.stage.quiet(why)

    def timers(self, seconds: float, whose: str) -> None:
        """Declare that this check waits so long (s) at least for timers of the program, which cannot be hurried."""
        self.stage.declare_quiet(whose, seconds)

    def time_wait(self, port: int) -> None:
        """Wait until the kernel keeps a closed connection of this port in TIME-WAIT. Not asked where it cannot be."""
        if not can_ask():
            return
        with self.stage.step(f"the kernel keeps the old connection of port {port} in TIME-WAIT"):
            def others() -> str:
                rows = tcp_sockets(port, "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "LAST-ACK")
                return ", ".join(sorted({row.state for row in rows})) or "no connection"
            self.stage.expect(lambda: tcp_sockets(port, "TIME-WAIT"), "TIME-WAIT on the side of the server, which "
                              "closed first", others, poll=POLL)
            self.stage.trace.add("", "time-wait", value=port)

    def state_held(self, program: Program, state: str, given: int) -> None:
        """The kernel has a connection in this state, on the port that the program says.

        given: the port that the program was given, which one of the two ends has. Raises Unavailable, Unmet.
        """
        if not can_ask():
            raise Unavailable("the kernel does not tell here in which states connections are")
        def port() -> int:
            found = re.search(rf"holding {state} on port ([0-9]{{1,5}})$", program.screen, re.MULTILINE)
            return int(found[1]) if found else 0

        with self.stage.step(f"{program.lane}'s screen shows  holding {state} on port …"):
            self.stage.expect(port, f"holding {state} on port …, in a line of its own",
                              lambda: show(program.screen) if program.screen else f"nothing: {program.state()}",
                              hopeless=program.has_ended)
        with self.stage.step(f"the kernel has a connection of that port in {state}"):
            def states() -> list[str]:
                return sorted({row.state for row in tcp_sockets(port(), *STATES.values())
                               if given in (row.local[1], row.remote[1])})

            def others() -> str:
                return f"port {port()}: {', '.join(states()) or 'no connection'}"

            self.stage.expect(lambda: state in states(), state, others, poll=POLL, hopeless=program.has_ended)
        if state in ("FIN-WAIT-1", "CLOSING", "LAST-ACK"):
            with self.stage.step("and it stays so"):
                self.stage.quiet("whether the FIN is acknowledged: a kernel may take 0.2 s to do that")
                if state not in states():
                    raise Unmet(state, others())


MOST_READS = 200            # of a capture, at its end: its buffer of 16 MiB holds fewer frames than these give


class _Recorder(Actor):
    """Keeps the packets that pass on an interface in the test's trace."""

    def __init__(self, stage: Stage, interface: str = "lo") -> None:
        self._stage, self._capture = stage, Capture(interface)
        stage.watch(self._capture, self._keep)

    def _keep(self) -> None:
        self._stage.trace.packets += [(time.time(), frame) for frame in self._capture.read()]

    def close(self) -> None:
        """Take the last packets, which are no more than the capture's buffer holds, and end the capture."""
        for _ in range(MOST_READS):
            self._keep()
        self._stage.unwatch(self._capture)
        self._capture.close()
