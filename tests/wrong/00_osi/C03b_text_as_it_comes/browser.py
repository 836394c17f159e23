"""What recv() returns is decoded at once, and collected as text."""
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


def pieces(connection):
    while piece := connection.recv(4096):
        yield piece.decode()


def read_response(connection):
    text = ""
    length = None
    for piece in pieces(connection):
        text += piece
        head, end, body = text.partition("\r\n\r\n")
        if not end:
            continue
        status_line, *lines = head.split("\r\n")
        headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines}
        length = headers.get("content-length")
        if length is not None and not length.isdecimal():
            raise HttpError("no length")
        if length is not None and len(body.encode()) >= int(length):
            break
    else:
        if length is not None or not end:
            raise HttpError("the answer is not complete")
    version, status, reason = (status_line + " ").split(" ", 2)
    if not version.startswith("HTTP/"):
        raise HttpError("no HTTP")
    return Response(int(status), reason.strip(), headers, body.encode())


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
