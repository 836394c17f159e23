"""Takes what was sent for delivered: it waits for the reply without a timeout, so one lost datagram stops it."""
import argparse
import itertools
import socket
import sys

NOBODY = "* nobody listens there"
TOO_LONG = "* too long for a datagram"
LARGEST = 65_507                # bytes


def connect(host, port):
    """Return a UDP socket that is connected to this host and port."""
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asking.connect((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot ask {host}:{port}: {error}")
    return asking


def ask(asking, number, text, timeout, retries):
    """Ask one question, and return what to show."""
    question = f"{number} {text}".encode("utf-8")
    if len(question) > LARGEST:
        return TOO_LONG
    head = f"{number} ".encode()
    try:
        asking.send(question)
        while True:
            reply = asking.recv(65535)
            if reply.startswith(head):
                return reply[len(head):].decode("utf-8", "replace")
    except ConnectionRefusedError:
        return NOBODY


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
