"""Makes a text of the body and bytes again, which no picture survives."""
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


def read_head(connection: socket.socket) -> list[str]:
    # Byte by byte, so that nothing of the body is taken.
    head = bytearray()
    while not head.endswith(END_OF_HEAD):
        byte = connection.recv(1)
        if not byte:
            raise HttpError("The head is cut off.")
        head += byte
    return head[:-4].decode("latin-1").split("\r\n")


def read_body(connection: socket.socket, length: int | None) -> bytes:
    pieces = []
    while length is None or length > 0:
        piece = connection.recv(4096 if length is None else min(length, 4096))
        if not piece and length is None:
            break
        if not piece:
            raise HttpError(f"The body is cut off: {length} bytes are missing.")
        pieces.append(piece)
        if length is not None:
            length -= len(piece)
    return b"".join(pieces)


def read_response(connection: socket.socket) -> Response:
    first, *fields = read_head(connection)
    version, _, rest = first.partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/") or not code.isdecimal():
        raise HttpError("This is no HTTP: " + first)
    headers = {}
    for field in fields:
        name, _, value = field.partition(":")
        headers[name.lower()] = value.strip()
    length = None
    if "content-length" in headers:
        if not headers["content-length"].isdecimal():
            raise HttpError("This is no length: " + headers["content-length"])
        length = int(headers["content-length"])
    text = read_body(connection, length).decode("utf-8")
    return Response(int(code), reason, headers, text.encode("utf-8"))


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
