"""Closes after the answer to bye although the client's input is not all read, so the kernel resets."""
LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0


def lines(connection):
    """Yield each line that arrives, as soon as it is whole."""
    buffer = b""
    while True:
        try:
            data = connection.recv(1024)
        except OSError:
            return
        if not data:
            return
        buffer += data
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            if len(line) > LINE_LIMIT:
                return
            yield line.decode("utf-8", errors="replace")
        if len(buffer) > LINE_LIMIT:
            return


def send_line(connection, text):
    """Send one line."""
    connection.sendall((text + "\n").encode("utf-8"))


def part(connection):
    """Answer bye."""
    try:
        send_line(connection, ANSWER)
        connection.close()
    except OSError:
        pass
