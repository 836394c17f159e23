"""Holds a connection in a state: a thread for whatever blocks, and the kernel (TCP_INFO) says when it is there."""
import argparse
import signal
import socket
import struct
import sys
import threading
import time

HOST = "127.0.0.1"
NAMES = ["", "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED", "CLOSE-WAIT",
         "LAST-ACK", "LISTEN", "CLOSING"]


def told(end):
    """The state that the kernel tells of a socket: the first byte of its struct tcp_info."""
    return NAMES[end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]]


def wait_for(end, state):
    while told(end) != state:
        time.sleep(0.01)


class Meeting:
    """A listener, and the two ends of a connection to it: far has connected, near was accepted."""

    def __init__(self, port):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)       # the kernel makes that its least
        self.listener.bind((HOST, port))
        self.listener.listen(0)
        self.far = socket.socket()
        self.far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        self.far.connect(self.listener.getsockname())
        self.near = None

    def accept(self):
        self.near = self.listener.accept()[0]
        self.listener.close()
        self.listener = None
        return self.near, self.far

    def all(self, first):
        return [first, *(end for end in (self.near, self.far, self.listener) if end is not None and end is not first)]


def stuff(end):
    """Send in a thread until that does not go on; then nothing more."""
    end.settimeout(0.3)

    def push():
        try:
            while True:
                end.sendall(b"." * 65536)
        except TimeoutError:
            end.settimeout(None)

    pushing = threading.Thread(target=push)
    pushing.start()
    pushing.join()


def swallow(end):
    """Read in a thread up to the other end's FIN."""
    def pull():
        while end.recv(1 << 16):
            pass

    pulling = threading.Thread(target=pull)
    pulling.start()
    pulling.join()


def hold(state: str, port: int = 0) -> list[socket.socket]:
    if state == "CLOSED":
        lonely = socket.socket()
        lonely.bind((HOST, port))
        return [lonely]
    if state == "SYN-RECEIVED":
        listener = socket.socket()
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)
        listener.bind((HOST, port))
        listener.listen()
        return [listener, socket.create_connection(listener.getsockname())]
    meeting = Meeting(port)
    if state == "LISTEN":
        return meeting.all(meeting.listener)
    if state == "SYN-SENT":
        late = socket.socket()                          # its SYN is dropped: there is room for one, and that has come
        threading.Thread(target=connect_in_vain, args=(late, meeting.listener.getsockname()), daemon=True).start()
        wait_for(late, "SYN-SENT")
        return meeting.all(late)
    near, far = meeting.accept()
    if state in ("FIN-WAIT-1", "LAST-ACK", "CLOSING"):
        stuff(near)
    if state == "CLOSING":
        stuff(far)
    if state == "LAST-ACK":
        far.shutdown(socket.SHUT_WR)
        wait_for(near, "CLOSE-WAIT")
    if state == "CLOSE-WAIT":
        far.shutdown(socket.SHUT_WR)
    elif state != "ESTABLISHED":
        near.shutdown(socket.SHUT_WR)
    if state == "CLOSING":
        far.shutdown(socket.SHUT_WR)
        swallow(near)
    if state == "TIME-WAIT":
        far.shutdown(socket.SHUT_WR)
        swallow(near)
    wait_for(near, "CLOSED" if state == "TIME-WAIT" else state)
    return meeting.all(near)


def connect_in_vain(end, address):
    try:
        end.connect(address)
    except OSError:
        return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("state", choices=["CLOSED", *filter(None, NAMES)])
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, lambda *_: sys.exit())
    held = hold(arguments.state, arguments.port)
    print(f"holding {arguments.state} on port {held[0].getsockname()[1]}", flush=True)
    while sys.stdin.readline():
        pass
    for end in held:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()


if __name__ == "__main__":
    main()
