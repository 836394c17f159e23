"""The browser; answers are read by a module of their own."""
import argparse
import socket
import sys
from urllib.parse import quote, urlsplit

from answers import read_response
from errors import HttpError

TIMEOUT = 10.0


def request(host, port, path):
    lines = f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: close"
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


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
