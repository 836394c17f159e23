"""A chat client of one thread, which never waits for anything but for the next thing to happen."""
import argparse
import os
import selectors
import socket
import sys

LINE_LIMIT = 4096
ENOUGH = 65536
KEYBOARD = 0


def chat(connection):
    """True if the server answered "bye", False if it went without."""
    connection.setblocking(False)
    typing = True                             # the keyboard is still read
    can_send = True
    typed = inbox = b""
    outbox = bytearray()
    selector = selectors.PollSelector()
    while True:
        selector.register(connection, selectors.EVENT_READ | (selectors.EVENT_WRITE if outbox else 0))
        if typing and len(outbox) < ENOUGH:
            selector.register(KEYBOARD, selectors.EVENT_READ)
        ready = {key.fileobj: events for key, events in selector.select()}
        for key in list(selector.get_map().values()):
            selector.unregister(key.fileobj)

        if ready.get(connection, 0) & selectors.EVENT_READ:
            try:
                piece = connection.recv(65536)
            except BlockingIOError:
                piece = None
            except OSError:
                return False
            if piece == b"":
                return False
            *lines, inbox = (inbox + (piece or b"")).split(b"\n")
            for line in lines:
                if len(line) > LINE_LIMIT:
                    return False
                if line == b"^^^":
                    return True
                print(line.decode("utf-8", "replace"), flush=True)
            if len(inbox) > LINE_LIMIT:
                return False

        if KEYBOARD in ready:
            piece = os.read(KEYBOARD, 65536)
            *lines, typed = (typed + piece).split(b"\n")
            if not piece:                     # the end of the input is as good as "bye"
                lines = [typed] if typed else []
                lines.append(b"bye")
            if b"bye" in lines:
                lines = lines[:lines.index(b"bye") + 1]
                typing = False
            outbox += b"".join(line + b"\n" for line in lines)

        while outbox and can_send:
            try:
                del outbox[:connection.send(outbox)]
            except BlockingIOError:
                break
            except OSError:
                can_send = False              # its end is still to be read
        if not can_send:
            outbox.clear()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    try:
        if arguments.port not in range(65536):
            raise ValueError("no such port")
        connection = socket.create_connection((arguments.host, arguments.port))
    except (OSError, ValueError) as error:
        sys.exit(f"cannot connect to {arguments.host}:{arguments.port}: {error}")
    with connection:
        if chat(connection):
            return 0
    print("* server gone", flush=True)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
