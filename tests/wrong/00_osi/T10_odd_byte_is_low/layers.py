"""Takes a byte that is left over as the low half of a number, and it is the high one."""
import ipaddress
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


HEX_DIGITS = "0123456789abcdef"


def mac_to_bytes(text: str) -> bytes:
    result = bytearray()
    for part in text.replace("-", ":").split(":"):
        digits = part.lower()
        if len(digits) != 2 or digits[0] not in HEX_DIGITS or digits[1] not in HEX_DIGITS:
            raise AddressError(f"{part!r} is wrong")
        result.append(16 * HEX_DIGITS.index(digits[0]) + HEX_DIGITS.index(digits[1]))
    if len(result) != 6:
        raise AddressError(f"there are {len(result)} bytes in {text!r}")
    return bytes(result)


def mac_to_text(address: bytes) -> str:
    pieces = []
    for byte in address:
        pieces.append(HEX_DIGITS[byte // 16] + HEX_DIGITS[byte % 16])
    return ":".join(pieces)


def mac_parts(address: bytes) -> MacParts:
    first_byte = address[0]
    group = first_byte % 2 == 1
    local = first_byte // 2 % 2 == 1
    return MacParts(address[0:3], address[3:6], group, local)


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


RANGES = {"system": range(0, 1024), "user": range(1024, 49152), "dynamic": range(49152, 65536)}


def port_kind(port: int) -> str:
    for kind, ports in RANGES.items():
        if port in ports:
            return kind
    raise AddressError(f"there is no port {port}")


def default_port(service: str) -> int:
    """The port on which this service is looked for."""
    ports = {
        "http": 80,
        "https": 443,
        "ftp": 21,
        "ssh": 22,
        "dns": 53,
        "tftp": 69,
        "mysql": 3306,
        "mongodb": 27017,
        "django": 8000,
        "tomcat": 8080,
        "flask": 5000,
        "redis": 6379,
    }
    name = service.lower()
    if name in ports:
        return ports[name]
    raise AddressError(f"unknown service: {service}")


def checksum(data: bytes) -> int:
    total = 0
    while data:
        total += int.from_bytes(data[:2], "big")
        data = data[2:]
    while total > 0xFFFF:
        carry = total >> 16
        total = (total & 0xFFFF) + carry
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
