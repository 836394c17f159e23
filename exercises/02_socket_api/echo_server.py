"""A server that sends every line back: the eight steps of a server, and what can go wrong at each.

Try it by hand first: this in one terminal, echo_client.py in a second one.

    python echo_server.py --port 12345

What it does

  Lines        A line is bytes that end with a newline, b"\\n"; with it, it may be up to 64 KiB long. Each line goes
               back to the client unchanged, its newline too, at the latest when that newline has come: all of it,
               however slowly the client reads, and whatever the bytes mean. How recv() happens to cut the bytes
               changes nothing. (What becomes of a last line without a newline is up to you.)
  q            The line "q" ends the conversation: what came before it is sent back, then the server closes the
               connection in good order, so that all of it arrives. What comes behind the "q" is not answered.
               Only this line means it: "quit" and "qq" are lines like any other.
  Half-close   A client may end its own direction and still listen: shutdown(SHUT_WR). recv() returns b"" then, and
               all lines that came before are sent back before the server closes too.
  Silence      is no end: a client may think for as long as it likes.
  One client   at a time. Who connects meanwhile waits, and is served next, for as long as the server runs. A client
               that vanishes, in whichever way, ends its own conversation and not the server.
  The end      On Ctrl-C the program ends quietly: exit code 0, no traceback. It does not read its stdin.
  Again        It can be started again at once on the same port, and listens on --host only.
  No such port One clear line on stderr, and exit code 1: a port above 65535, or one that is taken.
               sys.exit("one line") writes the line to stderr and ends with exit code 1.
"""
import argparse
import contextlib
import socket
import sys
import time

QUIT = b"q"
DRAIN_SECONDS = 2.0


def listen(host: str, port: int) -> socket.socket:
    """Return a TCP socket that listens on this host and port.

    The steps are socket(), setsockopt(), bind(), listen(). The side that closes a connection first keeps its port in
    TIME-WAIT for a minute (RFC 9293, 3.6.1): without SO_REUSEADDR a server that was just stopped cannot bind its port
    again. On Linux the *old* socket needs the option too, so it is set each time. (Not on Windows, where it lets
    others have the same port meanwhile.) Where it cannot listen, bind() raises OSError, or OverflowError for a port
    that does not exist: sys.exit() with one line that says so.
    """
    # TODO 1: make the socket that listens
    raise NotImplementedError("TODO 1: make the socket that listens")


def serve(listener: socket.socket) -> None:
    """Accept one client after the other, and converse() with each.

    converse() may raise OSError in any call: ConnectionResetError when the client breaks off, BrokenPipeError when it
    has gone before all was sent. That is the end of this client; the next one is served all the same. And each
    connection is closed, or its file descriptor is never given back.
    """
    # TODO 2: serve one client after the other
    raise NotImplementedError("TODO 2: serve one client after the other")


def converse(connection: socket.socket) -> None:
    """Send each line back, until the client ends its direction or says QUIT; then part().

    recv() returns whatever bytes are there: a piece of a line, or several lines. Keep the bytes until a newline has
    come. send() may take only a part of what it is given, and returns how much; sendall() goes on until all is taken.
    """
    # TODO 3: send each line back
    raise NotImplementedError("TODO 3: send each line back")


def part(connection: socket.socket) -> None:
    """End the connection so that all that was sent arrives.

    The client may have sent more behind its "q". If bytes are unread when a socket is closed, the kernel sends a
    reset in place of an orderly end (RFC 2525, 2.17), and a reset can overtake what was sent before. So: shutdown()
    says that nothing more will be sent; then read and drop what still comes, until the client's end or for
    DRAIN_SECONDS in all: note time.monotonic() at the start, and before each recv() set the timeout to what is left.
    When nothing is left, stop. A TimeoutError here is no fault.
    """
    # TODO 4: part in good order
    raise NotImplementedError("TODO 4: part in good order")


def main() -> None:
    parser = argparse.ArgumentParser(description="A server that sends every line back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt), listen(arguments.host, arguments.port) as listener:
        serve(listener)


if __name__ == "__main__":
    main()
