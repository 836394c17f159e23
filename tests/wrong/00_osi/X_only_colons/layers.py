"""Splits a MAC address at colons only, so it refuses those that are written with hyphens."""
import enum
import functools
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


HEX_DIGITS = "0123456789abcdef"


def mac_to_bytes(text: str) -> bytes:
    result = bytearray()
    for part in text.split(":"):
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
