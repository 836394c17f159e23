"""Takes 65536 for a port, since there are so many of them."""
import bisect
import enum
import re
import string
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


BLOCKS = [
    ("loopback", "127.0.0.0", 8),
    ("private", "10.0.0.0", 8),
    ("private", "172.16.0.0", 12),
    ("private", "192.168.0.0", 16),
    ("multicast", "224.0.0.0", 4),
    ("broadcast", "255.255.255.255", 32),
]


def ipv4_kind(address: bytes) -> str:
    for kind, network, bits in BLOCKS:
        shift = 32 - bits
        if int.from_bytes(address, "big") >> shift == int.from_bytes(ipv4_to_bytes(network), "big") >> shift:
            return kind
    return "other"


def port_kind(port: int) -> str:
    """Looks up how many of the ranges begin at this port or before it."""
    kind = (None, "system", "user", "dynamic", None)[bisect.bisect_right([0, 1024, 49152, 65537], port)]
    if kind is None:
        raise AddressError(f"{port} is not a port from 0 to 65536")
    return kind


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
    # As in the many ping programs: the sum is made with the low byte first, and turned round at the end.
    total = 0
    even = len(data) // 2 * 2
    for count in range(0, even, 2):
        total += data[count + 1] * 256 + data[count]
    if even < len(data):
        total += data[-1]
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    answer = ~total & 0xFFFF
    return answer >> 8 | (answer << 8 & 0xFF00)


def udp_header(source_port: int, destination_port: int, payload: bytes, source_ip: bytes, destination_ip: bytes,
               ) -> bytes:
    """The 8 bytes of the header of a UDP datagram with this payload: RFC 768."""
    length = 8 + len(payload)
    ports = struct.pack("!HH", source_port, destination_port)
    without = ports + struct.pack("!HH", length, 0)
    value = checksum(_pseudo(source_ip, destination_ip, length) + without + payload)
    if value == 0:
        value = 0xFFFF
    return ports + struct.pack("!HH", length, value)


def _pseudo(source_ip: bytes, destination_ip: bytes, length: int) -> bytes:
    """What goes into the checksum of UDP, and is sent by nobody."""
    return struct.pack("!4s4sBBH", source_ip, destination_ip, 0, UDP, length)


def ipv4_header(source: bytes, destination: bytes, payload_length: int, protocol: int, ttl: int = 64,
                identification: int = 0) -> bytes:
    """The 20 bytes of the header of an IPv4 packet, without options: RFC 791."""
    def packed(value: int) -> bytes:
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + payload_length, identification, DONT_FRAGMENT, ttl, protocol,
                           value, source, destination)

    return packed(checksum(packed(0)))


def ethernet_header(source_mac: bytes, destination_mac: bytes, type: int) -> bytes:
    """The 14 bytes of the header of an Ethernet frame: RFC 894."""
    return struct.pack("!6s6sH", destination_mac, source_mac, type)


def encapsulate(source_mac: str, destination_mac: str, source_ip: str, destination_ip: str, source_port: int,
                destination_port: int, payload: bytes, ttl: int = 64) -> bytes:
    """A whole frame: this payload in a UDP datagram, in an IPv4 packet, in an Ethernet frame."""
    source, destination = ipv4_to_bytes(source_ip), ipv4_to_bytes(destination_ip)
    data = udp_header(source_port, destination_port, payload, source, destination) + payload
    data = ipv4_header(source, destination, len(data), UDP, ttl) + data
    return ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE) + data


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
