"""A chat client whose main thread reads the keyboard; the network's thread ends the program, with os._exit()."""
import argparse
import contextlib
import os
import signal
import socket
import sys
import threading

LINE_LIMIT = 4096


def end(code):
    with contextlib.suppress(RuntimeError):   # a signal may come in the midst of a print()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def network(connection):
    data = bytearray()
    while len(data) <= LINE_LIMIT:
        try:
            piece = connection.recv(3000)
        except OSError:
            break
        if not piece:
            break
        data.extend(piece)
        while b"\n" in data:
            line, _, data = data.partition(b"\n")
            if line == b"^^^":
                connection.close()
                end(0)
            if len(line) > LINE_LIMIT:
                gone()
            print(line.decode("utf-8", "replace"), flush=True)
    gone()


def gone():
    print("* server gone", flush=True)
    end(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, lambda *_: end(130))
    try:
        if not 0 <= arguments.port <= 65535:
            raise OverflowError("no such port")
        connection = socket.create_connection((arguments.host, arguments.port))
    except (OSError, OverflowError, ValueError) as error:
        print(f"cannot connect to {arguments.host} {arguments.port}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    reading = threading.Thread(target=network, args=[connection])
    reading.start()
    try:
        for line in sys.stdin.buffer:
            if line.rstrip(b"\n") == b"bye":
                break
            connection.sendall(line if line.endswith(b"\n") else line + b"\n")
        connection.sendall(b"bye\n")
    except OSError:
        pass
    reading.join()                            # the other thread ends the program


main()
