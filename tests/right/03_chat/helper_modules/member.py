"""Somebody in the room."""
import collections
import socket
import threading

from limits import BACKLOG
from sockets import hang_up


class Member:
    """Somebody who is connected. What the network does not take at once is kept, and written by a thread."""

    def __init__(self, connection):
        self.connection = connection
        self._kept = collections.deque()
        self._count = 0                       # lines kept, those that are being written included
        self._over = False
        self._changed = threading.Condition()
        threading.Thread(target=self._write, daemon=True).start()

    def tell(self, text):
        """Never blocks."""
        data = text.encode() + b"\n"
        with self._changed:
            if self._over:
                return
            if not self._count:
                try:
                    data = data[self.connection.send(data, socket.MSG_DONTWAIT):]
                except BlockingIOError:
                    pass
                except OSError:
                    self._give_up()
                    return
                if not data:
                    return
            if self._count >= BACKLOG:
                self._give_up()
                self.hang_up()
                return
            self._kept.append(data)
            self._count += 1
            self._changed.notify_all()

    def finish(self):
        """Wait until all is written, or cannot be."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or not self._count)

    def stop(self):
        with self._changed:
            self._give_up()

    def hang_up(self):
        """Wake whoever reads or writes here."""
        hang_up(self.connection)

    def _give_up(self):
        self._over = True
        self._kept.clear()
        self._count = 0
        self._changed.notify_all()

    def _write(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._kept)
                if self._over:
                    return
                batch = [self._kept.popleft() for _ in range(min(50, len(self._kept)))]
            try:
                self.connection.sendall(b"".join(batch))
            except OSError:
                self.stop()
                return
            with self._changed:
                if not self._over:
                    self._count -= len(batch)
                    self._changed.notify_all()
