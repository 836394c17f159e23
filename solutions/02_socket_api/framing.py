"""Messages on a stream of bytes: each in a frame that tells its length.

TCP carries bytes and knows no messages: what one side gives to send() in one piece may reach the other side's recv()
in several, and several as one. So whoever wants messages says where each one ends. Here a message is anything that
JSON can write (a dict, a list, a string, a number, true, false, null), and travels as a frame:

    4 bytes      how many bytes the body has, in network byte order (the most significant byte first)
    the body     the message as JSON, in UTF-8

     0   0   0  11   {"a":"中"}            9 characters, and 11 bytes, since 中 takes three

A body has at most LIMIT bytes. A length above that is refused as soon as it is read, before any of the body: who
believes every length lets a stranger fill the memory of this machine with four bytes.

This is no program by itself. The checks call the two functions, on real connections.
"""
import json
import socket
import struct
from collections.abc import Iterator

LIMIT = 65536


class FrameError(ValueError):
    """What came is no frame: cut off in the middle, too long, or no JSON. The text says which."""


def send_message(connection: socket.socket, message: object) -> None:
    """Send one message in a frame, all of it.

    struct.pack("!I", n) makes the four bytes of a length: "!" is network order, whatever this machine's own is. The
    length counts the bytes of the body, not its characters. How the JSON is spaced, and whether it writes 中 as itself
    or as \\u4e2d, is up to you.

    Raises FrameError, and sends nothing, if the body has more than LIMIT bytes.
    """
    ### BEGIN SOLUTION 1: send one message in its frame
    body = json.dumps(message).encode()
    if len(body) > LIMIT:
        raise FrameError(f"a body of {len(body)} bytes, where at most {LIMIT} are allowed")
    connection.sendall(struct.pack("!I", len(body)) + body)
    ### END SOLUTION 1


def messages(connection: socket.socket) -> Iterator[object]:
    """Yield each message that arrives on the connection, as soon as its frame is whole.

    The cut of the pieces that recv() returns means nothing: a frame may come byte by byte, the four bytes of the
    length too, or five frames at once. And recv(n) may return fewer than n bytes.

    If the other side closes the connection between two frames, it is over, and this function returns. Raises
    FrameError if it closes inside a frame, if a length is above LIMIT, or if a body is no JSON in UTF-8 (json.loads()
    and decode() raise kinds of ValueError; that they take NaN and Infinity too, which are no JSON, does not matter).
    Other errors of the connection pass through.
    """
    ### BEGIN SOLUTION 2: yield the messages that arrive
    while header := _exactly(connection, 4, between=True):
        length, = struct.unpack("!I", header)
        if length > LIMIT:
            raise FrameError(f"a body of {length} bytes, where at most {LIMIT} are allowed")
        body = _exactly(connection, length)
        try:
            message = json.loads(body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise FrameError(f"no JSON: {error}") from None
        yield message


def _exactly(connection: socket.socket, count: int, between: bool = False) -> bytes:
    """Return exactly so many bytes. between: whether nothing at all may come too; then return b""."""
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            if between and not data:
                return b""
            raise FrameError(f"the connection ended after {len(data)} of {count} bytes")
        data += piece
    return data
    ### END SOLUTION 2
