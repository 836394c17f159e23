"""Frames to be taken apart: made by a library of other people (dpkt), captured just now, or recorded.

What is in a frame is always told by dpkt, which shares nothing with the solution. It is imported where it is needed
only: that takes a twentieth of a second.
"""
import contextlib
import socket
from typing import NamedTuple

from .netns import Capture, free_port
from .peers import LOCALHOST
from .stage import POLL, Stage

SMALLEST = 60               # bytes of a frame, without the card's own checksum: a shorter one is padded
ETHERNET, IPV4 = 14, 20     # bytes of a header without options
IPV4_TYPE = b"\x08\0"
IPV4_CHECKSUM = ETHERNET + 10       # where it is in a frame
TCP, UDP = socket.IPPROTO_TCP, socket.IPPROTO_UDP
PUSH, ACK = 0x08, 0x10
MSG_MORE = 0x8000           # of Linux: there is more of this datagram to come


class Content(NamedTuple):
    """What is in a frame. The addresses are texts; of MAC addresses in lower case, with ":"."""

    source_mac: str
    destination_mac: str
    source_ip: str
    destination_ip: str
    ttl: int
    protocol: int
    source_port: int
    destination_port: int
    payload: bytes


def mac(text: str) -> bytes:
    """The bytes of a MAC address."""
    return bytes.fromhex(text.replace(":", " "))


def made(content: Content, options: bytes = b"", tcp_options: bytes = b"", padded: bool = False, summed: bool = True,
         identification: int = 0) -> bytes:
    """A frame with this content. What is sent may not be cut into fragments.

    options: of the IPv4 header; tcp_options: of TCP's. padded: whether it is filled up with zero bytes to the smallest
    size, as network cards do. summed: whether UDP has a checksum. identification: of the packet.
    """
    from dpkt import ethernet, ip, tcp, udp

    ports = {"sport": content.source_port, "dport": content.destination_port, "data": content.payload}
    if content.protocol == TCP:
        inner = tcp.TCP(**ports, seq=1000, ack=2000, flags=PUSH | ACK, opts=tcp_options)
        inner.off = 5 + len(tcp_options) // 4
    else:
        inner = udp.UDP(**ports, ulen=8 + len(content.payload))
    packet = ip.IP(src=socket.inet_aton(content.source_ip), dst=socket.inet_aton(content.destination_ip), df=1,
                   id=identification, ttl=content.ttl, p=content.protocol, hl=5 + len(options) // 4, opts=options,
                   data=inner if summed else bytes(inner))          # of mere bytes it does not compute a checksum
    frame = bytes(ethernet.Ethernet(src=mac(content.source_mac), dst=mac(content.destination_mac), data=bytes(packet)))
    return frame.ljust(SMALLEST, b"\0") if padded else frame


def changed(frame: bytes, at: int, new: bytes) -> bytes:
    """A frame with other bytes in one place, and with a valid checksum of its IPv4 header nevertheless."""
    from dpkt import in_cksum

    frame = frame[:at] + new + frame[at + len(new):]
    end = ETHERNET + (frame[ETHERNET] & 15) * 4
    header = frame[ETHERNET:IPV4_CHECKSUM] + bytes(2) + frame[IPV4_CHECKSUM + 2:end]
    return frame[:IPV4_CHECKSUM] + in_cksum(header).to_bytes(2, "big") + frame[IPV4_CHECKSUM + 2:]


def read(frame: bytes) -> Content:
    """What is in a frame with a UDP datagram or a TCP segment over IPv4."""
    from dpkt import ethernet

    outer = ethernet.Ethernet(frame)
    packet, inner = outer.data, outer.data.data
    return Content(outer.src.hex(":"), outer.dst.hex(":"), socket.inet_ntoa(packet.src), socket.inet_ntoa(packet.dst),
                   packet.ttl, packet.p, inner.sport, inner.dport, bytes(inner.data))


class Seen(NamedTuple):
    """A frame that has really passed somewhere. meaning: what it is, for people."""

    meaning: str
    frame: bytes


def captured(stage: Stage, line: bytes, reply: bytes) -> list[Seen]:
    """Frames that pass on the loopback just now: a datagram, and of a TCP connection the first segment, line and reply.

    Empty where nobody may capture, or where something else is seen than was sent.
    """
    with contextlib.ExitStack() as opened:
        try:
            capture = Capture()
        except OSError:
            return []
        opened.callback(capture.close)
        datagrams, port = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)), free_port()
        datagrams.bind((LOCALHOST, port))
        # What is sent in two goes has its whole checksum: else the kernel would leave that to the network card.
        datagrams.sendto(line[:4], MSG_MORE, (LOCALHOST, port))
        datagrams.sendto(line[4:], (LOCALHOST, port))
        listener = opened.enter_context(socket.create_server((LOCALHOST, free_port())))
        client = opened.enter_context(socket.create_connection(listener.getsockname()))
        server = opened.enter_context(listener.accept()[0])
        client.sendall(line)
        server.recv(len(line))
        server.sendall(reply)
        client.recv(len(reply))

        wanted = {"a UDP datagram": (UDP, port, line), "the first segment of a connection": (TCP, *_to(listener), b""),
                  "a line from its client": (TCP, *_to(listener), line),
                  "a reply from its server": (TCP, *_to(client), reply)}
        found: dict[str, bytes] = {}

        def all_seen() -> bool:
            for frame in capture.read():
                if frame[12:14] != IPV4_TYPE or frame[ETHERNET + 9] not in (TCP, UDP):
                    continue
                content = read(frame)
                what = content.protocol, content.destination_port, content.payload
                name = next((name for name, other in wanted.items() if other == what), "")
                found.setdefault(name, frame)
            return set(wanted) <= set(found)

        stage.wait(all_seen, seconds=1, poll=POLL)
        return [Seen(name, found[name]) for name in wanted] if set(wanted) <= set(found) else []


def _to(end: socket.socket) -> tuple[int]:
    return end.getsockname()[1],


# Captured on a wire between two network namespaces of one machine (veth, with checksums that are whole), for machines
# where nobody may capture. Ethernet's header, IPv4's, and the rest.
RECORDED = [Seen(meaning, bytes.fromhex(digits)) for meaning, digits in {
    "a UDP datagram":
        "02005e10001402005e10000a0800 45000026aba6400040110b02c000020ac0000214 "
        "ae46253800128a9c68656c6c6f2c20e4b8ad",
    "the first segment of a connection":
        "02005e10001402005e10000a0800 4500003c658040004006511dc000020ac0000214 "
        "ce5a1f40239f884f00000000a002faf06dee0000020405b40402080a2e58931d000000000103030a",
    "a line from its client":
        "02005e10001402005e10000a0800 450000466582400040065111c000020ac0000214 "
        "ce5a1f40239f8850d916127e8018003fd27500000101080a2e58931d571ca37e474554202f20485454502f312e300d0a0d0a",
    "a reply from its server":
        "02005e10000a02005e1000140800 4500004c9cec4000400619a1c0000214c000020a "
        "1f40ce5ad916127e239f88628018004014e700000101080a571ca37e2e58931d485454502f312e3020323030204f4b0d0a0d0a68"
        "656c6c6f",
}.items()]
