"""A client on UDP that asks, and knows that neither its question nor the reply need arrive.

    python udp_client.py --port 12345

What it does

  Questions    Each line that is typed (stdin) is one question. It goes to the server as one datagram: "NUMBER TEXT",
               in UTF-8, with a number (decimal digits) that no earlier question had, a space, and the line without
               its newline. The next line is taken when this one is answered or given up.
  Replies      A reply is a datagram from the server that begins with the same number and a space. Its text, which is
               what stands behind them, is shown (stdout) on a line of its own, as soon as it comes. Bytes of it that
               are no UTF-8 are shown as "�", as in the server. Whatever else arrives does not count: what another
               address or port sends, and what answers an earlier question.
  Silence      If no reply has come --timeout seconds after the question, the same datagram is sent again, with the
               same number; --retries times at the most. With --retries 2 it is sent three times at the most. When
               the last one has had its time too, the client shows NO_REPLY, and goes on with the next line. What does
               not count does not make it wait longer.
  Nobody       If nobody listens on the server's port, the machine there says so (ICMP, port unreachable). The client
               shows NOBODY at once, without further tries, and goes on with the next line.
  Too long     A question whose datagram would have more than 65,507 bytes cannot be sent: it shows TOO_LONG, and
               goes on with the next line.
  The end      At the end of the input (Ctrl-D) it ends with exit code 0.
  No such port One clear line on stderr, and exit code 1, for a port above 65535 or an unknown name.
"""
import argparse
import contextlib
import errno
import itertools
import socket
import sys
import time

NO_REPLY = "* no reply"
NOBODY = "* nobody listens there"
TOO_LONG = "* too long for a datagram"
LARGEST = 65_507                # bytes


def connect(host: str, port: int) -> socket.socket:
    """Return a UDP socket that is connected to this host and port.

    connect() sends nothing here, and finds out nothing about the other side. It only notes an address: send() and
    recv() then need none, datagrams from elsewhere are not let in, and the kernel tells this socket when the other side
    says that nobody listens: on Linux and macOS as ConnectionRefusedError of the next call. An unconnected socket is
    not told. (macOS sends no more than 9,216 bytes at once, until SO_SNDBUF is set to more.) Where there is no such
    address, connect() raises OSError or OverflowError: sys.exit() with one line.
    """
    ### BEGIN SOLUTION 1: a socket that knows its partner
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asking.connect((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_client.py: cannot ask {host}, port {port}: {error}")
    with contextlib.suppress(OSError):        # macOS sends no more than 9,216 bytes unless it is asked to
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
    return asking
    ### END SOLUTION 1


def ask(asking: socket.socket, number: int, text: str, timeout: float, retries: int) -> str:
    """Ask one question, and return what to show: the reply's text, NO_REPLY, NOBODY, or TOO_LONG.

    timeout: seconds to wait after each sending. Both send() and recv() may raise ConnectionRefusedError for what was
    sent before (on Windows ConnectionResetError; both are kinds of ConnectionError). If send() raises it, this datagram
    was not sent. Return NOBODY in either case. A datagram that is too long makes send() raise OSError with
    errno.EMSGSIZE.
    """
    ### BEGIN SOLUTION 2: ask, ask again, and give up
    question = f"{number} {text}".encode("utf-8", errors="replace")
    try:
        for _ in range(1 + retries):
            asking.send(question)
            if (reply := wait(asking, f"{number} ".encode(), timeout)) is not None:
                return reply.decode("utf-8", errors="replace")
    except ConnectionError:
        return NOBODY
    except OSError as error:
        if error.errno == errno.EMSGSIZE or len(question) > LARGEST:
            return TOO_LONG
        raise
    return NO_REPLY


def wait(asking: socket.socket, head: bytes, timeout: float) -> bytes | None:
    """Return what stands behind this head in the first datagram that begins with it; None after so many seconds."""
    deadline = time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0:
        asking.settimeout(left)
        try:
            reply = asking.recv(LARGEST)
        except TimeoutError:
            return None
        if reply.startswith(head):
            return reply.removeprefix(head)
    return None
    ### END SOLUTION 2


def main() -> None:
    parser = argparse.ArgumentParser(description="Asks a server on UDP.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before asking again")
    parser.add_argument("--retries", default=3, type=int, help="how often to ask again")
    arguments = parser.parse_args()

    numbers = itertools.count(1)
    with connect(arguments.host, arguments.port) as asking:
        for line in sys.stdin:
            text = line.removesuffix("\n")
            print(ask(asking, next(numbers), text, arguments.timeout, arguments.retries), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)                         # ended by Ctrl-C, in the shell's usual number
