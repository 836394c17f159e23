"""Gives a client a second for its first words, and takes the timeout of recv() for its end."""
import argparse
import contextlib
import socket
import sys
import threading

from protocol import BYE, lines, part, send_line

visitor = None
sending = threading.Lock()


def listen(host, port):
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {host}, port {port}: {error}")


def serve(listener):
    global visitor
    while True:
        connection, _ = listener.accept()
        with connection:
            visitor = connection
            print("* client joined", flush=True)
            with contextlib.suppress(OSError):
                talk(connection)
            visitor = None
        print("* client left", flush=True)


def talk(connection):
    global visitor
    connection.settimeout(1.0)
    connection.recv(1, socket.MSG_PEEK)         # TimeoutError is an OSError
    connection.settimeout(None)
    for line in lines(connection):
        if line == BYE:
            with sending:
                visitor = None
                part(connection)
            return
        print(line, flush=True)


def say(line):
    connection = visitor
    if connection:
        try:
            with sending:
                send_line(connection, line)
        except OSError:
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    listener = listen(arguments.host, arguments.port)
    try:
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        for line in sys.stdin:
            say(line.removesuffix("\n"))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
