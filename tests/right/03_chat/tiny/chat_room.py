"""chat"""
import argparse, collections, contextlib, selectors as S, socket as s, sys, time

w, who = S.DefaultSelector(), {}
class C:
    def __init__(self, k):
        self.k, self.b, self.o, self.name, self.bye, self.t, self.dead = k, b"", collections.deque(), "", 0, 0, 0
    def flush(self):
        try:
            while self.o:
                n = self.k.send(self.o[0])
                self.o[0] = self.o[0][n:]
                if not self.o[0]: self.o.popleft()
            if self.bye and not self.t: self.t = time.monotonic() + 2; self.k.shutdown(s.SHUT_WR)
        except BlockingIOError: pass
        except OSError: self.o.clear(); self.dead |= self.bye
    def tell(self, text):
        self.o.append(text.encode() + b"\n")
        if len(self.o) == 1: self.flush()
        if len(self.o) > 1000: self.o.clear(); self.dead = 1
    def leave(self):
        name, self.name = self.name, ""
        if who.pop(name, 0): tell(f"* {name} left")
    def hear(self, x):
        if x == "bye": self.leave(); self.bye = 1; self.o.append(b"^^^\n"); self.flush()
        elif self.name: tell(f"{self.name}: {x}", self)
        elif x.isalnum() and len(x) < 17 and x not in who: self.name = x; who[x] = self; tell(f"* {x} joined")
        else: self.tell("* name refused")
    def read(self):
        try: d = self.k.recv(9999)
        except BlockingIOError: return
        except OSError: d = b""; self.o.clear()
        if not d: self.dead = 2 if self.bye and self.o else 1
        *whole, self.b = (self.b + d).split(b"\n") if not self.bye else [b""]
        for x in whole:
            if len(x) > 4096: self.dead = 1
            if not (self.dead or self.bye): self.hear(x.decode(errors="replace"))
        if len(self.b) > 4096 and not self.bye: self.dead = 1
def tell(text, but=None):
    for c in list(who.values()): c is but or c.dead or c.tell(text)
p = argparse.ArgumentParser()
p.add_argument("--host", default="127.0.0.1"), p.add_argument("--port", type=int, default=12345)
a = p.parse_args()
try: l = s.create_server((a.host, a.port))
except (OSError, OverflowError) as e: sys.exit(f"cannot listen: {e}")
try:
    w.register(l, S.EVENT_READ)
    while True:
        for key, e in w.select(.1):
            if c := key.data:
                if e & S.EVENT_WRITE: c.flush()
                if e & S.EVENT_READ and not c.dead: c.read()
            else:
                with contextlib.suppress(OSError):
                    k = l.accept()[0]; k.setblocking(False); w.register(k, S.EVENT_READ, C(k))
        while gone := [c for c in (key.data for key in w.get_map().values()) if c and (
                c.dead == 1 or c.dead and not c.o or c.t and c.t < time.monotonic())]:
            for c in gone: w.unregister(c.k); c.k.close(); c.leave()
        for c in [key.data for key in w.get_map().values() if key.data]:
            w.modify(c.k, (c.dead != 2) * S.EVENT_READ | bool(c.o) * S.EVENT_WRITE, c)
except KeyboardInterrupt: pass
