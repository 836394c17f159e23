"""find shows each answer that comes, also one that came before."""
import argparse
import contextlib
import select
import socket
import struct
import sys
import time

QUESTION = b"WHO IS THERE?"
ANSWER = b"HERE IS "
NONE = "* nobody is there"
BROADCAST = "127.255.255.255"
LOOPBACK = "127.0.0.1"


def listen(port, group):
    hearing = socket.socket(type=socket.SOCK_DGRAM)
    option = socket.SO_REUSEPORT if sys.platform == "darwin" else socket.SO_REUSEADDR
    hearing.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        hearing.bind(("", port))
    except (OSError, OverflowError) as e:
        sys.exit(f"discovery.py: port {port}: {e}")
    if group:
        try:
            membership = struct.pack("4s4s", socket.inet_aton(group), socket.inet_aton(LOOPBACK))
            hearing.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        except OSError as e:
            sys.exit(f"discovery.py: group {group}: {e}")
    return hearing


def serve(hearing, name):
    for message, sender in iter(lambda: hearing.recvfrom(65535), None):
        if message == QUESTION and sender[0].startswith("127."):
            hearing.sendto(b"%s%s" % (ANSWER, name.encode()), sender)


def answers(asking, wait):
    """Yield what comes, and from which address, until that many seconds have passed."""
    start = time.monotonic()
    while True:
        left = start + wait - time.monotonic()
        if left <= 0 or not select.select([asking], [], [], left)[0]:
            return
        message, (address, port) = asking.recvfrom(65535)
        if message.startswith(ANSWER):
            yield message[len(ANSWER):].decode(errors="replace"), address


def find(port, group, wait):
    names = {}
    with socket.socket(type=socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
        asking.sendto(QUESTION, (group if group else BROADCAST, port))
        for name, address in answers(asking, wait):
            names[name] = address
            print(name, "at", address, flush=True)
    return len(names)


def main() -> None:
    parser = argparse.ArgumentParser(description="Who is there?")
    parser.add_argument("what", choices=["serve", "find"])
    parser.add_argument("--port", default=12345, type=int, help="port of all who serve")
    parser.add_argument("--name", default="somebody", help="how serve calls itself")
    parser.add_argument("--group", default="", help="a multicast group, such as 239.255.42.99, in place of broadcast")
    parser.add_argument("--wait", default=1.0, type=float, help="seconds for which find collects answers")
    arguments = parser.parse_args()

    if arguments.what == "find":
        if not find(arguments.port, arguments.group, arguments.wait):
            print(NONE, flush=True)
            sys.exit(1)
        return
    with contextlib.suppress(KeyboardInterrupt), listen(arguments.port, arguments.group) as hearing:
        print("ready", flush=True)
        serve(hearing, arguments.name)


if __name__ == "__main__":
    main()
