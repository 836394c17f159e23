"""The server's half of a chat. Whoever connects talks with the person at this keyboard.

Try it by hand first: this in one terminal, chat_client.py in a second one.

    python chat_server.py --port 12345

What it does

  In           Each line from the client is shown on the screen (stdout), at once, on a line of its own. Something may
               stand in front of it, such as the time or a name. Whether "bye" is shown too is up to you.
  Out          Each line typed here (stdin) goes to the client. Nothing else is ever sent, except the
               answer to "bye". What is typed while nobody is connected is dropped.
  At any time  Either side may speak first, or many times running. Nobody has to wait for an answer.
  One client   at a time. Who connects meanwhile waits, and is served next; after a client, the next one,
               for as long as the server runs.
  Come, gone   It shows JOINED when a client has come, and LEFT when the client is gone, in whichever way:
               after "bye", by closing without a word, by a reset, or because its line was too long (then
               the server closes the connection).
  The end      When the input ends (Ctrl-D) or on Ctrl-C the program ends quietly: exit code 0, no traceback.
               A client that is connected then simply sees the end of the connection.
  Again        It can be started again at once on the same port, and listens on --host only.
  No such port One clear line on stderr, and exit code 1: a port above 65535, or one that is taken.
"""
import argparse
import contextlib
import socket
import sys
import threading

from protocol import BYE, lines, part, send_line

JOINED = "* client joined"
LEFT = "* client left"

# The connection of the client that is here, or None. One thread serves the network and sets it; the other
# one, which reads the keyboard, sends on it. The lock keeps their lines from getting into each other.
visitor: socket.socket | None = None
sending = threading.Lock()


def listen(host: str, port: int) -> socket.socket:
    """Return a TCP socket that listens on this host and port.

    The side that closes a connection first keeps its port in TIME-WAIT for a minute (RFC 9293, 3.6.1). Without
    SO_REUSEADDR on this socket, a server that was just stopped cannot bind its port again. Where it cannot
    listen, bind() raises OSError, or OverflowError for a port that does not exist: sys.exit() with one line.
    """
    ### BEGIN SOLUTION 1: make the socket that listens
    try:
        return socket.create_server((host, port))     # it sets SO_REUSEADDR, except on Windows
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")
    ### END SOLUTION 1


def serve(listener: socket.socket) -> None:
    """Accept one client after the other, and talk() with each. Say JOINED before and LEFT after it.

    visitor is set before JOINED is shown, since who sees it may type at once, and is None again before LEFT. (A
    function that assigns visitor needs the line "global visitor", or else makes a variable of its own.)

    talk() may raise OSError as well: catch it, close the connection, and serve the next client. Before close() comes
    shutdown(socket.SHUT_RDWR), which raises OSError if the client has gone: close() alone does not wake say(), if that
    stands in sendall() since the client reads nothing.
    """
    ### BEGIN SOLUTION 2: serve one client after the other
    global visitor
    while True:
        connection, _ = listener.accept()
        with connection:
            visitor = connection
            print(JOINED, flush=True)
            with contextlib.suppress(OSError):
                talk(connection)
            visitor = None
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        print(LEFT, flush=True)
    ### END SOLUTION 2


def talk(connection: socket.socket) -> None:
    """Show the client's lines, each on a line of its own, until it has gone.

    When it says BYE: set visitor to None and call part(), both while holding the lock "sending", so that no typed
    line gets into the answer; then return.
    """
    ### BEGIN SOLUTION 3: show what the client says
    global visitor
    for line in lines(connection):
        if line == BYE:
            with sending:
                visitor = None                # say() need not wait for the lock: nobody is here any more
                part(connection)
            return
        print(line, flush=True)
    ### END SOLUTION 3


def say(line: str) -> None:
    """Send a typed line to the client. Where there is none, or it has just gone, the line is dropped.

    The other thread may set visitor to None at any moment: look at it once, and go on with what you have seen.
    """
    ### BEGIN SOLUTION 4: send a typed line to whoever is here
    connection = visitor
    if connection:
        try:
            with sending:
                send_line(connection, line)
        except OSError:
            pass                              # gone: serve() notices, and says so
    ### END SOLUTION 4


def main() -> None:
    parser = argparse.ArgumentParser(description="The server's half of a chat.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    listener = listen(arguments.host, arguments.port)
    try:
        # A daemon thread does not keep the program alive: it ends with the main thread, below.
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        for line in sys.stdin:
            say(line.removesuffix("\n"))
    except KeyboardInterrupt:
        ### BEGIN SOLUTION 5: end quietly on Ctrl-C
        return
        ### END SOLUTION 5


if __name__ == "__main__":
    main()
