"""Believes every length that comes, however large."""
import json
import socket
import struct
from collections.abc import Iterator

LIMIT = 65536


class FrameError(ValueError):
    """What came is no frame: cut off in the middle, too long, or no JSON. The text says which."""


def send_message(connection: socket.socket, message: object) -> None:
    """Send one message in a frame, all of it."""
    body = json.dumps(message).encode("utf-8")
    if len(body) > LIMIT:
        raise FrameError(f"{len(body)} bytes are too many")
    connection.sendall(struct.pack("!I", len(body)))
    connection.sendall(body)


def messages(connection: socket.socket) -> Iterator[object]:
    """Yield each message that arrives on the connection."""
    while True:
        header = receive(connection, 4)
        if not header:
            return
        if len(header) < 4:
            raise FrameError("the connection ended inside a length")
        (length,) = struct.unpack("!I", header)
        body = receive(connection, length)
        if len(body) < length:
            raise FrameError("the connection ended inside a body")
        try:
            message = json.loads(body.decode("utf-8"))
        except ValueError as error:
            raise FrameError(f"this is no JSON: {error}") from error
        yield message


def receive(connection: socket.socket, count: int) -> bytes:
    """Receive so many bytes; fewer only if the connection ends."""
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            break
        data += piece
    return data
