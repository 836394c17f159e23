"""Takes any port of up to five digits for a port, so 70000 ends in the traceback of an OverflowError."""
import argparse
import contextlib
import socket
import sys
import threading

from protocol import BYE, lines, part, send_line


class Line:
    """The line to the client that is here, if one is."""

    def __init__(self):
        self.connection = None
        self.lock = threading.Lock()

    def send(self, text):
        connection = self.connection
        if connection:
            with contextlib.suppress(OSError), self.lock:
                send_line(connection, text)

    def hold(self, connection):
        self.connection = connection
        print("* client joined", flush=True)
        for text in lines(connection):
            if text == BYE:
                with self.lock:
                    part(connection)
                break
            print(text, flush=True)
        self.connection = None
        connection.close()
        print("* client left", flush=True)


def listen(host, port):
    if not 0 <= port <= 99999:
        sys.exit(f"chat_server.py: there is no port {port}")
    try:
        return socket.create_server((host, port))
    except OSError as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")


def answer_calls(listener, line):
    while True:
        line.hold(listener.accept()[0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    options = parser.parse_args()
    the_line = Line()
    threading.Thread(target=answer_calls, args=[listen(options.host, options.port), the_line], daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        for typed in sys.stdin:
            the_line.send(typed.removesuffix("\n"))
