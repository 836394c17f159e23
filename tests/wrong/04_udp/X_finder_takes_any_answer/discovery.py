"""find takes whatever comes for an answer, also what does not begin with ANSWER."""
import argparse
import contextlib
import socket
import sys
import time

QUESTION = b"WHO IS THERE?"
ANSWER = b"HERE IS "
NONE = "* nobody is there"
BROADCAST = "127.255.255.255"
LOOPBACK = "127.0.0.1"


def listen(port: int, group: str) -> socket.socket:
    hearing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        hearing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "darwin":
            hearing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        hearing.bind(("", port))
        if group:
            membership = socket.inet_aton(group) + socket.inet_aton(LOOPBACK)
            hearing.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    except (OSError, OverflowError) as error:
        sys.exit(f"discovery.py: cannot listen on port {port}: {error}")
    return hearing


def serve(hearing: socket.socket, name: str) -> None:
    while True:
        message, sender = hearing.recvfrom(65535)
        if message == QUESTION and sender[0].startswith("127."):
            hearing.sendto(ANSWER + name.encode(), sender)


def find(port: int, group: str, wait: float) -> int:
    names: set[str] = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
        asking.sendto(QUESTION, (group or BROADCAST, port))
        deadline = time.monotonic() + wait
        while (left := deadline - time.monotonic()) > 0:
            asking.settimeout(left)
            try:
                message, (address, _) = asking.recvfrom(65535)
            except TimeoutError:
                break
            name = message.removeprefix(ANSWER).decode("utf-8", errors="replace")
            if name not in names:
                names.add(name)
                print(f"{name} at {address}", flush=True)
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
