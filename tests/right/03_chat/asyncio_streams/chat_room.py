"""A chat room with asyncio streams."""
import argparse
import asyncio
import collections
import signal
import socket
import sys

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0
REFUSED = "* name refused"
BACKLOG = 1000

members = {}


class Reader(asyncio.StreamReader):
    """A reset is an end like any other: what came before it can still be read."""

    def set_exception(self, exc):
        self.feed_eof()


class Member:
    def __init__(self, writer):
        self.writer = writer
        self.kept = collections.deque()
        self.something = asyncio.Event()
        writer.transport.set_write_buffer_limits(0)       # drain() waits until everything is out
        self.task = asyncio.create_task(self.pump())

    def tell(self, text):
        """Never waits. Who is too far behind is cut off."""
        if self.writer.is_closing():
            return
        self.kept.append(f"{text}\n".encode())
        self.write_some()
        if len(self.kept) > BACKLOG:
            self.writer.transport.abort()
        elif self.kept:
            self.something.set()

    def write_some(self):
        while self.kept and not self.writer.transport.get_write_buffer_size() and not self.writer.is_closing():
            self.writer.write(self.kept.popleft())

    async def pump(self):
        try:
            while not self.writer.is_closing():
                await self.something.wait()
                self.something.clear()
                await self.flush()
        except OSError:
            pass

    async def flush(self):
        while self.kept and not self.writer.is_closing():
            await self.writer.drain()
            self.write_some()
        await self.writer.drain()


def tell_all(text, but=None):
    for name, member in list(members.items()):
        if name != but:
            member.tell(text)


async def lines(reader):
    pending = b""
    while len(pending) <= LINE_LIMIT:
        piece = await reader.read(LINE_LIMIT)
        if not piece:
            return
        *whole, pending = (pending + piece).split(b"\n")
        for line in whole:
            if len(line) > LINE_LIMIT:
                return
            yield line.decode("utf-8", "replace")


async def visit(reader, writer):
    member = Member(writer)
    name = None
    said_bye = False
    try:
        async for line in lines(reader):
            if line == BYE:
                said_bye = True
                break
            if name is not None:
                tell_all(f"{name}: {line}", but=name)
            elif line in members or not line.isalnum() or len(line) > 16:
                member.tell(REFUSED)
            else:
                name = line
                members[name] = member
                tell_all(f"* {name} joined")
    except OSError:
        pass
    if name is not None:
        del members[name]
        tell_all(f"* {name} left")
    try:
        if said_bye:
            await member.flush()
            await part(reader, writer)
    except OSError:
        pass
    finally:
        member.task.cancel()
        writer.transport.abort()


async def part(reader, writer):
    """Answer, say that it was all, and drop what still comes, until the client's end."""
    if writer.is_closing():
        return
    writer.write(f"{ANSWER}\n".encode())
    await writer.drain()
    if writer.is_closing():
        return
    writer.write_eof()
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while await reader.read(65536):
                pass
    except TimeoutError:
        pass


async def main(listener):
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, asyncio.current_task().cancel)
    visitors = set()

    def come(reader, writer):
        task = asyncio.create_task(visit(reader, writer))
        visitors.add(task)
        task.add_done_callback(visitors.discard)

    server = await loop.create_server(lambda: asyncio.StreamReaderProtocol(Reader(), come), sock=listener)
    try:
        await server.serve_forever()
    except asyncio.CancelledError:
        pass


if __name__ == "__main__":
    try:
        parser = argparse.ArgumentParser()
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", default=12345, type=int)
        arguments = parser.parse_args()
        try:
            listening = socket.create_server((arguments.host, arguments.port))
        except (OSError, OverflowError, ValueError) as error:
            sys.exit(f"cannot listen on {arguments.host} port {arguments.port}: {error}")
        asyncio.run(main(listening))
    except KeyboardInterrupt:
        pass
