"""For the lesson about sockets: connections to try things on, what the kernel tells of them, and two pictures."""
import contextlib
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable

import psutil

from ..netns import STATES, Row, can_ask, tcp_sockets
from ..render.svg import FAINT, GOOD
from . import boxes, pair, show

PATIENCE = 1.0                  # seconds that something may be on its way
UNKNOWN = -1                    # bytes of a queue, where the system does not tell them
PASSING = ("SYN-RECEIVED", "FIN-WAIT-1", "LAST-ACK")        # states that end when the other kernel's segment is here
# The names of states that psutil does not have from RFC 9293, 3.3.2.
NAMES = {"SYN_RECV": "SYN-RECEIVED", "FIN_WAIT1": "FIN-WAIT-1", "FIN_WAIT2": "FIN-WAIT-2", "CLOSE": "CLOSED"}


def break_off(connection: socket.socket) -> None:
    """Close a connection with a reset instead of an orderly end: socket(7), SO_LINGER with a time of zero."""
    linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    connection.close()


def connected(client: socket.socket, seconds: float) -> bool:
    """Wait for the handshake of a socket whose connect() was not waited for. Returns whether it came in time."""
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_WRITE)            # connected: it can be written to
        return bool(selector.select(seconds))


class _Sender:
    """A socket with a small send buffer, whose other side reads after each send() what has come, and that is little."""

    def __init__(self, connection: socket.socket, reader: socket.socket) -> None:
        self.got = bytearray()
        self._connection, self._reader = connection, reader
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection.settimeout(5)
        reader.setblocking(False)

    def send(self, data: bytes) -> int:
        """Send a part of it, and return how many bytes that was."""
        sent = self._connection.send(data)
        with contextlib.suppress(BlockingIOError):      # it has not arrived yet
            self.got += self._reader.recv(1 << 20)
        return sent

    def ends(self) -> bytes:
        """Close, and return all that the other side got."""
        self._connection.close()
        self._reader.setblocking(True)
        while piece := self._reader.recv(1 << 20):
            self.got += piece
        return bytes(self.got)


def to_a_slow_reader(send_all: Callable[[object, bytes], object], data: bytes) -> bytes:
    """Let this function send data, with the send() of what it is given, to somebody slow. Returns what arrived."""
    sender = _Sender(*pair())
    send_all(sender, data)
    return sender.ends()


def outside(*ports: int, holding: int | None = None) -> None:
    """Print what the kernel tells about the TCP sockets with these ports at their own end, as ss and netstat do.

    It looks again for a while if something is still on its way. holding: so many bytes are in the queues.
    """
    try:
        rows = _at_rest(ports, holding)
    except psutil.Error:
        print("This machine does not tell about its sockets; the lesson as published shows what one says that does.")
        return
    print(f"{'State':<12}{'Recv-Q':>9}{'Send-Q':>9}   {'own end':<18}other end")
    for row in rows:
        received, sent = ("?" if count == UNKNOWN else count for count in (row.received, row.sent))
        own, other = ("{}:{}".format(*end[:2]) if end[1] else "-" for end in (row.local, row.remote))
        print(f"{row.state:<12}{received:>9}{sent:>9}   {own:<18}{other}")
    if not rows:
        print("(nothing)")


def _at_rest(ports: tuple[int, ...], holding: int | None) -> list[Row]:
    """The sockets with these ports, when nothing is on its way any more. Raises psutil.Error if none is to be seen."""
    def passing() -> bool:
        held = sum(row.received + row.sent for row in rows)
        return any(row.state in PASSING for row in rows) or can_ask() and holding not in (None, held)

    until = time.monotonic() + PATIENCE
    rows = _look(ports)
    while passing() and time.monotonic() < until:
        time.sleep(0.01)
        rows = _look(ports)
    return rows


