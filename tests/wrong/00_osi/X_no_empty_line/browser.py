"""Sends no empty line, so the server waits for more of its head."""
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
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: close"]
    return "".join(line + "\r\n" for line in lines).encode()


def read_response(connection: socket.socket) -> Response:
    """Read from the connection until the response is complete, and return it."""
    received = b""
    while True:
        piece = connection.recv(2048)
        received += piece
        head, end, body = received.partition(END_OF_HEAD)
        if end:
            first, *lines = head.decode("latin-1").splitlines()
            version, status, reason = (first + " ").split(" ", 2)
            if version[:5] != "HTTP/" or not status.isdigit():
                raise HttpError("no HTTP: " + first)
            headers = {}
            for line in lines:
                key, value = line.split(":", maxsplit=1)
                headers[key.lower()] = value.strip()
            response = Response(int(status), reason.strip(), headers, body)
            if "content-length" in headers:
                if not headers["content-length"].isdigit():
                    raise HttpError("Content-Length: " + headers["content-length"])
                length = int(headers["content-length"])
                if len(body) >= length:
                    return response._replace(body=body[:length])
            elif not piece:
                return response
        if not piece:
            raise HttpError("the answer is not complete")


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
