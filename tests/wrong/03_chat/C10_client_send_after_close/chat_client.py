"""Sends what is typed after the server has closed, and does not catch the BrokenPipeError."""
import argparse
import os
import select
import socket
import sys
import threading

from protocol import ANSWER, BYE, lines, send_line

GONE = "* server gone"
answered = False


def connect(host, port):
    """Return a connection to the server."""
    try:
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.connect((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot connect to {host}:{port}: {error}")
    return connection


def show(connection):
    """Show what the server says, until it answers to bye or has gone."""
    global answered
    for line in lines(connection):
        if line == ANSWER:
            answered = True
            return
        print(line, flush=True)


def keyboard(connection, reader):
    """Send what is typed, and bye at the end, as long as the reader says that the server is there."""
    buffer = b""
    while reader.is_alive():
        ready, _, _ = select.select([sys.stdin], [], [], 0.5)
        if not ready:
            continue
        data = os.read(sys.stdin.fileno(), 4096)
        if not data and buffer:
            data = b"\n"                      # the last line may lack its newline
        buffer += data
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            send_line(connection, line.decode())
            if line.decode() == BYE:
                return
        if not data:
            send_line(connection, BYE)
            return


def main():
    parser = argparse.ArgumentParser(description="The client's half of a chat.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    arguments = parser.parse_args()

    connection = connect(arguments.host, arguments.port)
    reader = threading.Thread(target=show, args=[connection], daemon=True)
    reader.start()
    keyboard(connection, reader)
    reader.join()
    connection.close()
    if not answered:
        print(GONE, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
