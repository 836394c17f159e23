"""Makes a text of the payload, which may be anything."""
import enum
import itertools
import re
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


def ipv4_kind(address: bytes) -> str:
    """Compares the first bits, written as a text of 32 zeros and ones, with those of each block."""
    bits = "".join(f"{byte:08b}" for byte in address)
    if bits.startswith("01111111"):                                             # 127
        return "loopback"
    if bits.startswith(("00001010", "101011000001", "1100000010101000")):       # 10, 172.16/12, 192.168
        return "private"
    if bits.startswith("1110"):                                                 # 224/4
        return "multicast"
    return "broadcast" if "0" not in bits else "other"


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
    """The checksum of the Internet: RFC 1071."""
    total = 0
    for high, low in itertools.zip_longest(data[0::2], data[1::2], fillvalue=0):
        total += high << 8 | low
        if total > 0xFFFF:
            total -= 0xFFFF         # one carry less above, and one more below
    return total ^ 0xFFFF


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
    return number(datagram, 0), number(datagram, 2), datagram[8:length].decode(errors="replace")


def read_tcp(segment: bytes) -> tuple[int, int, bytes]:
    need(len(segment) >= 20, "TCP: too short")
    header = segment[12] // 16 * 4
    need(20 <= header <= len(segment), "TCP: data offset")
    return number(segment, 0), number(segment, 2), segment[header:].decode(errors="replace")


def decapsulate(frame: bytes) -> Frame:
    """What is in this frame. Each layer takes its own header off, and gives the rest to the next one."""
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
