"""TCP in five modules: the numbers, the format, what waits for its ACK, what arrives, and this one with the calls."""
from arrival import arrives
from control_block import ControlBlock
from segment import ACK, FIN, PSH, RST, SYN, SegmentError, parse
from settings import MAX_RTO, MOST_SENDS, MSL, MSS, RCV_WND, RTO

__all__ = ["MAX_RTO", "MOST_SENDS", "MSL", "MSS", "RCV_WND", "RTO", "Endpoint"]


class Endpoint(ControlBlock):
    def connect(self, port: int) -> list[bytes]:
        self.require("CLOSED")
        self.remote_port, self.state = port, "SYN-SENT"
        return self.put_numbered(SYN)

    def listen(self) -> list[bytes]:
        self.require("CLOSED")
        return self.begin_listening()

    def send(self, data: bytes) -> list[bytes]:
        self.require("ESTABLISHED", "CLOSE-WAIT")
        out = []
        for begin in range(0, len(data), MSS):
            out.extend(self.put_numbered(ACK | PSH, data[begin:begin + MSS]))
        return out

    def close(self) -> list[bytes]:
        if self.state in ("LISTEN", "SYN-SENT"):
            return self.end()
        if self.state not in ("SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT"):
            return []
        self.state = "LAST-ACK" if self.state == "CLOSE-WAIT" else "FIN-WAIT-1"
        return self.put_numbered(FIN | ACK)

    def abort(self) -> list[bytes]:
        silent = self.state in ("CLOSED", "LISTEN", "SYN-SENT", "CLOSING", "LAST-ACK", "TIME-WAIT")
        out = [] if silent else self.put(RST)
        self.end(self.error)
        return out

    def read(self) -> bytes:
        received, self.received = self.received, b""
        return received

    def tick(self, now: int) -> list[bytes]:
        self.now = now
        if self.deadline is None or now < self.deadline:
            return []
        if self.state == "TIME-WAIT":
            return self.end()
        oldest = self.waiting.again(now)
        if oldest is None:
            return self.end("timeout")
        return self.put(oldest.flags, oldest.data, oldest.seq)

    def on_segment(self, segment: bytes) -> list[bytes]:
        try:
            return arrives(self, parse(segment, self.remote, self.local))
        except SegmentError:
            return []
