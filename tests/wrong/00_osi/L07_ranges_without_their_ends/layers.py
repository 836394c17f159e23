"""Writes range(0, 1023) for 0 to 1023, so the last port of each range is in none of them."""
import ipaddress
import string
import struct
from dataclasses import dataclass
from typing import NamedTuple

IPV4_TYPE = 0x0800          # what an Ethernet header says of an IPv4 packet: RFC 894
TCP, UDP = 6, 17            # what an IPv4 header says of what is in the packet
DONT_FRAGMENT = 0x4000      # the bit DF of an IPv4 header


class AddressError(ValueError):
    """A text that is no address, a number that is no port, or a service that is not known. The text says why."""


class LayerError(ValueError):
    """A frame that is cut off, damaged, or of another kind than those in here. Its text begins with the layer."""


class MacParts(NamedTuple):
    """What the 48 bits of a MAC address say."""

    vendor: bytes           # 3 bytes: who made the network card
    serial: bytes           # 3 bytes: which one of the maker's cards it is
    group: bool             # whether it stands for many (multicast and broadcast), and not for one (unicast)
    local: bool             # whether somebody has made it up, and not the maker


def mac_to_bytes(text: str) -> bytes:
    """The six bytes of a MAC address."""
    match text.replace("-", ":").split(":"):
        case [_, _, _, _, _, _] as parts:
            return bytes(map(_hex_byte, parts))
        case parts:
            raise AddressError(f"{len(parts)} parts instead of 6")


def _hex_byte(part: str) -> int:
    if len(part) == 2 and set(part) <= set(string.hexdigits):
        return int(part, 16)
    raise AddressError(f"{part!r} is no byte in hex")


def mac_to_text(address: bytes) -> str:
    """These six bytes as text."""
    return "{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}".format(*address)


def mac_parts(address: bytes) -> MacParts:
    """Vendor, serial number, and the two lowest bits of the first byte."""
    vendor, serial = struct.unpack("3s3s", address)
    return MacParts(vendor, serial, bool(vendor[0] & 0b01), bool(vendor[0] & 0b10))


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


RANGES = {"system": range(0, 1023), "user": range(1024, 49151), "dynamic": range(49152, 65535)}


def port_kind(port: int) -> str:
    for kind, ports in RANGES.items():
        if port in ports:
            return kind
    raise AddressError(f"there is no port {port}")


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
    """The checksum of the Internet: RFC 1071."""
    if len(data) % 2 == 1:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


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
        return LayerError(f"{self.layer}: {text}")


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
