"""Pipes that a selector can wait for, on every system: the one door to what Windows lacks."""
import os
import socket
import threading
from typing import IO


def selectable(pipe: IO[bytes], write: bool = False) -> IO[bytes]:
    """A raw file in place of this end of a pipe, which never blocks and can be watched by a selector.

    Its read() returns None, and its write() returns None or 0, when there is nothing to do now. On POSIX it is
    the pipe itself. Windows can only wait for sockets, so a thread there carries the bytes to or from one.
    """
    if os.name == "posix":
        os.set_blocking(pipe.fileno(), False)
        return pipe
    near, far = socket.socketpair()
    near.setblocking(False)
    ends = (far.makefile("rb", 0), pipe) if write else (pipe, far.makefile("wb", 0))
    threading.Thread(target=_carry, args=[*ends, far], daemon=True).start()
    return socket.SocketIO(near, "rw")


def _carry(source: IO[bytes], target: IO[bytes], far: socket.socket) -> None:
    try:
        while data := source.read(65536):
            target.write(data)
    except OSError:                 # the program has closed its end, or ended
        pass
    target.close()
    far.close()
