"""Looks for "Content-Length" just as it is written there, and a server may write it otherwise."""
import argparse
import re
import socket
import sys
from typing import NamedTuple
from urllib.parse import quote, urlsplit

TIMEOUT = 10.0              # seconds without any answer, after which the server is given up
END_OF_HEAD = b"\r\n\r\n"   # the end of the last line, and the empty line


class HttpError(ValueError):
    """An answer that is no HTTP, or not all of one. The text says which."""


class Response(NamedTuple):
    """What a server answered."""

    status: int                     # 200
    reason: str                     # "OK"
    headers: dict[str, str]         # {"content-length": "27"}: the names in lower case
    body: bytes


def request(host: str, port: int, path: str) -> bytes:
    """The request for this path."""
    name = host if port == 80 else f"{host}:{port}"
    return (f"GET {path} HTTP/1.1\r\n"
            f"Host: {name}\r\n"
            "Connection: close\r\n"
            "\r\n").encode("ascii")


class _Incoming:
    """What has come from a connection, and was not yet taken."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self.buffer = connection, bytearray()

    def more(self) -> bool:
        """Wait for more. False if there is none: the other side has closed."""
        piece = self.connection.recv(1 << 14)
        self.buffer += piece
        return len(piece) > 0

    def line(self) -> str:
        while b"\r\n" not in self.buffer:
            if not self.more():
                raise HttpError(f"the end came after {bytes(self.buffer)!r}")
        line, _, rest = self.buffer.partition(b"\r\n")
        self.buffer = rest
        return line.decode("latin-1")

    def exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            if not self.more():
                raise HttpError(f"{size - len(self.buffer)} bytes are missing")
        return bytes(self.buffer[:size])

    def all(self) -> bytes:
        while self.more():
            pass
        return bytes(self.buffer)


def read_response(connection: socket.socket) -> Response:
    """Read from the connection until the response is complete, and return it."""
    incoming = _Incoming(connection)
    status_line = incoming.line()
    match = re.fullmatch(r"HTTP/\S+ ([0-9]+)(?: (.*))?", status_line)
    if not match:
        raise HttpError(f"{status_line!r} is no status line")
    headers = {}
    while line := incoming.line():
        name, _, value = line.partition(":")
        headers[name.strip()] = value.strip()
    if "Content-Length" in headers:
        if not re.fullmatch("[0-9]+", headers["Content-Length"]):
            raise HttpError(f"a Content-Length of {headers['Content-Length']!r}")
        body = incoming.exactly(int(headers["Content-Length"]))
    else:
        body = incoming.all()
    return Response(int(match[1]), match[2] or "", headers, body)


def take_apart(url: str) -> tuple[str, int, str]:
    """Host, port and path of an address such as http://127.0.0.1:8000/a?b=c. Raises ValueError if it is none."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("an address begins with http:// and the name of a host")
    path = quote(parts.path, safe="/%!$&'()*+,;=:@") or "/"
    query = quote(parts.query, safe="/%!$&'()*+,;=:@?")
    return parts.hostname, parts.port or 80, f"{path}?{query}" if query else path


def main() -> None:
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
