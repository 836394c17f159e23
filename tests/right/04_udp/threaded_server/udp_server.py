"""A UDP server of three threads: one receives, one shows, one sends back. main() waits for Ctrl-C."""
import argparse
import queue
import socket
import sys
import threading


def receive(sock, to_show, to_send):
    while True:
        try:
            item = sock.recvfrom(65535)
        except OSError:
            continue
        to_show.put(item)
        to_send.put(item)


def show(items):
    while True:
        message, (address, port) = items.get()
        sys.stdout.write(f"[{address}:{port}] {message.decode('utf-8', 'replace')}\n")
        sys.stdout.flush()


def send(sock, items):
    while True:
        message, sender = items.get()
        try:
            sock.sendto(message, sender)
        except OSError as error:
            print("cannot send:", error, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    args = parser.parse_args()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind((args.host, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_server.py: {args.host}:{args.port}: {error}")
    to_show, to_send = queue.SimpleQueue(), queue.SimpleQueue()
    for target, arguments in (show, [to_show]), (send, [sock, to_send]), (receive, [sock, to_show, to_send]):
        threading.Thread(target=target, args=arguments, daemon=True).start()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
