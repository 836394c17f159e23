"""Takes the length in a UDP header as given, also one that is below 8 or more than there is."""
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
    return MacParts(address[:3], address[3:], group=first & 1 == 1, local=first & 2 == 2)


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


RANGES = {"system": range(0, 1024), "user": range(1024, 49152), "dynamic": range(49152, 65536)}


def port_kind(port: int) -> str:
    for kind, ports in RANGES.items():
        if port in ports:
            return kind
    raise AddressError(f"there is no port {port}")


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


# The checksum -----------------------------------------------------------------------------------------------


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


# Headers, put together --------------------------------------------------------------------------------------


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
    payload = datagram[8:]
    if given != 0:
        pseudo = source_ip + destination_ip + struct.pack("!BBH", 0, UDP, len(datagram))
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
