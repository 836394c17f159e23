"""As long as a file is on its way, nobody looks whether another client asks for one."""
import argparse
import os
import select
import socket
import sys
import time
from pathlib import Path

import packets
from files import Incoming


class Denied(Exception):
    pass


class Download:
    """A client reads a file."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise Denied(packets.NOT_FOUND, "no such file")
        if not path.is_file():
            raise Denied(packets.ACCESS_VIOLATION, "that is not a file")
        try:
            self.file = path.open("rb")
        except OSError as error:
            raise Denied(packets.ACCESS_VIOLATION, error.strerror) from None
        self.number = 0
        self.finished = False
        self.next_block()

    def next_block(self) -> None:
        block = self.file.read(512)
        self.number = (self.number + 1) % 65536
        self.last = len(block) < 512
        self.packet = packets.data(self.number, block)

    def handle(self, packet: tuple) -> bytes | None:
        """Returns what is to be sent for it, and awaits an answer; None if nothing is."""
        if packet != (packets.ACK, self.number):
            return None
        if self.last:
            self.finished = True
            return None
        self.next_block()
        return self.packet

    def close(self) -> None:
        self.file.close()


class Upload:
    """A client writes a file."""

    def __init__(self, path: Path) -> None:
        if os.path.lexists(path):
            raise Denied(packets.EXISTS, "the name is taken")
        try:
            self.file = Incoming(path)
        except FileNotFoundError:
            raise Denied(packets.NOT_FOUND, "there is no such folder") from None
        except OSError as error:
            raise Denied(packets.ACCESS_VIOLATION, error.strerror) from None
        self.number = 0
        self.finished = False
        self.packet = packets.ack(0)

    def handle(self, packet: tuple) -> bytes | None:
        if packet[0] != packets.DATA:
            return None
        _, number, block = packet
        if self.number and number == self.number:
            return self.packet
        if self.finished or number != (self.number + 1) % 65536:
            return None
        if len(block) > 512:
            raise Denied(packets.ILLEGAL_OPERATION, "block too long")
        try:
            self.file.write(block)
            if len(block) < 512:
                self.file.complete()
                self.finished = True
        except FileExistsError:
            raise Denied(packets.EXISTS, "the name is taken") from None
        except OSError as error:
            raise Denied(packets.DISK_FULL, error.strerror) from None
        self.number = number
        self.packet = packets.ack(number)
        return self.packet

    def close(self) -> None:
        self.file.discard()


class TftpServer:
    def __init__(self, args: argparse.Namespace, listener: socket.socket) -> None:
        self.args = args
        self.root = args.root.resolve()
        self.listener = listener
        self.sessions: dict[socket.socket, dict] = {}

    def run(self) -> None:
        while True:
            now = time.monotonic()
            deadlines = [session["deadline"] for session in self.sessions.values()]
            wait = max(0, min(deadlines) - now) if deadlines else None
            busy = [sock for sock, session in self.sessions.items() if not session["job"].finished]
            readable, _, _ = select.select(busy or [self.listener, *self.sessions], [], [], wait)
            for sock in readable:
                if sock is self.listener:
                    self.on_request()
                elif sock in self.sessions:
                    self.on_packet(sock)
            for sock in list(self.sessions):
                if time.monotonic() >= self.sessions[sock]["deadline"]:
                    self.on_timeout(sock)

    def on_request(self) -> None:
        request, client = self.listener.recvfrom(65535)
        if request[:2] not in (b"\0\1", b"\0\2"):
            return
        for sock, session in list(self.sessions.items()):
            if session["client"] == client:
                if session["request"] == request and not session["job"].finished:
                    return
                self.close(sock, "a new request")
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((self.args.host, 0))
        try:
            job = self.open(request)
        except Denied as denied:
            sock.sendto(packets.error(*denied.args), client)
            sock.close()
            print(client, "gets ERROR", *denied.args, flush=True)
            return
        self.sessions[sock] = {"client": client, "request": request, "job": job}
        self.send(sock, job.packet)

    def open(self, request: bytes):
        try:
            opcode, name, mode, _ = packets.decode(request)
        except packets.PacketError as error:
            raise Denied(packets.ILLEGAL_OPERATION, str(error)) from None
        if mode != "octet":
            raise Denied(packets.ILLEGAL_OPERATION, "unknown mode")
        if opcode == packets.WRQ and not self.args.writable:
            raise Denied(packets.ACCESS_VIOLATION, "not allowed to write")
        path = self.safe(name)
        return Download(path) if opcode == packets.RRQ else Upload(path)

    def safe(self, name: str) -> Path:
        try:
            path = (self.root / name).resolve()
            path.exists()
        except (OSError, ValueError, RuntimeError):
            raise Denied(packets.ACCESS_VIOLATION, "what a name") from None
        if not path.is_relative_to(self.root):
            raise Denied(packets.ACCESS_VIOLATION, "not in the folder")
        return path

    def send(self, sock: socket.socket, packet: bytes) -> None:
        """Send for the first time, and start the timer."""
        session = self.sessions[sock]
        session["sends"] = 1
        session["wait"] = self.args.timeout
        session["deadline"] = time.monotonic() + session["wait"]
        sock.sendto(packet, session["client"])

    def on_packet(self, sock: socket.socket) -> None:
        session = self.sessions[sock]
        job = session["job"]
        datagram, sender = sock.recvfrom(65535)
        if sender != session["client"]:
            if datagram[:2] != b"\0\5":
                sock.sendto(packets.error(packets.UNKNOWN_ID, "not yours"), sender)
            return
        try:
            packet = packets.decode(datagram)
        except packets.PacketError:
            return
        if packet[0] == packets.ERROR:
            self.close(sock, f"ERROR {packet[1]}")
            return
        was_finished, before = job.finished, job.packet
        try:
            answer = job.handle(packet)
        except Denied as denied:
            sock.sendto(packets.error(*denied.args), sender)
            self.close(sock, str(denied))
            return
        if answer == before:
            sock.sendto(answer, sender)
        elif answer:
            self.send(sock, answer)
        if job.finished and not was_finished:
            if isinstance(job, Download):
                self.close(sock, "sent")
            else:
                session["deadline"] = time.monotonic() + self.args.dally

    def on_timeout(self, sock: socket.socket) -> None:
        session = self.sessions[sock]
        if session["job"].finished:
            self.close(sock, "received")
        elif session["sends"] > self.args.retries:
            self.close(sock, "no answer")
        else:
            session["sends"] += 1
            session["wait"] *= 2
            session["deadline"] = time.monotonic() + session["wait"]
            sock.sendto(session["job"].packet, session["client"])

    def close(self, sock: socket.socket, why: str) -> None:
        session = self.sessions.pop(sock)
        session["job"].close()
        sock.close()
        print(session["client"], why, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=6969, type=int)
    parser.add_argument("--root", default=".", type=Path)
    parser.add_argument("--writable", action="store_true")
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=5, type=int)
    parser.add_argument("--dally", default=2.0, type=float)
    args = parser.parse_args()
    if not args.root.is_dir():
        sys.exit(f"{args.root}: not a folder")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        try:
            listener.bind((args.host, args.port))
        except (OSError, OverflowError) as error:
            sys.exit(f"port {args.port}: {error}")
        server = TftpServer(args, listener)
        try:
            server.run()
        except KeyboardInterrupt:
            pass
        finally:
            for sock in list(server.sessions):
                server.close(sock, "stopped")


if __name__ == "__main__":
    main()
