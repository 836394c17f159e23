"""A client of echo_server.py: it sends what is typed, and shows what comes back.

    python echo_client.py --port 12345

What it does

  Lines        Each line that is typed (stdin) goes to the server in UTF-8, with its newline; empty lines too. Then
               the client waits for the reply, one whole line, and shows it (stdout) on a line of its own, as soon as
               its newline has come. Something may stand in front of it. The next line is sent after the reply.
  Silence      If nothing comes for --timeout seconds while a reply is awaited, the client shows SILENT, once for this
               line, and goes on waiting: the server may only be slow. When the reply comes after all, it is shown
               as usual.
  q            To type "q" is to leave, and the end of the input (Ctrl-D) means the same: the line "q" is sent, the
               client waits until the server has closed the connection, closes too, and ends with exit code 0.
  Server gone  If the connection ends while a reply is awaited, the client shows GONE and ends, exit code 1.
  Nobody there One clear line on stderr, and exit code 1, when it cannot connect: nobody listens, the name is
               unknown, or there is no such port. sys.exit("one line") writes the line to stderr and ends with exit
               code 1.
"""
import argparse
import socket
import sys

QUIT = "q"
SILENT = "* no reply yet"
GONE = "* server gone"


def connect(host: str, port: int) -> socket.socket:
    """Return a TCP connection to this host and port.

    Where there can be none, connect() raises OSError (an unknown name: socket.gaierror, which is one), or
    OverflowError for a port that does not exist: sys.exit() with one line that says what was tried and what happened.
    (socket.create_connection() is no help there: it looks the port up first, and that makes 88888 − 65536 = 23352 of
    88888.)
    """
    # TODO 1: connect to the server
    raise NotImplementedError("TODO 1: connect to the server")


class Replies:
    """The lines that come back on a connection."""

    def __init__(self, connection: socket.socket, timeout: float) -> None:
        """timeout: seconds to wait before SILENT is shown."""
        self.connection = connection
        self.pending = b""                    # what has come and is not yet a whole line
        connection.settimeout(timeout)

    def next(self) -> str | None:
        """Return the next whole line without its newline, or None if the connection ends before it has come.

        recv() returns whatever bytes are there, perhaps half of a character: keep them in pending until the newline
        has come, and only then make text of the line (errors="replace": a strange byte must not end the program).

        Three things can come in place of bytes. recv() raises TimeoutError: nothing came in time, and the connection
        is as good as before; show SILENT, once for each awaited reply, and wait on. It returns b"": the server has
        closed. It raises another OSError, such as ConnectionResetError: the connection is broken.
        """
        # TODO 2: the next reply, whole
        raise NotImplementedError("TODO 2: the next reply, whole")


def converse(connection: socket.socket, replies: Replies) -> bool:
    """Send what is typed, and show each reply, until QUIT is typed or the input ends.

    Then send the line QUIT, with its newline, as every line, and return True. Returns False if the server is gone
    before that: there is no reply, or sending raises OSError, also of the last QUIT.
    """
    # TODO 3: send what is typed, and show what comes back
    raise NotImplementedError("TODO 3: send what is typed, and show what comes back")


def main() -> None:
    """Connect, converse, and leave in good order.

    After the last QUIT, wait until the server has closed, and show nothing more. The timeout of Replies still holds on
    this connection: settimeout(None) ends it. A slow server is no end here either. If the connection breaks off, it is
    over as well (OSError).
    """
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
        # TODO 4: wait for the server's end
        raise NotImplementedError("TODO 4: wait for the server's end")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)                         # ended by Ctrl-C, in the shell's usual number
