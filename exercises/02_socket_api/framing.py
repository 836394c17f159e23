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
    # TODO 1: send one message in its frame
    raise NotImplementedError("TODO 1: send one message in its frame")


def messages(connection: socket.socket) -> Iterator[object]:
    """Yield each message that arrives on the connection, as soon as its frame is whole.

    The cut of the pieces that recv() returns means nothing: a frame may come byte by byte, the four bytes of the
    length too, or five frames at once. And recv(n) may return fewer than n bytes.

    If the other side closes the connection between two frames, it is over, and this function returns. Raises
    FrameError if it closes inside a frame, if a length is above LIMIT, or if a body is no JSON in UTF-8 (json.loads()
    and decode() raise kinds of ValueError; that they take NaN and Infinity too, which are no JSON, does not matter).
    Other errors of the connection pass through.
    """
    # TODO 2: yield the messages that arrive
    raise NotImplementedError("TODO 2: yield the messages that arrive")
