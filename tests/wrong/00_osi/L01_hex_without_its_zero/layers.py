"""Writes each byte of a MAC address with hex(), which leaves out a 0 in front."""
import string
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
    return ":".join(hex(byte)[2:] for byte in address)


def mac_parts(address: bytes) -> MacParts:
    bits = format(address[0], "08b")            # the lowest bit is the last one of this text
    return MacParts(vendor=address[:3], serial=address[3:], group=bits[7] == "1", local=bits[6] == "1")


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


RANGES = {"system": range(0, 1024), "user": range(1024, 49152), "dynamic": range(49152, 65536)}


def port_kind(port: int) -> str:
    for kind, ports in RANGES.items():
        if port in ports:
            return kind
    raise AddressError(f"there is no port {port}")


DEFAULT_PORTS = dict(ftp=21, ssh=22, dns=53, tftp=69, http=80, https=443, mysql=3306, flask=5000, redis=6379,
                     django=8000, tomcat=8080, mongodb=27017)


def default_port(service: str) -> int:
    try:
        return DEFAULT_PORTS[service.lower()]
    except KeyError:
        raise AddressError(f"nothing is known of {service!r}") from None


def checksum(data: bytes) -> int:
    total = 0
    for at in range(0, len(data), 2):
        high = data[at]
        low = data[at + 1] if at + 1 < len(data) else 0
        total += high * 256 + low
    while total > 0xFFFF:
        total = total % 0x10000 + total // 0x10000
    return 0xFFFF - total


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
