"""A UDP server, which takes its time to start."""
import argparse
import contextlib
import socket
import sys
import time

time.sleep(0.7)               # wait for a slow disk, say

LARGEST = 65_507                # bytes: 65,535 of an IPv4 packet, less 20 of its header and 8 of UDP's


def bind(host: str, port: int) -> socket.socket:
    """Return a UDP socket that receives on this host and port."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        receiver.bind((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_server.py: cannot receive on {host}, port {port}: {error}")
    with contextlib.suppress(OSError):        # macOS sends no more than 9,216 bytes unless it is asked to
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
    return receiver


def serve(receiver: socket.socket) -> None:
    """Show each datagram that comes, and send its bytes back, for ever."""
    while True:
        try:
            message, (address, port) = receiver.recvfrom(LARGEST)
            print(f"[{address}:{port}] {message.decode('utf-8', errors='replace')}", flush=True)
            receiver.sendto(message, (address, port))
        except OSError:
            continue


def main() -> None:
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt), bind(arguments.host, arguments.port) as receiver:
        serve(receiver)


if __name__ == "__main__":
    main()
