"""Frames, received byte by byte."""
import json

LIMIT = 65536


class FrameError(ValueError):
    """What came is no frame."""


def send_message(connection, message):
    body = json.dumps(message, indent=1).encode("utf-8")
    if len(body) > LIMIT:
        raise FrameError("too long: %d bytes" % len(body))
    for data in len(body).to_bytes(4, "big"), body:
        while data:
            data = data[connection.send(data):]


def messages(connection):
    number, have = 0, 0
    while True:
        byte = connection.recv(1)
        if not byte:
            if have:
                raise FrameError("cut off in its length")
            return
        number, have = number * 256 + byte[0], have + 1
        if have == 4:
            if number > LIMIT:
                raise FrameError("too long: %d bytes" % number)
            yield parse(receive_body(connection, number))
            number, have = 0, 0


def receive_body(connection, count):
    body = bytearray()
    for _ in range(count):
        byte = connection.recv(1)
        if not byte:
            raise FrameError("cut off in its body")
        body += byte
    return body


def parse(body):
    try:
        return json.loads(body.decode("utf-8"))
    except ValueError as error:
        raise FrameError("no JSON: %s" % error) from error
