"""A browser that takes a second to start."""
import argparse
import socket
import sys
import time
from typing import NamedTuple
from urllib.parse import quote, urlsplit

time.sleep(1)                   # a large library is imported here

TIMEOUT = 10.0


class HttpError(ValueError):
    """An answer that is no HTTP, or not all of one."""


class Response(NamedTuple):
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


def request(host, port, path):
    return f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()


def read_until(connection, data, enough):
    """Read until there is enough, or the end. Returns all of it."""
    while not enough(data):
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


def read_response(connection):
    data = read_until(connection, b"", lambda data: b"\r\n\r\n" in data)
    head, empty_line, body = data.partition(b"\r\n\r\n")
    if not empty_line:
        raise HttpError("no whole head")
    first, *others = head.decode("latin-1").splitlines()
    parts = first.split(maxsplit=2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/") or not parts[1].isdecimal():
        raise HttpError("no HTTP")
    headers = dict((name.lower(), value.strip()) for name, value in (line.split(":", 1) for line in others))
    if "content-length" not in headers:
        body = read_until(connection, body, lambda data: False)
    else:
        if not headers["content-length"].isdecimal():
            raise HttpError("no length")
        length = int(headers["content-length"])
        body = read_until(connection, body, lambda data: len(data) >= length)[:length]
        if len(body) != length:
            raise HttpError("no whole body")
    return Response(int(parts[1]), parts[2] if len(parts) > 2 else "", headers, body)


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
