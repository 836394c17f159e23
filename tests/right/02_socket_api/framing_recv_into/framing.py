"""Frames, received into one block of memory that is used again and again, and sent in two parts by sendmsg()."""
import json
import struct

LIMIT = 65536
LENGTH = struct.Struct(">L")


class FrameError(ValueError):
    """What came is no frame."""


class Receiver:
    def __init__(self, connection):
        self.connection = connection
        self.memory = memoryview(bytearray(LIMIT))

    def __iter__(self):
        return self

    def __next__(self):
        head = self.receive(LENGTH.size, "a length")
        if not head:
            raise StopIteration
        size, = LENGTH.unpack(head)
        if size > LIMIT:
            raise FrameError(f"{size} bytes are announced, {LIMIT} are allowed")
        body = self.receive(size, "a body")
        if len(body) < size:
            raise FrameError("cut off before a body")
        try:
            return json.loads(bytes(body).decode())
        except ValueError as error:
            raise FrameError(f"no JSON: {error}") from None

    def receive(self, count, what):
        """Return a view of so many bytes, or of none if the connection ends before the first."""
        have = 0
        while have < count:
            more = self.connection.recv_into(self.memory[have:count])
            if more == 0:
                if have:
                    raise FrameError(f"cut off inside {what}")
                break
            have += more
        return self.memory[:have]


def send_message(connection, message):
    body = json.dumps(message, sort_keys=True).encode()
    if len(body) > LIMIT:
        raise FrameError(f"{len(body)} bytes, {LIMIT} are allowed")
    head = LENGTH.pack(len(body))
    sent = connection.sendmsg([head, body])
    if sent < len(head) + len(body):
        connection.sendall((head + body)[sent:])


def messages(connection):
    return Receiver(connection)
