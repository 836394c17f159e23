"""A chat server in classes."""
from __future__ import annotations

import argparse
import contextlib
import enum
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


class Word(enum.StrEnum):
    BYE = "bye"
    ANSWER = "^^^"
    JOINED = "* client joined"
    LEFT = "* client left"


class LineTooLong(Exception):
    """The other side does not keep to the protocol."""


@dataclass
class LineBuffer:
    """Makes lines of pieces."""

    limit: int = 4096
    _rest: bytes = b""

    def feed(self, piece: bytes) -> Iterator[str]:
        self._rest += piece
        while True:
            line, newline, rest = self._rest.partition(b"\n")
            if len(line) > self.limit:
                raise LineTooLong
            if not newline:
                return
            self._rest = rest
            yield line.decode("utf-8", errors="replace")


@dataclass
class Connection:
    """A socket that knows about lines."""

    raw: socket.socket
    drain_seconds: float = 2.0
    _buffer: LineBuffer = field(default_factory=LineBuffer)
    _sending: threading.Lock = field(default_factory=threading.Lock)
    _open_for_writing: bool = True

    def __iter__(self) -> Iterator[str]:
        with contextlib.suppress(OSError, LineTooLong):
            while piece := self.raw.recv(4096):
                yield from self._buffer.feed(piece)

    def send(self, line: str) -> None:
        with self._sending, contextlib.suppress(OSError):
            if self._open_for_writing:
                self.raw.sendall(self._encode(line))

    def part(self) -> None:
        self._open_for_writing = False        # whoever comes now does not send any more
        with self._sending, contextlib.suppress(OSError):
            self.raw.sendall(self._encode(Word.ANSWER))
            self.raw.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + self.drain_seconds
            while (left := deadline - time.monotonic()) > 0:
                self.raw.settimeout(left)
                if not self.raw.recv(65536):
                    return

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.raw.shutdown(socket.SHUT_RDWR)
        self.raw.close()

    @staticmethod
    def _encode(line: str) -> bytes:
        return f"{line}\n".encode("utf-8", errors="surrogateescape")


class Screen:
    def show(self, line: str) -> None:
        print(line, flush=True)


class Keyboard:
    def __iter__(self) -> Iterator[str]:
        for line in sys.stdin:
            yield line.removesuffix("\n")


class ChatServer:
    def __init__(self, host: str, port: int) -> None:
        self._listener = socket.create_server((host, port))
        self._screen = Screen()
        self._visitor: Connection | None = None

    def run(self, keyboard: Keyboard) -> None:
        threading.Thread(target=self._serve, daemon=True).start()
        for line in keyboard:
            if visitor := self._visitor:
                visitor.send(line)

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                time.sleep(0.05)
                continue
            with contextlib.closing(Connection(raw)) as connection:
                self._visitor = connection
                self._screen.show(Word.JOINED)
                self._talk(connection)
                self._visitor = None
            self._screen.show(Word.LEFT)

    def _talk(self, connection: Connection) -> None:
        for line in connection:
            if line == Word.BYE:
                self._visitor = None
                connection.part()
                break
            self._screen.show(line)


class Program:
    """What is around the server: its options, and how it ends."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", default=12345, type=int)
        self._options = parser.parse_args()

    def run(self) -> int:
        try:
            server = ChatServer(self._options.host, self._options.port)
        except (OSError, OverflowError, ValueError) as error:
            print(f"no chat on {self._options.host}, port {self._options.port}: {error}", file=sys.stderr)
            return 1
        server.run(Keyboard())
        return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(Program().run())
