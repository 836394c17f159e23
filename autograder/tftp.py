"""TFTP as the tests speak it: its packets as bytes and in words, and peers with a port for each transfer (RFC 1350).

Nothing here is shared with the solution: it would agree with itself.
"""
import select
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from functools import cache

from .datagrams import UdpPeer, describe, udp_socket
from .netns import can_ask, free_port, udp_sockets
from .peers import LOCALHOST
from .program import Program
from .stage import DEADLINE, POLL, Actor, Stage, Unmet
from .words import quote, show

RRQ, WRQ, DATA, ACK, ERROR, OACK = range(1, 7)
BLOCK = 512                 # bytes of a block, unless another size was agreed upon
MODULUS = 1 << 16           # numbers of blocks are counted modulo this
NAMES = ["", "RRQ", "WRQ", "DATA", "ACK", "ERROR", "OACK"]
CURL_SECONDS = "20"         # after which curl gives up


def _texts(*texts: str) -> bytes:
    return b"".join(text.encode("utf-8", "surrogateescape") + b"\0" for text in texts)


def _pairs(options: dict[str, object]) -> bytes:
    return _texts(*(str(word) for pair in options.items() for word in pair))


def request(opcode: int, name: str, mode: str = "octet", **options: object) -> bytes:
    """An RRQ or a WRQ (RFC 1350, section 5; options: RFC 2347)."""
    return struct.pack("!H", opcode) + _texts(name, mode) + _pairs(options)


def data(number: int, block: bytes) -> bytes:
    """A DATA: number of the block, and its bytes."""
    return struct.pack("!HH", DATA, number) + block


def ack(number: int) -> bytes:
    """An ACK of the block with this number."""
    return struct.pack("!HH", ACK, number)


def error(code: int, message: str) -> bytes:
    """An ERROR with this code; the message is for people."""
    return struct.pack("!HH", ERROR, code) + _texts(message)


def oack(**options: object) -> bytes:
    """An OACK that grants these options (RFC 2347)."""
    return struct.pack("!H", OACK) + _pairs(options)


def blocks(content: bytes, size: int = BLOCK) -> list[bytes]:
    """What a file is sent in: full blocks, and at the end one that is not full."""
    return [content[begin:begin + size] for begin in range(0, len(content) + 1, size)]


def options_of(datagram: bytes) -> dict[str, str] | None:
    """What an OACK grants, names in lower case. None if it is no OACK."""
    texts = datagram[2:].decode("utf-8", "replace").split("\0")
    if int.from_bytes(datagram[:2], "big") != OACK or not len(texts) % 2 or texts[-1]:
        return None
    return {name.lower(): value for name, value in zip(texts[:-1:2], texts[1::2], strict=True)}


def words(datagram: bytes) -> str:
    """A datagram in words: its bytes, where it is no packet of TFTP."""
    opcode, body = int.from_bytes(datagram[:2], "big"), datagram[2:]
    number = int.from_bytes(body[:2], "big")
    texts = body.decode("utf-8", "replace").split("\0")
    if opcode in (RRQ, WRQ) and len(texts) >= 3 and len(texts) % 2 and not texts[-1]:
        return " ".join([NAMES[opcode], show(texts[0]), texts[1], *_granted(texts[2:])])
    if opcode == DATA and len(body) >= 2:
        block = body[2:]
        return f"DATA {number}, " + (f"{len(block)} bytes" if len(block) > 20 else show(block) if block else "empty")
    if opcode == ACK and len(body) == 2:
        return f"ACK {number}"
    if opcode == ERROR and len(body) >= 3 and body.endswith(b"\0"):
        return f"ERROR {number} {show(body[2:-1])}"
    if opcode == OACK and len(texts) % 2 and not texts[-1]:
        return " ".join(["OACK", *_granted(texts)])
    return describe(datagram)


def _granted(texts: list[str]) -> list[str]:
    return [f"{name}={value}" for name, value in zip(texts[::2], texts[1::2], strict=False)]


