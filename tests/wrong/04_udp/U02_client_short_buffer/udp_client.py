"""Receives replies into a buffer of 1,024 bytes, so the end of a longer one is not shown."""
import argparse
import errno
import itertools
import select
import socket
import sys
import time

NO_REPLY = "* no reply"
NOBODY = "* nobody listens there"
TOO_LONG = "* too long for a datagram"


def connect(host, port):
    try:
        asking = socket.socket(type=socket.SOCK_DGRAM)
        asking.connect((host, port))
        return asking
    except (OSError, OverflowError) as problem:
        print("There is no", host, "with port", port, problem, file=sys.stderr)
        sys.exit(1)


def readable(asking, until):
    """Wait for a datagram, but not longer than until then."""
    left = until - time.monotonic()
    if left <= 0:
        return False
    ready, _, _ = select.select([asking], [], [], left)
    return bool(ready)


def answers(asking, until):
    """Yield the number and the text of each reply until then."""
    while readable(asking, until):
        number, space, text = asking.recv(1024).partition(b" ")
        if space:
            yield number, text.decode("utf-8", "replace")


def ask(asking, number, text, timeout, retries):
    question = b"%d %s" % (number, text.encode("utf-8", "replace"))
    tries = 0
    while tries <= retries:
        tries += 1
        try:
            asking.send(question)
            for its_number, answer in answers(asking, time.monotonic() + timeout):
                if its_number == b"%d" % number:
                    return answer
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                return NOBODY
            if error.errno == errno.EMSGSIZE:
                return TOO_LONG
            raise
    return NO_REPLY


def main():
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
        sys.exit(130)
