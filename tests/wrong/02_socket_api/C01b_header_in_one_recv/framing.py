"""Trusts recv(4) to bring all four bytes of the length; only the body is collected."""
import json
import socket
import struct
from collections.abc import Iterator

LIMIT = 65536
HEADER = struct.Struct("!I")


class FrameError(ValueError):
    """What came is no frame."""


def send_message(connection: socket.socket, message: object) -> None:
    body = json.dumps(message).encode("utf-8")
    if len(body) > LIMIT:
        raise FrameError("message too long: %d bytes" % len(body))
    connection.sendall(HEADER.pack(len(body)))
    connection.sendall(body)


def messages(connection: socket.socket) -> Iterator[object]:
    while True:
        header = connection.recv(HEADER.size)
        if not header:
            return
        try:
            (size,) = HEADER.unpack(header)
        except struct.error:
            raise FrameError("the connection ended inside of a length") from None
        if size > LIMIT:
            raise FrameError("frame too long: %d bytes" % size)

        chunks = []
        missing = size
        while missing > 0:
            chunk = connection.recv(min(missing, 4096))
            if chunk == b"":
                raise FrameError("the connection ended inside of a body, %d bytes are missing" % missing)
            chunks.append(chunk)
            missing -= len(chunk)
        try:
            message = json.loads(b"".join(chunks).decode("utf-8"))
        except ValueError as error:
            raise FrameError("not JSON: %s" % error)
        yield message
