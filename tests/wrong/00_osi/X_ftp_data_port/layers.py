"""Takes 20 for FTP's port, which is that of its data."""
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


HEX_DIGITS = "0123456789abcdef"


def mac_to_bytes(text: str) -> bytes:
    result = bytearray()
    for part in text.replace("-", ":").split(":"):
        digits = part.lower()
        if len(digits) != 2 or digits[0] not in HEX_DIGITS or digits[1] not in HEX_DIGITS:
            raise AddressError(f"{part!r} is wrong")
        result.append(16 * HEX_DIGITS.index(digits[0]) + HEX_DIGITS.index(digits[1]))
    if len(result) != 6:
        raise AddressError(f"there are {len(result)} bytes in {text!r}")
    return bytes(result)


def mac_to_text(address: bytes) -> str:
    pieces = []
    for byte in address:
        pieces.append(HEX_DIGITS[byte // 16] + HEX_DIGITS[byte % 16])
    return ":".join(pieces)


def mac_parts(address: bytes) -> MacParts:
    first_byte = address[0]
    group = first_byte % 2 == 1
    local = first_byte // 2 % 2 == 1
    return MacParts(address[0:3], address[3:6], group, local)


# IPv4 addresses ---------------------------------------------------------------------------------------------


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


DEFAULT_PORTS = dict(ftp=20, ssh=22, dns=53, tftp=69, http=80, https=443, mysql=3306, flask=5000, redis=6379,
                     django=8000, tomcat=8080, mongodb=27017)


def default_port(service: str) -> int:
    try:
        return DEFAULT_PORTS[service.lower()]
    except KeyError:
        raise AddressError(f"nothing is known of {service!r}") from None


# The checksum -----------------------------------------------------------------------------------------------


def checksum(data: bytes) -> int:
    total = 0
    for at in range(0, len(data), 2):
        high = data[at]
        low = data[at + 1] if at + 1 < len(data) else 0
        total += high * 256 + low
    while total > 0xFFFF:
        total = total % 0x10000 + total // 0x10000
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
