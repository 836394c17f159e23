"""Has a deadline and looks at it, but only once select() returns, which without a timeout needs something to arrive."""
import argparse
import errno
import select
import socket
import sys
import time

NO_REPLY = "* no reply"
NOBODY = "* nobody listens there"
TOO_LONG = "* too long for a datagram"


def connect(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.connect((host, port))
    except (OSError, OverflowError) as e:
        print(f"Cannot use {host} port {port}: {e}", file=sys.stderr)
        sys.exit(1)
    return sock


def ask(sock: socket.socket, number: int, text: str, timeout: float, retries: int) -> str:
    prefix = str(number) + " "
    request = (prefix + text).encode("utf-8", "replace")
    attempt = 0
    try:
        while attempt <= retries:
            attempt += 1
            sock.send(request)
            deadline = time.monotonic() + timeout
            while time.monotonic() < deadline:
                readable, _, _ = select.select([sock], [], [])
                if sock in readable:
                    answer = sock.recv(65535).decode("utf-8", "replace")
                    if answer.startswith(prefix):
                        return answer[len(prefix):]
    except ConnectionRefusedError:
        return NOBODY
    except OSError as e:
        if e.errno == errno.EMSGSIZE:
            return TOO_LONG
        raise
    return NO_REPLY


def main() -> None:
    parser = argparse.ArgumentParser(description="Asks a server on UDP.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before asking again")
    parser.add_argument("--retries", default=3, type=int, help="how often to ask again")
    arguments = parser.parse_args()

    number = 0
    with connect(arguments.host, arguments.port) as sock:
        while line := sys.stdin.readline():
            number += 1
            print(ask(sock, number, line.removesuffix("\n"), arguments.timeout, arguments.retries), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
