"""Checks the length only when the whole body is there: who announces four gigabytes is believed, and waited for."""
import json
import socket
import struct
from collections.abc import Iterator

LIMIT = 65536


class FrameError(ValueError):
    """What came is no frame: cut off in the middle, too long, or no JSON. The text says which."""


class Parser:
    """Sans-IO: takes bytes in, gives messages out."""

    def __init__(self) -> None:
        self.data = bytearray()

    def feed(self, piece: bytes) -> Iterator[object]:
        self.data += piece
        while len(self.data) >= 4:
            length = struct.unpack_from("!I", self.data)[0]
            if len(self.data) < 4 + length:
                return
            body = self.data[4:4 + length]
            del self.data[:4 + length]
            yield self.message(body)

    @staticmethod
    def message(body: bytearray) -> object:
        if len(body) > LIMIT:
            raise FrameError(f"{len(body)} bytes are too many")
        try:
            return json.loads(body.decode("utf-8"))
        except ValueError as error:
            raise FrameError(f"no JSON in UTF-8: {error}") from None


def send_message(connection: socket.socket, message: object) -> None:
    body = json.dumps(message).encode("utf-8")
    if len(body) > LIMIT:
        raise FrameError(f"{len(body)} bytes are too many")
    connection.sendall(struct.pack("!I", len(body)) + body)


def messages(connection: socket.socket) -> Iterator[object]:
    parser = Parser()
    while piece := connection.recv(65536):
        yield from parser.feed(piece)
    if parser.data:
        raise FrameError(f"the connection ended inside a frame, after {len(parser.data)} bytes of it")
