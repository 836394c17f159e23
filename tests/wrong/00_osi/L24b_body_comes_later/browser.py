"""What comes together with the end of the head is thrown away."""
import argparse
import email
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
    fields = {"Host": f"{host}:{port}", "Accept-Encoding": "identity", "Connection": "close"}
    return "".join([f"GET {path} HTTP/1.1\r\n", *(f"{name}: {fields[name]}\r\n" for name in fields), "\r\n"]).encode()


def read_response(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(1024)
        if not piece:
            raise HttpError("no head")
        head += piece
    head = head.split(b"\r\n\r\n")[0]
    status_line, _, fields = head.decode("latin-1").partition("\r\n")
    headers = {name.lower(): value.strip() for name, value in email.message_from_string(fields).items()}
    words = status_line.split(" ", 2)
    if not words[0].startswith("HTTP/") or len(words) < 2 or not words[1].isdecimal():
        raise HttpError("no status line")

    body = b""
    if "content-length" in headers:
        if not headers["content-length"].isdecimal():
            raise HttpError("no length")
        length = int(headers["content-length"])
        while len(body) < length:
            piece = connection.recv(length - len(body))
            if not piece:
                raise HttpError("no whole body")
            body += piece
    else:
        while piece := connection.recv(1024):
            body += piece
    return Response(int(words[1]), "".join(words[2:]), headers, body)


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