def _look(ports: tuple[int, ...]) -> list[Row]:
    if can_ask():
        return [row for port in ports for row in tcp_sockets(port, *STATES.values())]
    return [Row(each.laddr, each.raddr or ("", 0), NAMES.get(each.status, each.status.replace("_", "-")),
                UNKNOWN, UNKNOWN, b"")
            for each in psutil.net_connections("tcp") if each.laddr and each.laddr.port in ports]


def _arrow(x: float, y: float, length: float, words: str) -> str:
    """An arrow to the right, or to the left if length is negative, with words above it."""
    return (boxes.arrow(x, y, x + length, y)
            + boxes.label(x + length / 2, y - 7, words, colour=GOOD, size=12))


def show_queues() -> None:
    """Show a picture: from the SYN to accept(), by way of the two queues that Linux keeps for a listening socket."""
    places = (("SYN queue", "半连接队列", "only the SYN has come", "listen(n), too"),
              ("accept queue", "全连接队列", "the handshake is complete", "listen(n): n + 1"),
              ("a new socket", "已连接套接字", "the telephone in the room", "descriptors"))
    parts = [boxes.label(277, 26, "the listening socket, in the kernel", colour=FAINT),
             f'<rect x="84" y="36" width="446" height="146" rx="6" fill="none" stroke="{FAINT}" '
             'stroke-dasharray="5 4"/>',
             boxes.label(738, 26, "your program", colour=FAINT)]
    for x, (name, chinese, holds, limit) in zip((100, 330, 640), places, strict=True):
        parts += [boxes.box(x, 62, 184, 44, ""), boxes.label(x + 92, 80, name), boxes.label(x + 92, 98, chinese),
                  boxes.label(x + 92, 128, holds, size=12),
                  boxes.label(x + 92, 150, "bounded by", colour=FAINT, size=12),
                  boxes.label(x + 92, 168, limit, size=12)]
    parts += [_arrow(22, 84, 76, "SYN"), _arrow(286, 84, 42, "ACK"), _arrow(516, 84, 122, "accept()")]
    plain = "\n".join(f"{name} ({chinese}): {holds}; bounded by {limit}" for name, chinese, holds, limit in places)
    show(boxes.picture(850, 196, parts, "From the SYN to accept()"), plain)


# A line of the map: the server's state and call, which way what passes, the client's call and state.
MAP = [("CLOSED", "socket(), bind()", "", "", ""),
       ("LISTEN", "listen()", "", "socket()", "CLOSED"),
       ("", "accept() waits", "", "connect()", "SYN-SENT"),
       ("ESTABLISHED", "accept() returns", "<> handshake", "connect() returns", "ESTABLISHED"),
       ("", "recv() returns", "< bytes", "sendall()", ""),
       ("", "sendall()", "> bytes", "recv() returns", ""),
       ("CLOSE-WAIT", 'recv(): b""', "< FIN", "close()", "FIN-WAIT-1, -2"),
       ("LAST-ACK", "close()", "> FIN", "(the kernel alone)", "TIME-WAIT")]


def show_map() -> None:
    """Show a picture: the calls of a server and its client in their order, what passes, and the states after them."""
    parts = [boxes.label(x, 28, words, colour=FAINT) for x, words in
             ((70, "state"), (222, "server"), (580, "client"), (755, "state"))]
    for index, (server_state, server, passes, client, client_state) in enumerate(MAP):
        y = 42 + 40 * index
        parts += [boxes.box(x, y, 164, 30, call) for x, call in ((140, server), (498, client)) if call]
        parts += [boxes.label(70, y + 20, server_state, size=12), boxes.label(755, y + 20, client_state, size=12)]
        way, _, words = passes.partition(" ")
        if "<" in way:
            parts.append(_arrow(496, y + 19, -190, words))
        if ">" in way:
            parts.append(_arrow(306, y + 19, 190, "" if "<" in way else words))
    plain = "\n".join(f"{server_state:>12}  {server:<18}{passes:^14}{client:<20}{client_state}".rstrip()
                      for server_state, server, passes, client, client_state in MAP)
    show(boxes.picture(830, 42 + 40 * len(MAP) + 10, parts, "A server's calls, and its client's"), plain)
