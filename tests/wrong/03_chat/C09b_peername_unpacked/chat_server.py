"""Unpacks the peer's name after accepting, which is None (ENOTCONN) for a client that reset while it waited."""
import argparse
import asyncio
import collections
import contextlib
import socket
import sys

from protocol import ANSWER, BYE, DRAIN_SECONDS, LINE_LIMIT

visits = collections.Counter()
writer: asyncio.StreamWriter | None = None


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")


async def serve(listener: socket.socket, turn: asyncio.Lock) -> None:
    global writer
    while True:
        connection, _ = await asyncio.get_running_loop().sock_accept(listener)
        reader, out = await asyncio.open_connection(sock=connection, limit=LINE_LIMIT)
        out.transport.set_write_buffer_limits(high=0)        # drain() waits until all is sent
        address, _ = out.get_extra_info("peername")
        visits[address] += 1
        writer = out
        print("* client joined", flush=True)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await talk(reader, out, turn)
        writer = None
        out.transport.abort()
        with contextlib.suppress(OSError):
            await out.wait_closed()
        print("* client left", flush=True)


async def talk(reader: asyncio.StreamReader, out: asyncio.StreamWriter, turn: asyncio.Lock) -> None:
    while True:
        line = (await reader.readuntil(b"\n"))[:-1].decode(errors="replace")
        if line != BYE:
            print(line, flush=True)
            continue
        async with turn:
            out.write(f"{ANSWER}\n".encode())
            await out.drain()
            out.write_eof()
            async with asyncio.timeout(DRAIN_SECONDS):
                while await reader.read(65536):
                    pass
            return


async def keyboard(turn: asyncio.Lock) -> None:
    typed = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(typed), sys.stdin)
    rest = b""
    while piece := await typed.read(65536):
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            await say(line, turn)
    if rest:
        await say(rest, turn)


async def say(line: bytes, turn: asyncio.Lock) -> None:
    out = writer
    if out:
        async with turn:
            if writer is out and not out.is_closing():
                with contextlib.suppress(OSError, RuntimeError):
                    out.write(line + b"\n")
                    await out.drain()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    listener = listen(arguments.host, arguments.port)
    listener.setblocking(False)
    turn = asyncio.Lock()
    tasks = {asyncio.ensure_future(serve(listener, turn)), asyncio.ensure_future(keyboard(turn))}
    ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await ended.pop()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
