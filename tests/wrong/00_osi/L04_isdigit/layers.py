"""Asks isdigit() whether there are only digits, which holds for the digits of all scripts."""
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
    """The six bytes of a MAC address."""
    parts = re.split("[:-]", text)
    if len(parts) != 6:
        raise AddressError(f"a MAC address has 6 parts, and {text!r} has {len(parts)}")
    for part in parts:
        if not re.fullmatch("[0-9A-Fa-f]{2}", part):
            raise AddressError(f"{part!r} should be two hex digits")
    return bytes.fromhex("".join(parts))


def mac_to_text(address: bytes) -> str:
    """These six bytes as text, as "02:00:5e:10:00:ff"."""
    return address.hex(":")


def mac_parts(address: bytes) -> MacParts:
    """Take a MAC address (6 bytes) apart."""
    first = address[0]
    return MacParts(address[:3], address[3:], group=first & 1 == 1, local=first & 2 == 2)


def ipv4_to_bytes(text: str) -> bytes:
    """The four bytes of an IPv4 address."""
    match text.split("."):
        case [a, b, c, d]:
            return bytes([_decimal_byte(a), _decimal_byte(b), _decimal_byte(c), _decimal_byte(d)])
        case parts:
            raise AddressError(f"{len(parts)} parts instead of 4")


def _decimal_byte(part: str) -> int:
    if not part.isdigit():
        raise AddressError(f"{part!r} has something else than digits in it")
    if part != "0" and part.startswith("0"):
        raise AddressError(f"{part!r}: is that octal?")
    if len(part) > 3 or int(part) > 255:
        raise AddressError(f"{part!r} does not fit into a byte")
    return int(part)


def ipv4_to_text(address: bytes) -> str:
    """These four bytes as text."""
    return "{}.{}.{}.{}".format(*address)


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
    if port < 0 or port > 65535:
        raise AddressError(f"{port} is no port")
    if port <= 1023:
        return "system"
    if port <= 49151:
        return "user"
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


def checksum(data: bytes) -> int:
    """Adding with the carry coming in again is adding modulo 65535, where 0 is written as 65535 unless all was 0."""
    number = int.from_bytes(data + b"\0" * (len(data) % 2), "big")
    total = number % 0xFFFF
    if total == 0 and number > 0:
        total = 0xFFFF
    return 0xFFFF - total


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


def number(data: bytes, at: int) -> int:
    """The number in the two bytes at this place."""
    return data[at] * 256 + data[at + 1]


def need(condition: bool, complaint: str) -> None:
    if not condition:
        raise LayerError(complaint)


def read_ethernet(frame: bytes) -> tuple[bytes, bytes, bytes]:
    need(len(frame) >= 14, "Ethernet: too short")
    need(number(frame, 12) == IPV4_TYPE, "Ethernet: no IPv4 in it")
    return frame[6:12], frame[0:6], frame[14:]


def read_ipv4(packet: bytes) -> tuple[bytes, bytes, int, int, bytes]:
    need(len(packet) >= 20, "IPv4: too short")
    need(packet[0] // 16 == 4, "IPv4: not version 4")
    header = packet[0] % 16 * 4
    need(header >= 20, "IPv4: IHL too small")
    need(len(packet) >= header, "IPv4: too short for its IHL")
    need(checksum(packet[:header]) == 0, "IPv4: checksum")
    total = number(packet, 2)
    need(header <= total <= len(packet), "IPv4: total length")
    need(number(packet, 6) % 0x4000 == 0, "IPv4: fragment")
    protocol = packet[9]
    need(protocol in (TCP, UDP), "IPv4: protocol")
    return packet[12:16], packet[16:20], packet[8], protocol, packet[header:total]


def read_udp(datagram: bytes, source_ip: bytes, destination_ip: bytes) -> tuple[int, int, bytes]:
    need(len(datagram) >= 8, "UDP: too short")
    length = number(datagram, 4)
    need(8 <= length <= len(datagram), "UDP: length")
    if number(datagram, 6) != 0:
        pseudo = source_ip + destination_ip + bytes([0, 17, length // 256, length % 256])
        need(checksum(pseudo + datagram[:length]) == 0, "UDP: checksum")
    return number(datagram, 0), number(datagram, 2), datagram[8:length]


def read_tcp(segment: bytes) -> tuple[int, int, bytes]:
    need(len(segment) >= 20, "TCP: too short")
    header = segment[12] // 16 * 4
    need(20 <= header <= len(segment), "TCP: data offset")
    return number(segment, 0), number(segment, 2), segment[header:]


def decapsulate(frame: bytes) -> Frame:
    """What is in this frame. Each layer takes its own header off, and gives the rest to the next one."""
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
