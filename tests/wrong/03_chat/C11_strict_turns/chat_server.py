"""Reads the socket and the keyboard in turns: after each line from the client it waits for a typed one."""
import argparse
import socket
import sys

from protocol import BYE, lines, part, send_line

JOINED = "* client joined"
LEFT = "* client left"


def listen(host, port):
    """Return a socket that listens on this host and port."""
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {host}:{port}: {error}")
    return listener


def talk(connection):
    """The client says something, then we answer, and so on."""
    for line in lines(connection):
        if line == BYE:
            part(connection)
            return
        print(line, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            sys.exit()
        try:
            send_line(connection, answer.removesuffix("\n"))
        except OSError:
            return


def main():
    parser = argparse.ArgumentParser(description="The server's half of a chat.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    listener = listen(arguments.host, arguments.port)
    try:
        while True:
            connection, address = listener.accept()
            with connection:
                print(JOINED, flush=True)
                talk(connection)
            print(LEFT, flush=True)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
