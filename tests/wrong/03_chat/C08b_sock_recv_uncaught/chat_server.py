"""Guards all that it sends, but not what it receives: a reset raises out of sock_recv() and ends the server."""
import argparse
import asyncio
import contextlib
import os
import socket
import sys

LINE_LIMIT = 4096


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_server.py: cannot listen on {host}, port {port}: {error}")


class Server:
    def __init__(self, listener: socket.socket) -> None:
        self.loop = asyncio.get_running_loop()
        self.listener = listener
        self.listener.setblocking(False)
        self.client: socket.socket | None = None
        self.sending = asyncio.Lock()

    async def network(self) -> None:
        while True:
            client, _ = await self.loop.sock_accept(self.listener)
            self.client = client
            print("* client joined", flush=True)
            try:
                await self.talk(client)
            finally:
                self.client = None
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)     # ends a sock_sendall() that waits
                async with self.sending:
                    client.close()
            print("* client left", flush=True)

    async def talk(self, client: socket.socket) -> None:
        pending = b""
        while piece := await self.loop.sock_recv(client, 4096):
            *whole, pending = (pending + piece).split(b"\n")
            for line in whole:
                if len(line) > LINE_LIMIT:
                    return
                if line == b"bye":
                    await self.part(client)
                    return
                print(line.decode("utf-8", "replace"), flush=True)
            if len(pending) > LINE_LIMIT:
                return

    async def part(self, client: socket.socket) -> None:
        async with self.sending:
            self.client = None                # nothing typed follows the answer
            with contextlib.suppress(OSError):
                await self.loop.sock_sendall(client, b"^^^\n")
                client.shutdown(socket.SHUT_WR)
                async with asyncio.timeout(2.0):
                    while await self.loop.sock_recv(client, 65536):
                        pass

    async def keyboard(self) -> None:
        rest = b""
        while piece := await self.typed():
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                await self.say(line)
        if rest:
            await self.say(rest)

    async def typed(self) -> bytes:
        ready = self.loop.create_future()

        def readable() -> None:
            self.loop.remove_reader(0)
            if not ready.done():
                ready.set_result(None)

        self.loop.add_reader(0, readable)
        await ready
        return os.read(0, 65536)

    async def say(self, line: bytes) -> None:
        async with self.sending:
            if self.client:
                with contextlib.suppress(OSError):
                    await self.loop.sock_sendall(self.client, line + b"\n")


async def main(listener: socket.socket) -> None:
    server = Server(listener)
    tasks = [asyncio.create_task(server.network()), asyncio.create_task(server.keyboard())]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    arguments = parser.parse_args()
    try:
        asyncio.run(main(listen(arguments.host, arguments.port)))
    except KeyboardInterrupt:
        pass
