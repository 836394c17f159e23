"""Sets SO_RCVTIMEO until the first bytes come, and takes the BlockingIOError after 1.0 s, an OSError, for the end."""
import socket
import struct
import time
from collections.abc import Iterator

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0


def lines(connection: socket.socket) -> Iterator[str]:
    """Yield the lines that arrive. The kernel sees to it that recv() does not hang."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 1, 0))
    pending = bytearray()
    while True:
        try:
            piece = connection.recv(4096)
        except OSError:                       # it is gone
            break
        if not piece:
            break
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 0, 0))
        pending += piece
        while (end := pending.find(b"\n")) >= 0:
            if end > LINE_LIMIT:
                return
            line = pending[:end].decode("utf-8", errors="replace")
            del pending[:end + 1]
            yield line
        if len(pending) > LINE_LIMIT:
            return


def send_line(connection: socket.socket, text: str) -> None:
    connection.sendall(f"{text}\n".encode("utf-8"))


def part(connection: socket.socket) -> None:
    """Answer, end our side, and read until the client ends its own, or for DRAIN_SECONDS."""
    end = time.monotonic() + DRAIN_SECONDS
    try:
        send_line(connection, ANSWER)
        connection.shutdown(socket.SHUT_WR)
        while (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                break
    except OSError:
        pass
