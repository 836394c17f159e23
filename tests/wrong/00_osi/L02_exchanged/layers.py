"""Takes the lowest bit of the first byte for local, and the one beside it for group."""
import functools
import ipaddress
import re
import struct
from dataclasses import dataclass
from typing import NamedTuple

IPV4_TYPE = 0x0800
TCP, UDP = 6, 17
DONT_FRAGMENT = 0x4000


class AddressError(ValueError):
    pass


class LayerError(ValueError):
    pass


class MacParts(NamedTuple):
    """What the 48 bits of a MAC address say."""

    vendor: bytes           # 3 bytes: who made the network card
    serial: bytes           # 3 bytes: which one of the maker's cards it is
    group: bool             # whether it stands for many (multicast and broadcast), and not for one (unicast)
    local: bool             # whether somebody has made it up, and not the maker


def mac_to_bytes(text: str) -> bytes:
    """Six parts, each two hex digits, make a number of 48 bits, and that six bytes."""
    parts = text.replace("-", ":").split(":")
    if len(parts) != 6:
        raise AddressError(f"{text!r}: not six parts")
    number = 0
    for part in parts:
        if re.fullmatch(r"[\da-fA-F]{2}", part, re.ASCII) is None:
            raise AddressError(f"in {text!r}: {part!r}")
        number = number << 8 | int(part, 16)
    return number.to_bytes(6, "big")


def mac_to_text(address: bytes) -> str:
    """Twelve hex digits, and a colon behind every second one but the last."""
    digits = address.hex()
    return ":".join(digits[at:at + 2] for at in range(0, 12, 2))


def mac_parts(address: bytes) -> MacParts:
    """The bits of the first byte: the lowest one says local, the next group."""
    local, group = [bool(address[0] >> bit & 1) for bit in (0, 1)]
    return MacParts(address[:3], address[3:], group, local)


BYTES = {str(number): number for number in range(256)}      # no zero in front, no sign: just these 256 texts


def ipv4_to_bytes(text: str) -> bytes:
    parts = text.split(".")
    if len(parts) != 4:
        raise AddressError(f"there are {len(parts)} parts in {text!r}, and not 4")
    for part in parts:
        if part not in BYTES:
            raise AddressError(f"{part!r} is wrong")
    return bytes(BYTES[part] for part in parts)


def ipv4_to_text(address: bytes) -> str:
    return f"{address[0]}.{address[1]}.{address[2]}.{address[3]}"


NETWORKS = {
    "loopback": ["127.0.0.0/8"],
    "private": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
    "multicast": ["224.0.0.0/4"],
    "broadcast": ["255.255.255.255/32"],
}


def ipv4_kind(address: bytes) -> str:
    found = ipaddress.IPv4Address(address)
    for kind, networks in NETWORKS.items():
        if any(found in ipaddress.IPv4Network(network) for network in networks):
            return kind
    return "other"


def port_kind(port: int) -> str:
    """Which range a port is in."""
    match port:
        case _ if not 0 <= port < 1 << 16:
            raise AddressError(f"{port} does not fit into 16 bits")
        case _ if port < 1024:
            return "system"
        case _ if port < 49152:
            return "user"
        case _:
            return "dynamic"


def default_port(service: str) -> int:
    """The port on which this service is looked for."""
    match service.upper():
        case "FTP":
            return 21
        case "SSH":
            return 22
        case "DNS":
            return 53
        case "TFTP":
            return 69
        case "HTTP":
            return 80
        case "HTTPS":
            return 443
        case "MYSQL":
            return 3306
        case "FLASK":
            return 5000
        case "REDIS":
            return 6379
        case "DJANGO":
            return 8000
        case "TOMCAT":
            return 8080
        case "MONGODB":
            return 27017
        case _:
            raise AddressError(f"{service} is not in the list")


def _add(a: int, b: int) -> int:
    """Ones' complement addition of 16 bits: a carry comes in again from below."""
    carry, rest = divmod(a + b, 1 << 16)
    return rest + carry


def checksum(data: bytes) -> int:
    """The checksum of the Internet: RFC 1071."""
    padded = data + bytes(len(data) % 2)
    words = [int.from_bytes(padded[at:at + 2], "big") for at in range(0, len(padded), 2)]
    return functools.reduce(_add, words, 0) ^ 0xFFFF


@dataclass
class _Ipv4:
    """The fields of an IPv4 header that differ, and how they become bytes."""

    source: bytes
    destination: bytes
    total: int
    protocol: int
    ttl: int
    identification: int
    checksum: int = 0

    def __bytes__(self) -> bytes:
        first = struct.pack("!BBHHH", 4 << 4 | 5, 0, self.total, self.identification, DONT_FRAGMENT)
        return first + struct.pack("!BBH", self.ttl, self.protocol, self.checksum) + self.source + self.destination


