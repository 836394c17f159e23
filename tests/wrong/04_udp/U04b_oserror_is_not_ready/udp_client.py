"""Catches OSError where it means BlockingIOError, so that ConnectionRefusedError is taken for "nothing there yet"."""
import argparse
import selectors
import socket
import sys
import time

MAX_DATAGRAM = 65507


class Client:
    """Asks one question after the other, on a non-blocking socket."""

    def __init__(self, host, port, timeout, retries):
        self.timeout = timeout
        self.tries = retries + 1
        self.number = 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect((host, port))
        self.sock.setblocking(False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.sock, selectors.EVENT_READ)

    def ask(self, text):
        self.number += 1
        head = b"%d " % self.number
        question = head + text.encode("utf-8", errors="replace")
        if len(question) > MAX_DATAGRAM:
            return "* too long for a datagram"
        try:
            for _ in range(self.tries):
                self.sock.send(question)
                reply = self.wait_for(head)
                if reply is not None:
                    return reply.decode("utf-8", errors="replace")
        except ConnectionRefusedError:
            return "* nobody listens there"
        return "* no reply"

    def wait_for(self, head):
        """The reply with this head, or None if the time is up."""
        until = time.monotonic() + self.timeout
        while (left := until - time.monotonic()) > 0:
            if not self.selector.select(left):
                break
            for datagram in self.received():
                if datagram.startswith(head):
                    return datagram[len(head):]
        return None

    def received(self):
        """All datagrams that are there now."""
        while True:
            try:
                yield self.sock.recv(MAX_DATAGRAM)
            except OSError:
                return


def main():
    parser = argparse.ArgumentParser(description="Asks a server on UDP.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before asking again")
    parser.add_argument("--retries", default=3, type=int, help="how often to ask again")
    args = parser.parse_args()

    try:
        client = Client(args.host, args.port, args.timeout, args.retries)
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_client.py: no way to {args.host}:{args.port}: {error}")
    for line in sys.stdin:
        print(client.ask(line.removesuffix("\n")), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
