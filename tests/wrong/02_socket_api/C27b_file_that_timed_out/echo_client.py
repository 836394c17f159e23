"""Reads from a makefile() of a socket with a timeout: once timed out, the file refuses to read on, as if at the end."""
import argparse
import socket
import sys

QUIT = "q"
SILENT = "* no reply yet"
GONE = "* server gone"


def connect(host, port):
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.connect((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot connect to {host}:{port}: {error}")
    return connection


class Session:
    def __init__(self, connection, timeout):
        connection.settimeout(timeout)
        self.connection = connection
        self.file = connection.makefile("rb")

    def reply(self):
        """Return the server's next line, or None if there will be none."""
        told = False
        line = b""
        while not line.endswith(b"\n"):
            try:
                more = self.file.readline()
            except TimeoutError:
                if not told:
                    print(SILENT, flush=True)
                told = True
                continue
            except OSError:
                return None
            if not more:
                return None
            line += more
        return line[:-1].decode("utf-8", errors="replace")

    def run(self):
        for typed in sys.stdin:
            typed = typed.removesuffix("\n")
            if typed == QUIT:
                break
            try:
                self.connection.sendall((typed + "\n").encode("utf-8", errors="replace"))
            except OSError:
                return False
            answer = self.reply()
            if answer is None:
                return False
            print(answer, flush=True)
        return self.leave()

    def leave(self):
        self.connection.settimeout(None)
        try:
            self.connection.sendall(QUIT.encode() + b"\n")
        except OSError:
            return False
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass
        return True


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
