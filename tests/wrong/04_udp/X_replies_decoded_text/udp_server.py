"""Sends back the text that it shows, and not the bytes that came, so bytes that are no UTF-8 come back changed."""
import argparse
import asyncio
import socket
import sys


def bind(host, port):
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        receiver.bind((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_server.py: no receiving on {host}:{port}: {error}")
    receiver.setblocking(False)               # asyncio wants it so
    return receiver


async def serve(receiver):
    loop = asyncio.get_running_loop()
    while True:
        data, sender = await loop.sock_recvfrom(receiver, 65507)
        text = data.decode(errors="replace")
        print("[%s:%d]" % sender, text, flush=True)
        await loop.sock_sendto(receiver, text.encode(), sender)


def main():
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    arguments = parser.parse_args()

    with bind(arguments.host, arguments.port) as receiver:
        asyncio.run(serve(receiver))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
