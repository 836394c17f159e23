"""Joins the four numbers of an IPv4 address without making texts of them, which is a TypeError."""
import bisect
import enum
import functools
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
    """Four parts, each of which is written just as str() writes the number in it."""
    numbers = []
    for part in text.split("."):
        try:
            number = int(part)
        except ValueError:
            raise AddressError(f"in {text!r}: {part!r} is no number") from None
        if str(number) != part or number not in range(256):
            raise AddressError(f"in {text!r}: {part!r} is no number from 0 to 255")
        numbers.append(number)
    if len(numbers) != 4:
        raise AddressError(f"{text!r}: not four parts")
    return struct.pack("4B", *numbers)


def ipv4_to_text(address: bytes) -> str:
    """Four numbers, with points between them."""
    return ".".join([number for number in address])


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


def _add(a: int, b: int) -> int:
    """Ones' complement addition of 16 bits: a carry comes in again from below."""
    carry, rest = divmod(a + b, 1 << 16)
    return rest + carry


def checksum(data: bytes) -> int:
    """The checksum of the Internet: RFC 1071."""
    padded = data + bytes(len(data) % 2)
    words = [int.from_bytes(padded[at:at + 2], "big") for at in range(0, len(padded), 2)]
    return functools.reduce(_add, words, 0) ^ 0xFFFF


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
