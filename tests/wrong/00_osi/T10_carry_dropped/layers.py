"""Keeps the lowest 16 bits of the sum, and drops the carry."""
import enum
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


# MAC addresses ----------------------------------------------------------------------------------------------


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


# IPv4 addresses ---------------------------------------------------------------------------------------------


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


# Ports ------------------------------------------------------------------------------------------------------


RANGES = {"system": range(0, 1024), "user": range(1024, 49152), "dynamic": range(49152, 65536)}


def port_kind(port: int) -> str:
    for kind, ports in RANGES.items():
        if port in ports:
            return kind
    raise AddressError(f"there is no port {port}")


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


# The checksum -----------------------------------------------------------------------------------------------


def checksum(data: bytes) -> int:
    """The checksum of the Internet: RFC 1071."""
    if len(data) % 2 != 0:
        data = data + b"\x00"
    total = 0
    for at in range(0, len(data), 2):
        total = (total + (data[at] << 8) + data[at + 1]) & 0xFFFF
    return total ^ 0xFFFF


# Headers, put together --------------------------------------------------------------------------------------


def udp_header(source_port: int, destination_port: int, payload: bytes, source_ip: bytes, destination_ip: bytes,
               ) -> bytes:
    # All that is summed up, with the header in the middle of it.
    everything = bytearray(12 + 8) + payload
    everything[0:4] = source_ip
    everything[4:8] = destination_ip
    everything[9] = UDP
    struct.pack_into("!H", everything, 10, 8 + len(payload))
    struct.pack_into("!HHH", everything, 12, source_port, destination_port, 8 + len(payload))
    value = checksum(bytes(everything))
    struct.pack_into("!H", everything, 18, value if value else 0xFFFF)
    return bytes(everything[12:20])


def ipv4_header(source: bytes, destination: bytes, payload_length: int, protocol: int, ttl: int = 64,
                identification: int = 0) -> bytes:
    header = bytearray(20)
    header[0] = 0x45                    # version 4, and 5 words of 4 bytes
    struct.pack_into("!HHH", header, 2, len(header) + payload_length, identification, DONT_FRAGMENT)
    header[8] = ttl
    header[9] = protocol
    header[12:16] = source
    header[16:20] = destination
    struct.pack_into("!H", header, 10, checksum(bytes(header)))
    return bytes(header)


def ethernet_header(source_mac: bytes, destination_mac: bytes, type: int) -> bytes:
    header = bytearray(14)
    header[0:6] = destination_mac
    header[6:12] = source_mac
    struct.pack_into("!H", header, 12, type)
    return bytes(header)


def encapsulate(source_mac: str, destination_mac: str, source_ip: str, destination_ip: str, source_port: int,
                destination_port: int, payload: bytes, ttl: int = 64) -> bytes:
    addresses = ipv4_to_bytes(source_ip), ipv4_to_bytes(destination_ip)
    frame = ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE)
    frame += ipv4_header(*addresses, 8 + len(payload), UDP, ttl)
    frame += udp_header(source_port, destination_port, payload, *addresses)
    return frame + payload


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


def read_ethernet(frame: bytes) -> tuple[bytes, bytes, bytes]:
    """The source MAC, the destination MAC, and what is behind the header of a frame."""
    if len(frame) < 14:
        raise LayerError("Ethernet: the header is cut off")
    destination, source, kind = struct.unpack("!6s6sH", frame[:14])
    if kind != IPV4_TYPE:
        raise LayerError(f"Ethernet: type {kind:#06x} is not that of IPv4")
    return source, destination, frame[14:]


def read_ipv4(packet: bytes) -> tuple[bytes, bytes, int, int, bytes]:
    """The source address, the destination address, the TTL, the protocol and the payload of an IPv4 packet."""
    if len(packet) < 20:
        raise LayerError("IPv4: the header is cut off")
    first, _, total, _, fragment, ttl, protocol, _, source, destination = struct.unpack("!BBHHHBBH4s4s", packet[:20])
    version, words = divmod(first, 16)
    length = words * 4
    if version != 4:
        raise LayerError(f"IPv4: version {version}")
    if words < 5:
        raise LayerError(f"IPv4: an IHL of {words} is too small")
    if len(packet) < length:
        raise LayerError("IPv4: the options are cut off")
    if total < length or total > len(packet):
        raise LayerError(f"IPv4: a total length of {total} cannot be")
    if checksum(packet[:length]) != 0:
        raise LayerError("IPv4: wrong checksum")
    if fragment & 0x2000 or fragment & 0x1FFF:
        raise LayerError("IPv4: only a fragment")
    if protocol != TCP and protocol != UDP:
        raise LayerError(f"IPv4: unknown protocol {protocol}")
    return source, destination, ttl, protocol, packet[length:total]


def read_udp(datagram: bytes, source_ip: bytes, destination_ip: bytes) -> tuple[int, int, bytes]:
    """The source port, the destination port and the payload of a UDP datagram between these addresses."""
    if len(datagram) < 8:
        raise LayerError("UDP: the header is cut off")
    source_port, destination_port, length, given = struct.unpack("!HHHH", datagram[:8])
    if length < 8 or length > len(datagram):
        raise LayerError(f"UDP: a length of {length} cannot be")
    payload = datagram[8:length]
    if given != 0:
        pseudo = source_ip + destination_ip + struct.pack("!BBH", 0, UDP, length)
        if checksum(pseudo + datagram[:8] + payload) != 0:
            raise LayerError("UDP: wrong checksum")
    return source_port, destination_port, payload


def read_tcp(segment: bytes) -> tuple[int, int, bytes]:
    """The source port, the destination port and the payload of a TCP segment."""
    if len(segment) < 20:
        raise LayerError("TCP: the header is cut off")
    source_port, destination_port = struct.unpack("!HH", segment[:4])
    length = (segment[12] >> 4) * 4
    if length < 20 or length > len(segment):
        raise LayerError(f"TCP: a header of {length} bytes cannot be")
    return source_port, destination_port, segment[length:]


def decapsulate(frame: bytes) -> Frame:
    """What is in this frame. Each layer takes its own header off, and gives the rest to the next one."""
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
