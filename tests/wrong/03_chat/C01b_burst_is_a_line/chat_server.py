"""Takes a burst for a line: it collects until what has come ENDS in a newline, and takes all of that for one line."""
import argparse
import socket
import sys
import threading
from collections.abc import Iterator

from protocol import BYE, LINE_LIMIT, part, send_line

guest: socket.socket | None = None
guest_lock = threading.Lock()


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: no listening on {host}, port {port}: {error}")


def messages(connection: socket.socket) -> Iterator[str]:
    """Yield what the client says; keep what has come until it is complete."""
    burst = bytearray()
    unfinished = 0
    while True:
        try:
            piece = connection.recv(4096)
        except OSError:
            return
        if not piece:
            return
        burst += piece
        first, *more = piece.split(b"\n")
        lengths = [unfinished + len(first), *map(len, more)]
        if max(lengths) > LINE_LIMIT:
            return
        unfinished = lengths[-1]
        if burst.endswith(b"\n"):
            yield burst[:-1].decode("utf-8", errors="replace")
            burst.clear()


def network(listener: socket.socket) -> None:
    global guest
    while True:
        connection, _ = listener.accept()
        with connection:
            guest = connection
            print("* client joined", flush=True)
            for message in messages(connection):
                if message == BYE:
                    with guest_lock:
                        part(connection)
                    break
                print(message, flush=True)
            guest = None
        print("* client left", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    options = parser.parse_args()
    listener = listen(options.host, options.port)
    threading.Thread(target=network, args=(listener,), daemon=True).start()
    try:
        while typed := sys.stdin.readline():
            to = guest
            if to is None:
                continue
            try:
                with guest_lock:
                    send_line(to, typed.removesuffix("\n"))
            except OSError:
                continue
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
