"""The packets that were captured, as a file for Wireshark and tshark."""
import struct
from pathlib import Path

from ..trace import Trace

MAGIC_NANOSECONDS, LINKTYPE_ETHERNET = 0xA1B23C4D, 1


def write(trace: Trace, file: Path) -> None:
    """Write the trace's packets to a file, as they passed on the wire; none is made up.

    Source: the classic format of the IETF draft draft-ietf-opsawg-pcap, with times in nanoseconds.
    """
    with file.open("wb") as out:
        out.write(struct.pack("=IHHiIII", MAGIC_NANOSECONDS, 2, 4, 0, 0, 1 << 18, LINKTYPE_ETHERNET))
        for at, frame in trace.packets:
            seconds = int(at)
            fraction = min(round((at - seconds) * 1e9), 10**9 - 1)     # at * 1e9 would lose digits
            out.write(struct.pack("=IIII", seconds, fraction, len(frame), len(frame)) + frame)
