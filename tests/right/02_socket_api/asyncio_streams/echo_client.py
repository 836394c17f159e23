"""The client with asyncio streams."""
import argparse
import asyncio
import contextlib
import socket
import sys

SILENT = "* no reply yet"
GONE = "* server gone"


async def keyboard():
    """Yield what is typed. The keyboard is waited for in a thread, since a file cannot be awaited."""
    while text := await asyncio.to_thread(sys.stdin.readline):
        yield text.removesuffix("\n")


async def reply(reader, timeout):
    """Return the next whole line, or None at the end."""
    reading = asyncio.ensure_future(reader.readline())
    done, _ = await asyncio.wait([reading], timeout=timeout)
    if not done:
        print(SILENT, flush=True)
    try:
        line = await reading
    except OSError:
        return None
    return line[:-1].decode("utf-8", "replace") if line.endswith(b"\n") else None


async def converse(reader, writer, timeout):
    """Returns whether all went well."""
    async for text in keyboard():
        if text == "q":
            break
        writer.write(text.encode("utf-8", "replace") + b"\n")
        await writer.drain()
        answer = await reply(reader, timeout)
        if answer is None:
            return False
        print(answer, flush=True)
    writer.write(b"q\n")
    await writer.drain()
    return True


async def main(options):
    connection = socket.socket()
    connection.setblocking(False)
    try:
        if not 0 <= options.port <= 65535:
            raise OverflowError("ports are 0 to 65535")
        address = (await asyncio.get_running_loop().getaddrinfo(
            options.host, options.port, family=socket.AF_INET, type=socket.SOCK_STREAM))[0][4]
        await asyncio.get_running_loop().sock_connect(connection, address)
    except (OSError, OverflowError) as error:
        print(f"cannot connect to {options.host}, port {options.port}: {error}", file=sys.stderr)
        return 1
    reader, writer = await asyncio.open_connection(sock=connection, limit=1 << 18)
    well = False
    with contextlib.suppress(OSError):
        well = await converse(reader, writer, options.timeout)
    if not well:
        print(GONE, flush=True)
    else:
        with contextlib.suppress(OSError):
            while await reader.read(4096):
                pass
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return 0 if well else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    parser.add_argument("--timeout", type=float, default=5.0)
    try:
        sys.exit(asyncio.run(main(parser.parse_args())))
    except KeyboardInterrupt:
        sys.exit(130)
