"""Does not look at the checksum of the IPv4 header."""
import ipaddress
import re
import struct
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
    """The bits of the first byte: the lowest one for group, the next for local."""
    group, local = [bool(address[0] >> bit & 1) for bit in (0, 1)]
    return MacParts(address[:3], address[3:], group, local)


def ipv4_to_bytes(text: str) -> bytes:
    """The four bytes of an IPv4 address."""
    parts = text.split(".")
    if len(parts) != 4:
        raise AddressError(f"an IPv4 address has 4 parts, and {text!r} has {len(parts)}")
    for part in parts:
        if not re.fullmatch("0|[1-9][0-9]{0,2}", part) or int(part) > 255:
            raise AddressError(f"{part!r} should be a number from 0 to 255")
    return bytes(map(int, parts))


def ipv4_to_text(address: bytes) -> str:
    """These four bytes as text, such as "192.0.2.10"."""
    return ".".join(map(str, address))


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
    """Adding with the carry coming in again is adding modulo 65535, where 0 is written as 65535 unless all was 0."""
    number = int.from_bytes(data + b"\0" * (len(data) % 2), "big")
    total = number % 0xFFFF
    if total == 0 and number > 0:
        total = 0xFFFF
    return 0xFFFF - total


def two(number: int) -> bytes:
    """A number in two bytes, in network byte order."""
    return number.to_bytes(2, "big")


def pseudo_header(source_ip: bytes, destination_ip: bytes, length: int) -> bytes:
    return source_ip + destination_ip + bytes([0, UDP]) + two(length)


def udp_header(source_port: int, destination_port: int, payload: bytes, source_ip: bytes, destination_ip: bytes,
               ) -> bytes:
    length = len(payload) + 8
    header = two(source_port) + two(destination_port) + two(length)
    result = checksum(pseudo_header(source_ip, destination_ip, length) + header + two(0) + payload)
    return header + two(result or 0xFFFF)


def ipv4_header(source: bytes, destination: bytes, payload_length: int, protocol: int, ttl: int = 64,
                identification: int = 0) -> bytes:
    before = (bytes([4 * 16 + 5, 0]) + two(payload_length + 20) + two(identification) + two(DONT_FRAGMENT)
              + bytes([ttl, protocol]))
    behind = source + destination
    return before + two(checksum(before + two(0) + behind)) + behind


def ethernet_header(source_mac: bytes, destination_mac: bytes, type: int) -> bytes:
    return destination_mac + source_mac + two(type)


def encapsulate(source_mac: str, destination_mac: str, source_ip: str, destination_ip: str, source_port: int,
                destination_port: int, payload: bytes, ttl: int = 64) -> bytes:
    source = ipv4_to_bytes(source_ip)
    destination = ipv4_to_bytes(destination_ip)
    datagram = udp_header(source_port, destination_port, payload, source, destination) + payload
    packet = ipv4_header(source, destination, len(datagram), UDP, ttl) + datagram
    return ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE) + packet


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
    problems = {
        "version": version_and_ihl >> 4 != 4,
        "IHL": ihl < 5 or ihl * 4 > len(packet),
        "total length": total < ihl * 4 or total > len(packet),
        "fragment": fragment & 0x3FFF != 0,
        "protocol": protocol not in (TCP, UDP),
    }
    for name, is_one in problems.items():
        if is_one:
            raise LayerError(f"IPv4: {name}")
    return source, destination, ttl, protocol, packet[ihl * 4:total]


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
