"""chat"""
import argparse, contextlib as c, socket as s, sys, threading, time

here, lock, no = [], threading.Lock(), lambda: c.suppress(OSError)
def serve():
    while True:
        with no(): talk(server.accept()[0])
def talk(sock):
    line = b""
    with sock, sock.makefile("rb") as file:
        here.append(sock)
        print("* client joined", flush=True)
        with no():
            while (line := file.readline(4097))[-1:] == b"\n" and line != b"bye\n":
                print(line[:-1].decode(errors="replace"), flush=True)
        here.clear()
        if line == b"bye\n":
            with lock, no():
                sock.sendall(b"^^^\n"), sock.shutdown(s.SHUT_WR)
                end = time.monotonic() + 2
                while (left := end - time.monotonic()) > 0 and not sock.settimeout(left) and sock.recv(9999): pass
        with no(): sock.shutdown(s.SHUT_RDWR)
    print("* client left", flush=True)
p = argparse.ArgumentParser()
p.add_argument("--host", default="127.0.0.1"), p.add_argument("--port", type=int, default=12345)
a = p.parse_args()
try: server = s.create_server((a.host, a.port))
except (OSError, OverflowError) as e: sys.exit(f"cannot listen: {e}")
try:
    threading.Thread(target=serve, daemon=True).start()
    for line in sys.stdin.buffer:
        with lock, no():
            for sock in here[:]: sock.sendall(line.rstrip(b"\n") + b"\n")
except KeyboardInterrupt: pass
