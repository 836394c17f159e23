"""The end of the connection is taken for the end of the body, whatever Content-Length says."""
import argparse
import os
import queue
import socket
import sys
import threading
from urllib.parse import quote, urlsplit

TIMEOUT = 10.0


class HttpError(Exception):
    pass


class Reader(threading.Thread):
    """Puts each piece into the queue, then b"" or the error that ended it."""

    def __init__(self, connection):
        super().__init__(daemon=True)
        self.connection, self.pieces, self.rest = connection, queue.Queue(), b""

    def run(self):
        try:
            while piece := self.connection.recv(700):
                self.pieces.put(piece)
            self.pieces.put(b"")
        except OSError as error:
            self.pieces.put(error)

    def next(self):
        try:
            piece = self.pieces.get(timeout=TIMEOUT)
        except queue.Empty:
            raise HttpError("no answer") from None
        if isinstance(piece, OSError):
            raise piece
        return piece

    def line(self):
        while b"\n" not in self.rest:
            piece = self.next()
            if not piece:
                raise HttpError("the head ends too early")
            self.rest += piece
        line, self.rest = self.rest.split(b"\n", 1)
        return line.rstrip(b"\r").decode("latin-1")

    def body(self, length):
        """Yields the pieces of the body."""
        piece, self.rest = self.rest, b""
        if length is None:
            while piece or (piece := self.next()):
                yield piece
                piece = b""
            return
        while length > 0:
            piece = piece or self.next()
            if not piece:
                return
            yield piece[:length]
            length -= len(piece)
            piece = b""


def talk(connection, host, port, path):
    """Prints the page, and returns the status and the reason."""
    reader = Reader(connection)
    reader.start()
    for part in f"GET {path} HTTP/1.1\r\n", f"Host:{host}:{port}\r\nConnection:close\r\n", "\r\n":
        connection.sendall(part.encode())
    protocol, status, reason = (reader.line().split(" ", 2) + ["", ""])[:3]
    if not (protocol.startswith("HTTP/") and status.isdigit()):
        raise HttpError("that is no HTTP")
    length = None
    while line := reader.line():
        if line.lower().startswith("content-length:"):
            length = int(line.split(":")[1])
    for piece in reader.body(length):
        while piece:
            piece = piece[os.write(1, piece):]
    return int(status), reason


def take_apart(url):
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("an address begins with http:// and the name of a host")
    path = quote(parts.path, safe="/%!$&'()*+,;=:@") or "/"
    query = quote(parts.query, safe="/%!$&'()*+,;=:@?")
    return parts.hostname, parts.port or 80, f"{path}?{query}" if query else path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    url = parser.parse_args().url
    try:
        host, port, path = take_apart(url)
        with socket.create_connection((host, port), TIMEOUT) as connection:
            status, reason = talk(connection, host, port, path)
    except (OSError, ValueError, HttpError) as error:
        sys.exit(f"browser.py: {url}: {error}")
    if status != 200:
        sys.exit(f"{status} {reason}")


if __name__ == "__main__":
    main()
