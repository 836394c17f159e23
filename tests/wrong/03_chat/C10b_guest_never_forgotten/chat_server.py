"""Goes on sending what is typed to a client that has left: BrokenPipeError, caught by nobody, ends the server."""
import argparse
import socket
import sys
import threading

from protocol import BYE, LINE_LIMIT, part


class Guest:
    """A client that is, or was, here."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.lock = threading.Lock()

    def write(self, text: str) -> None:
        with self.lock:
            self.connection.sendall(text.encode() + b"\n")

    def read(self) -> None:
        kept = b""
        while True:
            try:
                piece = self.connection.recv(4096)
            except OSError:
                return
            if not piece:
                return
            kept += piece
            while b"\n" in kept:
                line, _, kept = kept.partition(b"\n")
                if len(line) > LINE_LIMIT:
                    self.connection.close()
                    return
                text = line.decode(errors="replace")
                if text == BYE:
                    with self.lock:
                        part(self.connection)
                    return
                print(text, flush=True)
            if len(kept) > LINE_LIMIT:
                self.connection.close()
                return

    def end(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Host:
    """The person at the keyboard, and the last guest."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.guest: Guest | None = None

    def entertain(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            if self.guest:
                self.guest.connection.close()
            self.guest = Guest(connection)
            print("* client joined", flush=True)
            self.guest.read()
            self.guest.end()
            print("* client left", flush=True)

    def speak(self, text: str) -> None:
        if self.guest:
            self.guest.write(text)


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    host = Host(listen(arguments.host, arguments.port))
    threading.Thread(target=host.entertain, daemon=True).start()
    try:
        for line in sys.stdin:
            host.speak(line.removesuffix("\n"))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
