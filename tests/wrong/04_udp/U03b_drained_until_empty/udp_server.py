"""Reads until there is nothing more, and takes an empty datagram for just that: it is not shown, nor sent back."""
import argparse
import selectors
import socket
import sys


class Server:
    """A server that never blocks but in select()."""

    def __init__(self, host, port):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind((host, port))
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.sock, selectors.EVENT_READ, self.drain)

    def run(self):
        while True:
            for key, _ in self.selector.select():
                key.data()

    def next_datagram(self):
        """The next datagram and its sender. b"" if there is none."""
        try:
            return self.sock.recvfrom(65535)
        except BlockingIOError:
            return b"", None

    def drain(self):
        """Take all the datagrams that have come."""
        data, sender = self.next_datagram()
        while data:
            print("[%s:%d]" % sender, data.decode(errors="replace"), flush=True)
            self.sock.sendto(data, sender)
            data, sender = self.next_datagram()


def main():
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    args = parser.parse_args()

    try:
        server = Server(args.host, args.port)
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot receive on {args.host}:{args.port}: {error}")
    try:
        server.run()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
