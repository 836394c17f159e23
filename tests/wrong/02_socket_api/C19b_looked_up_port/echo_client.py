"""Looks the port up with getaddrinfo(), which makes 23352 of 88888 silently: a port that does not exist works."""
import argparse
import select
import socket
import sys
import time

QUIT = "q"
SILENT = "* no reply yet"
GONE = "* server gone"


def connect(host, port):
    """After the example in the documentation of socket: try each address that the look-up returns."""
    problem = None
    try:
        found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        sys.exit(f"unknown host {host}: {error}")
    for family, kind, protocol, _, address in found:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.connect(address)
            return connection
        except OSError as error:
            problem = error
            connection.close()
    sys.exit(f"cannot connect to {host}, port {port}: {problem}")


class Session:
    def __init__(self, connection, timeout):
        self.connection = connection
        self.timeout = timeout
        self.buffer = b""

    def run(self):
        """Returns whether it ended as it should."""
        try:
            for typed in sys.stdin:
                typed = typed.rstrip("\n")
                if typed == QUIT:
                    break
                self.connection.sendall(typed.encode("utf-8", "replace") + b"\n")
                reply = self.reply()
                if reply is None:
                    return False
                print("server:", reply, flush=True)
            self.connection.sendall(QUIT.encode() + b"\n")
        except OSError:
            return False
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass
        return True

    def reply(self):
        deadline = time.monotonic() + self.timeout
        while b"\n" not in self.buffer:
            left = None if deadline is None else max(0, deadline - time.monotonic())
            if not select.select([self.connection], [], [], left)[0]:
                print(SILENT, flush=True)
                deadline = None
                continue
            data = self.connection.recv(4096)
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode("utf-8", "replace")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    parser.add_argument("--timeout", type=float, default=5.0)
    arguments = parser.parse_args()
    with connect(arguments.host, arguments.port) as connection:
        if not Session(connection, arguments.timeout).run():
            print(GONE, flush=True)
            sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
