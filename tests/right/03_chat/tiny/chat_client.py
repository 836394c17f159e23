"""chat"""
import argparse, contextlib as c, os, socket as s, sys, threading

def keys():
    with c.suppress(OSError):
        for line in sys.stdin.buffer:
            if line.rstrip(b"\n") == b"bye": break
            sock.sendall(line.rstrip(b"\n") + b"\n")
        sock.sendall(b"bye\n")
p = argparse.ArgumentParser()
p.add_argument("--host", default="127.0.0.1"), p.add_argument("--port", type=int, default=12345)
a, sock, line = p.parse_args(), s.socket(), b""
try: sock.connect((a.host, a.port))
except (OSError, OverflowError, ValueError) as e: sys.exit(f"cannot connect: {e}")
try:
    with c.suppress(OSError), sock.makefile("rb") as file:
        threading.Thread(target=keys, daemon=True).start()
        while (line := file.readline(4097))[-1:] == b"\n" and line != b"^^^\n":
            print(str(line[:-1], "utf8", "replace"), flush=True)
    if line != b"^^^\n": print("* server gone", flush=True)
    os._exit(line != b"^^^\n")
except KeyboardInterrupt: os._exit(130)
