"""Sends nothing at all for an empty line, and waits for its reply: both sides wait in recv()."""
import argparse
import socket
import sys

QUIT = "q"
SILENT = "* no reply yet"
GONE = "* server gone"


def connect(host, port):
    """Return a connection to the server."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.connect((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot connect to {host}:{port}: {error}")
    return connection


def send_line(connection: socket.socket, text: str) -> None:
    """Send what was typed."""
    data = text.encode("utf-8")
    if data:
        data += b"\n"
    connection.sendall(data)


class Replies:
    """The lines that come back on a connection."""

    def __init__(self, connection: socket.socket, timeout: float) -> None:
        self.connection = connection
        self.pending = b""
        connection.settimeout(timeout)

    def next(self) -> str | None:
        """Return the next reply, or None if there will be none."""
        silent = False
        while b"\n" not in self.pending:
            try:
                data = self.connection.recv(4096)
            except TimeoutError:
                if not silent:
                    print(SILENT, flush=True)
                    silent = True
                continue
            except OSError:
                return None
            if not data:
                return None
            self.pending += data
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode("utf-8", errors="replace")


def converse(connection: socket.socket, replies: Replies) -> bool:
    """Send what is typed, show each reply. True if that is over, False if the server has gone."""
    try:
        for line in sys.stdin:
            text = line.rstrip("\n")
            if text == QUIT:
                break
            send_line(connection, text)
            reply = replies.next()
            if reply is None:
                return False
            print(reply, flush=True)
        send_line(connection, QUIT)
        return True
    except OSError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description="Sends what is typed, and shows what comes back.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    parser.add_argument("--timeout", default=5.0, type=float, help="seconds to wait for a reply before saying so")
    arguments = parser.parse_args()

    with connect(arguments.host, arguments.port) as connection:
        replies = Replies(connection, arguments.timeout)
        if not converse(connection, replies):
            print(GONE, flush=True)
            sys.exit(1)
        while replies.next() is not None:
            pass


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
