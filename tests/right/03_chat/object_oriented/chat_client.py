"""A chat client in classes, with nothing but sockets and threads below them."""
from __future__ import annotations

import abc
import argparse
import socket
import sys
import threading


class LineSource(abc.ABC):
    """Bytes come in, whole lines go to hear()."""

    LIMIT = 4096

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> bool:
        """False when no more is wanted."""
        self._rest += piece
        while (end := self._rest.find(b"\n")) != -1:
            line, self._rest = self._rest[:end], self._rest[end + 1:]
            if len(line) > self.LIMIT or not self.hear(line.decode("utf-8", errors="replace")):
                return False
        return len(self._rest) <= self.LIMIT

    @abc.abstractmethod
    def hear(self, line: str) -> bool:
        """False when this was the last line."""


class Listener(LineSource):
    """Shows what the server says."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection
        self.answered = False

    def hear(self, line: str) -> bool:
        if line == "^^^":
            self.answered = True
            return False
        print(line, flush=True)
        return True

    def run(self) -> None:
        try:
            while (piece := self._connection.recv(4096)) and self.feed(piece):
                pass
        except OSError:
            pass


class Talker(threading.Thread):
    """Sends what is typed."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(daemon=True)
        self._connection = connection

    def run(self) -> None:
        try:
            for line in sys.stdin:
                if line.removesuffix("\n") == "bye":
                    break
                self._send(line.removesuffix("\n"))
            self._send("bye")
        except OSError:
            pass

    def _send(self, line: str) -> None:
        rest = memoryview(f"{line}\n".encode("utf-8", errors="surrogateescape"))
        while rest:
            rest = rest[self._connection.send(rest):]


class ChatClient:
    def __init__(self, host: str, port: int) -> None:
        if not 0 <= port < 1 << 16:
            raise ValueError("no port has this number")
        self._connection = socket.create_connection((host, port))

    def run(self) -> bool:
        listener = Listener(self._connection)
        Talker(self._connection).start()
        listener.run()
        self._connection.close()
        return listener.answered


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    options = parser.parse_args()
    try:
        client = ChatClient(options.host, options.port)
    except (OSError, ValueError) as error:
        print(f"no chat with {options.host}, port {options.port}: {error}", file=sys.stderr)
        return 1
    if client.run():
        return 0
    print("* server gone", flush=True)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
