"""Lines, on their way through the network."""
import socket
import time

from limits import ANSWER, DRAIN_SECONDS, LINE_LIMIT


def lines(connection):
    """Yield the lines that arrive, as text, until the other side is gone or has sent too long a line."""
    pending = bytearray()
    while True:
        try:
            piece = connection.recv(8192)
        except OSError:
            return
        if not piece:
            return
        pending += piece
        while (newline := pending.find(b"\n")) >= 0:
            if newline > LINE_LIMIT:
                return
            line = bytes(pending[:newline])
            del pending[:newline + 1]
            yield line.decode("utf-8", errors="replace")
        if len(pending) > LINE_LIMIT:
            return


def send_line(connection, text):
    connection.sendall(text.encode("utf-8", errors="surrogateescape") + b"\n")


def part(connection):
    """Answer, and end in good order: say that this was all, then drop what still comes until the client's end."""
    try:
        send_line(connection, ANSWER)
        connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                return
    except OSError:
        pass
