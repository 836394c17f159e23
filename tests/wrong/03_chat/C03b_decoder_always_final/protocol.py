"""Uses an incremental decoder, but says final=True at every piece, so a character cut in two is replaced twice."""
import codecs
import contextlib
import socket
import time
from collections.abc import Iterator

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0


def lines(connection: socket.socket) -> Iterator[str]:
    """Yield each line as soon as it is whole. Its size is counted in bytes, the rest is done with text."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    text, size = "", 0
    while True:
        try:
            piece = connection.recv(4096)
        except OSError:
            return
        if not piece:
            return
        sizes = [len(part_of_line) for part_of_line in piece.split(b"\n")]
        sizes[0] += size
        *whole, text = (text + decoder.decode(piece, final=True)).split("\n")
        *sizes_of_whole, size = sizes
        for line, length in zip(whole, sizes_of_whole):
            if length > LINE_LIMIT:
                return
            yield line
        if size > LINE_LIMIT:
            return


def send_line(connection: socket.socket, text: str) -> None:
    connection.sendall(text.encode() + b"\n")


def part(connection: socket.socket) -> None:
    """Send the answer and the end of our side, then read until the client's end, for two seconds at most."""
    with contextlib.suppress(OSError):
        send_line(connection, ANSWER)
        connection.shutdown(socket.SHUT_WR)
        until = time.monotonic() + DRAIN_SECONDS
        while (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if connection.recv(65536) == b"":
                return
