"""A UDP server with asyncio's datagram protocol."""
import argparse
import asyncio
import socket
import sys


class Echo(asyncio.DatagramProtocol):
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        print("[%s:%d] %s" % (*addr, data.decode("utf-8", "replace")), flush=True)
        if data:
            self.transport.sendto(data, addr)
        else:
            self.sock.sendto(b"", addr)       # before Python 3.13 the transport does not send an empty one

    def error_received(self, exc: OSError) -> None:
        print("udp_server.py:", exc, file=sys.stderr)


async def serve(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            sock.bind((host, port))
        except (OSError, OverflowError) as error:
            sys.exit(f"udp_server.py: cannot bind to {host}, port {port}: {error}")
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: Echo(sock), sock=sock)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    try:
        asyncio.run(serve(arguments.host, arguments.port))
    except KeyboardInterrupt:
        pass
