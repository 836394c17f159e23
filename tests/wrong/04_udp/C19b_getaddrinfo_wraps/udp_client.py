"""Gives the port to getaddrinfo(), which (glibc's) makes 23352 of 88888, instead of refusing it."""
import argparse
import errno
import socket
import sys
import time

NO_REPLY = "* no reply"
NOBODY = "* nobody listens there"
TOO_LONG = "* too long for a datagram"


def connect(host, port):
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_DGRAM)[0]
        sock = socket.socket(family, kind, protocol)
        sock.connect(address)
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_client.py: cannot ask {host}, port {port}: {error}")
    return sock


def ask(sock, number, text, timeout, retries):
    head = f"{number} "
    try:
        for _ in range(retries + 1):
            sock.send((head + text).encode("utf-8", "replace"))
            end = time.monotonic() + timeout
            while time.monotonic() < end:
                sock.settimeout(max(end - time.monotonic(), 0.001))
                try:
                    reply = sock.recv(65535).decode("utf-8", "replace")
                except TimeoutError:
                    break
                if reply.startswith(head):
                    return reply[len(head):]
    except ConnectionRefusedError:
        return NOBODY
    except OSError as error:
        return TOO_LONG if error.errno == errno.EMSGSIZE else f"* {error}"
    return NO_REPLY


def main():
    parser = argparse.ArgumentParser(description="Asks a server on UDP.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before asking again")
    parser.add_argument("--retries", default=3, type=int, help="how often to ask again")
    args = parser.parse_args()

    with connect(args.host, args.port) as sock:
        for number, line in enumerate(sys.stdin, 1):
            print(ask(sock, number, line.rstrip("\n"), args.timeout, args.retries), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
