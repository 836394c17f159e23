"""Discovery, which logs what happens to stderr."""
import argparse
import logging
import socket
import sys
import time

log = logging.getLogger("discovery")
LOOPBACK = socket.inet_aton("127.0.0.1")


def serve(port, name, group):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform == "darwin":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind(("", port))
        if group:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + LOOPBACK)
            log.info("joined %s", group)
    except (OSError, OverflowError) as error:
        sys.exit(f"discovery.py: port {port}: {error}")
    print("ready", flush=True)
    while True:
        data, sender = sock.recvfrom(65535)
        log.debug("%.40r from %s", data, sender)
        if not sender[0].startswith("127."):
            log.warning("%s is not this machine", sender[0])
        elif data != b"WHO IS THERE?":
            log.warning("that is not the question")
        else:
            sock.sendto(b"HERE IS " + name.encode(), sender)


def find(port, group, wait):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, LOOPBACK)
    sock.sendto(b"WHO IS THERE?", (group or "127.255.255.255", port))
    log.info("asked on port %d", port)
    names, end = set(), time.monotonic() + wait
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            data, (host, source) = sock.recvfrom(65535)
        except TimeoutError:
            break
        log.debug("%.40r from %s:%d", data, host, source)
        if not data.startswith(b"HERE IS "):
            log.warning("that is no answer")
            continue
        name = data.removeprefix(b"HERE IS ").decode("utf-8", "replace")
        if name in names:
            log.info("%s again", name)
            continue
        names.add(name)
        print(f"{name} at {host}", flush=True)
    log.info("found %d", len(names))
    if not names:
        print("* nobody is there", flush=True)
        sys.exit(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["serve", "find"])
    parser.add_argument("--port", default=12345, type=int)
    parser.add_argument("--name", default="somebody")
    parser.add_argument("--group", default="")
    parser.add_argument("--wait", default=1.0, type=float)
    args = parser.parse_args()
    logging.basicConfig(level=logging.DEBUG)
    if args.what == "find":
        find(args.port, args.group, args.wait)
    else:
        try:
            serve(args.port, args.name, args.group)
        except KeyboardInterrupt:
            log.info("the end")


if __name__ == "__main__":
    main()
