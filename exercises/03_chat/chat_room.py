"""Bonus: a room for many. Everybody hears what the others say.

    python chat_room.py --port 12345          and chat_client.py for each who wants to come in

What it does

  Name         The first line from a client is its name: 1 to 16 letters or digits (str.isalnum), and not
               the name of somebody in the room. Otherwise the answer is the line REFUSED, and the client's
               next line is taken as its next attempt. Before it has a name, a client is told nothing else.
               "bye" is no name, it always means to leave.
  Come, gone   Everybody in the room, the newcomer too, is told "* NAME joined". When somebody is gone, in
               whichever way, the others are told "* NAME left". Nobody else can write such a line.
  Lines        A line is told to everybody else in the room as "NAME: line", whole, never to who said it.
  bye          is answered with "^^^" and the end of the connection, as in chat_server.py.
  Slow ones    A client that does not read holds up nobody. What is kept for it has a bound (BACKLOG lines);
               who is further behind is disconnected.
  The end      On Ctrl-C the program ends quietly: exit code 0, no traceback. It does not read its stdin.
"""
import argparse
import contextlib
import queue
import socket
import threading

from chat_server import listen
from protocol import BYE, lines, part, send_line

REFUSED = "* name refused"
BACKLOG = 10_000


class Room:
    """Who is here. Its lock lets one thread at a time change that, or tell everybody something."""

    def __init__(self) -> None:
        """Nobody is here yet."""
        # TODO 1: no members yet, and a lock
        raise NotImplementedError("TODO 1: no members yet, and a lock")

    def join(self, name: str, member: "Member") -> bool:
        """Let a member in under this name, and tell everybody. False if the name cannot be had."""
        # TODO 2: let a member in, or refuse the name
        raise NotImplementedError("TODO 2: let a member in, or refuse the name")

    def leave(self, name: str) -> None:
        """Forget a member, and tell the others."""
        # TODO 3: forget a member
        raise NotImplementedError("TODO 3: forget a member")

    def say(self, name: str, line: str) -> None:
        """Tell the others what this member said."""
        # TODO 4: tell the others a member's line
        raise NotImplementedError("TODO 4: tell the others a member's line")

    def _tell(self, line: str, silent: "Member | None" = None) -> None:
        """Tell everybody this line but the silent one. Who calls it holds the lock: so it must not take it again."""
        # TODO 5: tell everybody
        raise NotImplementedError("TODO 5: tell everybody")


class Member:
    """One connection. A thread of its own writes to it, so that whoever is slow holds up only itself.

    Between the two is a queue: queue.Queue(BACKLOG) keeps the lines in order. put_nowait() raises queue.Full instead
    of waiting, and get() waits for the next.
    """

    def __init__(self, connection: socket.socket) -> None:
        """Begin with an empty queue, and start the thread that runs _write(): a daemon, so that it ends with main()."""
        # TODO 6: the queue, and the thread that writes
        raise NotImplementedError("TODO 6: the queue, and the thread that writes")

    def tell(self, line: str | None) -> None:
        """Keep a line for the writer; None asks it to end. Never waits: who is too far behind is disconnected.

        To disconnect a member from another thread, call shutdown(socket.SHUT_RDWR): close() alone does not wake a
        thread that stands in recv() or sendall(). It raises OSError where the client has gone already.
        """
        # TODO 7: keep a line for the writer
        raise NotImplementedError("TODO 7: keep a line for the writer")

    def finish(self) -> None:
        """Ask the writer to end, and wait until it has written all that was kept, or cannot."""
        # TODO 8: wait for the writer's end
        raise NotImplementedError("TODO 8: wait for the writer's end")

    def _write(self) -> None:
        """Send what is kept, line by line, until None comes or the client has gone. Runs in the writer's thread."""
        # TODO 9: write to one client
        raise NotImplementedError("TODO 9: write to one client")


def visit(room: Room, connection: socket.socket) -> None:
    """Serve one client, in a thread of its own: first its name, then its lines, until it has gone.

    When it says BYE, finish() comes before part(): what it was told before comes before the answer. In whichever way
    it goes, the room is told, the writer is asked to end, and the connection is closed: after shutdown(), as in tell(),
    for the writer may stand in sendall().
    """
    # TODO 10: one client, from its name to its end
    raise NotImplementedError("TODO 10: one client, from its name to its end")


def main() -> None:
    parser = argparse.ArgumentParser(description="A chat room for many.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    listener = listen(arguments.host, arguments.port)
    room = Room()
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=visit, args=[room, connection], daemon=True).start()


if __name__ == "__main__":
    main()
