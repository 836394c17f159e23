"""What has come of a transfer that failed is better than nothing, it says, and gets the name."""
import contextlib
import errno
import os
import secrets
from pathlib import Path

import netascii


class Incoming:
    """A file on its way in. Its blocks go into a temporary file in the same folder, which then takes the name.

    path: what it will be called. mode: "octet" or "netascii" (bonus). replace: whether a file of that name may be
    replaced. limit: how many bytes it may have; None: any number. Raises OSError if the folder cannot be written to.
    """

    def __init__(self, path: Path, mode: str = "octet", replace: bool = False, limit: int | None = None) -> None:
        self.path, self.size = path, 0
        self._replace, self._limit = replace, limit
        self._temporary = path.parent / f".tftp-{secrets.token_hex(8)}"
        self._file = self._temporary.open("xb")               # "x": it is ours, nobody else has made it
        self._text = netascii.Writer(self._file) if mode == "netascii" else None

    def write(self, block: bytes) -> None:
        """Append these bytes. Raises OSError where that cannot be: the disk is full, or the limit is reached."""
        self.size += len(block)
        if self._limit is not None and self.size > self._limit:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        (self._text or self._file).write(block)

    def complete(self) -> None:
        """The last block is written: give the file its name. Raises OSError where that cannot be; FileExistsError if
        another file has the name, and may not be replaced.

        Close it first: only then is everything written, and known whether it could be. os.replace() does the renaming
        in one step, so that nobody ever sees a part of the file.
        """
        if self._text:
            self._text.end()
        self._file.close()
        if not self._replace and os.path.lexists(self.path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        os.replace(self._temporary, self.path)

    def discard(self) -> None:
        """It is over. If the file was not completed, nothing of it stays. (It may be called after complete() too.)"""
        with contextlib.suppress(OSError):                    # a full disk makes itself heard here again
            self._file.close()
        with contextlib.suppress(OSError):                    # it is not there any more, since it was completed
            os.replace(self._temporary, self.path)
