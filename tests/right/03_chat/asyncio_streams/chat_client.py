"""A chat client with asyncio streams."""
import argparse
import asyncio
import signal
import sys

LINE_LIMIT = 4096
BYE = b"bye"
ANSWER = "^^^"
GONE = "* server gone"


class Reader(asyncio.StreamReader):
    """A reset is an end like any other: what came before it can still be read."""

    def set_exception(self, exc):
        self.feed_eof()


async def open_streams(host, port):
    if not 0 <= port <= 65535:
        raise ValueError("no such port")
    loop = asyncio.get_running_loop()
    reader = Reader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.create_connection(lambda: protocol, host, port)
    transport.set_write_buffer_limits(0)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def show(reader):
    """Show the server's lines. True at its answer, False if it ends without."""
    pending = b""
    while len(pending) <= LINE_LIMIT:
        piece = await reader.read(LINE_LIMIT)
        if not piece:
            return False
        *whole, pending = (pending + piece).split(b"\n")
        for line in whole:
            if len(line) > LINE_LIMIT:
                return False
            text = line.decode("utf-8", "replace")
            if text == ANSWER:
                return True
            print(text, flush=True)
    return False


async def typed_lines():
    loop = asyncio.get_running_loop()
    keyboard = asyncio.StreamReader()
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(keyboard), sys.stdin)
    except (OSError, ValueError):             # a file, or nothing at all
        for line in sys.stdin.buffer:
            yield line.removesuffix(b"\n")
        return
    pending = b""
    while piece := await keyboard.read(65536):
        *whole, pending = (pending + piece).split(b"\n")
        for line in whole:
            yield line
    if pending:
        yield pending


async def send_typed(writer):
    async def send(line):
        if writer.is_closing():
            raise ConnectionError("the server is gone")
        writer.write(line + b"\n")
        await writer.drain()
        # Let what has arrived be read before the next line is sent: sending to one that has closed loses it.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    try:
        async for line in typed_lines():
            if line == BYE:
                break
            await send(line)
        await send(BYE)
    except OSError:
        pass


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    try:
        reader, writer = await open_streams(arguments.host, arguments.port)
    except (OSError, OverflowError, ValueError) as error:
        print(f"cannot connect to {arguments.host} port {arguments.port}: {error}", file=sys.stderr)
        return 1
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, asyncio.current_task().cancel)
    typing = asyncio.create_task(send_typed(writer))
    try:
        answered = await show(reader)
    except asyncio.CancelledError:
        return 130
    finally:
        typing.cancel()
        await asyncio.wait([typing])
        writer.transport.abort()
    if not answered:
        print(GONE, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except KeyboardInterrupt:
        sys.exit(130)
