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

    # TODO 1: who is here, and what they are told
    raise NotImplementedError("TODO 1: who is here, and what they are told")


class Member:
    """One connection. A thread of its own writes to it, so that whoever is slow holds up only itself."""

    # TODO 2: writing to one client without waiting for it
    raise NotImplementedError("TODO 2: writing to one client without waiting for it")


def visit(room: Room, connection: socket.socket) -> None:
    """Serve one client, in a thread of its own: first its name, then its lines, until it has gone."""
    # TODO 3: one client, from its name to its end
    raise NotImplementedError("TODO 3: one client, from its name to its end")


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
