"""Every refusal has code 0: see the message."""
import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

import packets

MOST_WAIT = 60.0


class Refused(Exception):
    """Raised with the message of the ERROR."""


class Gone(Exception):
    """The client does not answer any more, or has said that it is over."""


class Inbox(asyncio.DatagramProtocol):
    """Puts what arrives into a queue."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue = asyncio.Queue()

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, datagram, sender) -> None:
        self.queue.put_nowait((datagram, sender))


class Conversation:
    """What one client wants."""

    def __init__(self, inbox: Inbox, client, options) -> None:
        self.inbox, self.client, self.options = inbox, client, options

    def send(self, packet: bytes) -> None:
        self.inbox.transport.sendto(packet, self.client)

    async def packet(self) -> tuple:
        """The next packet of this client."""
        while True:
            datagram, sender = await self.inbox.queue.get()
            if sender == self.client:
                with contextlib.suppress(packets.PacketError):
                    packet = packets.decode(datagram)
                    if packet[0] == packets.ERROR:
                        raise Gone(f"ERROR {packet[1]}")
                    return packet
            elif not datagram.startswith(b"\0\5"):
                self.inbox.transport.sendto(packets.error(packets.UNKNOWN_ID, "who are you?"), sender)

    async def one_of(self, *heads: tuple) -> tuple:
        while True:
            packet = await self.packet()
            if packet[:2] in heads:
                return packet

    async def ask(self, question: bytes, *heads: tuple) -> tuple:
        """Send this, also again, until one of these has come."""
        wait = self.options.timeout
        for _ in range(self.options.retries + 1):
            self.send(question)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    return await self.one_of(*heads)
            wait = max(wait, min(2 * wait, MOST_WAIT))
        raise Gone("no answer")

    async def run(self, request: bytes) -> None:
        try:
            opcode, name, mode, _ = packets.decode(request)
            if mode != "octet":
                raise Refused("octet only")
            path = Path(os.path.realpath(self.options.root / name))
            if not path.is_relative_to(self.options.root):
                raise Refused("outside of the root")
            if opcode == packets.RRQ:
                await self.read(path)
            else:
                await self.write(path)
        except (packets.PacketError, Refused, OSError) as error:
            self.send(packets.error(packets.UNDEFINED, str(error)))

    async def read(self, path: Path) -> None:
        if not os.path.exists(path):
            raise Refused("no such file")
        if not path.is_file():
            raise Refused("no file")
        with path.open("rb") as file:
            number, block = 0, bytes(512)
            while len(block) == 512:
                number, block = (number + 1) % 65536, file.read(512)
                await self.ask(packets.data(number, block), (packets.ACK, number))

    async def write(self, path: Path) -> None:
        if not self.options.writable:
            raise Refused("read only")
        if os.path.lexists(path):
            raise Refused("this file exists")
        if not path.parent.is_dir():
            raise Refused("no such folder")
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tftp-")
        try:
            with open(handle, "wb") as file:
                number, block, size = 0, bytes(512), 0
                while len(block) == 512:
                    before, number = number, (number + 1) % 65536
                    known = [(packets.DATA, number)] + ([(packets.DATA, before)] if size else [])
                    while (packet := await self.ask(packets.ack(before), *known))[1] != number:
                        pass                  # that one again: it is acknowledged again
                    block = packet[2]
                    size += len(block)
                    if len(block) > 512 or size > 1 << 28:
                        raise Refused("too much")
                    file.write(block)
            if path.exists():
                raise Refused("this file exists")
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.options.dally):
                while True:
                    self.send(packets.ack(number))
                    await self.one_of((packets.DATA, number))


async def serve(options) -> None:
    loop = asyncio.get_running_loop()
    running: dict = {}                        # request and task of each client

    def begin(request: bytes, client) -> None:
        if request[:2] not in (b"\0\1", b"\0\2"):
            return
        if client in running:
            before, task = running[client]
            if before == request and not task.done():
                return
            task.cancel()
        elif len(running) >= 100:
            return
        running[client] = request, loop.create_task(talk(request, client))

    async def talk(request: bytes, client) -> None:
        transport, inbox = await loop.create_datagram_endpoint(Inbox, local_addr=(options.host, 0))
        try:
            await Conversation(inbox, client, options).run(request)
        except Gone as error:
            print(f"{client}: {error}", flush=True)
        finally:
            transport.close()
            if running.get(client, (None, None))[1] is asyncio.current_task():
                del running[client]

    class Listener(asyncio.DatagramProtocol):
        def datagram_received(self, request, client) -> None:
            begin(request, client)

    stop = asyncio.Event()
    with contextlib.suppress(NotImplementedError):
        loop.add_signal_handler(signal.SIGINT, stop.set)
    try:
        await loop.create_datagram_endpoint(Listener, local_addr=(options.host, options.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"tftp_server.py: cannot use port {options.port}: {error}")
    await stop.wait()
    tasks = [task for _, task in running.values()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="A TFTP server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=6969, type=int)
    parser.add_argument("--root", default=Path(), type=Path)
    parser.add_argument("--writable", action="store_true")
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=5, type=int)
    parser.add_argument("--dally", default=2.0, type=float)
    options = parser.parse_args()
    if not options.root.is_dir():
        sys.exit(f"tftp_server.py: no such folder: {options.root}")
    options.root = options.root.resolve()
    asyncio.run(serve(options))


if __name__ == "__main__":
    main()
