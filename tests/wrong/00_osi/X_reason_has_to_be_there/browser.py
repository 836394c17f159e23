"""Takes a status line for none where the server has left out the reason, with the space in front of it."""
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
    return b"GET %b HTTP/1.1\r\nhost: %b:%d\r\nconnection: close\r\n\r\n" % (path.encode(), host.encode(), port)


def one(connection, missing):
    byte = connection.recv(1)
    if byte == b"":
        raise HttpError(f"it ended, but {missing}")
    return byte


def read_response(connection):
    head = bytearray()
    while head[-4:] != b"\r\n\r\n":
        head += one(connection, "the head has not")
    lines = iter(head.decode("latin-1").split("\r\n"))
    words = next(lines).split(" ")
    if len(words) < 3 or words[0][:5] != "HTTP/" or not words[1].isdecimal():
        raise HttpError("the first line is no status line")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.lower()] = value.strip(" \t")
    body = bytearray()
    if "content-length" not in headers:
        while byte := connection.recv(1):
            body += byte
    elif headers["content-length"].isdecimal():
        for left in range(int(headers["content-length"]), 0, -1):
            body += one(connection, f"the body lacks {left} bytes")
    else:
        raise HttpError("the Content-Length is no number")
    return Response(int(words[1]), " ".join(words[2:]), headers, bytes(body))


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
