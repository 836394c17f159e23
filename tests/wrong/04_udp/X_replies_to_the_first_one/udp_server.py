"""Remembers the first client as its peer, and sends every answer there: as if there were a connection."""
import argparse
import socket
import sys


def main() -> None:
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    arguments = parser.parse_args()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        server.bind((arguments.host, arguments.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"no socket on {arguments.host}, port {arguments.port}: {error}")
    client = None
    try:
        while True:
            data, sender = server.recvfrom(65535)
            if client is None:
                client = sender
            print(f"[{sender[0]}:{sender[1]}] {data.decode('utf-8', 'replace')}", flush=True)
            server.sendto(data, client)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
