"""Discovery with threads: who finds receives in one and shows in another; who serves answers in one of its own."""
import argparse
import queue
import socket
import sys
import threading
import time

QUESTION = b"WHO IS THERE?"
ANSWER = b"HERE IS "


class Finder:
    def __init__(self, port, group):
        self.inbox = queue.Queue()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        if group:
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)       # not off this machine
        else:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.to = (group or "127.255.255.255", port)

    def receive(self):
        while True:
            self.inbox.put(self.sock.recvfrom(65535))

    def find(self, seconds):
        """Yield the name and address of each that answers, once."""
        names = {}
        end = time.monotonic() + seconds
        threading.Thread(target=self.receive, daemon=True).start()
        self.sock.sendto(QUESTION, self.to)
        while True:
            try:
                answer, (address, _) = self.inbox.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                return
            if not answer.startswith(ANSWER):
                continue
            name = answer[len(ANSWER):].decode("utf-8", "replace")
            if name not in names:
                names[name] = address
                yield name, address
            if time.monotonic() >= end:
                return


class Service(threading.Thread):
    def __init__(self, port, group, name):
        super().__init__(daemon=True)
        self.answer = ANSWER + name.encode()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "darwin":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.sock.bind(("", port))
        if group:
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                 b"".join(map(socket.inet_aton, (group, "127.0.0.1"))))

    def run(self):
        while True:
            question, sender = self.sock.recvfrom(len(QUESTION) + 1)          # one more, to see what is longer
            if question == QUESTION and sender[0].startswith("127."):
                self.sock.sendto(self.answer, sender)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["serve", "find"])
    parser.add_argument("--port", default=12345, type=int)
    parser.add_argument("--name", default="somebody")
    parser.add_argument("--group", default="")
    parser.add_argument("--wait", default=1.0, type=float)
    args = parser.parse_args()
    if args.what == "find":
        count = 0
        for name, address in Finder(args.port, args.group).find(args.wait):
            print(name, "at", address, flush=True)
            count += 1
        if not count:
            print("* nobody is there")
        sys.exit(0 if count else 1)
    try:
        service = Service(args.port, args.group, args.name)
    except (OSError, OverflowError) as error:
        sys.exit(f"discovery.py: cannot listen on port {args.port}: {error}")
    service.start()
    print("ready", flush=True)
    try:
        service.join()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
