"""Bonus: the echo server for many clients at once, over IPv4 or IPv6.

    python echo_many.py --port 12345                    or with --host ::1, where there is IPv6

What it does

  Each client  is served as echo_server.py serves one: lines come back, "q" ends the conversation, a half-close is
               answered to the end.
  At once      Nobody waits for anybody. A client that says nothing, or that sends and never reads, holds up
               nobody but itself.
  Host         may be an IPv4 address or an IPv6 one, which has a colon in it: then the family is AF_INET6.
  The rest     is as in echo_server.py: Ctrl-C, starting again, no such port.
"""
import argparse
import contextlib
import socket
import sys
import threading

from echo_server import converse


def listen(host: str, port: int) -> socket.socket:
    """Return a TCP socket of the host's family that listens there. Where it cannot, sys.exit() with one line."""
    ### BEGIN SOLUTION 1: make the socket that listens, in the family of the host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)      # it sets SO_REUSEADDR, except on Windows
    except (OSError, OverflowError) as error:
        sys.exit(f"echo_many.py: cannot listen on {host}, port {port}: {error}")
    ### END SOLUTION 1


def serve(listener: socket.socket) -> None:
    """Accept clients for ever, and serve each of them beside the others: converse() with it, and close.

    A thread that is no daemon keeps the program alive after Ctrl-C.
    """
    ### BEGIN SOLUTION 2: serve each client beside the others
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=visit, args=[connection], daemon=True).start()


def visit(connection: socket.socket) -> None:
    """Serve one client, in a thread of its own."""
    with connection, contextlib.suppress(OSError):
        converse(connection)
    ### END SOLUTION 2


def main() -> None:
    parser = argparse.ArgumentParser(description="An echo server for many clients at once.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt), listen(arguments.host, arguments.port) as listener:
        serve(listener)


if __name__ == "__main__":
    main()
