"""Reads all that is there before it answers, and leaves at the client's end: the lines just read get no answer."""
import argparse
import select
import socket
import sys
import time

DRAIN_SECONDS = 2.0
A_MOMENT = 0.02


def listen(host, port):
    try:
        return socket.create_server((host, port), backlog=50)
    except (OSError, OverflowError) as error:
        sys.exit(f"echo_server.py cannot listen on {host}:{port}: {error}")


def serve(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                converse(connection)
            except OSError:
                continue


def read_all(connection, inbox):
    """Read what is there. Returns False when the client has closed."""
    connection.setblocking(False)
    try:
        while True:
            data = connection.recv(65536)
            if not data:
                return False
            inbox += data
    except BlockingIOError:
        return True
    finally:
        connection.setblocking(True)


def converse(connection):
    inbox = bytearray()
    while True:
        select.select([connection], [], [])
        time.sleep(A_MOMENT)                    # the rest of the line may be on its way
        if not read_all(connection, inbox):
            return
        outbox = bytearray()
        leaving = False
        while not leaving and (newline := inbox.find(b"\n")) >= 0:
            line = inbox[:newline + 1]
            del inbox[:newline + 1]
            if line == b"q\n":
                leaving = True
            else:
                outbox += line
        connection.sendall(outbox)
        if leaving:
            part(connection)
            return


def part(connection):
    connection.shutdown(socket.SHUT_WR)
    end = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < end:
        connection.settimeout(max(0.01, end - time.monotonic()))
        if connection.recv(4096) == b"":
            break


def main():
    parser = argparse.ArgumentParser(description="An echo server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    arguments = parser.parse_args()
    try:
        with listen(arguments.host, arguments.port) as listener:
            serve(listener)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
