"""Takes the empty reply for none, since b"" is as false as None, and asks again."""
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
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asking.connect((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_client.py: cannot ask {host}, port {port}: {error}")
    with contextlib.suppress(OSError):        # macOS sends no more than 9,216 bytes unless it is asked to
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
    return asking


def ask(asking: socket.socket, number: int, text: str, timeout: float, retries: int) -> str:
    question = f"{number} {text}".encode("utf-8", errors="replace")
    try:
        for _ in range(1 + retries):
            asking.send(question)
            if reply := wait(asking, f"{number} ".encode(), timeout):
                return reply.decode("utf-8", errors="replace")
    except ConnectionRefusedError:
        return NOBODY
    except OSError as error:
        if error.errno == errno.EMSGSIZE or len(question) > LARGEST:
            return TOO_LONG
        raise
    return NO_REPLY


def wait(asking: socket.socket, head: bytes, timeout: float) -> bytes | None:
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