class TftpPeer(UdpPeer):
    """Somebody who speaks TFTP. It holds on to the port that the program's first answer comes from: the transfer's."""

    _tid: tuple[str, int] | None = None         # the other end of its transfer, once that is known
    _asked = False                              # whether it has ever asked for something

    def __init__(self, stage: Stage, lane: str, program: Program | None = None) -> None:
        super().__init__(stage, lane, program)
        self._left: list[socket.socket] = []    # its ports of before

    def close(self) -> None:
        """Leave."""
        super().close()
        for each in self._left:
            each.close()

    def words(self, data: bytes) -> str:
        """A packet in words."""
        return words(data)

    def _to(self) -> tuple[str, int] | None:
        return self._tid or super()._to()

    # Sentences: a client of the student's server --------------------------------------------------------

    def asks(self, opcode: int, name: str, mode: str = "octet", **options: object) -> None:
        """It sends a request, to the port that requests come to.

        A new transfer begins, from a new port of its own (RFC 1350, section 4).
        """
        if self._asked:
            self.stage.unwatch(self._socket)
            self._left.append(self._socket)     # open, so that what still comes there is nobody's, and not refused
            self.port = free_port()
            self._socket = udp_socket(self.address, self.port)
            self.stage.watch(self._socket, self._read)
        self._asked, self._tid = True, None
        self.sends(request(opcode, name, mode, **options))

    def intrudes(self, other: "TftpPeer", packet: bytes) -> None:
        """It sends a packet into another one's transfer, from its own port, as a stranger."""
        with self.stage.step(f"{self.lane} sends  {words(packet)}, to the port of {other.lane}'s transfer"):
            self._tid = other._tid
            self.sends(packet)

    # Sentences: a server of the student's client --------------------------------------------------------

    def is_asked(self, opcode: int, name: str, mode: str = "octet", **options: object) -> None:
        """Next it receives this request: the mode, and what is behind it, in any mixture of capitals."""
        wanted = request(opcode, name, mode, **options)
        with self.stage.step(f"{self.lane} receives  {words(wanted)}"):
            found = self._takes(words(wanted))
            begin = 2 + len(_texts(name))
            if found[:begin] + found[begin:].lower() != wanted:
                self._differs(wanted, found)

    def opens_port(self, lane: str) -> "TftpPeer":
        """It opens another port for the transfer with whoever has asked: a peer of its own, with this name."""
        port = TftpPeer(self.stage, lane, self.program)
        port._tid = self._tid or self._sender
        return port

    # Sentences: whole files, by either side ---------------------------------------------------------------

    def reads(self, *sent: bytes) -> None:
        """It receives these blocks, from DATA 1 on, and acknowledges each."""
        for number, block in enumerate(sent, start=1):
            self.receives(data(number, block))
            self.sends(ack(number))

    def writes(self, *sent: bytes) -> None:
        """It sends these blocks, from DATA 1 on, each when the one before is acknowledged."""
        for number, block in enumerate(sent, start=1):
            self.sends(data(number, block))
            self.receives(ack(number))

    # Sentences: what it expects -----------------------------------------------------------------------

    def receives(self, data: bytes = b"", ending: bytes = b"") -> bytes:
        """As any UDP peer; and it comes from the port of its transfer, which the first answer shows."""
        with self.stage.step(f"{self.lane} receives  {words(data)}"):
            found = super().receives(data, ending)
            self._belongs()
            return found

    def is_refused(self, *codes: int) -> None:
        """Next it receives an ERROR with one of these codes; with any if none is given."""
        wanted = "ERROR" + (" " + " or ".join(map(str, codes)) if codes else ", with any code")
        with self.stage.step(f"{self.lane} receives  {wanted}"):
            found = self._takes(wanted)
            self._belongs()
            if not words(found).startswith("ERROR ") or codes and int.from_bytes(found[2:4], "big") not in codes:
                raise Unmet(wanted, words(found))
            self._tid = None

    def is_granted(self, **asked: int) -> dict[str, int]:
        """Next it receives an OACK for these options and no other ones: of blksize and windowsize perhaps less.

        Returns what was granted.
        """
        wanted = oack(**asked)
        with self.stage.step(f"{self.lane} receives  {words(wanted)}"):
            found = self._takes(words(wanted))
            self._belongs()
            granted = options_of(found)
            if granted is None or set(granted) != set(asked) or not all(map(str.isdecimal, granted.values())):
                raise Unmet(words(wanted), words(found))
            values = {name: int(value) for name, value in granted.items()}
            if any(not 0 < value <= asked[name] if name in ("blksize", "windowsize") else value != asked[name]
                   for name, value in values.items()):
                raise Unmet(words(wanted), words(found))
            return values

    def may_be_granted(self, *names: str) -> None:
        """If it now receives an OACK for some of these options, it takes that; else nothing happens."""
        with self.stage.step(f"if {self.lane} is granted options, that is fine"):
            self.stage.wait(lambda: self.received, hopeless=self.program.has_ended)
            granted = options_of(self.received[0][0]) if self.received else None
            if granted and set(granted) <= set(names):
                self._takes("")
                self._belongs()
                self.sends(ack(0))

    def receives_after(self, data: bytes, skipping: bytes) -> None:
        """Next it receives this, after copies of what it has received before, as many as there are."""
        with self.stage.step(f"{self.lane} receives  {words(data)}"):
            while (found := self._takes(words(data))) == skipping:
                pass
            self._belongs()
            if found != data:
                self._differs(data, found)

    def reads_on(self, content: bytes, blksize: int, window: int) -> None:
        """It reads a file of very many blocks, in windows, from DATA 1 on: the trace has none of them.

        The time that this takes is declared: it is the program's, which has to send them.
        """
        sent = blocks(content, blksize)
        with self.stage.step(f"{self.lane} reads {len(sent):,} blocks; after number 65535 comes 0"):
            self.stage.unwatch(self._socket)
            begin = time.monotonic()
            for number, block in enumerate(sent, start=1):
                wanted = data(number % MODULUS, block)
                if not select.select([self._socket], [], [], DEADLINE)[0]:
                    raise Unmet(f"{words(wanted)}, block {number:,}", f"nothing: {self.program.state()}", late=True)
                found = self._socket.recv(1 << 16)
                if found != wanted:
                    self._passes(self.program.lane, found, self.lane)
                    raise Unmet(f"{words(wanted)}, block {number:,}", words(found))
                if number % window == 0 or number == len(sent):
                    self._socket.sendto(ack(number % MODULUS), self._tid)
                    self.stage.turn(0)
            self.stage.declare_quiet("the program sends", time.monotonic() - begin)
            self.stage.watch(self._socket, self._read)

    def transfer_is_over(self) -> None:
        """The program has closed the port of its transfer. Not asked where the kernel does not tell."""
        with self.stage.step(f"the port of {self.lane}'s transfer is closed, for that is over"):
            if can_ask():
                port = self._tid[1]
                self.stage.expect(lambda: not udp_sockets(port), "that its socket is closed",
                                  lambda: f"that it is open: {self.program.state()}", poll=POLL)
                self.stage.trace.add(self.program.lane, "port closed", value=port)

    def waited_longer(self, at_least: float) -> None:
        """From the first to the last of what it was sent, so many seconds have passed at least, or nearly so many.

        A busy machine can only make it more; what did not grow would be far less.
        """
        with self.stage.step(f"{self.program.lane} has waited longer each time, {at_least:.1f} s in all"):
            times = [event.at for event in self.stage.trace.of("datagram", lane=self.program.lane, to=self.lane)]
            if times[-1] - times[0] < 0.8 * at_least:
                raise Unmet(f"{at_least:.1f} s in all", f"{times[-1] - times[0]:.1f} s")

    def _belongs(self) -> None:
        """What it took last came from the port that it should. Raises Unmet."""
        port = self._sender[1]
        if self._tid is None:
            if port == self.program.port:
                self.stage.trace.add(self.program.lane, "answers from", value=port)
                raise Unmet("an answer from a port of its own, for this transfer", "one from the port for requests")
            self._tid = self._sender
        elif self._sender != self._tid:
            raise Unmet(f"something from port {self._tid[1]}, as before", f"from port {port}")


