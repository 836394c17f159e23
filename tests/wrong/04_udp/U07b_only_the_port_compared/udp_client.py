"""Compares only the port of who replied: "localhost" was never equal to "127.0.0.1", so the host was left out."""
import argparse
import socket
import sys
import time

IP_RECVERR = 11                 # Linux: an unconnected socket is told of ICMP errors too. See ip(7)
MSG_ERRQUEUE = 0x2000
MAX_DATAGRAM = 65507


class Client:
    def __init__(self, host, port):
        if not 0 <= port < 65536:
            raise ValueError("ports go from 0 to 65535")
        self.port = port
        self.address = (socket.gethostbyname(host), port)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)

    def ask(self, number, text, timeout, retries):
        message = f"{number} {text}".encode("utf-8", "replace")
        if len(message) > MAX_DATAGRAM:
            return "* too long for a datagram"
        try:
            for _ in range(retries + 1):
                self.sock.sendto(message, self.address)
                try:
                    return self.reply(number, timeout)
                except TimeoutError:
                    pass
            return "* no reply"
        except ConnectionRefusedError:
            self.forget_errors()
            return "* nobody listens there"

    def reply(self, number, timeout):
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            data, _, _, (host, port) = self.sock.recvmsg(MAX_DATAGRAM)
            if port != self.port:
                continue
            n, space, text = data.partition(b" ")
            if space and n == str(number).encode():
                return text.decode("utf-8", "replace")

    def forget_errors(self):
        self.sock.setblocking(False)
        try:
            while True:
                self.sock.recvmsg(512, 512, MSG_ERRQUEUE)
        except OSError:
            pass
        self.sock.setblocking(True)


def main():
    parser = argparse.ArgumentParser(description="Asks a server on UDP.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before asking again")
    parser.add_argument("--retries", default=3, type=int, help="how often to ask again")
    args = parser.parse_args()

    try:
        client = Client(args.host, args.port)
    except (OSError, ValueError) as error:
        sys.exit(f"udp_client.py: {args.host}, port {args.port}: {error}")
    for number, line in enumerate(sys.stdin, 1):
        print(client.ask(number, line.removesuffix("\n"), args.timeout, args.retries), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
