"""A chat server, which takes its time to start."""
import time

time.sleep(1.0)          # wait for a slow disk, say

import argparse
import socket
import sys
import threading

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0
JOINED = "* client joined"
LEFT = "* client left"

visitor = None                  # the connection of the client that may be written to
sending = threading.Lock()


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


def part(connection):
    """Answer, and end in good order: say that this was all, then drop what still comes until the client's end."""
    try:
        send_line(connection, ANSWER)
        connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                return
    except OSError:
        pass


def listen(host, port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"cannot listen on {host}, port {port}: {error}")
    return listener


def serve(listener):
    """Serve one client after the other, for ever."""
    global visitor
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:                       # the client gave up, or too many files are open
            time.sleep(0.05)
            continue
        with connection:
            visitor = connection
            show(JOINED)
            talk(connection)
            visitor = None
            try:
                connection.shutdown(socket.SHUT_RDWR)     # frees say(), if it waits for this client to read
            except OSError:
                pass
        show(LEFT)


def talk(connection):
    """Show what the client says, until it leaves."""
    global visitor
    for line in lines(connection):
        if line == BYE:
            visitor = None                    # nothing typed may follow the answer
            with sending:
                part(connection)
            return
        show(line)


def typed_lines():
    """Yield what is typed, line by line."""
    for line in sys.stdin:
        yield line.removesuffix("\n")


def say(line):
    """Send a typed line to whoever is here."""
    if visitor is None:
        return
    with sending:
        connection = visitor
        if connection is None:
            return
        try:
            send_line(connection, line)
        except OSError:
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()

    try:
        listener = listen(arguments.host, arguments.port)
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        for line in typed_lines():
            say(line)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
