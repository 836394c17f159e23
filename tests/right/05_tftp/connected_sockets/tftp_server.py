"""A TFTP server whose transfers have two sockets each, on one port: the kernel sorts what comes.

One is connected to the client, and hears it alone. The other one, the doorman, hears all others, and tells them that
they are wrong.
"""
import argparse
import contextlib
import os
import selectors
import socket
import sys
import time
from pathlib import Path

import netascii
import options
import packets
from files import Incoming
from transfer import Receiver, Sender

MOST_TRANSFERS = 100
LARGEST_UPLOAD = 1 << 28
LARGEST = 65536
SHARE = getattr(socket, "SO_REUSEPORT" if sys.platform == "darwin" else "SO_REUSEADDR")


class Refusal(Exception):
    """A request that is answered with an ERROR: Refusal(code, message)."""


def bound(host: str, port: int, share: bool = False) -> socket.socket:
    """A socket with this address, perhaps beside another one."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        with contextlib.suppress(OSError):    # macOS sends no more than 9,216 bytes unless it is asked to
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        if share:
            made.setsockopt(socket.SOL_SOCKET, SHARE, 1)
        made.bind((host, port))
        made.setblocking(False)
        return made
    except BaseException:
        made.close()
        raise


class Line:
    """The two sockets of a transfer."""

    def __init__(self, host: str, client: tuple) -> None:
        self.client = client
        darwin = sys.platform == "darwin"
        self.doorman = bound(host, 0, share=darwin)
        try:
            # Shared only from here on: else the system may pick a port that another transfer shares already.
            self.doorman.setsockopt(socket.SOL_SOCKET, SHARE, 1)
            self.line = bound(host, self.doorman.getsockname()[1], share=True)
        except OSError:
            self.doorman.close()
            raise
        try:
            self.line.connect(client)
        except OSError:
            self.close()
            raise

    def send(self, due: list[bytes]) -> None:
        with contextlib.suppress(OSError):    # ECONNREFUSED: the client has gone; but perhaps it comes back
            for packet in due:
                self.line.send(packet)

    def receive(self) -> bytes | None:
        with contextlib.suppress(OSError):
            return self.line.recv(LARGEST)
        return None

    def close(self) -> None:
        self.line.close()
        self.doorman.close()


class Session:
    def __init__(self, server: "Server", line: Line, request: bytes) -> None:
        self.server, self.line, self.request = server, line, request
        self.title = "%s:%s" % line.client[:2]
        opcode, name, mode, asked = packets.decode(request)
        self.title += f" {'RRQ' if opcode == packets.RRQ else 'WRQ'} {name!r}"
        server.admits(opcode, mode)
        path = server.below(name)
        with contextlib.ExitStack() as stack:
            self.transfer = self.reads(path, mode, asked, stack) if opcode == packets.RRQ else \
                self.writes(path, mode, asked, stack)
            self.files = stack.pop_all()

    def reads(self, path: Path, mode: str, asked: dict[str, str], stack: contextlib.ExitStack) -> Sender:
        if not path.exists():
            raise Refusal(packets.NOT_FOUND, "no such file")
        if not path.is_file():
            raise Refusal(packets.ACCESS_VIOLATION, "no file")
        try:
            file = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise Refusal(packets.ACCESS_VIOLATION, str(error.strerror)) from None
        text = mode == "netascii"
        granted = options.grant(asked, None if text else os.stat(file.fileno()).st_size)
        return Sender((netascii.Reader(file) if text else file).read, packets.oack(granted) if granted else b"",
                      agreed=granted, **self.server.how)

    def writes(self, path: Path, mode: str, asked: dict[str, str], stack: contextlib.ExitStack) -> Receiver:
        if os.path.lexists(path):
            raise Refusal(packets.EXISTS, "it is there already")
        size = options.number("tsize", asked.get("tsize", "?"))
        if size is not None and size > LARGEST_UPLOAD:
            raise Refusal(packets.DISK_FULL, "too much")
        try:
            incoming = Incoming(path, mode, limit=LARGEST_UPLOAD)
        except FileNotFoundError:
            raise Refusal(packets.NOT_FOUND, "no such folder") from None
        except OSError as error:
            raise Refusal(packets.ACCESS_VIOLATION, str(error.strerror)) from None
        stack.callback(incoming.discard)
        granted = options.grant(asked, size)
        return Receiver(incoming.write, incoming.complete, packets.oack(granted) if granted else packets.ack(0),
                        agreed=granted, **self.server.how)

    def does(self, due: list[bytes]) -> None:
        self.line.send(due)
        if self.transfer.deadline is None:
            self.end()

    def called(self) -> None:
        """The connected socket has something: the client's, or an error of the network."""
        if (datagram := self.line.receive()) is not None:
            self.does(self.transfer.receive(datagram, time.monotonic()))

    def knocked(self) -> None:
        """The doorman has something."""
        with contextlib.suppress(OSError):
            datagram, sender = self.line.doorman.recvfrom(LARGEST)
            if sender == self.line.client:    # it came between bind() and connect()
                self.does(self.transfer.receive(datagram, time.monotonic()))
            elif datagram[:2] != b"\0\5":
                self.line.doorman.sendto(packets.error(packets.UNKNOWN_ID, "private"), sender)

    def end(self) -> None:
        self.server.forgets(self)
        self.line.close()
        self.files.close()
        print(f"{self.title}: {self.transfer.failed or 'complete'}", flush=True)


