"""Compares with LINE_LIMIT only once a line is whole, so a line that never ends is kept in memory for ever."""
import socket
import time
from collections.abc import Iterator

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0


def lines(connection: socket.socket) -> Iterator[str]:
    """Yield each line; makefile() puts the pieces together."""
    with connection.makefile("rb") as file:
        while True:
            try:
                raw = file.readline()
            except OSError:
                return
            if not raw.endswith(b"\n"):
                return                        # the end, perhaps within a line
            raw = raw[:-1]
            if len(raw) > LINE_LIMIT:
                return
            yield raw.decode("utf-8", errors="replace")


def send_line(connection: socket.socket, text: str) -> None:
    connection.sendall((text + "\n").encode("utf-8"))


def part(connection: socket.socket) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    try:
        send_line(connection, ANSWER)
        connection.shutdown(socket.SHUT_WR)
        piece = b"?"
        while piece and time.monotonic() < deadline:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            piece = connection.recv(65536)
    except OSError:
        pass
