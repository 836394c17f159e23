"""Scripted TCP peers: whom a student's program talks with. What they do and expect are the sentences of the tests."""
import codecs
import os
import re
import socket
import struct

from .netns import STATES, Options, acknowledge, can_ask, free_port, is_gone, options, tcp_sockets, unread
from .program import Program
from .stage import POLL, Actor, Stage, Unmet
from .words import quote, show

LOCALHOST = "127.0.0.1"
MOST_RECEIVED = 32 << 20    # bytes that a peer takes in from a program that does not stop sending


class Peer(Actor):
    """Somebody at the other end of a TCP connection.

    stage: where it plays. lane: its name in sentences. program: the student's program that it talks with.
    """

    def __init__(self, stage: Stage, lane: str, program: Program | None = None) -> None:
        self.stage, self.lane = stage, lane
        self.received = bytearray()             # what has arrived, and was not yet expected
        self.ending = ""                        # "fin" or "reset", once the program's side has ended
        self._socket: socket.socket | None = None
        self._ports = (0, 0)                    # (ours, the program's)
        self._outgoing = bytearray()            # said, and not yet taken by the kernel
        self._ends = False                      # whether its direction ends after that
        self._begun = b""                       # of a character that what was sent last has cut: its beginning
        stage.actors.append(self)
        if program:
            self._meets(program)

    def _meets(self, program: Program) -> None:
        self.program = program
        if self not in program.peers:
            program.peers.append(self)

    # What the stage asks of an actor ------------------------------------------------------------------

    def testify(self) -> None:
        """Record what the program has left unread, and what is held up since this peer does not read."""
        if waiting := self.unread():
            self.stage.trace.add(self.program.lane, "unread", value=waiting, text=self.lane)
        if held := unread(*reversed(self._ports)):
            self.stage.trace.add(self.lane, "held", value=held)

    def close(self) -> None:
        """Leave."""
        self.hangs_up()

    def hangs_up(self) -> None:
        """It leaves the connection, without a step."""
        if self._socket:
            self.stage.unwatch(self._socket)
            self._socket.close()
            self._socket = None

    # Sentences: what it does --------------------------------------------------------------------------

    def connects(self, small_buffer: bool = False, host: str = LOCALHOST) -> "Peer":
        """It connects to the program, and returns itself. small_buffer: its kernel keeps little of what is unread.

        host: the program's address, an IPv4 or an IPv6 one. (Over IPv6 it is not known what was read.)
        """
        with self.stage.step(f"{self.lane} connects"):
            self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            self._socket.setblocking(False)
            if small_buffer:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.stage.trace.add(self.lane, "connect", to=self.program.lane)
            self._socket.connect_ex((host, self.program.port))
            self.stage.expect_ready(self._socket, "a connection", lambda: f"none: {self.program.state()}",
                                    self.program.has_ended, write=True)
            if error := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.stage.trace.add(self.program.lane, "refused", to=self.lane)
                raise Unmet("a connection", f"{os.strerror(error)}: {self.program.state()}")
            self._begin(self.program.port)
        return self

    def sends(self, data: str | bytes, meaning: str = "") -> None:
        """It sends this in one piece; text as UTF-8. The step is over when the kernel has taken all of it.

        meaning: what it is, for people.
        """
        if isinstance(data, str):
            data = data.encode()
        with self.stage.step(f"{self.lane} sends  {self._describe(data)}" + (f"  ({meaning})" if meaning else "")):
            self._put(data)
            self.stage.expect(lambda: not self._outgoing, f"that {self.program.lane} reads it",
                              lambda: f"{len(self._outgoing):,} bytes find no room, since it does not read",
                              hopeless=self.program.has_ended, moved=lambda: len(self._outgoing))

    def sends_what_it_can(self, data: str) -> None:
        """It sends this, as far as there is room now; the rest follows by itself as soon as there is more."""
        with self.stage.step(f"{self.lane} sends  {show(data)}, as far as there is room for it"):
            self._put(data.encode())
            self.stage.until_stuck(self.unread, lambda: bool(self.ending))

    def stops_reading(self) -> None:
        """From here on it reads nothing, so that the buffers between it and the program fill up."""
        with self.stage.step(f"{self.lane} does not read"):
            self.stage.unwatch(self._socket)

    def reads_again(self) -> None:
        """It reads again, after stops_reading()."""
        with self.stage.step(f"{self.lane} reads again"):
            self.stage.watch(self._socket, self._read)

    def half_closes(self) -> None:
        """It says that it sends no more, as soon as all is sent, and still listens: shutdown(SHUT_WR)."""
        with self.stage.step(f"{self.lane} ends its own direction, and still listens"):
            self.stage.trace.add(self.lane, "fin", to=self.program.lane)
            self._ends = True
            self._send()

    def closes(self) -> None:
        """It closes the connection in good order."""
        with self.stage.step(f"{self.lane} closes the connection"):
            self.stage.settle()                 # with bytes unread, the kernel would send a reset
            self.stage.trace.add(self.lane, "fin", to=self.program.lane)
            self.hangs_up()

    def resets(self) -> None:
        """It breaks the connection off: a reset, as when its machine crashes and comes back."""
        with self.stage.step(f"{self.lane} breaks the connection off with a reset"):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.stage.trace.add(self.lane, "reset", to=self.program.lane)
            self.hangs_up()

    # Sentences: what it expects -----------------------------------------------------------------------

    def receives(self, *lines: str) -> None:
        """Next it receives exactly these lines, each with its newline."""
        wanted = "".join(f"{line}\n" for line in lines).encode()
        with self.stage.step(f"{self.lane} receives  {show(wanted)}"):
            same = 0

            def decided() -> bool:
                nonlocal same
                if self.received[same:] != wanted[same:len(self.received)]:
                    return True                 # more than wanted, or something else
                same = len(self.received)
                return same >= len(wanted)

            self.stage.expect(decided, show(wanted), lambda: self._instead(len(wanted)),
                              hopeless=lambda: bool(self.ending), moved=lambda: len(self.received))
            # To the end of the line in which the difference is, so that all of it can be seen.
            found = bytes(self.received[:len(wanted)])
            if found != wanted and not found.endswith(b"\n"):
                found += bytes(self.received[len(wanted):]).partition(b"\n")[0]
            if found != wanted:
                raise Unmet(quote(wanted), quote(found), compare=True)
            del self.received[:len(wanted)]

    def receives_frame(self, most: int) -> bytes:
        """Next it receives a frame: four bytes, which say in network order how many follow, at most so many, and these.

        Returns those that follow.
        """
        with self.stage.step(f"{self.lane} receives a frame"):
            def whole() -> bool:
                return len(self.received) >= 4 and (told() > most or len(self.received) >= 4 + told())

            def told() -> int:
                return int.from_bytes(self.received[:4], "big")

            self.stage.expect(whole, "four bytes of length, and so many bytes",
                              lambda: f"{bytes(self.received[:4]).hex(' ')}, and {max(len(self.received) - 4, 0)} bytes"
                              if self.received else self._instead(0), hopeless=lambda: bool(self.ending),
                              moved=lambda: len(self.received))
            if told() > most:
                self.stage.settle()
                follow = len(self.received) - 4
                raise Unmet(f"{follow.to_bytes(4, 'big').hex(' ')}, since {follow} bytes follow",
                            bytes(self.received[:4]).hex(" "))
            body = bytes(self.received[4:4 + told()])
            del self.received[:4 + told()]
            return body

    def receives_in_any_order(self, *lines: str) -> None:
        """Next it receives exactly these lines, in whichever order."""
        self.receives_interleaved(*[[line] for line in lines])

    def receives_interleaved(self, *speakers: list[str], maybe: str = "") -> None:
        """Next it receives the lines of all these speakers: each line whole, and each speaker's in their order.

        maybe: a line that may come as well, at any point.
        """
        missing = [list(lines) for lines in speakers]
        with self.stage.step(f"{self.lane} receives the lines of all, each whole"):
            while any(missing):
                left = sum(map(len, missing))
                self.stage.expect(lambda: b"\n" in self.received, f"{left} more line{'s' * (left > 1)}",
                                  lambda: self._instead(len(self.received)), hopeless=lambda: bool(self.ending))
                end = self.received.index(b"\n")
                line = bytes(self.received[:end])
                del self.received[:end + 1]
                whose = next((lines for lines in missing if lines and lines[0].encode() == line), None)
                if whose is None and line == maybe.encode():
                    continue
                if whose is None:
                    raise Unmet(" or ".join(show(lines[0].encode()) for lines in missing if lines), show(line))
                whose.pop(0)

    def has_received_nothing_more(self) -> None:
        """Nothing has arrived but what was expected. For the moment after something else shows that it would have."""
        with self.stage.step(f"{self.lane} has received nothing else"):
            self.stage.settle()
            if self.received:
                raise Unmet("nothing", show(bytes(self.received)))

    def sees_the_end(self) -> None:
        """Next the program ends the connection in good order: recv() returns b\"\"."""
        with self.stage.step(f"{self.lane} sees the orderly end of the connection"):
            self._wait_for_end()
            if self.ending == "reset":
                raise Unmet("the end in good order", "a reset")
            if self.received:
                raise Unmet("the end of the connection", f"{show(bytes(self.received))} before it")

    def is_still_connected(self) -> None:
        """The program has not ended the connection. For the moment after something else shows that it would have."""
        with self.stage.step(f"{self.lane} is still connected"):
            self.stage.settle()
            if self.ending:
                raise Unmet("a connection that is open", "its end" if self.ending == "fin" else "a reset")

    def finds_program_in(self, state: str) -> None:
        """The kernel has the program's end of the connection in this state (RFC 9293, 3.3.2).

        Not asked where it cannot be.
        """
        ours, theirs = self._ports
        with self.stage.step(f"the kernel has {self.program.lane}'s end of the connection in {state}"):
            def states() -> list[str]:
                return [row.state for row in tcp_sockets(theirs, *STATES.values()) if row.remote[1] == ours]
            if can_ask() and not self.stage.wait(lambda: state in states(), poll=POLL, hopeless=lambda: not states()):
                if not states() and self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    self.stage.trace.add(self.program.lane, "reset", to=self.lane)
                raise Unmet(state, ", ".join(states()) or "no such connection")

    def finds_options(self, keepalive: bool, receive_buffer: int) -> None:
        """The kernel tells this of the program's socket: a keep-alive timer, a receive buffer of so many bytes.

        Not asked where it cannot be.
        """
        def told(found: Options) -> str:
            return f"keep-alive {'on' if found.keepalive else 'off'}, rcvbuf {found.receive_buffer}"

        wanted = Options(keepalive, receive_buffer)
        with self.stage.step(f"the kernel tells of {self.program.lane}'s socket: {told(wanted)}"):
            if can_ask() and not self.stage.wait(lambda: options(*reversed(self._ports)) == wanted, poll=POLL,
                                                 hopeless=self.program.has_ended):
                found = options(*reversed(self._ports))
                raise Unmet(told(wanted), told(found) if found else "no such connection any more")

    @property
    def port_of_program(self) -> int:
        """The port at the program's end of the connection."""
        return self._ports[1]

    def is_disconnected(self) -> None:
        """The program ends the connection, in whichever way; what it sent before does not matter."""
        with self.stage.step(f"{self.lane} is disconnected"):
            self._wait_for_end()

    # How it is done -----------------------------------------------------------------------------------

    def unread(self) -> int:
        """Bytes that it has sent and that the program has not read, wherever they are by now."""
        return len(self._outgoing) + unread(*self._ports)

    def is_cut_off(self) -> bool:
        """Whether the program's side has ended, and not only its direction: who has closed answers with a reset."""
        return bool(self.ending) and is_gone(*self._ports)

    def _begin(self, port: int) -> None:
        # Not from getpeername(): the program may have reset the connection by now, and then there is no peer (C09).
        self._ports = self._socket.getsockname()[1], port
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)      # a piece goes out when it is sent
        self.received.clear()
        self._outgoing.clear()
        self.ending, self._ends, self._begun = "", False, b""
        self.stage.watch(self._socket, self._read)

    def _put(self, data: bytes) -> None:
        """Have this sent, as fast as the kernel takes it."""
        self.stage.trace.add(self.lane, "data", data=data, to=self.program.lane)
        if not self._outgoing:
            self.stage.watch(self._socket, self._send, write=True)
        self._outgoing += data
        self._send()

    def _send(self) -> None:
        try:
            while self._outgoing:
                del self._outgoing[:self._socket.send(self._outgoing)]
            if self._ends:
                self._socket.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return
        except OSError:                         # the program has ended the connection: _read() tells
            self._outgoing.clear()
        self.stage.unwatch(self._socket, write=True)

    def _read(self) -> None:
        try:
            data = self._socket.recv(1 << 18)
            acknowledge(self._socket)
        except BlockingIOError:
            return
        except OSError:
            data, self.ending = b"", "reset"
        if data:
            self.received += data
            self.stage.trace.add(self.program.lane, "data", data=data, to=self.lane)
            if len(self.received) > MOST_RECEIVED:
                self.stage.trace.add(self.program.lane, "limit", text=f"it sent more than {MOST_RECEIVED >> 20} MiB")
                self.stage.unwatch(self._socket)
        else:
            self.ending = self.ending or "fin"
            self.stage.unwatch(self._socket)
            self.stage.trace.add(self.program.lane, self.ending, to=self.lane)

    def _wait_for_end(self) -> None:
        self.stage.expect(lambda: self.ending, "the end of the connection",
                          lambda: f"{show(bytes(self.received))}, and it stays open" if self.received
                          else "nothing: it stays open")

    def _instead(self, length: int) -> str:
        found = show(bytes(self.received[:length])) if self.received else "nothing"
        if self.ending:
            found += ", then the end" if self.ending == "fin" else ", then a reset"
        return found + (f": {self.program.state()}" if self.program.has_ended() else "")

    def _describe(self, data: bytes) -> str:
        """What is sent, in words: where a character is cut, its bytes, and which part of it they are.

        What is no text as a whole, such as a picture, has no characters.
        """
        begun, self._begun = self._begun, b""
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(begun + data)
        except UnicodeDecodeError:
            return show(data)
        self._begun, _ = decoder.getstate()
        rest = _size(begun) - len(begun)
        if begun and len(data) < rest:          # still inside the same one
            return f"{data.hex(' ')}  ({len(data)} more byte{'s' * (len(data) > 1)} of it)"
        if not begun and not self._begun:
            return show(data)
        parts = [f"the other {rest} byte{'s' * (rest > 1)} of it"] if begun else []
        if self._begun:
            parts.append(f"{len(self._begun)} of the {_size(self._begun)} bytes of a character")
        elif data[rest:] == b"\n":
            parts.append("the newline")
        return f"{data.hex(' ')}  ({', and '.join(parts)})"


