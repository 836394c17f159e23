"""Holds a connection in a state: what is done to the two ends is written as a few letters for each state.

f, g  fill what this, what the other end sends         w, x  shutdown this, the other end for writing
d     read at this end until the FIN has come          .     give the kernel a moment
"""
import contextlib
import select
import socket
import sys
import time

HOST = "127.0.0.1"
STEPS = {"ESTABLISHED": "", "FIN-WAIT-1": "fw", "FIN-WAIT-2": "w.", "CLOSE-WAIT": "x.", "LAST-ACK": "fx.w",
         "CLOSING": "fgwxd", "TIME-WAIT": "w.xd."}


def hold(state: str, port: int = 0) -> list[socket.socket]:
    listener = socket.socket()
    if state == "CLOSED":
        listener.bind((HOST, port))
        return [listener]
    if state == "SYN-RECEIVED":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 60)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind((HOST, port))
    listener.listen(0 if state == "SYN-SENT" else 1)
    if state == "LISTEN":
        return [listener]
    this = socket.socket()
    this.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    this.connect(listener.getsockname())                # so "this" is the one who has connected
    if state == "SYN-RECEIVED":
        return [listener, this]
    select.select([listener], [], [])
    if state == "SYN-SENT":
        second = socket.socket()
        second.setblocking(False)
        second.connect_ex(listener.getsockname())
        return [second, this, listener]
    other, _ = listener.accept()
    for step in STEPS[state]:
        match step:
            case "f" | "g":
                end = this if step == "f" else other
                end.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while end.send(bytes(1 << 16)):
                        pass
            case "w" | "x":
                (this if step == "w" else other).shutdown(socket.SHUT_WR)
            case "d":
                this.setblocking(True)
                while this.recv(1 << 16):
                    pass
            case ".":
                time.sleep(0.1)
    return [this, other, listener]


if __name__ == "__main__":
    _, state, *rest = sys.argv
    held = hold(state, int(rest[1]) if rest[:1] == ["--port"] else 0)
    print("Ctrl-D ends this.", file=sys.stderr)
    print("holding", state, "on port", held[0].getsockname()[1], flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.buffer.read()
