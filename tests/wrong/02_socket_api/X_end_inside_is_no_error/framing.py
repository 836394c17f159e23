"""Takes an end inside a frame for an orderly end."""
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
    buffer = bytearray()
    while piece := connection.recv(4096):
        buffer += piece
        while len(buffer) >= 4:
            length = int.from_bytes(buffer[:4], "big")
            if length > LIMIT:
                raise FrameError(f"a length of {length}")
            if len(buffer) < 4 + length:
                break
            body = bytes(buffer[4:4 + length])
            del buffer[:4 + length]
            try:
                message = json.loads(body.decode())
            except ValueError as error:
                raise FrameError(f"no JSON: {error}") from None
            yield message
