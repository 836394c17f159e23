"""Discovery with asyncio's low-level socket functions."""
import argparse
import asyncio
import socket
import sys

QUESTION, ANSWER = b"WHO IS THERE?", b"HERE IS "


def make_socket():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    return sock


async def serve(args):
    loop = asyncio.get_running_loop()
    with make_socket() as sock:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if sys.platform == "darwin":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(("0.0.0.0", args.port))
            if args.group:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                socket.inet_aton(args.group) + socket.inet_aton("127.0.0.1"))
        except (OSError, OverflowError) as error:
            sys.exit(f"discovery.py: port {args.port}: {error}")
        print("ready", flush=True)
        while True:
            question, who = await loop.sock_recvfrom(sock, 2048)
            if question == QUESTION and who[0].split(".")[0] == "127":
                await loop.sock_sendto(sock, ANSWER + args.name.encode("utf-8"), who)


async def collect(sock, names):
    loop = asyncio.get_running_loop()
    while True:
        answer, (address, _) = await loop.sock_recvfrom(sock, 65535)
        name = answer.removeprefix(ANSWER)
        if answer.startswith(ANSWER) and name not in names:
            names.add(name)
            print(f"{name.decode(errors='replace')} at {address}", flush=True)


async def find(args):
    names = set()
    with make_socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        sock.sendto(QUESTION, (args.group or "127.255.255.255", args.port))
        try:
            async with asyncio.timeout(args.wait):
                await collect(sock, names)
        except TimeoutError:
            pass
    if not names:
        print("* nobody is there")
        sys.exit(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["serve", "find"])
    parser.add_argument("--port", default=12345, type=int)
    parser.add_argument("--name", default="somebody")
    parser.add_argument("--group", default="")
    parser.add_argument("--wait", default=1.0, type=float)
    arguments = parser.parse_args()
    try:
        asyncio.run({"serve": serve, "find": find}[arguments.what](arguments))
    except KeyboardInterrupt:
        pass
