"""A tour of one connection: who is at its ends, what can be set on it, and how it is closed.

    python socket_tour.py --port 12345         and something that listens there

The program prints what it does; what it really did can be seen from outside, and is: in the bytes that arrive, in what
the kernel tells of the socket (ss -toem shows the same), and in who closed first.

The program runs the four functions one after the other, and the first check sees it run to its end. So write all four,
and look at each by hand as you go.
"""
import argparse
import socket
import sys

TIMEOUT = 0.5                   # seconds
BUFFER = 20000                  # bytes


def tell_addresses(connection: socket.socket) -> None:
    """Print the two ends of the connection, each on a line: "own ADDRESS PORT" and "peer ADDRESS PORT".

    Nobody has chosen this socket's own port: the kernel did, in connect(). Then send the same line "own …" to the
    peer, with its newline, so that it can compare.
    """
    # TODO 1: tell both addresses
    raise NotImplementedError("TODO 1: tell both addresses")


def tune(connection: socket.socket) -> None:
    """Set three things on the connection, then read each of them back from it, and print what it says now.

    Set SO_KEEPALIVE on (it is off by default: RFC 9293, 3.8.4), SO_RCVBUF to BUFFER bytes, and a timeout of TIMEOUT
    seconds for every call. Print "keepalive N", "rcvbuf N" and "timeout N" with what getsockopt() and gettimeout()
    return. Do not be surprised by the second number: the kernel may round, and Linux doubles it, since it counts its
    own bookkeeping too.
    """
    # TODO 2: set options and a timeout, and read them back
    raise NotImplementedError("TODO 2: set options and a timeout, and read them back")


def wait_in_vain(connection: socket.socket) -> None:
    """Call recv() once. The peer says nothing, so it raises TimeoutError after TIMEOUT seconds: print "timed out".

    The connection is as good as before.
    """
    # TODO 3: wait until the timeout
    raise NotImplementedError("TODO 3: wait until the timeout")


def finish(connection: socket.socket) -> None:
    """Close first, and miss nothing: end the own direction, read what the peer still says, and close.

    After shutdown(SHUT_WR) nothing can be sent any more, and everything can still be received: the kernel holds the
    connection in FIN-WAIT-2. Receive until recv() returns b"", with no timeout (settimeout(None)), and print
    "received N bytes", the number of all together. Then close. It was this side that closed first, so it is this
    side's port that stays in TIME-WAIT.
    """
    # TODO 4: close first, and miss nothing
    raise NotImplementedError("TODO 4: close first, and miss nothing")


def main() -> None:
    parser = argparse.ArgumentParser(description="A tour of one connection.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    arguments = parser.parse_args()

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        try:
            connection.connect((arguments.host, arguments.port))
        except (OSError, OverflowError) as error:
            sys.exit(f"socket_tour.py: cannot connect to {arguments.host}, port {arguments.port}: {error}")
        tell_addresses(connection)
        tune(connection)
        wait_in_vain(connection)
        finish(connection)


if __name__ == "__main__":
    main()
