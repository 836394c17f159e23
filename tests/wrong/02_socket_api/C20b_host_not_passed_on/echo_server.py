"""Forgets to pass the host on to asyncio.start_server(): without one it listens on every address of the machine."""
import argparse
import asyncio
import sys

DRAIN_SECONDS = 2.0


class EchoServer:
    def __init__(self, host, port):
        self.host = host
        self.port = port
        self.turn = asyncio.Lock()

    async def run(self):
        try:
            server = await asyncio.start_server(self.visit, port=self.port, limit=2 ** 17)
        except (OSError, OverflowError) as error:
            sys.exit(f"cannot listen on {self.host}:{self.port}: {error}")
        async with server:
            await server.serve_forever()

    async def visit(self, reader, writer):
        try:
            async with self.turn:               # one client at a time
                while (line := await reader.readline()).endswith(b"\n"):
                    if line == b"q\n":
                        await self.part(reader, writer)
                        break
                    writer.write(line)
                    await writer.drain()
        except (OSError, ValueError):
            writer.transport.abort()
        except asyncio.CancelledError:
            pass                                # the server is being stopped
        finally:
            writer.close()

    async def part(self, reader, writer):
        writer.write_eof()
        try:
            await asyncio.wait_for(reader.read(), DRAIN_SECONDS)
        except TimeoutError:
            pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    options = parser.parse_args()
    if options.port not in range(65536):
        sys.exit(f"there is no port {options.port}")
    try:
        asyncio.run(EchoServer(options.host, options.port).run())
    except KeyboardInterrupt:
        pass
