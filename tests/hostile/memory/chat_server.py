"""Hostile: after the first line, takes memory, and writes to it, until it dies."""
import argparse
import socket


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


def attack():
    hoard = []
    size = 64 * 1024 * 1024
    while True:
        try:
            hoard.append(b"\xa5" * size)
        except MemoryError:
            size = max(4096, size // 2)       # the small pieces fit where the big ones do not


if __name__ == "__main__":
    client = first_line(port_from_options())
    attack()
