"""A client that logs to stderr what happens, once it is connected."""
import argparse
import logging
import socket
import sys
import time

SILENT = "* no reply yet"
GONE = "* server gone"
log = logging.getLogger("echo_client")


class Client:
    def __init__(self, connection, timeout):
        self.connection = connection
        self.timeout = timeout
        self.rest = b""
        log.info("%s is connected to %s", connection.getsockname(), connection.getpeername())

    def send(self, text):
        self.connection.settimeout(None)
        self.connection.sendall(text.encode("utf-8", "replace") + b"\n")
        log.debug("sent %r", text)

    def receive(self, seconds):
        """Put what comes into rest. Returns False at the end; raises TimeoutError."""
        self.connection.settimeout(seconds)
        try:
            piece = self.connection.recv(4096)
        except TimeoutError:
            raise
        except OSError as error:
            log.warning("broken: %s", error)
            return False
        log.debug("received %r", piece)
        self.rest += piece
        return bool(piece)

    def reply(self):
        deadline = time.monotonic() + self.timeout
        while b"\n" not in self.rest:
            try:
                if not self.receive(None if deadline is None else max(0.001, deadline - time.monotonic())):
                    return None
            except TimeoutError:
                print(SILENT, flush=True)
                deadline = None
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode("utf-8", "replace")

    def run(self):
        for typed in sys.stdin:
            typed = typed.removesuffix("\n")
            if typed == "q":
                break
            self.send(typed)
            reply = self.reply()
            if reply is None:
                return False
            print(reply, flush=True)
        self.send("q")
        while self.receive(None):
            pass
        log.info("the server has closed")
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    parser.add_argument("--timeout", type=float, default=5.0)
    options = parser.parse_args()
    with socket.socket() as connection:
        try:
            connection.connect((options.host, options.port))
        except (OSError, OverflowError) as error:
            sys.exit(f"cannot connect to {options.host} port {options.port}: {error}")
        try:
            well = Client(connection, options.timeout).run()
        except OSError:
            well = False
        if not well:
            print(GONE, flush=True)
            sys.exit(1)


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(levelname)s %(message)s")
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
