"""A chat client, which takes its time to start."""
import time

time.sleep(1.0)          # wait for a slow disk, say

import argparse
import socket
import sys
import threading

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
GONE = "* server gone"


def show(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def lines(connection):
    """Yield the lines that arrive, as text, until the other side is gone or has sent too long a line."""
    pending = bytearray()
    while True:
        try:
            piece = connection.recv(8192)
        except OSError:
            return
        if not piece:
            return
        pending += piece
        while (newline := pending.find(b"\n")) >= 0:
            if newline > LINE_LIMIT:
                return
            line = bytes(pending[:newline])
            del pending[:newline + 1]
            yield line.decode("utf-8", errors="replace")
        if len(pending) > LINE_LIMIT:
            return


def send_line(connection, text):
    connection.sendall(text.encode("utf-8", errors="surrogateescape") + b"\n")


def connect(host, port):
    try:
        if not 0 <= port <= 65535:
            raise ValueError("there is no such port")
        return socket.create_connection((host, port))
    except (OSError, ValueError) as error:
        sys.exit(f"cannot connect to {host}, port {port}: {error}")


def listen_to(connection):
    """Show the server's lines. True if its answer came at last, False if it went without one."""
    for line in lines(connection):
        if line == ANSWER:
            return True
        show(line)
    return False


def typed_lines():
    """Yield what is typed, line by line."""
    for line in sys.stdin:
        yield line.removesuffix("\n")


def keyboard(connection):
    """Send what is typed, and BYE when it is typed or when the input ends."""
    try:
        for line in typed_lines():
            if line == BYE:
                break
            send_line(connection, line)
        send_line(connection, BYE)
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    connection = connect(arguments.host, arguments.port)
    threading.Thread(target=keyboard, args=[connection], daemon=True).start()
    answered = listen_to(connection)
    connection.close()
    if not answered:
        show(GONE)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
