"""Compares only the address of the sender with the server's, so a reply from another port of that machine counts."""
import argparse
import itertools
import socket
import sys
import time

NO_REPLY = "* no reply"
NOBODY = "* nobody listens there"
TOO_LONG = "* too long for a datagram"
LARGEST = 65_507                # bytes
IP_RECVERR = 11                 # Linux, man 7 ip: tells an unconnected socket of errors too


def connect(host, port):
    """Return a UDP socket, and the address to ask."""
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        server = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_DGRAM)[0][4]
    except OSError as error:
        sys.exit(f"cannot ask {host}, port {port}: {error}")
    if not 0 < port < 65536:
        sys.exit(f"cannot ask port {port}: ports end at 65535")
    asking.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    return asking, server


def ask(asking, server, number, text, timeout, retries):
    """Ask one question, and return what to show."""
    question = f"{number} {text}".encode()
    if len(question) > LARGEST:
        return TOO_LONG
    for _ in range(retries + 1):
        try:
            asking.sendto(question, server)
            reply = wait(asking, server, f"{number} ".encode(), timeout)
        except ConnectionRefusedError:
            asking.recvmsg(LARGEST, 1024, socket.MSG_ERRQUEUE)          # take it off the queue of errors
            return NOBODY
        if reply is not None:
            return reply
    return NO_REPLY


def wait(asking, server, head, timeout):
    """Return the text of the reply with this head, None if it does not come in time."""
    end = time.monotonic() + timeout
    while True:
        left = end - time.monotonic()
        if left <= 0:
            return None
        asking.settimeout(left)
        try:
            reply, sender = asking.recvfrom(LARGEST)
        except socket.timeout:
            return None
        if sender[0] == server[0] and reply.startswith(head):
            return reply[len(head):].decode("utf-8", "replace")


def main():
    parser = argparse.ArgumentParser(description="Asks a server on UDP.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before asking again")
    parser.add_argument("--retries", default=3, type=int, help="how often to ask again")
    arguments = parser.parse_args()

    asking, server = connect(arguments.host, arguments.port)
    numbers = itertools.count(1)
    for line in sys.stdin:
        text = line.removesuffix("\n")
        print(ask(asking, server, next(numbers), text, arguments.timeout, arguments.retries), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
