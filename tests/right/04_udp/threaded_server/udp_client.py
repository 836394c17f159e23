"""A UDP client with a thread that receives, and a condition on which the main thread waits."""
import argparse
import socket
import sys
import threading


class Mailbox:
    """Where the two threads meet."""

    def __init__(self):
        self.condition = threading.Condition()
        self.wanted = None
        self.result = None

    def expect(self, number):
        with self.condition:
            self.wanted, self.result = str(number).encode(), None

    def put(self, datagram):
        number, space, text = datagram.partition(b" ")
        with self.condition:
            if space and number == self.wanted and self.result is None:
                self.result = text.decode("utf-8", "replace")
                self.condition.notify()

    def refuse(self):
        with self.condition:
            if self.wanted is not None and self.result is None:
                self.result = "* nobody listens there"
                self.condition.notify()

    def wait(self, seconds):
        with self.condition:
            self.condition.wait_for(lambda: self.result is not None, seconds)
            return self.result


def receive(sock, mailbox):
    while True:
        try:
            mailbox.put(sock.recv(65535))
        except ConnectionRefusedError:
            mailbox.refuse()
        except OSError:
            return


def ask(sock, mailbox, number, text, timeout, retries):
    datagram = f"{number} {text}".encode("utf-8", "replace")
    if len(datagram) > 65507:
        return "* too long for a datagram"
    mailbox.expect(number)
    for _ in range(retries + 1):
        try:
            sock.send(datagram)
        except ConnectionRefusedError:
            mailbox.refuse()
        if (result := mailbox.wait(timeout)) is not None:
            return result
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
    mailbox = Mailbox()
    threading.Thread(target=receive, args=[sock, mailbox], daemon=True).start()
    number = 1000
    for line in sys.stdin:
        number += 7
        print(ask(sock, mailbox, number, line.removesuffix("\n"), args.timeout, args.retries), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
