"""Reads the head to its end, and the body with one more recv()."""
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
    lines = ["GET " + path + " HTTP/1.1", "Host: " + host + ":" + str(port), "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


def read_response(connection: socket.socket) -> Response:
    """Read from the connection until the response is complete, and return it."""
    data = b""
    while (end := data.find(END_OF_HEAD)) == -1:
        chunk = connection.recv(4096)
        if chunk == b"":
            raise HttpError("the server closed the connection inside the head")
        data += chunk
    status, reason, headers = parse_head(data[:end])
    body = data[end + len(END_OF_HEAD):]
    length = headers.get("content-length")
    if length is None:
        while chunk := connection.recv(4096):
            body += chunk
        return Response(status, reason, headers, body)
    if not length.isdecimal():
        raise HttpError(f"no number: {length}")
    if len(body) < int(length):
        chunk = connection.recv(int(length) - len(body))
        if chunk == b"":
            raise HttpError("the server closed the connection inside the body")
        body += chunk
    return Response(status, reason, headers, body[:int(length)])


def parse_head(head: bytes) -> tuple[int, str, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdecimal():
        raise HttpError(f"no status line: {lines[0]}")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return int(words[1]), words[2] if len(words) == 3 else "", headers


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
