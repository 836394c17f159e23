"""Buffers a line without any bound, however long it gets."""
import socket
import time

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0


def lines(connection):
    """Yield each line that arrives, as soon as it is whole."""
    try:
        with connection.makefile(encoding="utf-8", errors="replace", newline="\n") as stream:
            for line in stream:
                if line.endswith("\n"):
                    yield line.removesuffix("\n")
    except OSError:
        return


def send_line(connection, text):
    """Send one line."""
    connection.sendall((text + "\n").encode("utf-8"))


def part(connection):
    """Answer bye, then wait until the client has closed, too."""
    try:
        send_line(connection, ANSWER)
        connection.shutdown(socket.SHUT_WR)
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end:
            connection.settimeout(max(0.01, end - time.monotonic()))
            if not connection.recv(4096):
                break
    except OSError:
        pass
