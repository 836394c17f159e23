"""Throws away what has come before it asks, and then takes the first datagram for the reply, whatever its number."""
import argparse
import queue
import socket
import sys
import threading

LARGEST = 65507


class Listener(threading.Thread):
    """Puts all that arrives into a queue: datagrams, and errors."""

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock = sock
        self.inbox = queue.Queue()

    def run(self):
        while True:
            try:
                self.inbox.put(self.sock.recv(LARGEST))
            except OSError as error:
                self.inbox.put(error)

    def clear(self):
        """Forget late replies to earlier questions."""
        while not self.inbox.empty():
            self.inbox.get()


def ask(sock, listener, number, text, timeout, retries):
    question = f"{number} {text}".encode("utf-8", "replace")
    if len(question) > LARGEST:
        return "* too long for a datagram"
    listener.clear()
    for _ in range(1 + retries):
        try:
            sock.send(question)
            reply = listener.inbox.get(timeout=timeout)
        except ConnectionRefusedError:
            return "* nobody listens there"
        except queue.Empty:
            continue
        if isinstance(reply, OSError):
            return "* nobody listens there"
        return reply.partition(b" ")[2].decode("utf-8", "replace")
    return "* no reply"


def main():
    parser = argparse.ArgumentParser(description="Asks a server on UDP.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before asking again")
    parser.add_argument("--retries", default=3, type=int, help="how often to ask again")
    args = parser.parse_args()

    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.connect((args.host, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_client.py: cannot ask {args.host}:{args.port}: {error}")
    listener = Listener(sock)
    listener.start()
    for number, line in enumerate(sys.stdin, 1):
        print(ask(sock, listener, number, line.rstrip("\n"), args.timeout, args.retries), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
