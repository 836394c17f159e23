"""Takes everything behind the first 20 bytes of a TCP header for payload, so its options too."""
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
    if offset * 4 > len(segment):
        raise cursor.error("cut off")
    return source, destination, cursor.rest()


def decapsulate(frame: bytes) -> Frame:
    """What is in this frame. Each layer takes its own header off, and gives the rest to the next one."""
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
