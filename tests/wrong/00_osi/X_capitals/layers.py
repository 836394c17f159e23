"""Writes a MAC address with capital letters."""
import bisect
import itertools
import string
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
    return "{:02X}:{:02X}:{:02X}:{:02X}:{:02X}:{:02X}".format(*address)


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
    """Looks up how many of the ranges begin at this port or before it."""
    kind = (None, "system", "user", "dynamic", None)[bisect.bisect_right([0, 1024, 49152, 65536], port)]
    if kind is None:
        raise AddressError(f"{port} is not a port from 0 to 65535")
    return kind


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
    """The checksum of the Internet: RFC 1071."""
    total = 0
    for high, low in itertools.zip_longest(data[0::2], data[1::2], fillvalue=0):
        total += high << 8 | low
        if total > 0xFFFF:
            total -= 0xFFFF         # one carry less above, and one more below
    return total ^ 0xFFFF


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
