"""Puts the names of all layers outside before the error of the one inside, so the text begins with Ethernet's."""
import enum
import ipaddress
import socket
import string
import struct
import sys
from collections import namedtuple

IPV4_TYPE = 0x0800
TCP, UDP = socket.IPPROTO_TCP, socket.IPPROTO_UDP
DONT_FRAGMENT = 0x4000


class AddressError(ValueError):
    ...


class LayerError(ValueError):
    ...


class Kind(enum.StrEnum):
    LOOPBACK = enum.auto()
    PRIVATE = enum.auto()
    MULTICAST = enum.auto()
    BROADCAST = enum.auto()
    OTHER = enum.auto()


class Service(enum.IntEnum):
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


MacParts = namedtuple("MacParts", ["vendor", "serial", "group", "local"])


def mac_to_bytes(text):
    parts = text.replace("-", ":").split(":")
    for part in parts:
        if len(parts) == 6 and (len(part) != 2 or not set(part) <= set(string.hexdigits)):
            raise AddressError(f"in a MAC address {part!r} is no part")
    if len(parts) != 6:
        raise AddressError(f"a MAC address of {len(parts)} parts")
    return bytes.fromhex("".join(parts))


def mac_to_text(address):
    return address.hex(":")


def mac_parts(address):
    return MacParts(address[:3], address[3:], address[0] & 1, address[0] >> 1 & 1)


def ipv4_to_bytes(text):
    try:
        return ipaddress.IPv4Address(text).packed
    except ValueError as error:
        parts = text.split(".")
        wrong = [part for part in parts if len(parts) == 4 and not is_number(part)]
        raise AddressError(f"{error}: {', '.join(map(repr, wrong))}") from error


def is_number(part):
    try:
        ipaddress.IPv4Address(f"0.0.0.{part}")
    except ValueError:
        return False
    return True


def ipv4_to_text(address):
    return str(ipaddress.IPv4Address(address))


PRIVATE = [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


def ipv4_kind(address):
    address = ipaddress.IPv4Address(address)
    if address == ipaddress.IPv4Address("255.255.255.255"):
        return Kind.BROADCAST
    if address.is_loopback:
        return Kind.LOOPBACK
    if address.is_multicast:
        return Kind.MULTICAST
    if any(address in network for network in PRIVATE):
        return Kind.PRIVATE
    return Kind.OTHER


def port_kind(port):
    for kind, ports in ("system", range(1024)), ("user", range(1024, 49152)), ("dynamic", range(49152, 65536)):
        if port in ports:
            return kind
    raise AddressError(f"port {port}")


def default_port(service):
    try:
        return Service[service.upper()]
    except KeyError as error:
        raise AddressError(f"unknown: {error}") from error


def checksum(data):
    total = 0
    for (number,) in struct.iter_unpack("!H", data + b"\0" * (len(data) % 2)):
        total += number
        if total > 0xFFFF:
            total -= 0xFFFF
    return 0xFFFF - total


def udp_header(source_port, destination_port, payload, source_ip, destination_ip):
    length = 8 + len(payload)
    start = struct.pack("!3H", source_port, destination_port, length)
    result = checksum(source_ip + destination_ip + struct.pack("!2H", UDP, length) + start + bytes(2) + payload)
    return start + struct.pack("!H", result if result else 0xFFFF)


def ipv4_header(source, destination, payload_length, protocol, ttl=64, identification=0):
    def header(result):
        return struct.pack("!BxHHHBBH", 0x45, 20 + payload_length, identification, DONT_FRAGMENT, ttl, protocol,
                           result) + source + destination
    return header(checksum(header(0)))


def ethernet_header(source_mac, destination_mac, type):
    return b"".join((destination_mac, source_mac, socket.htons(type).to_bytes(2, sys.byteorder)))


def encapsulate(source_mac, destination_mac, source_ip, destination_ip, source_port, destination_port, payload,
                ttl=64):
    source, destination = socket.inet_aton(source_ip), socket.inet_aton(destination_ip)
    datagram = udp_header(source_port, destination_port, payload, source, destination) + payload
    packet = ipv4_header(source, destination, len(datagram), UDP, ttl) + datagram
    return ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE) + packet


Frame = namedtuple("Frame", ["source_mac", "destination_mac", "source_ip", "destination_ip", "ttl", "protocol",
                             "source_port", "destination_port", "payload"])


def unpacked(layer, form, data):
    try:
        return struct.unpack_from(form, data)
    except struct.error as error:
        raise LayerError(f"{layer}: {error}") from error


def read_ethernet(frame):
    destination, source, type = unpacked("Ethernet", "!6s6sH", frame)
    if type != IPV4_TYPE:
        raise LayerError(f"Ethernet: {type=}")
    return source, destination, frame[14:]


def read_ipv4(packet):
    first, total, fragment, ttl, protocol, source, destination = unpacked("IPv4", "!BxHxxHBBxx4s4s", packet)
    version, ihl = divmod(first, 16)
    for wrong in (version != 4 and f"{version=}", ihl < 5 and f"{ihl=}", total < ihl * 4 and f"{total=}",
                  total > len(packet) and f"{total=}, but {len(packet)=}",
                  checksum(packet[:ihl * 4]) != 0 and "the checksum does not fit",
                  fragment & 0x3FFF and "a piece of a packet", protocol not in (TCP, UDP) and f"{protocol=}"):
        if wrong:
            raise LayerError(f"IPv4: {wrong}")
    return source, destination, ttl, protocol, packet[ihl * 4:total]


def read_udp(datagram, source_ip, destination_ip):
    source_port, destination_port, length, result = unpacked("UDP", "!4H", datagram)
    if length < 8 or length > len(datagram):
        raise LayerError(f"UDP: {length=}, but {len(datagram)=}")
    summed = source_ip + destination_ip + struct.pack("!2H", UDP, length) + datagram[:length]
    if result != 0 and checksum(summed) != 0:
        raise LayerError("UDP: the checksum does not fit")
    return source_port, destination_port, datagram[8:length]


def read_tcp(segment):
    source_port, destination_port, offset = unpacked("TCP", "!HH8xB7x", segment)
    begins = (offset & 0xF0) // 4
    if begins < 20 or begins > len(segment):
        raise LayerError(f"TCP: {begins=}, but {len(segment)=}")
    return source_port, destination_port, segment[begins:]


def decapsulate(frame):
    source_mac, destination_mac, packet = read_ethernet(frame)
    try:
        source, destination, ttl, protocol, rest = read_ipv4(packet)
        ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    except LayerError as error:
        raise LayerError(f"Ethernet: {error}") from error
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
