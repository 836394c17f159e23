"""A UDP server that receives into one buffer, made beforehand, and writes bytes to the screen."""
import argparse
import socket
import sys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    args = parser.parse_args()
    sock = socket.socket(type=socket.SOCK_DGRAM)
    try:
        sock.bind((args.host, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_server.py: {args.host}:{args.port}: {error}")
    buffer = memoryview(bytearray(65507))
    screen = sys.stdout.buffer
    try:
        while True:
            size, sender = sock.recvfrom_into(buffer)
            text = str(buffer[:size], "utf-8", "replace")
            screen.write("[{}:{}] {}\n".format(*sender, text).encode())
            screen.flush()
            sock.sendto(buffer[:size], sender)
    except KeyboardInterrupt:
        pass


main()
