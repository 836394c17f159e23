"""Takes any one to three digits for a number, also those with a 0 in front."""
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


class MacParts(NamedTuple):
    """What the 48 bits of a MAC address say."""

    vendor: bytes           # 3 bytes: who made the network card
    serial: bytes           # 3 bytes: which one of the maker's cards it is
    group: bool             # whether it stands for many (multicast and broadcast), and not for one (unicast)
    local: bool             # whether somebody has made it up, and not the maker


def mac_to_bytes(text: str) -> bytes:
    """Six parts, each two hex digits, make a number of 48 bits, and that six bytes."""
    parts = text.replace("-", ":").split(":")
    if len(parts) != 6:
        raise AddressError(f"{text!r}: not six parts")
    number = 0
    for part in parts:
        if re.fullmatch(r"[\da-fA-F]{2}", part, re.ASCII) is None:
            raise AddressError(f"in {text!r}: {part!r}")
        number = number << 8 | int(part, 16)
    return number.to_bytes(6, "big")


def mac_to_text(address: bytes) -> str:
    """Twelve hex digits, and a colon behind every second one but the last."""
    digits = address.hex()
    return ":".join(digits[at:at + 2] for at in range(0, 12, 2))


def mac_parts(address: bytes) -> MacParts:
    """The bits of the first byte: the lowest one for group, the next for local."""
    group, local = [bool(address[0] >> bit & 1) for bit in (0, 1)]
    return MacParts(address[:3], address[3:], group, local)


def ipv4_to_bytes(text: str) -> bytes:
    """The four bytes of an IPv4 address."""
    parts = text.split(".")
    if len(parts) != 4:
        raise AddressError(f"an IPv4 address has 4 parts, and {text!r} has {len(parts)}")
    for part in parts:
        if not re.fullmatch("[0-9]{1,3}", part) or int(part) > 255:
            raise AddressError(f"{part!r} should be a number from 0 to 255")
    return bytes(map(int, parts))


def ipv4_to_text(address: bytes) -> str:
    """These four bytes as text, such as "192.0.2.10"."""
    return ".".join(map(str, address))


BLOCKS = [
    ("loopback", "127.0.0.0", 8),
    ("private", "10.0.0.0", 8),
    ("private", "172.16.0.0", 12),
    ("private", "192.168.0.0", 16),
    ("multicast", "224.0.0.0", 4),
    ("broadcast", "255.255.255.255", 32),
]


def ipv4_kind(address: bytes) -> str:
    for kind, network, bits in BLOCKS:
        shift = 32 - bits
        if int.from_bytes(address, "big") >> shift == int.from_bytes(ipv4_to_bytes(network), "big") >> shift:
            return kind
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


DEFAULT_PORTS = dict(ftp=21, ssh=22, dns=53, tftp=69, http=80, https=443, mysql=3306, flask=5000, redis=6379,
                     django=8000, tomcat=8080, mongodb=27017)


def default_port(service: str) -> int:
    try:
        return DEFAULT_PORTS[service.lower()]
    except KeyError:
        raise AddressError(f"nothing is known of {service!r}") from None


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
