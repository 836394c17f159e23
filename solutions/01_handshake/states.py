"""Bonus, best done after 02: bring a real connection of this machine into a given state, and hold it there.

    python3 states.py FIN-WAIT-1

holds one end of a connection in FIN-WAIT-1, says the port of that end, and keeps it so until end of input (Ctrl-D).
Meanwhile look at the kernel, in another terminal: `ss -tan`, or /proc/net/tcp. Only Linux is meant here.

A connection goes on to its next state as soon as something happens. So to hold it means to see to it that this does not
happen: nobody calls close(), nobody accepts, or nobody reads. As long as nobody reads, the window of the one who should
is full: then what the other one has still to send cannot go, and neither can the FIN behind it.
"""
import argparse
import contextlib
import select
import socket
import sys

HOST = "127.0.0.1"
PATIENCE = 60                                 # s, for TCP_DEFER_ACCEPT


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


def fill(end: socket.socket) -> None:
    """Send from this end until nothing more goes: the window of the other end is full, and so is our send buffer."""
    end.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            end.send(bytes(65536))
    end.setblocking(True)


def drain(end: socket.socket) -> None:
    """Read at this end all that comes, up to the other end's FIN."""
    while end.recv(65536):
        pass


# Each function returns the sockets that have to stay open, the one in that state first. Listen on port ------------


def closed(port: int) -> list[socket.socket]:
    """CLOSED: a socket that is not connected. (It is bound, so that it has a port. The kernel does not list it.)"""
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.bind((HOST, port))
    return [one]


def listen(port: int) -> list[socket.socket]:
    """LISTEN."""
    return [listener(port)]


def syn_sent(port: int) -> list[socket.socket]:
    """SYN-SENT: the SYN is never answered.

    That takes no firewall. A listener whose queue is full drops each SYN that comes, and listener(port, backlog=0) has
    room for one connection. Wait until that one is in the queue (the listener can then be read from: select), and
    connect once more, without blocking.
    """
    ### BEGIN SOLUTION 1: bonus: connect where the queue is full
    full = listener(port, backlog=0)
    first = socket.create_connection(full.getsockname())
    select.select([full], [], [])
    second = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    second.setblocking(False)
    second.connect_ex(full.getsockname())
    return [second, full, first]
    ### END SOLUTION 1


def syn_received(port: int) -> list[socket.socket]:
    """SYN-RECEIVED: the SYN,ACK is not acknowledged, or the acknowledgment not taken.

    With its option TCP_DEFER_ACCEPT (a number of seconds: PATIENCE) a listener ignores the bare ACK of the handshake,
    and goes on waiting for data. So connect, and send nothing. The end in SYN-RECEIVED has no socket yet: return the
    listener first, which has the same port.
    """
    ### BEGIN SOLUTION 2: bonus: connect, and send nothing
    patient = listener(port)
    patient.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, PATIENCE)
    return [patient, socket.create_connection(patient.getsockname())]
    ### END SOLUTION 2


def established(port: int) -> list[socket.socket]:
    """ESTABLISHED: both ends."""
    return [*pair(port)]


def fin_wait_1(port: int) -> list[socket.socket]:
    """FIN-WAIT-1: this end has closed, and the FIN is not acknowledged. It is not even sent, for the window is full.
    (Close with shutdown(socket.SHUT_WR): after close() the kernel would not wait for long.)"""
    ### BEGIN SOLUTION 3: bonus: a FIN that cannot go
    one, other = pair(port)
    fill(one)
    one.shutdown(socket.SHUT_WR)
    return [one, other]
    ### END SOLUTION 3


def fin_wait_2(port: int) -> list[socket.socket]:
    """FIN-WAIT-2: this end has closed, and the other one does not. (Its kernel may take 40 ms to acknowledge the FIN,
    in the hope that there is something to send together with the ACK.)"""
    ### BEGIN SOLUTION 4: bonus: the other one does not close
    one, other = pair(port)
    one.shutdown(socket.SHUT_WR)
    return [one, other]
    ### END SOLUTION 4


def close_wait(port: int) -> list[socket.socket]:
    """CLOSE-WAIT: the other end has closed, and this one does not."""
    ### BEGIN SOLUTION 5: bonus: this one does not close
    one, other = pair(port)
    other.shutdown(socket.SHUT_WR)
    return [one, other]
    ### END SOLUTION 5


def last_ack(port: int) -> list[socket.socket]:
    """LAST-ACK: the other end has closed, then this one, and this one's FIN is not acknowledged."""
    ### BEGIN SOLUTION 6: bonus: the second FIN cannot go
    one, other = pair(port)
    other.shutdown(socket.SHUT_WR)
    drain(one)
    fill(one)
    one.shutdown(socket.SHUT_WR)
    return [one, other]
    ### END SOLUTION 6


def closing(port: int) -> list[socket.socket]:
    """CLOSING: both ends have closed before either FIN had arrived. Then the other end's FIN has come here, and this
    end's FIN is still not acknowledged."""
    ### BEGIN SOLUTION 7: bonus: neither FIN can go, and then one can
    one, other = pair(port)
    fill(one)
    fill(other)
    one.shutdown(socket.SHUT_WR)
    other.shutdown(socket.SHUT_WR)
    drain(one)
    return [one, other]
    ### END SOLUTION 7


def time_wait(port: int) -> list[socket.socket]:
    """TIME-WAIT: this end has closed, then the other one, and all is acknowledged.

    This end must be able to tell its port afterwards: shut it down, as in fin_wait_1(), and do not close() it. Let the
    other end close, and return this one first. The kernel then holds the state by itself, for 60 s.
    """
    ### BEGIN SOLUTION 8: bonus: close first, and let the other one close
    one, other = pair(port)
    one.shutdown(socket.SHUT_WR)
    drain(other)
    other.shutdown(socket.SHUT_WR)
    drain(one)
    return [one, other]
    ### END SOLUTION 8


HOLDS = {"CLOSED": closed, "LISTEN": listen, "SYN-SENT": syn_sent, "SYN-RECEIVED": syn_received,
         "ESTABLISHED": established, "FIN-WAIT-1": fin_wait_1, "FIN-WAIT-2": fin_wait_2, "CLOSE-WAIT": close_wait,
         "LAST-ACK": last_ack, "CLOSING": closing, "TIME-WAIT": time_wait}


def hold(state: str, port: int = 0) -> list[socket.socket]:
    """Bring one end of a connection into this state ("FIN-WAIT-1"), on this port (0: a free one).

    It stays there as long as these sockets are open, and the kernel has patience. The first one is in that state, or
    has the port of the end that is.
    """
    return HOLDS[state](port)


def main() -> None:
    parser = argparse.ArgumentParser(description="Holds one end of a TCP connection in a state, until end of input.")
    parser.add_argument("state", choices=HOLDS)
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
