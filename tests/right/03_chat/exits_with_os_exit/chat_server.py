"""A chat server whose main thread serves the network; the keyboard's thread ends the program, with os._exit()."""
import argparse
import contextlib
import os
import signal
import socket
import sys
import threading
import time

LINE_LIMIT = 4096
DRAIN_SECONDS = 2.0

lock = threading.Lock()
client = None


def end(*_):
    with contextlib.suppress(RuntimeError):   # a signal may come in the midst of a print()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


def keyboard():
    for line in sys.stdin.buffer:
        if not line.endswith(b"\n"):
            line += b"\n"
        with lock:
            if client is not None:
                try:
                    client.sendall(line)
                except OSError:
                    pass
    end()


def set_client(connection):
    global client
    client = connection


def serve(connection):
    data = bytearray()
    while True:
        try:
            piece = connection.recv(3000)
        except OSError:
            return
        if not piece:
            return
        data.extend(piece)
        while b"\n" in data:
            line, _, data = data.partition(b"\n")
            if len(line) > LINE_LIMIT:
                return
            if line == b"bye":
                set_client(None)              # nothing typed may follow the answer
                with lock:
                    part(connection)
                return
            print(line.decode("utf-8", "replace"), flush=True)
        if len(data) > LINE_LIMIT:
            return


def part(connection):
    try:
        connection.sendall(b"^^^\n")
        connection.shutdown(socket.SHUT_WR)
        until = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < until:
            connection.settimeout(max(0.001, until - time.monotonic()))
            if not connection.recv(100000):
                break
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, end)
    try:
        listener = socket.create_server((arguments.host, arguments.port))
    except (OSError, OverflowError, ValueError) as error:
        print(f"cannot listen on {arguments.host} {arguments.port}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    threading.Thread(target=keyboard).start()
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            time.sleep(0.05)
            continue
        set_client(connection)
        print("* client joined", flush=True)
        serve(connection)
        set_client(None)
        try:
            connection.shutdown(socket.SHUT_RDWR)         # the keyboard's thread may be stuck with it
        except OSError:
            pass
        connection.close()
        print("* client left", flush=True)


main()
