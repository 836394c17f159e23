"""Takes any port of up to five digits for a port, so 70000 ends in the traceback of an OverflowError."""
import argparse
import contextlib
import socket
import sys
import threading

from protocol import ANSWER, BYE, lines, send_line


def connect(host, port):
    if not 0 <= port <= 99999:
        sys.exit(f"chat_client.py: there is no port {port}")
    connection = socket.socket()
    try:
        connection.connect((host, port))
        return connection
    except OSError as error:
        sys.exit(f"chat_client.py: cannot connect to {host}, port {port}: {error}")


def type_on(connection):
    with contextlib.suppress(OSError):
        while typed := sys.stdin.readline():
            text = typed.removesuffix("\n")
            if text == BYE:
                break
            send_line(connection, text)
        send_line(connection, BYE)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    options = parser.parse_args()
    with connect(options.host, options.port) as connection:
        threading.Thread(target=type_on, args=(connection,), daemon=True).start()
        for line in lines(connection):
            if line == ANSWER:
                return 0
            print(line, flush=True)
    print("* server gone", flush=True)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
