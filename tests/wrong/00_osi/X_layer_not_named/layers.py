"""Raises LayerError where it has to, with a text that does not say which layer it was."""
import enum
import ipaddress
import string
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
    separator = "-" if "-" in text else ":"
    parts = text.split(separator)
    if len(parts) != 6:
        raise AddressError("a MAC address looks like 02:00:5e:10:00:ff, and not like " + repr(text))
    for part in parts:
        if len(part) != 2 or not all(digit in string.hexdigits for digit in part):
            raise AddressError("not two hex digits: " + repr(part))
    return bytes([int(part, 16) for part in parts])


def mac_to_text(address: bytes) -> str:
    return ":".join("%02x" % byte for byte in address)


def mac_parts(address: bytes) -> MacParts:
    bits = format(address[0], "08b")            # the lowest bit is the last one of this text
    return MacParts(vendor=address[:3], serial=address[3:], group=bits[7] == "1", local=bits[6] == "1")


def ipv4_to_bytes(text: str) -> bytes:
    parts = text.split(".")
    if len(parts) != 4:
        raise AddressError("an IPv4 address looks like 192.0.2.10, and not like " + repr(text))
    address = bytearray()
    for part in parts:
        number = 0
        for digit in part:
            if digit not in "0123456789":
                raise AddressError("not a decimal number: " + repr(part))
            number = 10 * number + "0123456789".index(digit)
        if part == "" or number > 255 or (part[0] == "0" and part != "0"):
            raise AddressError("not a number from 0 to 255: " + repr(part))
        address.append(number)
    return bytes(address)


def ipv4_to_text(address: bytes) -> str:
    return "%d.%d.%d.%d" % tuple(address)


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


class Service(enum.IntEnum):
    """The services, and where they are."""

    FTP = 21
    SSH = 22
    DNS = 53
    TFTP = 69
    HTTP = 80
    HTTPS = 443
    MYSQL = 3306
    FLASK = 5000
    REDIS = 6379
    DJANGO = 8000
    TOMCAT = 8080
    MONGODB = 27017


def default_port(service: str) -> int:
    """Looks the service up by its name in capitals."""
    if service.upper() not in Service.__members__:
        raise AddressError(f"no such service: {service}")
    return Service[service.upper()].value


def checksum(data: bytes) -> int:
    total = 0
    for at in range(0, len(data), 2):
        high = data[at]
        low = data[at + 1] if at + 1 < len(data) else 0
        total += high * 256 + low
    while total > 0xFFFF:
        total = total % 0x10000 + total // 0x10000
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


class _Cursor:
    """Goes through the bytes of one layer, and raises LayerError where they end."""

    def __init__(self, layer: str, data: bytes) -> None:
        self.layer, self.data, self.at = layer, data, 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.at:self.at + count]
        self.at += count
        if len(piece) < count:
            raise self.error(f"ends after {len(self.data)} bytes")
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def short(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def rest(self) -> bytes:
        return self.data[self.at:]

    def error(self, text: str) -> LayerError:
        return LayerError(text)


def read_ethernet(frame: bytes) -> tuple[bytes, bytes, bytes]:
    """The source MAC, the destination MAC, and what is behind the header of a frame."""
    cursor = _Cursor("Ethernet", frame)
    destination, source, type = cursor.take(6), cursor.take(6), cursor.short()
    if type != IPV4_TYPE:
        raise cursor.error(f"of type {type:04x}")
    return source, destination, cursor.rest()


def read_ipv4(packet: bytes) -> tuple[bytes, bytes, int, int, bytes]:
    """The source address, the destination address, the TTL, the protocol and the payload of an IPv4 packet."""
    cursor = _Cursor("IPv4", packet)
    first, _, total, _, fragment = cursor.byte(), cursor.byte(), cursor.short(), cursor.short(), cursor.short()
    ttl, protocol, _, source, destination = (cursor.byte(), cursor.byte(), cursor.short(), cursor.take(4),
                                             cursor.take(4))
    if first >> 4 != 4:
        raise cursor.error(f"version {first >> 4}")
    if first & 15 < 5:
        raise cursor.error(f"IHL {first & 15}")
    cursor.take((first & 15) * 4 - 20)          # the options
    if not cursor.at <= total <= len(packet):
        raise cursor.error(f"total length {total}")
    if checksum(packet[:cursor.at]):
        raise cursor.error("checksum")
    if fragment & ~DONT_FRAGMENT & 0x7FFF:
        raise cursor.error("fragment")
    if protocol not in {TCP, UDP}:
        raise cursor.error(f"protocol {protocol}")
    return source, destination, ttl, protocol, packet[cursor.at:total]


def read_udp(datagram: bytes, source_ip: bytes, destination_ip: bytes) -> tuple[int, int, bytes]:
    """The source port, the destination port and the payload of a UDP datagram between these addresses."""
    cursor = _Cursor("UDP", datagram)
    source, destination, length, given = [cursor.short() for _ in range(4)]
    if not 8 <= length <= len(datagram):
        raise cursor.error(f"length {length}")
    if given:
        summed = source_ip + destination_ip + b"\0\x11" + datagram[4:6] + datagram[:length]
        if checksum(summed):
            raise cursor.error("checksum")
    return source, destination, datagram[8:length]


def read_tcp(segment: bytes) -> tuple[int, int, bytes]:
    """The source port, the destination port and the payload of a TCP segment."""
    cursor = _Cursor("TCP", segment)
    source, destination = cursor.short(), cursor.short()
    cursor.take(8)                              # sequence and acknowledgment number
    offset = cursor.byte() >> 4
    cursor.take(7)                              # flags, window, checksum, urgent pointer
    if offset < 5:
        raise cursor.error(f"data offset {offset}")
    cursor.take(offset * 4 - 20)                # the options
    return source, destination, cursor.rest()


def decapsulate(frame: bytes) -> Frame:
    """What is in this frame. Each layer takes its own header off, and gives the rest to the next one."""
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
