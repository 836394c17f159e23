"""A UDP client that sends by sendmsg(), and receives into one buffer, made beforehand, by recvmsg_into()."""
import argparse
import errno
import select
import socket
import sys
import time

buffer = bytearray(65507)
view = memoryview(buffer)


def ask(sock, number, line, timeout, retries):
    for _ in range(retries + 1):
        sock.sendmsg([number, b" ", line])
        end = time.monotonic() + timeout
        while select.select([sock], [], [], max(0, end - time.monotonic()))[0]:
            size, _, _, _ = sock.recvmsg_into([buffer])
            if buffer.startswith(number + b" ", 0, size):
                return view[len(number) + 1:size]
            if time.monotonic() >= end:
                break
    return b"* no reply"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=3, type=int)
    args = parser.parse_args()
    sock = socket.socket(type=socket.SOCK_DGRAM)
    try:
        sock.connect((args.host, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_client.py: {args.host}:{args.port}: {error}")
    for number, line in enumerate(sys.stdin.buffer):
        line = line.removesuffix(b"\n").decode("utf-8", "replace").encode()
        try:
            text = ask(sock, b"%d" % number, line, args.timeout, args.retries)
        except ConnectionRefusedError:
            text = b"* nobody listens there"
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            text = b"* too long for a datagram"
        print(str(text, "utf-8", "replace"), flush=True)


try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
