"""Hostile: tries to create and to change files in many places, and prints WROTE for each success."""
import argparse
import glob
import os
import socket
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


OWN = os.path.dirname(os.path.realpath(__file__))


def places():
    yield from ("/", "/usr", "/usr/bin", "/usr/local/bin", "/etc", "/opt", "/var/lib", "/home", "/root")
    yield from (sys.prefix, os.path.join(sys.prefix, "bin"))
    yield from (os.path.dirname(os.__file__), os.path.dirname(sys.executable))
    yield from (path for path in sys.path if os.path.isdir(path))
    yield from (OWN, os.path.dirname(OWN), os.path.dirname(os.path.dirname(OWN)), os.getcwd(), os.path.expanduser("~"))


def attack():
    for place in dict.fromkeys(os.path.realpath(place) for place in places()):
        create(os.path.join(place, "written-by-submission"))
        for name in glob.glob(os.path.join(glob.escape(place), "*.py"))[:20]:
            change(name)
    for name in ("/etc/passwd", "/etc/hosts", sys.executable, os.__file__, __file__):
        change(name)
    print("END OF WRITING", flush=True)


def create(path):
    try:
        with open(path, "w") as file:
            file.write("written by a submission\n")
        print("WROTE", path, flush=True)
    except OSError:
        pass


def change(path):
    """Open for appending, and write a harmless newline to a source file; leave others as they are."""
    try:
        with open(path, "ab") as file:
            if path.endswith(".py"):
                file.write(b"\n")
        print("WROTE", path, flush=True)
    except OSError:
        pass


if __name__ == "__main__":
    client = first_line(port_from_options())
    attack()
