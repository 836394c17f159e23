"""serve is bound to 127.0.0.1, where neither a broadcast nor a group is heard."""
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
    """Return a UDP socket that hears questions to this port."""
    hearing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    hearing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform == "darwin":
        hearing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        hearing.bind((LOOPBACK, port))
        if group != "":
            mreq = socket.inet_aton(group) + socket.inet_aton(LOOPBACK)
            hearing.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, mreq)
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on port {port}: {error}")
    return hearing


def serve(hearing: socket.socket, name: str) -> None:
    """Answer each question from this machine."""
    answer = ANSWER + name.encode("utf-8")
    while True:
        question, client = hearing.recvfrom(2048)
        if question != QUESTION:
            continue
        if client[0].startswith("127."):
            hearing.sendto(answer, client)


def find(port: int, group: str, wait: float) -> int:
    """Ask everybody, and show who answers."""
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if group:
        asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
        asking.sendto(QUESTION, (group, port))
    else:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asking.sendto(QUESTION, (BROADCAST, port))

    found = []
    end = time.monotonic() + wait
    while time.monotonic() < end:
        asking.settimeout(max(end - time.monotonic(), 0.001))
        try:
            data, (address, _) = asking.recvfrom(65535)
        except TimeoutError:
            break
        if not data.startswith(ANSWER):
            continue
        name = data[len(ANSWER):].decode("utf-8", "replace")
        if name in found:
            continue
        found.append(name)
        print(f"{name} at {address}", flush=True)
    asking.close()
    return len(found)


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
