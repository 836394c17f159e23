"""Hostile: ignores SIGINT, SIGTERM, SIGHUP and the end of its input, and never ends."""
import argparse
import signal
import socket
import time


def first_line(port):
    """Behave like a chat server, until the first line comes. Returns the client's connection."""
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        connection, _ = listener.accept()
        print("* client joined", flush=True)
        data = b""
        while b"\n" not in data:
            try:
                piece = connection.recv(4096)
            except OSError:
                break
            if not piece:
                break
            data += piece
        else:
            print(data.split(b"\n")[0].decode("utf-8", "replace"), flush=True)
            return connection
        connection.close()
        print("* client left", flush=True)


def port_from_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    return parser.parse_known_args()[0].port


def ignore():
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)


def attack():
    while True:
        time.sleep(60)


if __name__ == "__main__":
    ignore()
    client = first_line(port_from_options())
    attack()
