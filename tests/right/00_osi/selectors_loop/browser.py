"""One loop over a selector and a socket that never blocks, also not when it connects or sends."""
import argparse
import errno
import os
import selectors
import socket
import sys
import time
from urllib.parse import quote, urlsplit

TIMEOUT = 10.0


class Failure(Exception):
    """Why there is no page."""


class Fetch:
    """One request and its answer. Each state is a method that is called when the socket is ready for it."""

    def __init__(self, host, port, path):
        self.request = (f"GET {path} HTTP/1.1\r\nConnection: close\r\nHost: {host}:{port}\r\n\r\n").encode()
        self.data, self.body_at, self.length = bytearray(), None, None
        self.status = self.reason = self.body = None
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.selector = selectors.DefaultSelector()
        result = self.socket.connect_ex((socket.gethostbyname(host), port))
        if result not in (0, errno.EINPROGRESS):
            raise OSError(result, os.strerror(result))
        self.selector.register(self.socket, selectors.EVENT_WRITE, self.connected)

    def run(self):
        with self.socket, self.selector:
            heard = time.monotonic()
            while self.body is None:
                events = self.selector.select(heard + TIMEOUT - time.monotonic())
                if not events:
                    raise Failure("no answer")
                heard = time.monotonic()
                for key, _ in events:
                    key.data()
        return self

    def connected(self):
        if error := self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, os.strerror(error))
        self.selector.modify(self.socket, selectors.EVENT_WRITE, self.write)

    def write(self):
        self.request = self.request[self.socket.send(self.request):]
        if not self.request:
            self.selector.modify(self.socket, selectors.EVENT_READ, self.read)

    def read(self):
        piece = self.socket.recv(4096)
        self.data += piece
        if self.body_at is None and (end := self.data.find(b"\r\n\r\n")) >= 0:
            self.body_at = end + 4
            self.head(self.data[:end].decode("latin-1"))
        if self.body_at is None and not piece:
            raise Failure("it ended within the head")
        if self.body_at is None:
            return
        have = len(self.data) - self.body_at
        if self.length is not None and have >= self.length:
            self.body = self.data[self.body_at:self.body_at + self.length]
        elif not piece and self.length is None:
            self.body = self.data[self.body_at:]
        elif not piece:
            raise Failure(f"it ended after {have} of {self.length} bytes")

    def head(self, text):
        first, *fields = text.split("\r\n")
        version, status, self.reason = (first + " ").split(" ", 2)
        self.reason = self.reason.strip()
        if not version.startswith("HTTP/"):
            raise Failure("it is no HTTP")
        try:
            self.status = int(status)
            for field in fields:
                name, _, value = field.partition(":")
                if name.lower() == "content-length":
                    self.length = int(value)
        except ValueError as error:
            raise Failure(error) from None


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
        page = Fetch(*take_apart(url)).run()
    except (OSError, ValueError, Failure) as error:
        sys.exit(f"{url}: {error}")
    with open(sys.stdout.fileno(), "wb", closefd=False) as screen:
        screen.write(page.body)
    if page.status != 200:
        sys.exit(f"{page.status} {page.reason}")


if __name__ == "__main__":
    main()
