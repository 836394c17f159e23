"""Has a limit for what waits for its newline, and none for a line whose newline has come."""
import socket
import time

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0


def lines(connection):
    """Yield each line that arrives, as soon as it is whole."""
    pending = b""
    while True:
        try:
            data = connection.recv(1024)
        except OSError:
            return
        if not data:
            return
        pending += data
        while b"\n" in pending:
            line, pending = pending.split(b"\n", 1)
            yield line.decode("utf-8", errors="replace")
        if len(pending) > LINE_LIMIT:
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
