"""With asyncio's streams: readuntil() for the head, readexactly() for the body."""
import argparse
import asyncio
import sys
from urllib.parse import quote, urlsplit

TIMEOUT = 10.0


class NoPage(Exception):
    """Why there is none."""


async def fetch(host, port, path):
    reader, writer = await asyncio.open_connection(host, port)
    for line in f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: close", "":
        writer.write(f"{line}\r\n".encode())
        await writer.drain()
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        status_line, *fields = head.decode("latin-1").strip().split("\r\n")
        protocol, status, *reason = status_line.split(" ", 2)
        if protocol not in ("HTTP/1.0", "HTTP/1.1"):
            raise NoPage(f"it speaks {protocol}")
        fields = {name.strip().lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        if "content-length" in fields:
            body = await reader.readexactly(int(fields["content-length"]))
        else:
            body = await reader.read()
        return int(status), "".join(reason), body
    except asyncio.IncompleteReadError as error:
        raise NoPage(f"it ended after {len(error.partial)} bytes") from error
    except asyncio.LimitOverrunError as error:
        raise NoPage("its head does not end") from error
    finally:
        writer.close()


async def browse(url):
    try:
        async with asyncio.timeout(TIMEOUT):
            status, reason, body = await fetch(*take_apart(url))
    except TimeoutError:
        sys.exit(f"{url}: no answer")
    except (OSError, ValueError, NoPage) as error:
        sys.exit(f"{url}: {error}")
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()
    if status != 200:
        sys.exit(f"{status} {reason}")


def take_apart(url):
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("an address begins with http:// and the name of a host")
    path = quote(parts.path, safe="/%!$&'()*+,;=:@") or "/"
    query = quote(parts.query, safe="/%!$&'()*+,;=:@?")
    return parts.hostname, parts.port or 80, f"{path}?{query}" if query else path


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    asyncio.run(browse(parser.parse_args().url))
