"""Takes the first line for a status line, whatever it is, so int() raises an error of its own."""
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
    name = host if port == 80 else f"{host}:{port}"
    return (f"GET {path} HTTP/1.1\r\n"
            f"Host: {name}\r\n"
            "Connection: close\r\n"
            "\r\n").encode("ascii")


def read_response(connection: socket.socket) -> Response:
    # A file object of the connection knows how to read lines, and reads as often as it has to.
    with connection.makefile("rb") as stream:
        version, status, reason = split_status(read_line(stream))
        headers = {}
        while (line := read_line(stream)) != "":
            name, value = line.split(":", 1)
            headers[name.casefold()] = value.strip()
        try:
            length = int(headers.get("content-length", -1))
        except ValueError as error:
            raise HttpError("the Content-Length is no number") from error
        body = stream.read(length)          # -1: until the end
        if len(body) < length:
            raise HttpError(f"only {len(body)} of {length} bytes have come")
        return Response(status, reason, headers, body)


def read_line(stream) -> str:
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise HttpError("the head is not complete")
    return line.decode("latin-1").rstrip("\r\n")


def split_status(line: str) -> tuple[str, int, str]:
    version, status, *reason = line.split(" ", 2)
    return version, int(status), "".join(reason)


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
