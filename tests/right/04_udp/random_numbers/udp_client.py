"""A UDP client whose questions have random numbers of twelve digits, zeros in front and all; nobody can guess them."""
import argparse
import errno
import re
import secrets
import socket
import sys
import time

used: set[str] = set()


def new_number():
    while (number := f"{secrets.randbelow(10 ** 12):012d}") in used:
        pass
    used.add(number)
    return number


def ask(sock, text, timeout, retries):
    number = new_number()
    pattern = re.compile(number.encode() + rb" (.*)", re.DOTALL)
    for _ in range(retries + 1):
        sock.send(b"%s %s" % (number.encode(), text.encode("utf-8", "replace")))
        deadline = time.monotonic() + timeout
        while True:
            sock.settimeout(max(deadline - time.monotonic(), 1e-6))
            try:
                match = pattern.fullmatch(sock.recv(65507))
            except TimeoutError:
                break
            if match:
                return match[1].decode("utf-8", "replace")
            if time.monotonic() > deadline:
                break
    return "* no reply"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=3, type=int)
    args = parser.parse_args()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.connect((args.host, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_client.py: {args.host}:{args.port}: {error}")
    for line in sys.stdin:
        try:
            print(ask(sock, line.removesuffix("\n"), args.timeout, args.retries), flush=True)
        except ConnectionRefusedError:
            print("* nobody listens there", flush=True)
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            print("* too long for a datagram", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
