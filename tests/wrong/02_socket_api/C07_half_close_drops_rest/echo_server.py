"""Takes the client's half-close for the end of all, and drops the replies that it has not sent yet."""
import argparse
import contextlib
import select
import socket
import sys
import time

QUIT = b"q"
DRAIN_SECONDS = 2.0
BREATH = 0.05                 # seconds without a word


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"echo_server.py: no listening on {host}, port {port}: {error}")


def serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            converse(connection)


def converse(connection: socket.socket) -> None:
    """Collect replies while the client is talking, and send them together when it takes a breath."""
    connection.setblocking(False)
    inbox, outbox = b"", bytearray()
    while True:
        talking, _, _ = select.select([connection], [], [], BREATH if outbox else None)
        if not talking:
            with contextlib.suppress(BlockingIOError):
                sent = connection.send(outbox)
                del outbox[:sent]
            continue
        piece = connection.recv(65536)
        if not piece:
            return                            # the client has gone
        *lines, inbox = (inbox + piece).split(b"\n")
        for line in lines:
            if line == QUIT:
                connection.setblocking(True)
                connection.sendall(outbox)
                part(connection)
                return
            outbox += line + b"\n"


def part(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + DRAIN_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([connection], [], [], left)
        if not readable or not connection.recv(65536):
            return


def main() -> None:
    parser = argparse.ArgumentParser(description="A server that sends every line back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt), listen(arguments.host, arguments.port) as listener:
        serve(listener)


if __name__ == "__main__":
    main()
