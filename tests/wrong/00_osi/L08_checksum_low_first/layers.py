"""Puts the checksum into its headers with its low byte first."""
import re
import struct
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
    if not (part.isascii() and part.isdigit()):
        raise AddressError(f"{part!r} has something else than digits in it")
    if part != "0" and part.startswith("0"):
        raise AddressError(f"{part!r}: is that octal?")
    if len(part) > 3 or int(part) > 255:
        raise AddressError(f"{part!r} does not fit into a byte")
    return int(part)


def ipv4_to_text(address: bytes) -> str:
    """These four bytes as text."""
    return "{}.{}.{}.{}".format(*address)


def ipv4_kind(address: bytes) -> str:
    """What kind of address these four bytes are."""
    first, second, _, _ = address
    if first == 127:
        return "loopback"
    if first == 10:
        return "private"
    if first == 172 and 16 <= second <= 31:
        return "private"
    if first == 192 and second == 168:
        return "private"
    if 224 <= first <= 239:
        return "multicast"
    if address == b"\xff\xff\xff\xff":
        return "broadcast"
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


def checksum(data: bytes) -> int:
    total = 0
    for at in range(0, len(data), 2):
        high = data[at]
        low = data[at + 1] if at + 1 < len(data) else 0
        total += high * 256 + low
    while total > 0xFFFF:
        total = total % 0x10000 + total // 0x10000
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
    return header + (result or 0xFFFF).to_bytes(2, "little")


def ipv4_header(source: bytes, destination: bytes, payload_length: int, protocol: int, ttl: int = 64,
                identification: int = 0) -> bytes:
    before = (bytes([4 * 16 + 5, 0]) + two(payload_length + 20) + two(identification) + two(DONT_FRAGMENT)
              + bytes([ttl, protocol]))
    behind = source + destination
    return before + checksum(before + two(0) + behind).to_bytes(2, "little") + behind


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
