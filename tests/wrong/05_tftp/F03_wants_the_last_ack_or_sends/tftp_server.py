"""Whatever ACK is not that of the last block makes it send the last block again."""
import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

import packets


class Refusal(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Mailbox(asyncio.DatagramProtocol):
    """The socket of one transfer. What its client sends waits in a queue."""

    def __init__(self, client: tuple) -> None:
        self.client = client
        self.queue: asyncio.Queue[tuple] = asyncio.Queue()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        if addr != self.client:
            if not data.startswith(b"\x00\x05"):
                self.transport.sendto(packets.error(packets.UNKNOWN_ID, "unknown transfer"), addr)
            return
        try:
            self.queue.put_nowait(packets.decode(data))
        except packets.PacketError:
            pass

    def error_received(self, exc: OSError) -> None:
        pass

    def send(self, packet: bytes) -> None:
        self.transport.sendto(packet, self.client)


class Requests(asyncio.DatagramProtocol):
    """The socket that requests come to."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.root = options.root.resolve()
        self.tasks: dict[tuple, tuple[bytes, asyncio.Task]] = {}

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        if data[:2] not in (b"\x00\x01", b"\x00\x02"):
            return
        if addr in self.tasks:
            request, task = self.tasks[addr]
            if not task.done():
                if request == data and task.get_name() != "finished":
                    return
                task.cancel()
        self.tasks[addr] = data, asyncio.get_running_loop().create_task(self.handle(data, addr))

    def error_received(self, exc: OSError) -> None:
        pass

    async def handle(self, request: bytes, client: tuple) -> None:
        loop = asyncio.get_running_loop()
        transport, mailbox = await loop.create_datagram_endpoint(lambda: Mailbox(client),
                                                                 local_addr=(self.options.host, 0))
        try:
            await self.transfer(request, mailbox)
            print(client, "ok", flush=True)
        except Refusal as refusal:
            mailbox.send(packets.error(refusal.code, refusal.message))
            print(client, "refused:", refusal.message, flush=True)
        except ConnectionError as error:
            print(client, "failed:", error, flush=True)
        finally:
            transport.close()

    async def transfer(self, request: bytes, mailbox: Mailbox) -> None:
        try:
            opcode, name, mode, _ = packets.decode(request)
        except packets.PacketError as error:
            raise Refusal(packets.ILLEGAL_OPERATION, str(error)) from error
        if mode != "octet":
            raise Refusal(packets.ILLEGAL_OPERATION, "only octet here")
        if opcode == packets.WRQ and not self.options.writable:
            raise Refusal(packets.ACCESS_VIOLATION, "not writable")
        path = self.resolve(name)
        await (self.read if opcode == packets.RRQ else self.write)(path, mailbox)

    def resolve(self, name: str) -> Path:
        try:
            path = (self.root / name).resolve()
            path.exists()
        except (OSError, ValueError, RuntimeError) as error:
            raise Refusal(packets.ACCESS_VIOLATION, "impossible name") from error
        if path != self.root and self.root not in path.parents:
            raise Refusal(packets.ACCESS_VIOLATION, "outside of the root")
        return path

    async def read(self, path: Path, mailbox: Mailbox) -> None:
        if path.exists() and not path.is_file():
            raise Refusal(packets.ACCESS_VIOLATION, "not a regular file")
        try:
            file = path.open("rb")
        except FileNotFoundError as error:
            raise Refusal(packets.NOT_FOUND, "not found") from error
        except OSError as error:
            raise Refusal(packets.ACCESS_VIOLATION, error.strerror) from error
        with file:
            number, block = 0, b"x" * 512
            while len(block) == 512:
                number = (number + 1) & 0xFFFF
                block = file.read(512)
                await self.send_until(mailbox, packets.data(number, block), (packets.ACK, number))

    async def write(self, path: Path, mailbox: Mailbox) -> None:
        if os.path.lexists(path):
            raise Refusal(packets.EXISTS, "already there")
        try:
            file = tempfile.NamedTemporaryFile(dir=path.parent, prefix=".tftp", delete=False)
        except FileNotFoundError as error:
            raise Refusal(packets.NOT_FOUND, "no such folder") from error
        except OSError as error:
            raise Refusal(packets.ACCESS_VIOLATION, error.strerror) from error
        try:
            number, block = 0, b"x" * 512
            with file:
                while len(block) == 512:
                    expected = (number + 1) & 0xFFFF
                    block = await self.send_until(mailbox, packets.ack(number), (packets.DATA, expected))
                    if len(block) > 512:
                        raise Refusal(packets.ILLEGAL_OPERATION, "too long")
                    file.write(block)
                    number = expected
            if os.path.lexists(path):
                raise Refusal(packets.EXISTS, "already there")
            os.replace(file.name, path)
            asyncio.current_task().set_name("finished")
            mailbox.send(packets.ack(number))
            await self.linger(mailbox, number)
        finally:
            Path(file.name).unlink(missing_ok=True)

    async def linger(self, mailbox: Mailbox, number: int) -> None:
        """The last ACK may be lost."""
        try:
            async with asyncio.timeout(self.options.dally):
                while True:
                    packet = await mailbox.queue.get()
                    if packet[:2] == (packets.DATA, number):
                        mailbox.send(packets.ack(number))
        except TimeoutError:
            pass

    async def send_until(self, mailbox: Mailbox, packet: bytes, answer: tuple) -> bytes:
        """Send this packet, again if need be, until the answer comes. Returns the block of a DATA."""
        seconds = self.options.timeout
        for _ in range(1 + self.options.retries):
            mailbox.send(packet)
            try:
                async with asyncio.timeout(seconds):
                    while True:
                        received = await mailbox.queue.get()
                        if received[:2] == answer:
                            return received[-1] if received[0] == packets.DATA else b""
                        if received[0] == packets.ERROR:
                            raise ConnectionError(f"ERROR {received[1]}")
                        if answer[0] == packets.DATA and received[:2] == (packets.DATA, (answer[1] - 1) & 0xFFFF):
                            mailbox.send(packet)
                        if answer[0] == packets.ACK and received[0] == packets.ACK and received[1] < answer[1]:
                            mailbox.send(packet)
            except TimeoutError:
                seconds *= 2
        raise ConnectionError("no answer")


async def serve(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    try:
        await loop.create_datagram_endpoint(lambda: Requests(options), local_addr=(options.host, options.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"tftp_server.py: port {options.port}: {error}")
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A TFTP server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=6969, type=int, help="port for requests")
    parser.add_argument("--root", default=".", type=Path, help="folder of the files")
    parser.add_argument("--writable", action="store_true", help="let clients write new files")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds before the first sending again")
    parser.add_argument("--retries", default=5, type=int, help="how often to send again")
    parser.add_argument("--dally", default=2.0, type=float, help="seconds to stay when all has been received")
    options = parser.parse_args()
    if not options.root.is_dir():
        sys.exit(f"tftp_server.py: {options.root} is no folder")
    try:
        asyncio.run(serve(options))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
