"""A client with two threads beside the main one: one reads the keyboard, another the connection."""
import argparse
import os
import queue
import socket
import sys
import threading

SILENT = "* no reply yet"
GONE = "* server gone"


class Inbox(threading.Thread):
    """Puts lines into a queue, and None at the end."""

    def __init__(self, read, unfinished_counts):
        super().__init__(daemon=True)
        self.read = read
        self.unfinished_counts = unfinished_counts
        self.queue = queue.Queue()
        self.start()

    def run(self):
        rest = b""
        try:
            while piece := self.read(4096):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self.queue.put(line)
        except OSError:
            pass
        if rest and self.unfinished_counts:
            self.queue.put(rest)
        self.queue.put(None)


def wait_for_reply(server, timeout):
    try:
        return server.queue.get(timeout=timeout)
    except queue.Empty:
        print(SILENT, flush=True)
    return server.queue.get()


def converse(connection, keyboard, server, timeout):
    while (line := keyboard.queue.get()) not in (None, b"q"):
        connection.sendall(line + b"\n")
        reply = wait_for_reply(server, timeout)
        if reply is None:
            return False
        print("echo:", reply.decode("utf-8", "replace"), flush=True)
    connection.sendall(b"q\n")
    while server.queue.get() is not None:
        pass
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    parser.add_argument("--timeout", type=float, default=5.0)
    options = parser.parse_args()
    connection = socket.socket()
    try:
        connection.connect((options.host, options.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot connect to {options.host} port {options.port}: {error}")

    server = Inbox(connection.recv, unfinished_counts=False)
    keyboard = Inbox(lambda count: os.read(0, count), unfinished_counts=True)   # a daemon may not hold sys.stdin
    try:
        well = converse(connection, keyboard, server, options.timeout)
    except OSError:
        well = False
    connection.close()
    if not well:
        print(GONE, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
