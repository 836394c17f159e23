"""Closes as soon as bye is sent, without waiting for the answer."""
import argparse
import os
import socket
import sys
import threading

from protocol import ANSWER, BYE, lines, send_line

GONE = "* server gone"


def connect(host, port):
    """Return a connection to the server."""
    try:
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.connect((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot connect to {host}:{port}: {error}")
    return connection


def show(connection):
    """Show what the server says, until it has gone."""
    for line in lines(connection):
        if line == ANSWER:
            return
        print(line, flush=True)
    print(GONE, flush=True)
    os._exit(1)


def main():
    parser = argparse.ArgumentParser(description="The client's half of a chat.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    arguments = parser.parse_args()

    connection = connect(arguments.host, arguments.port)
    reader = threading.Thread(target=show, args=[connection], daemon=True)
    reader.start()
    try:
        for line in sys.stdin:
            line = line.removesuffix("\n")
            if line == BYE:
                break
            send_line(connection, line)
        send_line(connection, BYE)
    except OSError:
        reader.join()
    connection.close()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
