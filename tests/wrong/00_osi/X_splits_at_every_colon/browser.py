"""Divides a header field at all of its colons, and Date has more than one."""
import argparse
import itertools
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


def request(host, port, path):
    def lines():
        yield f"GET {path} HTTP/1.1"
        yield f"Host: {host}:{port}"
        yield "Connection: close"
        yield ""
    return b"".join(f"{line}\r\n".encode() for line in lines())


def each_byte(connection):
    for piece in iter(lambda: connection.recv(1000), b""):
        yield from piece


def each_line(numbers):
    line = bytearray()
    for number in numbers:
        line.append(number)
        if line.endswith(b"\r\n"):
            yield line[:-2].decode("latin-1")
            line.clear()
    raise HttpError("the end comes within the head")


def read_response(connection):
    numbers = each_byte(connection)
    first, *fields = itertools.takewhile(bool, each_line(numbers))
    match first.split(" ", 2):
        case [version, status, *reason] if version.startswith("HTTP/") and status.isdecimal():
            status = int(status)
        case _:
            raise HttpError(f"no status line: {first!r}")
    headers = {}
    for field in fields:
        name, value = field.split(":")
        headers[name.lower()] = value.strip()
    try:
        length = int(headers["content-length"]) if "content-length" in headers else None
    except ValueError:
        raise HttpError("no length") from None
    body = bytes(itertools.islice(numbers, length))
    if length is not None and len(body) < length:
        raise HttpError(f"the end comes {length - len(body)} bytes too early")
    return Response(status, "".join(reason), headers, body)


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
