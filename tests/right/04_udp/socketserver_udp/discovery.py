"""Discovery; who serves is a ThreadingUDPServer."""
import argparse
import select
import socket
import socketserver
import sys
import time

QUESTION = b"WHO IS THERE?"
ANSWER = b"HERE IS "
NONE = "* nobody is there"


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        message, sock = self.request
        if message == QUESTION:
            sock.sendto(ANSWER + self.server.name.encode(), self.client_address)


class Server(socketserver.ThreadingUDPServer):
    allow_reuse_address = True            # several share the port
    daemon_threads = True

    def __init__(self, port, group, name):
        self.group = group
        self.name = name
        super().__init__(("", port), Handler)

    def server_bind(self):
        if sys.platform == "darwin":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()
        if self.group:
            both = socket.inet_aton(self.group) + socket.inet_aton("127.0.0.1")
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, both)

    def verify_request(self, request, client_address):
        return client_address[0].startswith("127.")


def find(port, group, wait):
    end = time.monotonic() + wait
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if group:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.sendto(QUESTION, (group if group else "127.255.255.255", port))
    found = []
    while select.select([sock], [], [], max(0, end - time.monotonic()))[0]:
        message, (address, _) = sock.recvfrom(65535)
        head, name = message[:len(ANSWER)], message[len(ANSWER):]
        if head == ANSWER and name not in found:
            found.append(name)
            print(name.decode("utf-8", "replace"), "at", address, flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description="Who is there?")
    parser.add_argument("what", choices=["serve", "find"])
    parser.add_argument("--port", default=12345, type=int)
    parser.add_argument("--name", default="somebody")
    parser.add_argument("--group", default="")
    parser.add_argument("--wait", default=1.0, type=float)
    args = parser.parse_args()
    if args.what == "find":
        if not find(args.port, args.group, args.wait):
            print(NONE)
            return 1
        return 0
    try:
        server = Server(args.port, args.group, args.name)
    except (OSError, OverflowError) as error:
        return f"discovery.py: cannot serve on port {args.port}: {error}"
    with server:
        print("ready", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
