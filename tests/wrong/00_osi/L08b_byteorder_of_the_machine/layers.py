"""Numbers are made of bytes, and bytes of numbers, in the byte order of sys.byteorder."""
import sys
from typing import NamedTuple

IPV4_TYPE = 0x0800
TCP, UDP = 6, 17
DONT_FRAGMENT = 0x4000


class AddressError(ValueError):
    pass


class LayerError(ValueError):
    pass


class MacParts(NamedTuple):
    vendor: bytes
    serial: bytes
    group: bool
    local: bool


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


def two(number):
    """A number as two bytes."""
    return number.to_bytes(2, sys.byteorder)


def num(data):
    """Bytes as a number."""
    return int.from_bytes(data, sys.byteorder)


# --- MAC

def mac_to_bytes(text):
    parts = text.split("-") if "-" in text else text.split(":")
    if len(parts) != 6:
        raise AddressError("MAC: 6 parts needed, got %d" % len(parts))
    bad = [p for p in parts if len(p) != 2 or any(c not in "0123456789abcdef" for c in p.lower())]
    if bad:
        raise AddressError(f"MAC: bad part {bad[0]!r}")
    return bytes.fromhex("".join(parts))


def mac_to_text(address):
    return ":".join("%02x" % b for b in address)


def mac_parts(address):
    return MacParts(address[:3], address[3:], address[0] % 2 == 1, address[0] // 2 % 2 == 1)


# --- IPv4

def ipv4_to_bytes(text):
    parts = text.split(".")
    if len(parts) != 4:
        raise AddressError("IPv4: 4 parts needed, got %d" % len(parts))
    bad = [p for p in parts if not good_number(p)]
    if bad:
        raise AddressError(f"IPv4: bad part {bad[0]!r}")
    return bytes(int(p) for p in parts)


def good_number(p):
    if p == "" or len(p) > 3 or any(c not in "0123456789" for c in p):
        return False
    if p.startswith("0") and p != "0":
        return False
    return int(p) < 256


def ipv4_to_text(address):
    return ".".join(str(b) for b in address)


def ipv4_kind(address):
    if address == bytes([255] * 4):
        return "broadcast"
    if address.startswith(b"\x7f"):
        return "loopback"
    if address[:1] == b"\x0a" or address[:2] == b"\xc0\xa8" or (address[0] == 172 and address[1] in range(16, 32)):
        return "private"
    if address[0] in range(224, 240):
        return "multicast"
    return "other"


# --- Ports

def port_kind(port):
    if 0 <= port < 1024:
        return "system"
    elif 1024 <= port < 49152:
        return "user"
    elif 49152 <= port < 65536:
        return "dynamic"
    raise AddressError(f"no such port: {port}")


SERVICES = {"HTTP": 80, "FTP": 21, "HTTPS": 443, "SSH": 22, "DNS": 53, "TFTP": 69, "MYSQL": 3306, "MONGODB": 27017,
            "DJANGO": 8000, "TOMCAT": 8080, "FLASK": 5000, "REDIS": 6379}


def default_port(service):
    try:
        return SERVICES[service.upper()]
    except KeyError:
        raise AddressError(f"no such service: {service}") from None


# --- Checksum

def checksum(data):
    if len(data) % 2:
        data += b"\0"
    s = 0
    for i in range(0, len(data), 2):
        s += num(data[i:i + 2])
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return 0xFFFF - s


# --- Headers

def udp_header(source_port, destination_port, payload, source_ip, destination_ip):
    length = two(8 + len(payload))
    pseudo = source_ip + destination_ip + bytes([0, UDP]) + length
    header = two(source_port) + two(destination_port) + length
    c = checksum(pseudo + header + b"\0\0" + payload)
    return header + two(c if c else 0xFFFF)


def ipv4_header(source, destination, payload_length, protocol, ttl=64, identification=0):
    start = bytes([0x45, 0]) + two(20 + payload_length) + two(identification) + two(DONT_FRAGMENT) \
        + bytes([ttl, protocol])
    c = checksum(start + b"\0\0" + source + destination)
    return start + two(c) + source + destination


def ethernet_header(source_mac, destination_mac, type):
    return destination_mac + source_mac + two(type)


def encapsulate(source_mac, destination_mac, source_ip, destination_ip, source_port, destination_port, payload,
                ttl=64):
    src, dst = ipv4_to_bytes(source_ip), ipv4_to_bytes(destination_ip)
    udp = udp_header(source_port, destination_port, payload, src, dst) + payload
    ip = ipv4_header(src, dst, len(udp), UDP, ttl) + udp
    return ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE) + ip


# --- and back

def read_ethernet(frame):
    if len(frame) < 14:
        raise LayerError("Ethernet: too short")
    if num(frame[12:14]) != IPV4_TYPE:
        raise LayerError("Ethernet: not IPv4")
    return frame[6:12], frame[:6], frame[14:]


def read_ipv4(packet):
    if len(packet) < 20:
        raise LayerError("IPv4: too short")
    version, ihl = packet[0] // 16, packet[0] % 16
    total = num(packet[2:4])
    header = packet[:ihl * 4]
    if version != 4:
        raise LayerError("IPv4: wrong version")
    if ihl < 5 or len(header) < ihl * 4:
        raise LayerError("IPv4: wrong IHL")
    if not len(header) <= total <= len(packet):
        raise LayerError("IPv4: wrong total length")
    if checksum(header) != 0:
        raise LayerError("IPv4: wrong checksum")
    if num(packet[6:8]) % 0x4000:
        raise LayerError("IPv4: fragment")
    if packet[9] not in (TCP, UDP):
        raise LayerError("IPv4: not TCP, not UDP")
    return packet[12:16], packet[16:20], packet[8], packet[9], packet[ihl * 4:total]


def read_udp(datagram, source_ip, destination_ip):
    if len(datagram) < 8:
        raise LayerError("UDP: too short")
    length = num(datagram[4:6])
    if not 8 <= length <= len(datagram):
        raise LayerError("UDP: wrong length")
    datagram = datagram[:length]
    if datagram[6:8] != b"\0\0":
        pseudo = source_ip + destination_ip + bytes([0, UDP]) + datagram[4:6]
        if checksum(pseudo + datagram) != 0:
            raise LayerError("UDP: wrong checksum")
    return num(datagram[:2]), num(datagram[2:4]), datagram[8:]


def read_tcp(segment):
    if len(segment) < 20:
        raise LayerError("TCP: too short")
    offset = segment[12] // 16
    if not 20 <= offset * 4 <= len(segment):
        raise LayerError("TCP: wrong data offset")
    return num(segment[:2]), num(segment[2:4]), segment[offset * 4:]


def decapsulate(frame):
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
