"""Reads until the server closes the connection, whatever Content-Length says."""
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


REQUEST = b"GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n"


def request(host: str, port: int, path: str) -> bytes:
    return REQUEST % (path.encode(), host.encode(), port)


def read_response(connection: socket.socket) -> Response:
    """Read all that comes, and take it apart."""
    answer = bytearray()
    while piece := connection.recv(4096):
        answer.extend(piece)
    head, end, body = bytes(answer).partition(END_OF_HEAD)
    if not end:
        raise HttpError("the head is not complete")
    match = re.match(r"HTTP/\S+ ([0-9]+) ?(.*)", head.decode("latin-1"))
    if match is None:
        raise HttpError("the answer is no HTTP")
    fields = re.findall(r"(?m)^([^:\r\n]+): *([^\r]*)", head.decode("latin-1"))
    headers = {name.lower(): value for name, value in fields}
    if "content-length" in headers:
        if not re.fullmatch(r"\d+", headers["content-length"]):
            raise HttpError("the length is no number")
        if len(body) < int(headers["content-length"]):
            raise HttpError("the body is not complete")
    return Response(int(match[1]), match[2].strip(), headers, body)


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
