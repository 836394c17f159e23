"""An echo server with asyncio streams; a lock makes the clients take turns."""
import argparse
import asyncio
import contextlib
import sys

DRAIN_SECONDS = 2.0


class Echo:
    def __init__(self):
        self.turn = asyncio.Lock()

    async def visit(self, reader, writer):
        with contextlib.suppress(asyncio.CancelledError):           # on Ctrl-C
            async with self.turn:
                with contextlib.suppress(OSError):
                    await self.converse(reader, writer)
                await self.finish(writer)

    async def converse(self, reader, writer):
        writer.transport.set_write_buffer_limits(0)       # drain() waits until everything is with the kernel
        while (line := await reader.readline()).endswith(b"\n"):
            if line == b"q\n":
                return await self.part(reader, writer)
            writer.write(line)
            await writer.drain()

    async def part(self, reader, writer):
        writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while await reader.read(65536):
                    pass

    async def finish(self, writer):
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def main(host, port):
    try:
        server = await asyncio.start_server(Echo().visit, host, port, limit=1 << 18, backlog=100)
    except (OSError, OverflowError) as error:
        sys.exit(f"{sys.argv[0]}: cannot listen on {host}, port {port}: {error}")
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    options = parser.parse_args()
    if not 0 <= options.port <= 65535:
        sys.exit(f"{sys.argv[0]}: no such port: {options.port}")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(options.host, options.port))
