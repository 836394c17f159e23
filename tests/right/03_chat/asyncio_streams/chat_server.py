"""A chat server with asyncio streams."""
import argparse
import asyncio
import signal
import socket
import sys

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0
JOINED = "* client joined"
LEFT = "* client left"


class Reader(asyncio.StreamReader):
    """A reset is an end like any other: what came before it can still be read."""

    def set_exception(self, exc):
        self.feed_eof()


async def open_streams(connection):
    """Return the two streams of an accepted connection."""
    loop = asyncio.get_running_loop()
    reader = Reader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection)
    transport.set_write_buffer_limits(0)      # drain() waits until everything is out
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


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


async def typed_lines():
    """What comes from the keyboard, as bytes, each line with its newline."""
    loop = asyncio.get_running_loop()
    keyboard = asyncio.StreamReader()
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(keyboard), sys.stdin)
    except (OSError, ValueError):             # a file, or nothing at all
        for line in sys.stdin.buffer:
            yield line.removesuffix(b"\n") + b"\n"
        return
    pending = b""
    while piece := await keyboard.read(65536):
        *whole, pending = (pending + piece).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if pending:
        yield pending + b"\n"


class Server:
    def __init__(self):
        self.writer = None
        self.sending = asyncio.Lock()

    async def serve(self, listener):
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            try:
                reader, writer = await open_streams(connection)
            except OSError:
                connection.close()
                continue
            self.writer = writer
            print(JOINED, flush=True)
            try:
                await self.talk(reader, writer)
            except OSError:
                pass
            finally:
                self.writer = None
                writer.transport.abort()
            try:
                await writer.wait_closed()
            except OSError:
                pass
            print(LEFT, flush=True)

    async def talk(self, reader, writer):
        async for line in lines(reader):
            if line == BYE:
                self.writer = None
                async with self.sending:
                    await part(reader, writer)
                return
            print(line, flush=True)

    async def say(self, data):
        async with self.sending:
            writer = self.writer
            if writer is None or writer.is_closing():
                return
            try:
                writer.write(data)
                await writer.drain()
            except OSError:
                pass
        # Let what has arrived be read before the next line is sent: sending to one that has closed loses it.
        await asyncio.sleep(0)
        await asyncio.sleep(0)


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
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, asyncio.current_task().cancel)
    server = Server()
    serving = asyncio.create_task(server.serve(listener))
    try:
        async for line in typed_lines():
            await server.say(line)
    except asyncio.CancelledError:
        pass
    serving.cancel()
    await asyncio.wait([serving])


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
        listening.setblocking(False)
        asyncio.run(main(listening))
    except KeyboardInterrupt:
        pass
