"""A UDP client whose socket is not connected: it compares addresses, and asks Linux for ICMP errors by IP_RECVERR.

Elsewhere there is no such option, and the socket is connected after all.
"""
import argparse
import socket
import sys
import time

IP_RECVERR = 11                               # ip(7)
MSG_ERRQUEUE = getattr(socket, "MSG_ERRQUEUE", 0x2000)
LARGEST = 65507


class Server:
    def __init__(self, host, port):
        if port not in range(65536):
            raise ValueError("there is no such port")
        self.address = socket.gethostbyname(host), port
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.connected = not sys.platform.startswith("linux")
        if self.connected:
            self.sock.connect(self.address)
        else:
            self.sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)

    def send(self, data):
        if self.connected:
            self.sock.send(data)
        else:
            self.sock.sendto(data, self.address)

    def receive(self, until):
        """The next datagram from the server, or None if the time is up."""
        while (left := until - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                data, sender = self.sock.recvfrom(65535)
            except TimeoutError:
                break
            if sender == self.address:
                return data
        return None

    def drop_errors(self):
        """What IP_RECVERR has collected, beside the error itself, has to be taken away."""
        self.sock.settimeout(0)
        try:
            while True:
                self.sock.recvmsg(0, 1024, MSG_ERRQUEUE)
        except OSError:
            pass


def ask(server, number, text, timeout, retries):
    head = f"{number} ".encode()
    question = head + text.encode("utf-8", "replace")
    if len(question) > LARGEST:
        return "* too long for a datagram"
    try:
        for _ in range(1 + retries):
            server.send(question)
            until = time.monotonic() + timeout
            while (reply := server.receive(until)) is not None:
                if reply[:len(head)] == head:
                    return reply[len(head):].decode("utf-8", "replace")
    except ConnectionRefusedError:
        server.drop_errors()
        return "* nobody listens there"
    return "* no reply"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=3, type=int)
    args = parser.parse_args()
    try:
        server = Server(args.host, args.port)
    except (OSError, ValueError) as error:
        sys.exit(f"udp_client.py: {args.host}, port {args.port}: {error}")
    for number, line in enumerate(sys.stdin, 1):
        print(ask(server, number, line.removesuffix("\n"), args.timeout, args.retries), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
