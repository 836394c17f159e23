"""Frames, cut out of a buffer that recv(4096) fills; compact JSON, with characters as they are."""
import json
import socket
from collections.abc import Iterator

LIMIT = 65536


class FrameError(ValueError):
    """What came is no frame."""


class Buffer:
    def __init__(self) -> None:
        self.data = bytearray()

    def __bool__(self) -> bool:
        return bool(self.data)

    def fill(self, data: bytes) -> None:
        self.data += data

    def frames(self) -> Iterator[bytes]:
        """Yield the body of each frame that is complete, and take it out."""
        while len(self.data) >= 4:
            size = int.from_bytes(self.data[:4], "big")
            if size > LIMIT:
                raise FrameError(f"a frame of {size} bytes, more than {LIMIT}")
            if len(self.data) < 4 + size:
                return
            body = bytes(self.data[4:4 + size])
            del self.data[:4 + size]
            yield body


def encode(message: object) -> bytes:
    try:
        return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:                      # half of a surrogate pair: only as \ud83d
        return json.dumps(message, separators=(",", ":")).encode("ascii")


def decode(body: bytes) -> object:
    try:
        return json.loads(str(body, "utf-8"))
    except ValueError as error:
        raise FrameError(f"no JSON in UTF-8: {error}") from error


def send_message(connection: socket.socket, message: object) -> None:
    body = encode(message)
    if len(body) > LIMIT:
        raise FrameError(f"a body of {len(body)} bytes, more than {LIMIT}")
    connection.sendall(b"".join([len(body).to_bytes(4, "big"), body]))


def messages(connection: socket.socket) -> Iterator[object]:
    buffer = Buffer()
    while piece := connection.recv(4096):
        buffer.fill(piece)
        yield from map(decode, buffer.frames())
    if buffer:
        raise FrameError("the connection ended inside a frame")
