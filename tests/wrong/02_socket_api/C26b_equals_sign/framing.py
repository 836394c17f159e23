"""Packs the length with "=I", which fixes the size of the number but not its order: this machine's own is used."""
import json
import socket
import struct
from collections.abc import Iterator

LIMIT = 65536
LENGTH = struct.Struct("=I")        # 4 bytes on every machine


class FrameError(ValueError):
    """What came is no frame: cut off in the middle, too long, or no JSON. The text says which."""


def send_message(connection: socket.socket, message: object) -> None:
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    if len(body) > LIMIT:
        raise FrameError(f"too long to send: {len(body)}")
    connection.sendall(LENGTH.pack(len(body)) + body)


def receive(connection: socket.socket, size: int) -> bytearray:
    """Receive so many bytes; fewer only if the connection ends."""
    data = bytearray()
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            break
        data.extend(more)
    return data


def messages(connection: socket.socket) -> Iterator[object]:
    while True:
        head = receive(connection, LENGTH.size)
        if not head:
            return
        if len(head) < LENGTH.size:
            raise FrameError("cut off inside a length")
        length = LENGTH.unpack(head)[0]
        if length > LIMIT:
            raise FrameError(f"too long: {length}")
        body = receive(connection, length)
        if len(body) < length:
            raise FrameError("cut off inside a body")
        try:
            message = json.loads(str(body, "utf-8"))
        except ValueError as error:
            raise FrameError(f"no JSON: {error}") from error
        yield message
