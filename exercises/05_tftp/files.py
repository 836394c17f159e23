"""A file that is being received: it appears under its name only when it is complete."""
import contextlib
import errno
import os
import secrets
from pathlib import Path

import netascii


class Incoming:
    """A file on its way in. Its blocks go into a temporary file in the same folder, which then takes the name. Until
    then it has one that nobody else has: secrets.token_hex() makes such a name.

    path: what it will be called. mode: "octet" or "netascii" (bonus). replace: whether a file of that name may be
    replaced. limit: how many bytes it may have; None: any number. Raises OSError if the folder cannot be written to.
    """

    def __init__(self, path: Path, mode: str = "octet", replace: bool = False, limit: int | None = None) -> None:
        # TODO 1: make the temporary file
        raise NotImplementedError("TODO 1: make the temporary file")

    def write(self, block: bytes) -> None:
        """Append these bytes. Raises OSError where that cannot be, since the disk is full for example.

        Raises OSError(errno.EFBIG, …) if the limit would be passed. The number matters: _broken() in transfer.py makes
        the code of the ERROR from it.
        """
        # TODO 2: write a block
        raise NotImplementedError("TODO 2: write a block")

    def complete(self) -> None:
        """The last block is written: give the file its name. Raises OSError where that cannot be, and
        FileExistsError(errno.EEXIST, …) if another file has the name, and may not be replaced.

        Close it first: only then is everything written, and known whether it could be. os.replace() does the renaming
        in one step, so that nobody ever sees a part of the file.
        """
        # TODO 3: give it its name
        raise NotImplementedError("TODO 3: give it its name")

    def discard(self) -> None:
        """It is over. If the file was not completed, nothing of it stays. (It may be called after complete() too.)"""
        # TODO 4: leave nothing behind
        raise NotImplementedError("TODO 4: leave nothing behind")
