"""The answers of a server, read from a connection."""
from typing import NamedTuple

from errors import HttpError


class Response(NamedTuple):
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


class Incoming:
    """What comes, kept until it is taken."""

    def __init__(self, connection):
        self.connection, self.kept, self.ended = connection, b"", False

    def fill(self, holds):
        """Read until this holds of what is kept, or until the end."""
        while not holds(self.kept) and not self.ended:
            piece = self.connection.recv(8192)
            self.ended = not piece
            self.kept += piece

    def take_until(self, mark):
        self.fill(lambda kept: mark in kept)
        taken, found, rest = self.kept.partition(mark)
        if not found:
            raise HttpError("the end of the head does not come")
        self.kept = rest
        return taken

    def take(self, count):
        self.fill(lambda kept: len(kept) >= count)
        if len(self.kept) < count:
            raise HttpError(f"of {count} bytes only {len(self.kept)} have come")
        taken, self.kept = self.kept[:count], self.kept[count:]
        return taken

    def take_all(self):
        self.fill(lambda kept: False)
        return self.kept


def read_response(connection):
    incoming = Incoming(connection)
    status_line, *fields = incoming.take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
    if not status_line.startswith("HTTP/") or not status_line[9:12].isdecimal():
        raise HttpError(f"no status line: {status_line}")
    headers = {}
    for field in fields:
        name, _, value = field.partition(":")
        headers[name.lower()] = value.strip()
    length = headers.get("content-length")
    if length is None:
        body = incoming.take_all()
    elif length.isdecimal():
        body = incoming.take(int(length))
    else:
        raise HttpError(f"no length: {length}")
    return Response(int(status_line[9:12]), status_line[13:], headers, body)
