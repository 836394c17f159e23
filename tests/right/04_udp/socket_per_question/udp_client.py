"""A UDP client with a new connected socket for each question, so that a late reply finds its port closed."""
import argparse
import contextlib
import socket
import sys
import time


def open_socket(host, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.connect((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def replies(sock, until):
    while True:
        left = until - time.monotonic()
        if left <= 0:
            return
        sock.settimeout(left)
        yield sock.recv(65507)


def ask(host, port, number, text, timeout, retries):
    head = f"{number} ".encode()
    datagram = head + text.encode("utf-8", "replace")
    if len(datagram) > 65507:
        return "* too long for a datagram"
    with open_socket(host, port) as sock:
        for _ in range(retries + 1):
            with contextlib.suppress(TimeoutError):
                try:
                    sock.send(datagram)
                    for reply in replies(sock, time.monotonic() + timeout):
                        if reply.startswith(head):
                            return reply[len(head):].decode("utf-8", "replace")
                except ConnectionRefusedError:
                    return "* nobody listens there"
    return "* no reply"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=3, type=int)
    args = parser.parse_args()
    try:
        open_socket(args.host, args.port).close()         # is there such an address at all?
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_client.py: {args.host}, port {args.port}: {error}")
    number = 0
    while line := sys.stdin.readline():
        number += 1
        print(ask(args.host, args.port, number, line.removesuffix("\n"), args.timeout, args.retries), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