class Server:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.host, self.root, self.writable = arguments.host, arguments.root.resolve(), arguments.writable
        self.how = {"timeout": arguments.timeout, "retries": arguments.retries, "dally": arguments.dally}
        self.sessions: dict[tuple, Session] = {}
        self.selector = selectors.DefaultSelector()
        self.listener = bound(arguments.host, arguments.port)
        self.selector.register(self.listener, selectors.EVENT_READ, self.asked)

    def serve(self) -> None:
        while True:
            deadline = min((session.transfer.deadline for session in self.sessions.values()), default=None)
            for key, _ in self.selector.select(deadline and max(0.0, deadline - time.monotonic())):
                if key.fileobj.fileno() >= 0:             # else it was closed in this very round
                    key.data()
            now = time.monotonic()
            for session in list(self.sessions.values()):
                if session.transfer.deadline <= now:
                    session.does(session.transfer.tick(now))

    def asked(self) -> None:
        try:
            request, client = self.listener.recvfrom(LARGEST)
        except OSError:
            return
        if request[:2] not in (b"\0\1", b"\0\2"):
            return
        if before := self.sessions.get(client):
            if before.request == request and not before.transfer.finished:
                return
            before.end()
        try:
            line = Line(self.host, client)
        except OSError:
            return
        try:
            session = Session(self, line, request)
        except packets.PacketError as error:
            self.refuses(line, packets.ILLEGAL_OPERATION, str(error))
        except Refusal as error:
            self.refuses(line, *error.args)
        else:
            self.sessions[client] = session
            self.selector.register(line.line, selectors.EVENT_READ, session.called)
            self.selector.register(line.doorman, selectors.EVENT_READ, session.knocked)
            session.does(session.transfer.start(time.monotonic()))

    def refuses(self, line: Line, code: int, message: str) -> None:
        line.send([packets.error(code, message)])
        line.close()
        print("%s:%s" % line.client[:2], code, message, flush=True)

    def admits(self, opcode: int, mode: str) -> None:
        if len(self.sessions) >= MOST_TRANSFERS:
            raise Refusal(packets.UNDEFINED, "too busy")
        if mode not in ("octet", "netascii"):
            raise Refusal(packets.ILLEGAL_OPERATION, "no such mode")
        if opcode == packets.WRQ and not self.writable:
            raise Refusal(packets.ACCESS_VIOLATION, "nothing can be written here")

    def below(self, name: str) -> Path:
        try:
            path = Path(os.path.realpath(os.path.join(self.root, name)))
            path.exists()
        except (OSError, ValueError):
            raise Refusal(packets.ACCESS_VIOLATION, "not a name") from None
        if os.path.commonpath([path, self.root]) != str(self.root):
            raise Refusal(packets.ACCESS_VIOLATION, "not below the root")
        return path

    def forgets(self, session: Session) -> None:
        self.selector.unregister(session.line.line)
        self.selector.unregister(session.line.doorman)
        del self.sessions[session.line.client]

    def close(self) -> None:
        for session in list(self.sessions.values()):
            session.end()
        self.listener.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="A TFTP server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=6969, type=int, help="port for requests")
    parser.add_argument("--root", default=".", type=Path, help="folder of the files")
    parser.add_argument("--writable", action="store_true", help="let clients write new files")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before the first sending again")
    parser.add_argument("--retries", default=5, type=int, help="how often to send again")
    parser.add_argument("--dally", default=2.0, type=float, help="seconds to stay when all has been received")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")
    if not arguments.root.is_dir():
        sys.exit(f"tftp_server.py: no such folder: {arguments.root}")
    try:
        server = Server(arguments)
    except (OSError, OverflowError) as error:
        sys.exit(f"tftp_server.py: cannot receive on {arguments.host}, port {arguments.port}: {error}")
    with contextlib.closing(server), contextlib.suppress(KeyboardInterrupt):
        server.serve()


if __name__ == "__main__":
    main()
