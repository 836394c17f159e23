"""A relay between two of the student's programs, which cuts what passes into pieces of a chosen size."""
import os
import socket

from .netns import free_port, unread
from .peers import LOCALHOST
from .program import Program
from .stage import Actor, Stage, Unmet


class _Direction:
    """What goes from one program to the other: taken in as it comes, passed on piece by piece."""

    def __init__(self, link: "Link", source: socket.socket, target: socket.socket, sender: Program,
                 receiver: Program) -> None:
        self._link, self._source, self._target = link, source, target
        self._sender, self._receiver = sender, receiver
        self._passing = bytearray()
        self._ended = False
        receiver.peers.append(self)
        link.stage.watch(source, self._take)

    def unread(self) -> int:
        """Bytes that were sent and that the receiver has not read."""
        return len(self._passing) + self._delivered_unread()

    def _delivered_unread(self) -> int:
        try:
            return unread(self._target.getsockname()[1], self._target.getpeername()[1])
        except OSError:                         # closed by now
            return 0

    def _take(self) -> None:
        try:
            data = self._source.recv(65536)
        except OSError:
            data = b""                          # a reset ends the other side too
        self._passing += data
        if not data:
            self._ended = True
            self._link.stage.unwatch(self._source)

    @property
    def busy(self) -> bool:
        """Whether there is something to pass on."""
        return bool(self._passing) or self._ended

    def move(self) -> None:
        """Pass on one piece, if the receiver has read the one before."""
        if not self.busy or self._delivered_unread():
            return
        trace = self._link.stage.trace
        try:
            if piece := self._passing[:self._link.piece]:
                self._target.sendall(piece)
                trace.add(self._sender.lane, "data", data=bytes(piece), to=self._receiver.lane)
                del self._passing[:len(piece)]
            elif self._ended:
                self._ended = False
                trace.add(self._sender.lane, "fin", to=self._receiver.lane)
                self._target.shutdown(socket.SHUT_WR)
        except OSError:                         # the receiver has gone: the sender will notice by itself
            self._passing.clear()
            self._ended = False


class Link(Actor):
    """A TCP relay in front of a server program, for the client program that connects to .port.

    stage: where it plays. server: the program that it connects to. piece: how many bytes it passes on at a time;
    the next piece follows when the one before has been read.
    """

    lane = "the link"

    def __init__(self, stage: Stage, server: Program, piece: int) -> None:
        self.stage, self.piece = stage, piece
        self.port = free_port()
        self._server = server
        self._sockets: list[socket.socket] = []
        self._directions: list[_Direction] = []
        self._listener = socket.create_server((LOCALHOST, self.port))
        stage.actors.append(self)

    def carries(self, client: Program) -> None:
        """The next connection is this program's."""
        with self.stage.step(f"{client.lane} connects to {self._server.lane}, through a link that passes on "
                             f"{self.piece} byte{'s' * (self.piece > 1)} at a time"):
            self.stage.expect_ready(self._listener, "a connection", lambda: f"none: {client.state()}",
                                    client.has_ended)
            near, _ = self._listener.accept()
            try:
                far = socket.create_connection((LOCALHOST, self._server.port))
            except OSError as error:
                near.close()
                raise Unmet("that your server can be connected to",
                            f"{os.strerror(error.errno)}: {self._server.state()}") from None
            for end in near, far:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [near, far]
            self.stage.trace.add(client.lane, "connect", to=self._server.lane)
            self._directions = [_Direction(self, near, far, client, self._server),
                                _Direction(self, far, near, self._server, client)]

    @property
    def busy(self) -> bool:
        """Whether something waits to be passed on."""
        return any(direction.busy for direction in self._directions)

    def tick(self) -> None:
        """Pass on what can be."""
        for direction in self._directions:
            direction.move()

    def close(self) -> None:
        """End both sides of every connection."""
        for end in (self._listener, *self._sockets):
            self.stage.unwatch(end)
            end.close()
