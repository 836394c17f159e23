"""Takes every line from the server with ^^^ in it for the answer to bye."""
import argparse
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
    """Show what the server says. True if it ended with the answer to bye."""
    for line in lines(connection):
        if ANSWER in line:
            return True
        print(line, flush=True)
    return False


def keyboard(connection):
    """Send what is typed, and bye at the end."""
    try:
        for line in sys.stdin:
            line = line.removesuffix("\n")
            if line == BYE:
                break
            send_line(connection, line)
        send_line(connection, BYE)
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser(description="The client's half of a chat.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    arguments = parser.parse_args()

    connection = connect(arguments.host, arguments.port)
    threading.Thread(target=keyboard, args=[connection], daemon=True).start()
    answered = show(connection)
    connection.close()
    if not answered:
        print(GONE, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
