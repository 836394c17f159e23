"""Ends with a traceback on Ctrl-C."""
import argparse
import socket
import sys


def bind(host, port):
    """Return a UDP socket that receives on this host and port."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        receiver.bind((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot receive on {host}:{port}: {error}")
    return receiver


def serve(receiver):
    """Show each datagram that comes, and send its bytes back."""
    while True:
        data, client = receiver.recvfrom(65535)
        text = data.decode("utf-8", "replace")
        print(f"[{client[0]}:{client[1]}] {text}", flush=True)
        receiver.sendto(data, client)


def main():
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    arguments = parser.parse_args()

    receiver = bind(arguments.host, arguments.port)
    serve(receiver)


if __name__ == "__main__":
    main()
