"""Whatever int() takes is thought to be a number as an address has it."""
import struct
from typing import NamedTuple

IPV4_TYPE = 0x0800
TCP, UDP = 6, 17
DONT_FRAGMENT = 0x4000


class AddressError(ValueError):
    """A text that is no address, a number that is no port, or a service that is not known."""


class LayerError(ValueError):
    """A frame that is cut off, damaged, or of another kind."""


class MacParts(NamedTuple):
    vendor: bytes
    serial: bytes
    group: bool
    local: bool


def mac_to_bytes(text: str) -> bytes:
    parts = text.replace("-", ":").split(":")
    if len(parts) != 6:
        raise AddressError(f"{text!r} does not have 6 parts")
    result = []
    for part in parts:
        if len(part) != 2:
            raise AddressError(f"{part!r} does not have 2 digits")
        try:
            result.append(int(part, 16))
        except ValueError:
            raise AddressError(f"{part!r} is not hexadecimal") from None
    return bytes(result)


def mac_to_text(address: bytes) -> str:
    result = []
    for number in address:
        result.append(f"{number:02x}")
    return ":".join(result)


def mac_parts(address: bytes) -> MacParts:
    group = bool(address[0] & 1)
    local = bool(address[0] & 2)
    return MacParts(address[:3], address[3:], group, local)


def ipv4_to_bytes(text: str) -> bytes:
    parts = text.split(".")
    if len(parts) != 4:
        raise AddressError(f"{text!r} does not have 4 parts")
    result = []
    for part in parts:
        try:
            number = int(part)
        except ValueError:
            raise AddressError(f"{part!r} is not a number") from None
        if len(part) > 1 and part[0] == "0":
            raise AddressError(f"{part!r} has a zero in front")
        if number < 0 or number > 255:
            raise AddressError(f"{part!r} is not from 0 to 255")
        result.append(number)
    return bytes(result)


def ipv4_to_text(address: bytes) -> str:
    result = []
    for number in address:
        result.append(str(number))
    return ".".join(result)


def ipv4_kind(address: bytes) -> str:
    first, second = address[0], address[1]
    if address == b"\xff\xff\xff\xff":
        return "broadcast"
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
    return "other"


def port_kind(port: int) -> str:
    if port < 0 or port > 65535:
        raise AddressError(f"there is no port {port}")
    if port <= 1023:
        return "system"
    if port <= 49151:
        return "user"
    return "dynamic"


PORTS = {
    "http": 80,
    "ftp": 21,
    "https": 443,
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


def default_port(service: str) -> int:
    name = service.lower()
    if name not in PORTS:
        raise AddressError(f"{service!r} is not known")
    return PORTS[name]


def checksum(data: bytes) -> int:
    if len(data) % 2 == 1:
        data = data + b"\0"
    total = 0
    for number in struct.unpack(f"!{len(data) // 2}H", data):
        total += number
    while total > 0xFFFF:
        carry = total >> 16
        total = (total & 0xFFFF) + carry
    return total ^ 0xFFFF


def udp_header(source_port: int, destination_port: int, payload: bytes, source_ip: bytes, destination_ip: bytes,
               ) -> bytes:
    length = 8 + len(payload)
    pseudo_header = source_ip + destination_ip + struct.pack("!BBH", 0, UDP, length)
    header = struct.pack("!HHHH", source_port, destination_port, length, 0)
    result = checksum(pseudo_header + header + payload)
    if result == 0:
        result = 0xFFFF
    return struct.pack("!HHHH", source_port, destination_port, length, result)


def ipv4_header(source: bytes, destination: bytes, payload_length: int, protocol: int, ttl: int = 64,
                identification: int = 0) -> bytes:
    total_length = 20 + payload_length
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, total_length, identification, DONT_FRAGMENT, ttl, protocol, 0,
                         source, destination)
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, total_length, identification, DONT_FRAGMENT, ttl, protocol,
                       checksum(header), source, destination)


def ethernet_header(source_mac: bytes, destination_mac: bytes, type: int) -> bytes:
    return struct.pack("!6s6sH", destination_mac, source_mac, type)


def encapsulate(source_mac: str, destination_mac: str, source_ip: str, destination_ip: str, source_port: int,
                destination_port: int, payload: bytes, ttl: int = 64) -> bytes:
    source = ipv4_to_bytes(source_ip)
    destination = ipv4_to_bytes(destination_ip)
    datagram = udp_header(source_port, destination_port, payload, source, destination) + payload
    packet = ipv4_header(source, destination, len(datagram), UDP, ttl) + datagram
    return ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE) + packet


class Frame(NamedTuple):
    source_mac: str
    destination_mac: str
    source_ip: str
    destination_ip: str
    ttl: int
    protocol: int
    source_port: int
    destination_port: int
    payload: bytes


def read_ethernet(frame: bytes) -> tuple[bytes, bytes, bytes]:
    if len(frame) < 14:
        raise LayerError("Ethernet: the header is cut off")
    destination, source, type = struct.unpack("!6s6sH", frame[:14])
    if type != IPV4_TYPE:
        raise LayerError(f"Ethernet: the type is {type:#06x}")
    return source, destination, frame[14:]


def read_ipv4(packet: bytes) -> tuple[bytes, bytes, int, int, bytes]:
    if len(packet) < 20:
        raise LayerError("IPv4: the header is cut off")
    first, _, total_length, _, fragment, ttl, protocol, _, source, destination = struct.unpack(
        "!BBHHHBBH4s4s", packet[:20])
    version = first >> 4
    header_length = (first & 0x0F) * 4
    if version != 4:
        raise LayerError(f"IPv4: the version is {version}")
    if header_length < 20:
        raise LayerError(f"IPv4: a header of {header_length} bytes")
    if len(packet) < header_length:
        raise LayerError("IPv4: the options are cut off")
    if total_length < header_length or total_length > len(packet):
        raise LayerError(f"IPv4: the total length is {total_length}")
    if checksum(packet[:header_length]) != 0:
        raise LayerError("IPv4: the checksum is wrong")
    if fragment & 0x3FFF:
        raise LayerError("IPv4: a fragment")
    if protocol != TCP and protocol != UDP:
        raise LayerError(f"IPv4: the protocol is {protocol}")
    return source, destination, ttl, protocol, packet[header_length:total_length]


def read_udp(datagram: bytes, source_ip: bytes, destination_ip: bytes) -> tuple[int, int, bytes]:
    if len(datagram) < 8:
        raise LayerError("UDP: the header is cut off")
    source_port, destination_port, length, told = struct.unpack("!HHHH", datagram[:8])
    if length < 8 or length > len(datagram):
        raise LayerError(f"UDP: the length is {length}")
    datagram = datagram[:length]
    pseudo_header = source_ip + destination_ip + struct.pack("!BBH", 0, UDP, length)
    if told != 0 and checksum(pseudo_header + datagram) != 0:
        raise LayerError("UDP: the checksum is wrong")
    return source_port, destination_port, datagram[8:]


def read_tcp(segment: bytes) -> tuple[int, int, bytes]:
    if len(segment) < 20:
        raise LayerError("TCP: the header is cut off")
    source_port, destination_port = struct.unpack("!HH", segment[:4])
    header_length = (segment[12] >> 4) * 4
    if header_length < 20 or header_length > len(segment):
        raise LayerError(f"TCP: a header of {header_length} bytes")
    return source_port, destination_port, segment[header_length:]


def decapsulate(frame: bytes) -> Frame:
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
