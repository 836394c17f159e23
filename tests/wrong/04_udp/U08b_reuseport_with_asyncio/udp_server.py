"""Sets SO_REUSEPORT, "so that it can be started again at once": a second one shares the port and takes datagrams."""
import argparse
import asyncio
import socket
import sys


def bind(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)    # so that it can be started again at once
    try:
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        sys.exit(f"udp_server.py: cannot bind to {host}:{port} ({error})")
    return sock


async def serve(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            data, sender = await loop.sock_recvfrom(sock, 65507)
            print(f"[{sender[0]}:{sender[1]}] {str(data, 'utf-8', 'replace')}", flush=True)
            await loop.sock_sendto(sock, data, sender)
        except OSError as error:
            print("udp_server.py:", error, file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    args = parser.parse_args()
    with bind(args.host, args.port) as sock:
        asyncio.run(serve(sock))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
