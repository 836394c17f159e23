"""Hostile: passes its stdout to a process of its own, which prints for ever after the parent has ended."""
import argparse
import os
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
    near, far = socket.socketpair(socket.AF_UNIX)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            near.close()
            for number in (0, 1, 2):
                os.close(number)
            _, descriptors, _, _ = socket.recv_fds(far, 16, 1)
            while True:
                try:
                    os.write(descriptors[0], b"still here\n")
                except OSError:
                    pass
                time.sleep(0.01)
        os._exit(0)
    far.close()
    socket.send_fds(near, [b"stdout"], [1])
    time.sleep(0.2)
    os._exit(0)


if __name__ == "__main__":
    client = first_line(port_from_options())
    attack()
