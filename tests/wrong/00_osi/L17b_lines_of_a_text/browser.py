"""The request is a text of lines as Python writes them, with a newline at the end of each."""
import argparse
import re
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


HEAD = re.compile(rb"HTTP/\d\.\d (\d{3})(?: ([^\r\n]*))?\r\n((?:[^\r\n:]+:[^\r\n]*\r\n)*)\r\n")
FIELD = re.compile(r"^([^:\r\n]+):[ \t]*(.*?)[ \t]*\r$", re.MULTILINE)


def request(host, port, path):
    template = """GET PATH HTTP/1.1
Host: HOST
Connection: close

"""
    values = {"PATH": path, "HOST": f"{host}:{port}"}
    return re.sub("PATH|HOST", lambda found: values[found[0]], template).encode()


def read_response(connection):
    data = b""
    while not re.search(rb"\r\n\r\n", data):
        piece = connection.recv(2048)
        if not piece:
            raise HttpError("the head is cut off")
        data += piece
    found = HEAD.match(data)
    if not found:
        raise HttpError("the head is no HTTP")
    headers = {name.lower(): value for name, value in FIELD.findall(found[3].decode("latin-1"))}
    told = headers.get("content-length")
    if told is not None and not re.fullmatch("[0-9]+", told):
        raise HttpError("the Content-Length is no number")
    whole = None if told is None else found.end() + int(told)
    while (whole is None or len(data) < whole) and (piece := connection.recv(2048)):
        data += piece
    if whole is not None and len(data) < whole:
        raise HttpError("the body is cut off")
    return Response(int(found[1]), (found[2] or b"").decode("latin-1"), headers, data[found.end():whole])


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