def _size(begun: bytes) -> int:
    """How many bytes a character has that begins so; 0 for no bytes."""
    lead = begun[0] if begun else 0
    return 4 if lead >= 0xF0 else 3 if lead >= 0xE0 else 2 if lead >= 0xC0 else 0


class ScriptedServer(Peer):
    """The server that a student's client connects to. It listens from the start, on .port, for one client at a time."""

    def __init__(self, stage: Stage, lane: str = "the server") -> None:
        super().__init__(stage, lane)
        self.port = free_port()
        self._listener = socket.create_server((LOCALHOST, self.port))
        self._listener.setblocking(False)

    def accepts(self, program: Program) -> None:
        """The program connects to it, and it accepts."""
        self._meets(program)
        with self.stage.step(f"{program.lane} connects to {self.lane}"):
            self.stage.expect_ready(self._listener, "a connection", lambda: f"none: {program.state()}",
                                    program.has_ended)
            self.hangs_up()
            self._socket, (_, port) = self._listener.accept()
            self._socket.setblocking(False)
            self.stage.trace.add(program.lane, "connect", to=self.lane)
            self._begin(port)

    def receives_request(self) -> bytes:
        """Next it receives the head of an HTTP request: lines, and an empty one. Returns them, as they came."""
        with self.stage.step(f"{self.lane} receives a request, with an empty line at its end"):
            found = self.stage.wait(lambda: re.search(rb"\n\r?\n", self.received), hopeless=lambda: bool(self.ending))
            if not found:
                raise Unmet("the lines of the request, and an empty line behind them",
                            self._instead(len(self.received)), late=not self.ending, done=bool(self.received))
            end = found.end()
            head = bytes(self.received[:end])
            del self.received[:end]
            return head

    def close(self) -> None:
        """Leave, and listen no more."""
        super().close()
        self.stage.unwatch(self._listener)
        self._listener.close()
