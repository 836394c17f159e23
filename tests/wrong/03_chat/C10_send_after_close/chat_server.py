"""Sends typed lines to a client that has already gone, and does not catch the BrokenPipeError."""
import argparse
import contextlib
import socket
import sys
import threading

from protocol import BYE, LINE_LIMIT, part, send_line

JOINED = "* client joined"
LEFT = "* client left"

visitor = None                # the connection of the client that is here
sending = threading.Lock()


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


def serve(listener):
    """Talk with one client after the other."""
    global visitor
    while True:
        visitor, address = listener.accept()
        print(JOINED, flush=True)
        talk(visitor)
        with contextlib.suppress(OSError):
            visitor.shutdown(socket.SHUT_RDWR)
        print(LEFT, flush=True)


def talk(connection):
    """Show what the client says, until it has gone."""
    buffer = b""
    while True:
        try:
            data = connection.recv(4096)
        except OSError:
            return
        if not data:
            return
        buffer += data
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            if len(line) > LINE_LIMIT:
                connection.close()
                return
            text = line.decode("utf-8", errors="replace")
            if text == BYE:
                with sending:
                    part(connection)
                return
            print(text, flush=True)
        if len(buffer) > LINE_LIMIT:
            connection.close()
            return


def say(line):
    """Send a typed line to the client, if there is one."""
    if visitor:
        with sending:
            send_line(visitor, line)


def main():
    parser = argparse.ArgumentParser(description="The server's half of a chat.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    listener = listen(arguments.host, arguments.port)
    threading.Thread(target=serve, args=[listener], daemon=True).start()
    try:
        for line in sys.stdin:
            say(line.removesuffix("\n"))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
