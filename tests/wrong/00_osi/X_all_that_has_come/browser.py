"""Takes all that has come for the body, also what is behind its length."""
import argparse
import socket
import sys
from typing import NamedTuple
from urllib.parse import quote, urlsplit

TIMEOUT = 10.0


class HttpError(ValueError):
    """An answer that is no HTTP, or not all of one."""


class Response(NamedTuple):
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


class Buffer:
    def __init__(self, connection):
        self.connection, self.space, self.used = connection, bytearray(64), 0

    def more(self):
        """Read once. Returns whether something came."""
        if self.used == len(self.space):
            self.space += bytes(len(self.space))
        with memoryview(self.space) as view:
            count = self.connection.recv_into(view[self.used:])
        self.used += count
        return count > 0


def request(host, port, path):
    buffer = bytearray()
    for line in f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: close", "":
        buffer += line.encode() + b"\r\n"
    return buffer


def read_response(connection):
    buffer = Buffer(connection)
    while (end := buffer.space.find(b"\r\n\r\n", 0, buffer.used)) < 0:
        if not buffer.more():
            raise HttpError(f"only {buffer.used} bytes of a head")
    status_line, *fields = bytes(buffer.space[:end]).split(b"\r\n")
    try:
        version, status, reason = (status_line + b" ").split(b" ", 2)
        length = None
        headers = {}
        for field in fields:
            name, value = field.split(b":", 1)
            headers[name.decode().lower()] = value.decode().strip()
        if "content-length" in headers:
            length = int(headers["content-length"])
        response = Response(int(status), reason.decode().strip(), headers, b"")
    except ValueError as error:
        raise HttpError(f"a head that cannot be read: {error}") from error
    if not version.startswith(b"HTTP/"):
        raise HttpError("no HTTP")
    start = end + 4
    while (length is None or buffer.used - start < length) and buffer.more():
        pass
    if length is not None and buffer.used - start < length:
        raise HttpError(f"{buffer.used - start} bytes of {length}")
    return response._replace(body=memoryview(buffer.space)[start:buffer.used])


def take_apart(url):
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("an address begins with http:// and the name of a host")
    path = quote(parts.path, safe="/%!$&'()*+,;=:@") or "/"
    query = quote(parts.query, safe="/%!$&'()*+,;=:@?")
    return parts.hostname, parts.port or 80, f"{path}?{query}" if query else path


def main():
    parser = argparse.ArgumentParser(description="Fetches one page, and prints it.")
    parser.add_argument("url", help="its address, such as http://127.0.0.1:8000/index.html")
    arguments = parser.parse_args()

    try:
        host, port, path = take_apart(arguments.url)
        connection = socket.create_connection((host, port), TIMEOUT)
    except (OSError, ValueError) as error:
        sys.exit(f"browser.py: cannot connect to {arguments.url}: {error}")
    with connection:
        try:
            connection.sendall(request(host, port, path))
            response = read_response(connection)
        except (OSError, HttpError) as error:
            sys.exit(f"browser.py: no page from {arguments.url}: {error}")
    sys.stdout.buffer.write(response.body)
    sys.stdout.buffer.flush()
    if response.status != 200:
        sys.exit(f"{response.status} {response.reason}")


if __name__ == "__main__":
    main()
