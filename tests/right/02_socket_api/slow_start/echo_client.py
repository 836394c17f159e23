"""A client that takes a while to start."""
import argparse
import socket
import sys
import time

time.sleep(0.7)                 # a large library is imported here

SILENT = "* no reply yet"
GONE = "* server gone"


def reply(connection, timeout):
    """Return a whole line, or None."""
    line = bytearray()
    deadline = time.monotonic() + timeout
    told = False
    while not line.endswith(b"\n"):
        connection.settimeout(None if told else max(0.001, deadline - time.monotonic()))
        try:
            byte = connection.recv(1)
        except TimeoutError:
            print(SILENT, flush=True)
            told = True
            continue
        except OSError:
            return None
        if not byte:
            return None
        line += byte
    return line[:-1].decode("utf-8", "replace")


def say(connection, text):
    connection.settimeout(None)
    connection.sendall(text.encode("utf-8", "replace") + b"\n")


def gone():
    print(GONE, flush=True)
    sys.exit(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    parser.add_argument("--timeout", type=float, default=5.0)
    options = parser.parse_args()
    connection = socket.socket()
    try:
        connection.connect((options.host, options.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot connect to {options.host} port {options.port}: {error}")
    with connection:
        try:
            while True:
                try:
                    text = input()
                except EOFError:
                    break
                if text == "q":
                    break
                say(connection, text)
                answer = reply(connection, options.timeout)
                if answer is None:
                    gone()
                print(answer, flush=True)
            say(connection, "q")
        except OSError:
            gone()
        try:
            while connection.recv(1):
                pass
        except OSError:
            pass


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
