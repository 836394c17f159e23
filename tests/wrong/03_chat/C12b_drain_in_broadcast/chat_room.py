"""Awaits drain() for one member after the other inside the broadcast, so a member that never reads holds it up."""
import argparse
import asyncio
import contextlib
import socket

from chat_server import listen
from protocol import ANSWER, BYE, DRAIN_SECONDS, LINE_LIMIT

REFUSED = "* name refused"

room: dict[str, asyncio.StreamWriter] = {}


async def tell(writer: asyncio.StreamWriter, text: str) -> None:
    if writer.is_closing():
        return
    with contextlib.suppress(OSError, RuntimeError):
        writer.write(f"{text}\n".encode())
        await writer.drain()


async def tell_all(text: str, silent: str = "") -> None:
    for name, writer in list(room.items()):
        if name != silent:
            await tell(writer, text)


async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.set_write_buffer_limits(high=0)
    name = ""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while True:
            line = (await reader.readuntil())[:-1].decode("utf-8", "replace")
            if line == BYE:
                await tell(writer, ANSWER)
                writer.write_eof()
                async with asyncio.timeout(DRAIN_SECONDS):
                    while await reader.read(65536):
                        pass
                break
            if name:
                await tell_all(f"{name}: {line}", silent=name)
            elif line.isalnum() and len(line) <= 16 and line not in room:
                name = line
                room[name] = writer
                await tell_all(f"* {name} joined")
            else:
                await tell(writer, REFUSED)
    writer.transport.abort()
    if name:
        del room[name]
        await tell_all(f"* {name} left")


async def serve(listener: socket.socket) -> None:
    server = await asyncio.start_server(visit, sock=listener, limit=LINE_LIMIT)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(listen(arguments.host, arguments.port)))


if __name__ == "__main__":
    main()