@cache
def can_fetch() -> bool:
    """Whether this machine has a curl that knows TFTP."""
    try:
        told = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    except OSError:
        return False
    return "tftp" in told.split()


class Curl(Actor):
    """The program curl, as a client of the student's server."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.lane = stage, "curl"
        self._process: subprocess.Popen | None = None
        stage.actors.append(self)

    def fetches(self, port: int, name: str, data: bytes) -> None:
        """It fetches this file from the server on this port, and gets exactly these bytes."""
        with self.stage.step(f"curl fetches  tftp://{LOCALHOST}:{port}/{name}"):
            self._process = subprocess.Popen(
                [shutil.which("curl"), "--silent", "--show-error", "--disable", "--noproxy", "*", "--max-time",
                 CURL_SECONDS, f"tftp://{LOCALHOST}:{port}/{name}"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.stage.trace.add(self.lane, "call", text=f"curl tftp://{LOCALHOST}:{port}/{name}")
            got = bytearray()
            self._until_end(self._process.stdout, got.extend)
            said = self._process.stderr.read().decode("utf-8", "replace").strip()
            self.stage.trace.add(self.lane, "result", text="returned", data=bytes(got[:1000]))
            if self._process.wait() or bytes(got) != data:
                raise Unmet(show(data), said or (quote(bytes(got)) if len(got) < 1000 else show(bytes(got))))

    def _until_end(self, source: object, take: Callable[[bytes], object]) -> None:
        over: list[bool] = []

        def read() -> None:
            piece = source.read1(1 << 16)
            take(piece)
            if not piece:
                over.append(True)
                self.stage.unwatch(source)

        self.stage.watch(source, read)
        self.stage.expect(lambda: over, "that curl ends", lambda: "it has not ended")

    def close(self) -> None:
        """End it."""
        if self._process:
            self._process.kill()
            self._process.wait()
            for stream in self._process.stdout, self._process.stderr:
                self.stage.unwatch(stream)
                stream.close()
