"""Gives the port to getaddrinfo(), which (glibc's) makes 23352 of 88888, instead of refusing it."""
import argparse
import socket
import sys


def bind(host, port):
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_DGRAM)[0]
        sock = socket.socket(family, kind, protocol)
        sock.bind(address)
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_server.py: cannot receive on {host}, port {port}: {error}")
    return sock


def serve(sock):
    while True:
        data, address = sock.recvfrom(65535)
        print(f"[{address[0]}:{address[1]}]", data.decode("utf-8", "replace"), flush=True)
        sock.sendto(data, address)


def main():
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    args = parser.parse_args()
    try:
        serve(bind(args.host, args.port))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
