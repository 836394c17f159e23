"""Since it has asked for Connection: close, it reads until the server closes the connection."""
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


def request(host, port, path):
    return f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()


def parse(head):
    """Status, reason and header fields."""
    first, *rest = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdecimal():
        raise HttpError(f"no status line: {first}")
    headers = {}
    for line in rest:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if not headers.get("content-length", "0").isdecimal():
        raise HttpError("the Content-Length is no number")
    return int(words[1]), words[2] if len(words) == 3 else "", headers



def read_response(connection):
    data = b"".join(iter(lambda: connection.recv(4096), b""))
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        raise HttpError("the head is not complete")
    status, reason, headers = parse(head)
    length = int(headers.get("content-length", len(body)))
    if len(body) < length:
        raise HttpError(f"{length - len(body)} bytes are missing")
    return Response(status, reason, headers, body[:length])


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
