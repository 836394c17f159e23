"""Nothing is wrong here: the echo_server.py beside it listens everywhere, and has no converse() to import."""
import argparse
import asyncio
import sys

DRAIN_SECONDS = 2.0


async def converse(reader, writer):
    pending = b""
    try:
        while data := await reader.read(65536):
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                if line == b"q":
                    await part(reader, writer)
                    return
                writer.write(line + b"\n")
                await writer.drain()
    except OSError:
        writer.transport.abort()
    except asyncio.CancelledError:
        pass                                    # Ctrl-C
    finally:
        writer.close()


async def part(reader, writer):
    writer.write_eof()
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while await reader.read(65536):
                pass
    except TimeoutError:
        pass


async def main(host, port):
    try:
        server = await asyncio.start_server(converse, host, port)
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {host}:{port}: {error}")
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    arguments = parser.parse_args()
    try:
        asyncio.run(main(arguments.host, arguments.port))
    except KeyboardInterrupt:
        pass