@dataclass
class _Udp:
    """The fields of a UDP header."""

    source: int
    destination: int
    length: int
    checksum: int = 0

    def __bytes__(self) -> bytes:
        return struct.pack("!4H", self.source, self.destination, self.length, self.checksum)

    def pseudo(self, addresses: bytes) -> bytes:
        return addresses + struct.pack("!2H", UDP, self.length)


def udp_header(source_port: int, destination_port: int, payload: bytes, source_ip: bytes, destination_ip: bytes,
               ) -> bytes:
    """The 8 bytes of the header of a UDP datagram with this payload."""
    header = _Udp(source_port, destination_port, len(payload) + 8)
    header.checksum = checksum(header.pseudo(source_ip + destination_ip) + bytes(header) + payload) or 0xFFFF
    return bytes(header)


def ipv4_header(source: bytes, destination: bytes, payload_length: int, protocol: int, ttl: int = 64,
                identification: int = 0) -> bytes:
    """The 20 bytes of the header of an IPv4 packet, without options."""
    header = _Ipv4(source, destination, payload_length + 20, protocol, ttl, identification)
    header.checksum = checksum(bytes(header))
    return bytes(header)


def ethernet_header(source_mac: bytes, destination_mac: bytes, type: int) -> bytes:
    """The 14 bytes of the header of an Ethernet frame."""
    return b"".join([destination_mac, source_mac, type.to_bytes(2, "big")])


def encapsulate(source_mac: str, destination_mac: str, source_ip: str, destination_ip: str, source_port: int,
                destination_port: int, payload: bytes, ttl: int = 64) -> bytes:
    """From the inside out."""
    ips = [ipv4_to_bytes(text) for text in (source_ip, destination_ip)]
    macs = [mac_to_bytes(text) for text in (source_mac, destination_mac)]
    udp = udp_header(source_port, destination_port, payload, *ips) + payload
    return ethernet_header(*macs, IPV4_TYPE) + ipv4_header(*ips, len(udp), UDP, ttl) + udp


class Frame(NamedTuple):
    """What is in a frame. The addresses are texts, as encapsulate() takes them."""

    source_mac: str
    destination_mac: str
    source_ip: str
    destination_ip: str
    ttl: int
    protocol: int           # TCP or UDP
    source_port: int
    destination_port: int
    payload: bytes


ETHERNET = struct.Struct("!6s6sH")
IPV4 = struct.Struct("!BxHxxHBBxx4s4s")
PORTS_AND_MORE = struct.Struct("!HHHH")


def _first(layer: str, header: struct.Struct, data: bytes) -> tuple:
    """What is in the fixed part of a header."""
    try:
        return header.unpack_from(data)
    except struct.error:
        raise LayerError(f"{layer}: only {len(data)} of {header.size} bytes") from None


def read_ethernet(frame: bytes) -> tuple[bytes, bytes, bytes]:
    destination, source, ethertype = _first("Ethernet", ETHERNET, frame)
    if ethertype != IPV4_TYPE:
        raise LayerError(f"Ethernet: type {ethertype}")
    return source, destination, frame[ETHERNET.size:]


def read_ipv4(packet: bytes) -> tuple[bytes, bytes, int, int, bytes]:
    version_and_ihl, total, fragment, ttl, protocol, source, destination = _first("IPv4", IPV4, packet)
    ihl = version_and_ihl & 0x0F
    header, payload = packet[:ihl * 4], packet[ihl * 4:total]
    problems = {
        "version": version_and_ihl >> 4 != 4,
        "IHL": ihl < 5 or ihl * 4 > len(packet),
        "total length": total < ihl * 4 or total > len(packet),
        "checksum": checksum(header) != 0,
        "fragment": fragment & 0x3FFF != 0,
        "protocol": protocol not in (TCP, UDP),
    }
    for name, is_one in problems.items():
        if is_one:
            raise LayerError(f"IPv4: {name}")
    return source, destination, ttl, protocol, payload


def read_udp(datagram: bytes, source_ip: bytes, destination_ip: bytes) -> tuple[int, int, bytes]:
    source, destination, length, given = _first("UDP", PORTS_AND_MORE, datagram)
    if length not in range(8, len(datagram) + 1):
        raise LayerError(f"UDP: length {length}")
    pseudo = struct.pack("!4s4sHH", source_ip, destination_ip, UDP, length)
    if given and checksum(pseudo + datagram[:length]):
        raise LayerError("UDP: checksum")
    return source, destination, datagram[8:length]


def read_tcp(segment: bytes) -> tuple[int, int, bytes]:
    if len(segment) < 20:
        raise LayerError(f"TCP: only {len(segment)} of 20 bytes")
    source, destination, *_ = _first("TCP", PORTS_AND_MORE, segment)
    begin = segment[12] >> 4 << 2
    if begin not in range(20, len(segment) + 1):
        raise LayerError(f"TCP: data offset {begin // 4}")
    return source, destination, segment[begin:]


def decapsulate(frame: bytes) -> Frame:
    """What is in this frame. Each layer takes its own header off, and gives the rest to the next one."""
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
