"""Decodes each piece by itself as it comes, so a character that is cut ends it."""
import argparse
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
    fields = {"Host": f"{host}:{port}", "User-Agent": "browser.py", "Accept": "*/*", "Connection": "close"}
    text = f"GET {path} HTTP/1.1\r\n"
    for name, value in fields.items():
        text += f"{name}: {value}\r\n"
    return bytes(text + "\r\n", "latin-1")


def read_response(connection: socket.socket) -> Response:
    """Read from the connection until the response is complete, and return it."""
    text = ""
    while "\r\n\r\n" not in text:
        text += receive(connection)
    head, body = text.split("\r\n\r\n", 1)
    lines = head.split("\r\n")
    version, status, reason = (lines[0].split(" ", 2) + ["", ""])[:3]
    if not version.startswith("HTTP/") or not status.isdecimal():
        raise HttpError("the answer is no HTTP")
    headers = {}
    for line in lines[1:]:
        name, value = line.split(":", 1)
        headers[name.lower()] = value.strip()
    if "content-length" not in headers:
        while True:
            try:
                body += receive(connection)
            except HttpError:
                return Response(int(status), reason, headers, body.encode())
    if not headers["content-length"].isdecimal():
        raise HttpError("the Content-Length is no number")
    while len(body.encode()) < int(headers["content-length"]):
        body += receive(connection)
    return Response(int(status), reason, headers, body.encode())


def receive(connection: socket.socket) -> str:
    piece = connection.recv(4096)
    if not piece:
        raise HttpError("the server closed the connection too early")
    return piece.decode()


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
