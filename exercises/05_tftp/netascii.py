"""Bonus: netascii, the text mode of TFTP (RFC 1350, section 1, which takes it from Telnet, RFC 764).

On the wire a line ends with the two bytes CR LF, and a CR by itself is followed by a zero byte. In files, here, a line
ends with LF (b"\\n"), and CR (b"\\r") is a byte like any other. So a file has another length on the wire than on disk,
and either pair may be cut in two by the end of a block.
"""
from typing import BinaryIO


def encode(text: bytes) -> bytes:
    """Bytes of a file, as they go over the wire: CR becomes CR 0, LF becomes CR LF."""
    # TODO 1: from a file to the wire
    raise NotImplementedError("TODO 1: from a file to the wire")


def decode(wire: bytes, held: bytes = b"") -> tuple[bytes, bytes]:
    """Bytes from the wire, as they go into a file. Returns them, and what is held back for the next call: b"\\r" if
    the end of these bytes may be the first half of a pair, else b"".

    wire: the block. held: what the call before this one held back. CR LF becomes LF, CR 0 becomes CR. A CR that
    something else follows stays as it is (it should not occur).
    """
    # TODO 2: from the wire to a file
    raise NotImplementedError("TODO 2: from the wire to a file")


class Reader:
    """Reads a file as netascii: read(size) returns exactly so many bytes of it, fewer only at the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ahead = b""                     # encoded already, and more than was asked for

    def read(self, size: int) -> bytes:
        """The next bytes, as they go over the wire."""
        while len(self._ahead) < size and (text := self._file.read(size)):
            self._ahead += encode(text)
        block, self._ahead = self._ahead[:size], self._ahead[size:]
        return block


class Writer:
    """Writes what comes as netascii into a file. end() after the last block: a CR may still be held back."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._held = b""

    def write(self, wire: bytes) -> None:
        """Write the next bytes from the wire."""
        text, self._held = decode(wire, self._held)
        self._file.write(text)

    def end(self) -> None:
        """Write what is held back."""
        self._file.write(self._held)
        self._held = b""
