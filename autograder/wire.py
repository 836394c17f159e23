"""A wire between this machine's kernel and a host that is played: real packets, and both ends in our hands.

One end of a veth pair has an address, and belongs to the kernel. The other one has none: what arrives there is nobody's
but ours, and what we send from there reaches the kernel as it would from another machine. It takes a network of one's
own (netns), and neither root nor a TUN device. The checksums on it are whole, unlike those on the loopback: the kernel
is told not to leave them to the network card (ETHTOOL_STXCSUM).
"""
import contextlib
import ctypes
import functools
import os
import socket
import struct
from pathlib import Path

from .netns import IFF_RUNNING, IFF_UP, NLM_F_REQUEST, NLMSG_ERROR, SIOCSIFFLAGS, arrived, can_ask, own

KERNEL, HOST = "10.9.0.1", "10.9.0.2"           # the kernel's address on the wire, and that of who is played
NETMASK = "255.255.255.0"
NEAR, FAR = "k0", "u0"                          # the kernel's end of the wire, and ours
ETH_P_IP = 0x0800
# linux/rtnetlink.h, linux/if_link.h, linux/veth.h
RTM_NEWLINK, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 16, 4, 0x200, 0x400
IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 3, 18, 1, 2, 1
# linux/sockios.h, linux/ethtool.h, linux/if_arp.h
SIOCSIFADDR, SIOCSIFNETMASK, SIOCGIFHWADDR, SIOCSARP, SIOCETHTOOL = 0x8916, 0x891C, 0x8927, 0x8955, 0x8946
ETHTOOL_GLINK, ETHTOOL_STXCSUM, ATF_COM, ATF_PERM = 0x0A, 0x17, 2, 4


class Wire:
    """The end of the wire that is ours: what the kernel sends to HOST, and how it is sent something.

    fileno() is for a selector. Raises OSError where there can be no such wire.
    """

    def __init__(self) -> None:
        _lay()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self._socket.bind((FAR, ETH_P_IP))
        self._socket.setblocking(False)
        self._to = (FAR, ETH_P_IP, 0, 0, _hardware_address(NEAR))

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def send(self, segment: bytes) -> None:
        """Send this TCP segment from HOST to the kernel, in an IPv4 packet."""
        self._socket.sendto(packet(segment), self._to)

    def read(self) -> list[bytes]:
        """The TCP segments that the kernel has sent to HOST since the last call, out of their IPv4 packets."""
        segments = []
        for received, _ in arrived(self._socket):
            length, = struct.unpack("!H", received[2:4])
            if received[9] == socket.IPPROTO_TCP and received[16:20] == socket.inet_aton(HOST):
                segments.append(received[(received[0] & 15) * 4:length])
        return segments

    def close(self) -> None:
        """Leave the wire; the kernel keeps it for the next one."""
        self._socket.close()


def packet(segment: bytes) -> bytes:
    """An IPv4 packet from HOST to the kernel, with this TCP segment in it: RFC 791, 3.1."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, socket.IPPROTO_TCP, 0,
                         socket.inet_aton(HOST), socket.inet_aton(KERNEL))
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + segment


def checksum(data: bytes) -> int:
    """The checksum of the Internet: RFC 1071. 0 for data that holds its own."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def possible() -> bool:
    """Whether there can be a wire: in a network of one's own, if the kernel knows veth pairs, and tells the states of
    its own sockets."""
    if not own() or not can_ask():
        return False
    try:
        _lay()
    except OSError:
        return False
    return True


@functools.cache
def _lay() -> None:
    """Lay the wire. Raises OSError where that is refused."""
    import fcntl

    _make_pair()
    with contextlib.suppress(OSError):          # no IPv6 here; where there is, nothing of it is to pass on the wire
        for end in NEAR, FAR:
            Path(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6").write_text("1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for request, address in (SIOCSIFADDR, KERNEL), (SIOCSIFNETMASK, NETMASK):
            fcntl.ioctl(s, request, struct.pack("16s16s8x", NEAR.encode(), _sockaddr(address)))
        for end in NEAR, FAR:
            fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14x", end.encode(), IFF_UP | IFF_RUNNING))
        ours = struct.pack("H14s", 1, _hardware_address(FAR))
        fcntl.ioctl(s, SIOCSARP, struct.pack("16s16si16s16s", _sockaddr(HOST), ours, ATF_COM | ATF_PERM, b"",
                                             NEAR.encode()))
        for end in NEAR, FAR:                   # the answer comes when the link is up, and nothing sent on it gets lost
            _ethtool(s, end, ETHTOOL_GLINK)
        _ethtool(s, NEAR, ETHTOOL_STXCSUM)


def _ethtool(s: socket.socket, interface: str, command: int) -> None:
    """Ask for this with the value 0: struct ethtool_value."""
    import fcntl
    value = ctypes.create_string_buffer(struct.pack("II", command, 0))
    fcntl.ioctl(s, SIOCETHTOOL, struct.pack("16sP16x", interface.encode(), ctypes.addressof(value)))



def _sockaddr(address: str) -> bytes:
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


def _hardware_address(interface: str) -> bytes:
    import fcntl
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        return fcntl.ioctl(s, SIOCGIFHWADDR, struct.pack("16s16x", interface.encode()))[18:24]


def _make_pair() -> None:
    """Ask the kernel for a veth pair: rtnetlink(7)."""
    def attribute(kind: int, value: bytes) -> bytes:
        return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)

    def link(name: str) -> bytes:
        return bytes(16) + attribute(IFLA_IFNAME, name.encode() + b"\0")        # struct ifinfomsg says nothing

    body = link(NEAR) + attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, b"veth") + attribute(
        IFLA_INFO_DATA, attribute(VETH_INFO_PEER, link(FAR))))
    flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as route:
        route.send(struct.pack("=IHHII", 16 + len(body), RTM_NEWLINK, flags, 0, 0) + body)
        answer = route.recv(1 << 16)
    kind, error = struct.unpack_from("=4xH10xi", answer)
    if kind != NLMSG_ERROR or error:
        raise OSError(-error, os.strerror(-error))
