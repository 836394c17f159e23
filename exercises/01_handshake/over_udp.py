"""Two Endpoints talk over real UDP: each datagram carries one segment of TCP. There is nothing to write in this file.

In one terminal:    python3 over_udp.py listen --port 12345
In another one:     python3 over_udp.py connect --port 12345

What you type is sent, line by line; what the other side sends is printed. End of input (Ctrl-D; on Windows Ctrl-Z and
Enter) calls close(): then you can send no more, but what the other side sends is still printed. Ctrl-C calls abort().
Each new state is told on stderr. In both pseudo-headers the addresses are 127.0.0.1; the ports in the segments have
nothing to do with those of UDP, so that a program between the two, which loses datagrams, may have ports of its own.
"""
import argparse
import contextlib
import os
import queue
import random
import socket
import sys
import threading
import time

from endpoint import MSL, RCV_WND, RTO, Endpoint

HOST = "127.0.0.1"
LISTENING, CONNECTING = 7, 50_000             # the ports in the segments


class Driver:
    """Carries what happens to an Endpoint, and what the Endpoint returns to the other side.

    wire: a UDP socket. peer: where the other side is; None if the first datagram will tell.
    """

    def __init__(self, endpoint: Endpoint, wire: socket.socket, peer: tuple[str, int] | None) -> None:
        self.endpoint, self.wire, self.peer = endpoint, wire, peer
        self.began = time.monotonic()
        self.state = endpoint.state
        self.typed: list[bytes] = []          # what was typed and is not yet sent; b"" is the end of input
        self.events: queue.Queue[tuple] = queue.Queue()

    def run(self, segments: list[bytes]) -> None:
        """Send these segments, and then do whatever is to be done, until the Endpoint is CLOSED."""
        for work in self.read, self.receive:
            threading.Thread(target=work, daemon=True).start()
        self.carry(segments)
        while self.endpoint.state != "CLOSED":
            deadline = self.endpoint.deadline
            left = 1000 if deadline is None else min(max(deadline - self.now(), 0), 1000)
            try:
                event = self.events.get(timeout=left / 1000)        # with a timeout Ctrl-C is noticed on Windows, too
            except queue.Empty:
                event = ()
            self.carry(self.endpoint.tick(self.now()))
            match event:
                case ("reading", data):
                    self.typed.append(data)
                case ("arrived", segment, sender):
                    if self.endpoint.state == "LISTEN":
                        self.peer = sender
                    if sender == self.peer:
                        self.carry(self.endpoint.on_segment(segment))
            # No deadline means that all is acknowledged: the other side, whose window we do not look at, has room.
            if self.typed and self.endpoint.state in ("ESTABLISHED", "CLOSE-WAIT") and self.endpoint.deadline is None:
                data = self.typed.pop(0)
                self.carry(self.endpoint.send(data) if data else self.endpoint.close())

    def now(self) -> int:
        """Milliseconds since the beginning."""
        return int((time.monotonic() - self.began) * 1000)

    def carry(self, segments: list[bytes]) -> None:
        """Send the segments, print what can be read, tell the state if it is a new one."""
        for segment in segments:
            with contextlib.suppress(OSError):          # nobody there: as good as lost
                self.wire.sendto(segment, self.peer)
        sys.stdout.buffer.write(self.endpoint.read())
        sys.stdout.flush()
        if self.state != self.endpoint.state:
            self.state = self.endpoint.state
            print("*", self.state, file=sys.stderr, flush=True)

    def read(self) -> None:
        """In a thread of its own: tell what is typed, and b"" at the end."""
        data = b"more"
        while data:
            data = os.read(0, RCV_WND)
            self.events.put(("reading", data))

    def receive(self) -> None:
        """In a thread of its own: tell what arrives."""
        while True:
            with contextlib.suppress(ConnectionError):  # Windows tells here that nobody was there: see carry()
                self.events.put(("arrived", *self.wire.recvfrom(65535)))


def main() -> None:
    parser = argparse.ArgumentParser(description="A TCP connection inside of UDP datagrams, on this machine.")
    parser.add_argument("what", choices=["listen", "connect"])
    parser.add_argument("--port", default=12345, type=int, help="UDP port of the one who listens")
    parser.add_argument("--rto", default=RTO, type=int, metavar="MS", help="ms until something is sent again")
    parser.add_argument("--msl", default=MSL, type=int, metavar="MS", help="ms that a segment may live")
    arguments = parser.parse_args()

    if not 1 <= arguments.port <= 65535:
        parser.error(f"there is no port {arguments.port}: ports are 1 to 65535")

    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listens = arguments.what == "listen"
    try:
        wire.bind((HOST, arguments.port if listens else 0))
    except OSError as error:
        sys.exit(f"over_udp.py: cannot use port {arguments.port}: {error}")
    endpoint = Endpoint(HOST, HOST, LISTENING if listens else CONNECTING, random.getrandbits(32), arguments.rto,
                        arguments.msl)
    driver = Driver(endpoint, wire, None if listens else (HOST, arguments.port))
    if listens:
        print(f"listening on port {arguments.port}", file=sys.stderr, flush=True)
    try:
        driver.run(endpoint.listen() if listens else endpoint.connect(LISTENING))
    except KeyboardInterrupt:
        driver.carry(endpoint.abort())
    if endpoint.error:
        sys.exit(f"over_udp.py: the connection has ended: {endpoint.error}")


if __name__ == "__main__":
    main()
