"""Closes every socket but keeps its makefile() in a list, and with it the descriptor: one leaks for each client."""
import argparse
import contextlib
import socket
import sys
import threading

from protocol import BYE, LINE_LIMIT, part, send_line

conversations = []                            # what each client's lines were read from
guest = None
lock = threading.Lock()


def listen(host, port):
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")


def converse(connection):
    incoming = connection.makefile("rb")
    conversations.append(incoming)
    while True:
        try:
            raw = incoming.readline(LINE_LIMIT + 1)
        except OSError:
            return
        if not raw.endswith(b"\n"):
            if len(raw) > LINE_LIMIT:
                conversations.remove(incoming)    # not worth keeping
                incoming.close()
            return
        line = raw[:-1].decode("utf-8", "replace")
        if line == BYE:
            with lock:
                part(connection)
            return
        print(line, flush=True)


def serve(listener):
    global guest
    while True:
        connection, _ = listener.accept()
        guest = connection
        print("* client joined", flush=True)
        converse(connection)
        guest = None
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
        print("* client left", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    server = threading.Thread(target=serve, args=[listen(arguments.host, arguments.port)], daemon=True)
    server.start()
    with contextlib.suppress(KeyboardInterrupt):
        for line in sys.stdin:
            connection = guest
            if connection is not None:
                with contextlib.suppress(OSError), lock:
                    send_line(connection, line.removesuffix("\n"))


if __name__ == "__main__":
    main()
