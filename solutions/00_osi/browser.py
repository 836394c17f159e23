"""A browser, as small as it can be: it fetches one page by HTTP, and prints what came.

    python browser.py http://127.0.0.1:8000/index.html

HTTP is a protocol of the application layer (RFC 9112). It leaves addresses to IP and order to TCP, and has only to
agree with the server on what the bytes mean. Both sides say the same kind of thing: a head of lines, an empty line,
and then, perhaps, a body. Every line of a head ends with CR and LF, "\\r\\n", on every system.

    GET /index.html HTTP/1.1          the request line             HTTP/1.1 200 OK           the status line
    Host: 127.0.0.1:8000              header fields                Content-Length: 27        header fields
    Connection: close                 (name: value)                Content-Type: text/html
                                      an empty line                                          an empty line
                                      no body                      <h1>Hello</h1> …          the body, 27 bytes

What it does

  200          The body goes to stdout as it came, byte by byte: it may be a picture. Exit code 0.
  Not 200      The body too, for people, and the status goes to stderr, such as "404 Not Found". Exit code 1.
  Failure      One clear line on stderr, and exit code 1: an address that is none, nobody listens, no answer, an answer
               that is no HTTP, one that ends too early.

What this one leaves out, and a real one has: HTTPS, pages in pieces of told length (Transfer-Encoding: chunked, RFC
9112, section 7.1), going where a 301 leads, pictures, scripts, and a window.
"""
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
    """The request for this path, such as "/index.html", as bytes: the three lines that stand above, and an empty one.

    Host says which of the names that a server may have is meant, and every request has to have it (RFC 9112, section
    3.2): the host, and behind a colon the port. (For port 80, HTTP's own, the host alone is enough.) "Connection:
    close" says that this was all: the server may close the connection behind its answer.
    """
    ### BEGIN SOLUTION 1: write the request
    where = host if port == 80 else f"{host}:{port}"
    return f"GET {path} HTTP/1.1\r\nHost: {where}\r\nConnection: close\r\n\r\n".encode()
    ### END SOLUTION 1


def read_response(connection: socket.socket) -> Response:
    """Read from the connection until the response is complete, and return it.

    recv() returns what is there, and TCP may cut anywhere: inside of a line, between CR and LF, inside of a character,
    in the body, or nowhere, so that head and body come in one piece. So keep the bytes until what you need is there.

    The head ends with the first END_OF_HEAD. (There may be more of them in the body; they are a part of it.) The first
    line of the head is the version, the status and the reason, with a space between them; the reason may be empty, and
    then the space in front of it may be missing too. Behind it comes a header field on each line: its name, in any
    mixture of upper and lower case, a colon, and its value, with spaces around it or not. Only the first colon divides;
    a value may have colons of its own, as in `Date: Thu, 26 Nov 2026 11:08:49 GMT`.

    Where there is a Content-Length, the body has so many bytes, and not more, and you have it all as soon as they have
    come: do not wait for the server to close the connection. Where there is none, the body is all that comes until
    recv() returns b"".

    Raises HttpError if recv() returns b"" before the head is complete, or before all of Content-Length has come; if the
    first line is no status line; or if the Content-Length is no number. (int() raises a plain ValueError for what is no
    number; make an HttpError of it.) Other errors of the connection pass through.
    """
    ### BEGIN SOLUTION 2: read the response, all of it
    received = b""
    while END_OF_HEAD not in received:
        received += _more(connection, "in its head")
    head, _, body = received.partition(END_OF_HEAD)
    status, reason, headers = _read_head(head.decode("latin-1"))
    if "content-length" not in headers:
        while piece := connection.recv(65536):
            body += piece
        return Response(status, reason, headers, body)
    if not headers["content-length"].isdecimal():
        raise HttpError(f"Content-Length is {headers['content-length']!r}")
    length = int(headers["content-length"])
    while len(body) < length:
        body += _more(connection, f"after {len(body)} of {length} bytes")
    return Response(status, reason, headers, body[:length])


def _more(connection: socket.socket, where: str) -> bytes:
    """What comes next. Raises HttpError if it is the end."""
    piece = connection.recv(65536)
    if not piece:
        raise HttpError(f"the answer ended {where}")
    return piece


def _read_head(head: str) -> tuple[int, str, dict[str, str]]:
    """Status, reason and header fields. Raises HttpError."""
    first, *lines = head.split("\r\n")
    version, _, rest = first.partition(" ")
    status, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/") or not status.isdecimal():
        raise HttpError(f"{first!r} is no status line of HTTP")
    fields = (line.partition(":") for line in lines)
    return int(status), reason, {name.lower(): value.strip() for name, _, value in fields}
    ### END SOLUTION 2


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
