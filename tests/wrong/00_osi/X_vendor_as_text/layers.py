"""Gives vendor and serial number as texts such as "02:00:5e", and they are to be three bytes each."""
import bisect
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


# MAC addresses ----------------------------------------------------------------------------------------------


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
    return MacParts(mac_to_text(address[:3]), mac_to_text(address[3:]), group=first & 1 == 1, local=first & 2 == 2)


# IPv4 addresses ---------------------------------------------------------------------------------------------


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
    return ".".join([str(number) for number in address])


def ipv4_kind(address: bytes) -> str:
    """What kind of address these four bytes are."""
    match tuple(address):
        case (127, _, _, _):
            return "loopback"
        case (10, _, _, _) | (192, 168, _, _):
            return "private"
        case (172, second, _, _) if second & 0xF0 == 16:
            return "private"
        case (first, _, _, _) if first & 0xF0 == 224:
            return "multicast"
        case (255, 255, 255, 255):
            return "broadcast"
        case _:
            return "other"


# Ports ------------------------------------------------------------------------------------------------------


def port_kind(port: int) -> str:
    """Looks up how many of the ranges begin at this port or before it."""
    kind = (None, "system", "user", "dynamic", None)[bisect.bisect_right([0, 1024, 49152, 65536], port)]
    if kind is None:
        raise AddressError(f"{port} is not a port from 0 to 65535")
    return kind


DEFAULT_PORTS = dict(ftp=21, ssh=22, dns=53, tftp=69, http=80, https=443, mysql=3306, flask=5000, redis=6379,
                     django=8000, tomcat=8080, mongodb=27017)


def default_port(service: str) -> int:
    try:
        return DEFAULT_PORTS[service.lower()]
    except KeyError:
        raise AddressError(f"nothing is known of {service!r}") from None


# The checksum -----------------------------------------------------------------------------------------------


def checksum(data: bytes) -> int:
    """Adding with the carry coming in again is adding modulo 65535, where 0 is written as 65535 unless all was 0."""
    number = int.from_bytes(data + b"\0" * (len(data) % 2), "big")
    total = number % 0xFFFF
    if total == 0 and number > 0:
        total = 0xFFFF
    return 0xFFFF - total


# Headers, put together --------------------------------------------------------------------------------------


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


# Headers, taken apart ---------------------------------------------------------------------------------------


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
