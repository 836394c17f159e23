"""Of the private addresses in 172.16.0.0/12 only those that begin with 172.16 are found."""
import re
import struct
from typing import NamedTuple

IPV4_TYPE = 0x0800
TCP, UDP = 6, 17
DONT_FRAGMENT = 0x4000

MAC_PART = re.compile(r"[0-9A-Fa-f]{2}")
NUMBER = re.compile(r"0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5]", re.ASCII)
KINDS = [(re.compile(pattern, re.DOTALL), kind) for pattern, kind in (
    (rb"\xff{4}", "broadcast"), (rb"\x7f...", "loopback"), (rb"[\xe0-\xef]...", "multicast"),
    (rb"\x0a...|\xac\x10..|\xc0\xa8..", "private"), (rb"....", "other"))]
ETHERNET = re.compile(rb"(?P<destination>.{6})(?P<source>.{6})(?P<type>..)(?P<rest>.*)", re.DOTALL)
VERSION_4 = re.compile(rb"[\x45-\x4f]")
IPV4 = re.compile(rb"(?P<first>.).(?P<total>..)..(?P<fragment>..)(?P<ttl>.)(?P<protocol>.)..(?P<source>.{4})"
                  rb"(?P<destination>.{4})", re.DOTALL)
UDP_HEADER = re.compile(rb"(..)(..)(..)(..)", re.DOTALL)
TCP_HEADER = re.compile(rb"(..)(..).{8}([\x50-\xff]).{7}", re.DOTALL)


class AddressError(ValueError):
    pass


class LayerError(ValueError):
    pass


class MacParts(NamedTuple):
    vendor: bytes
    serial: bytes
    group: bool
    local: bool


def all_match(pattern, parts, count):
    if len(parts) != count:
        raise AddressError(f"{len(parts)} parts, but {count} are needed")
    for part in parts:
        if not pattern.fullmatch(part):
            raise AddressError(f"the part {part!r}")
    return parts


def mac_to_bytes(text):
    parts = all_match(MAC_PART, re.split("[:-]", text), 6)
    return re.sub(rb"..", lambda found: bytes([int(found[0], 16)]), "".join(parts).encode())


def mac_to_text(address):
    return re.sub(r"(..)(?=.)", r"\1:", address.hex())


def mac_parts(address):
    vendor, serial = re.fullmatch(rb"(...)(...)", address, re.DOTALL).groups()
    bits = re.fullmatch("[01]{6}([01])([01])", f"{address[0]:08b}")
    return MacParts(vendor, serial, bits[2] == "1", bits[1] == "1")


def ipv4_to_bytes(text):
    return bytes(int(part) for part in all_match(NUMBER, re.split(r"\.", text), 4))


def ipv4_to_text(address):
    return ".".join(str(ord(byte)) for byte in re.findall(rb".", address, re.DOTALL))


def ipv4_kind(address):
    return next(kind for pattern, kind in KINDS if pattern.fullmatch(address))


def port_kind(port):
    if not re.fullmatch(r"\d{1,5}", str(port)) or port > 65535:
        raise AddressError(f"no port: {port}")
    return "system" if port <= 1023 else "user" if port <= 49151 else "dynamic"


SERVICES = """
    http 80     https 443     ftp 21         ssh 22         dns 53      tftp 69
    mysql 3306  redis 6379    mongodb 27017  django 8000    flask 5000  tomcat 8080
"""


def default_port(service):
    found = re.search(rf"\s{re.escape(service)} (\d+)", SERVICES, re.IGNORECASE)
    if found is None:
        raise AddressError(f"no such service: {service}")
    return int(found[1])


def number(data):
    return struct.unpack("!H", data)[0]


def checksum(data):
    total = sum(number(pair) for pair in re.findall(rb"..", data + b"\0" * (len(data) % 2), re.DOTALL))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def udp_header(source_port, destination_port, payload, source_ip, destination_ip):
    header = struct.pack("!HHHH", source_port, destination_port, 8 + len(payload), 0)
    return header[:6] + struct.pack("!H", checksum(pseudo_header(source_ip, destination_ip, header[4:6]) + header
                                                   + payload) or 0xFFFF)


def pseudo_header(source_ip, destination_ip, length):
    return b"%b%b\0\x11%b" % (source_ip, destination_ip, length)


def ipv4_header(source, destination, payload_length, protocol, ttl=64, identification=0):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + payload_length, identification, DONT_FRAGMENT, ttl, protocol, 0,
                         source, destination)
    summed = struct.pack("!H", checksum(header))
    return re.sub(rb"(?s)\A(.{10})..", lambda found: found[1] + summed, header)


def ethernet_header(source_mac, destination_mac, type):
    return b"%b%b%b" % (destination_mac, source_mac, struct.pack("!H", type))


def encapsulate(source_mac, destination_mac, source_ip, destination_ip, source_port, destination_port, payload,
                ttl=64):
    source, destination = ipv4_to_bytes(source_ip), ipv4_to_bytes(destination_ip)
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


def read_ethernet(frame):
    found = ETHERNET.fullmatch(frame)
    if not found:
        raise LayerError("Ethernet: too short")
    if found["type"] != b"\x08\0":
        raise LayerError(f"Ethernet: type {found['type'].hex()}")
    return found["source"], found["destination"], found["rest"]


def read_ipv4(packet):
    found = IPV4.match(packet)
    if not found:
        raise LayerError("IPv4: too short")
    if not VERSION_4.match(packet):
        raise LayerError("IPv4: another version, or a short header")
    header, total = (found["first"][0] & 0x0F) * 4, number(found["total"])
    if not header <= total <= len(packet):
        raise LayerError("IPv4: a wrong length")
    if checksum(packet[:header]):
        raise LayerError("IPv4: a wrong checksum")
    if not re.fullmatch(rb"[\0\x40\x80\xc0]\0", found["fragment"]):
        raise LayerError("IPv4: only a piece")
    if not re.fullmatch(rb"[\x06\x11]", found["protocol"]):
        raise LayerError("IPv4: another protocol")
    return found["source"], found["destination"], ord(found["ttl"]), ord(found["protocol"]), packet[header:total]


def read_udp(datagram, source_ip, destination_ip):
    found = UDP_HEADER.match(datagram)
    if not found:
        raise LayerError("UDP: too short")
    source, destination, length, summed = map(number, found.groups())
    if not 8 <= length <= len(datagram):
        raise LayerError("UDP: a wrong length")
    if summed and checksum(pseudo_header(source_ip, destination_ip, found[3]) + datagram[:length]):
        raise LayerError("UDP: a wrong checksum")
    return source, destination, datagram[8:length]


def read_tcp(segment):
    found = TCP_HEADER.match(segment)
    if not found or (begins := (found[3][0] >> 4) * 4) > len(segment):
        raise LayerError("TCP: no whole header")
    return number(found[1]), number(found[2]), segment[begins:]


def decapsulate(frame):
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
