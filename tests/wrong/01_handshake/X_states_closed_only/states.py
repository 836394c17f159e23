"""Holds the states that were given, and in place of the others a socket that is CLOSED."""
import argparse
import contextlib
import socket
import sys

HOST = "127.0.0.1"


def listener(port: int, backlog: int = 5) -> socket.socket:
    """A listening socket on this port (0: a free one). Its connections have receive buffers that are soon full."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.bind((HOST, port))
    made.listen(backlog)
    return made


def pair(port: int) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection that is ESTABLISHED; the second one has this port."""
    with listener(port) as waiting:
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(waiting.getsockname())
        return one, waiting.accept()[0]


# Each function returns the sockets that have to stay open, the one in that state first. Listen on port ------------


def closed(port: int) -> list[socket.socket]:
    """CLOSED: a socket that is not connected. (It is bound, so that it has a port. The kernel does not list it.)"""
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.bind((HOST, port))
    return [one]


def listen(port: int) -> list[socket.socket]:
    """LISTEN."""
    return [listener(port)]


def established(port: int) -> list[socket.socket]:
    """ESTABLISHED: both ends."""
    return [*pair(port)]


HOLDS = {"CLOSED": closed, "LISTEN": listen, "ESTABLISHED": established}


def hold(state: str, port: int = 0) -> list[socket.socket]:
    """Bring one end of a connection into this state ("FIN-WAIT-1"), on this port (0: a free one).

    It stays there as long as these sockets are open, and the kernel has patience. The first one is in that state, or
    has the port of the end that is.
    """
    return HOLDS.get(state, closed)(port)


def main() -> None:
    parser = argparse.ArgumentParser(description="Holds one end of a TCP connection in a state, until end of input.")
    parser.add_argument("state", help="SYN-SENT, and so on")
    parser.add_argument("--port", default=0, type=int, help="port to listen on (default: a free one)")
    arguments = parser.parse_args()
    state = arguments.state

    sockets = hold(state, arguments.port)
    print(f"holding {state} on port {sockets[0].getsockname()[1]}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.read()
    for each in sockets:
        each.close()


if __name__ == "__main__":
    main()
