"""Asks getaddrinfo() about the host, but uses only the family and binds to all addresses of the machine."""
import argparse
import contextlib
import os
import signal
import socket
import sys
import threading

from protocol import BYE, lines, part, send_line


def listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, _ = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")
    return listener


class Keyboard(threading.Thread):
    """Sends what is typed to whoever is here. At the end of the input it stops the program like Ctrl-C."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.to: socket.socket | None = None
        self.lock = threading.Lock()

    def run(self) -> None:
        rest = b""
        while piece := os.read(0, 65536):
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                self.say(line)
        if rest:
            self.say(rest)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    def say(self, line: bytes) -> None:
        to = self.to
        if to:
            with contextlib.suppress(OSError), self.lock:
                send_line(to, line.decode("utf-8", "replace"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    listener = listen(arguments.host, arguments.port)
    keyboard = Keyboard()
    with contextlib.suppress(KeyboardInterrupt):
        keyboard.start()
        while True:
            connection, _ = listener.accept()
            with connection:
                keyboard.to = connection
                print("* client joined", flush=True)
                for line in lines(connection):
                    if line == BYE:
                        with keyboard.lock:
                            part(connection)
                        break
                    print(line, flush=True)
                keyboard.to = None
            print("* client left", flush=True)


if __name__ == "__main__":
    main()
