"""Reads the keyboard and the socket in turns: after each typed line it waits for one from the server."""
import argparse
import socket
import sys

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


def chat(connection):
    """We say something, then the server answers, and so on. True if it ended with the answer to bye."""
    answers = lines(connection)
    try:
        for line in sys.stdin:
            line = line.removesuffix("\n")
            if line == BYE:
                break
            send_line(connection, line)
            answer = next(answers, None)
            if answer is None:
                return False
            print(answer, flush=True)
        send_line(connection, BYE)
    except OSError:
        return False
    for answer in answers:
        if answer == ANSWER:
            return True
        print(answer, flush=True)
    return False


def main():
    parser = argparse.ArgumentParser(description="The client's half of a chat.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    arguments = parser.parse_args()

    connection = connect(arguments.host, arguments.port)
    answered = chat(connection)
    connection.close()
    if not answered:
        print(GONE, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
