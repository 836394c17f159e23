"""For the lesson on the chat: what the kernel knows of a connection, and a failure report."""
import time

from .. import mistakes
from ..netns import STATES, can_ask, tcp_sockets
from ..render import text
from . import Play

PASSING = {"FIN-WAIT-1", "LAST-ACK", "CLOSING"}      # states that last until an acknowledgment has come
PATIENCE = 1.0                                       # seconds: it comes within 0.2, however late a kernel sends it


def states(server: int, client: int) -> None:
    """Show in which states the kernel has the two ends of a connection, which have these ports.

    They have the names of RFC 9293, 3.3.2; an end that the kernel does not know any more is "gone". Where it cannot
    be asked, a line says so.
    """
    if not can_ask():
        print("The kernel of this machine does not tell. The picture below has what Linux tells.")
        return
    until = time.monotonic() + PATIENCE
    while True:
        found = _state(server, client), _state(client, server)
        if not PASSING & {*found} or time.monotonic() > until:
            break
        time.sleep(0.01)
    print(f"server: {found[0]:12}   client: {found[1]}")


def _state(near: int, far: int) -> str:
    """The state of the end with the port near, whose other end has the port far."""
    return next((row.state for row in tcp_sockets(near, *STATES.values()) if row.remote[1] == far), "gone")


def report(play: Play) -> str:
    """What pytest would print for the scene with the cut character, had it been a check of the exercise."""
    return text.report("A line in pieces is shown whole, even if a character is cut", "0 of 6", play.stage.trace,
                       mistakes.diagnose(play.stage.trace, ["C01", "C03"]),
                       "Keep the bytes until b'\\n' arrives, then decode the line.",
                       "pytest exercises/03_chat -k line_in_pieces --seed 7")
