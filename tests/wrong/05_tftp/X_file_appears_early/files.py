"""Writes into the file itself: it is there under its name from the first block on, and what was there is lost."""
import contextlib
import errno
import os
from pathlib import Path

import netascii


class Incoming:
    """A file on its way in. Its blocks go into a temporary file in the same folder, which then takes the name.

    path: what it will be called. mode: "octet" or "netascii" (bonus). replace: whether a file of that name may be
    replaced. limit: how many bytes it may have; None: any number. Raises OSError if the folder cannot be written to.
    """

    def __init__(self, path: Path, mode: str = "octet", replace: bool = False, limit: int | None = None) -> None:
        self.path, self.size = path, 0
        self._limit, self._complete = limit, False
        self._file = path.open("wb" if replace else "xb")
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
        self._complete = True

    def discard(self) -> None:
        """It is over. If the file was not completed, nothing of it stays. (It may be called after complete() too.)"""
        with contextlib.suppress(OSError):                    # a full disk makes itself heard here again
            self._file.close()
        if not self._complete:
            with contextlib.suppress(OSError):
                self.path.unlink()
