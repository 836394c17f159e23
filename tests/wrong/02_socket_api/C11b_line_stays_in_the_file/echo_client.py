"""Writes to a buffered makefile() and does not flush it: the line never leaves, and both sides wait to receive."""
import argparse
import socket
import sys
import time

QUIT = "q"
SILENT = "* no reply yet"
GONE = "* server gone"


class Client:
    def __init__(self, host, port, timeout):
        self.timeout = timeout
        self.connection = socket.socket()
        self.connection.connect((host, port))
        self.to_server = self.connection.makefile("w", encoding="utf-8", errors="replace", newline="\n")
        self.unread = b""

    def say(self, text):
        print(text, file=self.to_server)

    def hear(self):
        """Return the next line that arrives, or None."""
        patience = time.monotonic() + self.timeout
        self.connection.settimeout(self.timeout)
        while b"\n" not in self.unread:
            try:
                data = self.connection.recv(4096)
                if not data:
                    return None
                self.unread += data
                if patience:
                    self.connection.settimeout(max(0.01, patience - time.monotonic()))
            except TimeoutError:
                print(SILENT, flush=True)
                patience = None
                self.connection.settimeout(None)
            except OSError:
                return None
        line, _, self.unread = self.unread.partition(b"\n")
        return line.decode("utf-8", "replace")

    def run(self):
        for line in sys.stdin:
            text = line.removesuffix("\n")
            if text == QUIT:
                break
            self.say(text)
            reply = self.hear()
            if reply is None:
                return False
            print(reply, flush=True)
        self.say(QUIT)
        while self.hear() is not None:
            pass
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    parser.add_argument("--timeout", type=float, default=5.0)
    arguments = parser.parse_args()
    try:
        client = Client(arguments.host, arguments.port, arguments.timeout)
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot connect to {arguments.host}:{arguments.port}: {error}")
    try:
        well = client.run()
    except OSError:
        well = False
    if not well:
        print(GONE, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
