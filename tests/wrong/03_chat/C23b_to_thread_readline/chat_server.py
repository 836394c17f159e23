"""Reads the keyboard in asyncio.to_thread(): on Ctrl-C asyncio.run() waits for that thread, which waits for a line."""
import argparse
import asyncio
import contextlib
import socket
import sys

from protocol import ANSWER, BYE, DRAIN_SECONDS, LINE_LIMIT


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")


class Chat:
    def __init__(self) -> None:
        self.writer: asyncio.StreamWriter | None = None
        self.lock = asyncio.Lock()

    async def serve(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            reader, writer = await asyncio.open_connection(sock=connection, limit=LINE_LIMIT)
            writer.transport.set_write_buffer_limits(high=0)
            self.writer = writer
            print("* client joined", flush=True)
            await self.hear(reader)
            self.writer = None
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            print("* client left", flush=True)

    async def hear(self, reader: asyncio.StreamReader) -> None:
        try:
            while (line := (await reader.readuntil(b"\n"))[:-1].decode("utf-8", "replace")) != BYE:
                print(line, flush=True)
            async with self.lock:
                self.writer.write(ANSWER.encode() + b"\n")
                await self.writer.drain()
                self.writer.write_eof()
                async with asyncio.timeout(DRAIN_SECONDS):
                    while await reader.read(65536):
                        pass
                self.writer = None
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            self.writer = None

    async def keyboard(self) -> None:
        while typed := await asyncio.to_thread(sys.stdin.readline):
            async with self.lock:
                if self.writer and not self.writer.is_closing():
                    with contextlib.suppress(OSError, RuntimeError):
                        self.writer.write(typed.removesuffix("\n").encode() + b"\n")
                        await self.writer.drain()


async def main(listener: socket.socket) -> None:
    listener.setblocking(False)
    chat = Chat()
    serving = asyncio.create_task(chat.serve(listener))
    await chat.keyboard()
    serving.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    try:
        asyncio.run(main(listen(arguments.host, arguments.port)))
    except KeyboardInterrupt:
        pass
