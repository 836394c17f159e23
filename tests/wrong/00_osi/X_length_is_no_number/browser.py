"""Takes the Content-Length for a number, so int() raises an error of its own."""
import argparse
import email.parser
import email.policy
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
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "User-Agent: makefile/1.0", "Accept: */*",
             "Connection: close", "", ""]
    return "\r\n".join(lines).encode("ascii")


def read_response(connection):
    with connection.makefile("rb") as file:
        head = []
        while (line := file.readline()) not in (b"\r\n", b"\n", b""):
            head.append(line)
        if not line.endswith(b"\n"):
            raise HttpError("the head is not complete")
        version, _, rest = head.pop(0).decode("latin-1").rstrip("\r\n").partition(" ")
        code, _, reason = rest.partition(" ")
        if not version.startswith("HTTP/") or not code.isdecimal():
            raise HttpError("that is no HTTP")
        fields = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(b"".join(head))
        told = fields.get("Content-Length")
        body = file.read() if told is None else file.read(int(told))
        if told is not None and len(body) < int(told):
            raise HttpError(f"{int(told) - len(body)} bytes are missing")
        return Response(int(code), reason, {name.lower(): value for name, value in fields.items()}, body)


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
