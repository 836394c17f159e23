"""Asks isalnum() before int() makes a number of hex digits, and both take the digits of all scripts."""
from ctypes import BigEndianStructure, c_ubyte, c_uint8, c_uint16, sizeof
from typing import NamedTuple

IPV4_TYPE = 0x0800
TCP, UDP = 6, 17
DONT_FRAGMENT = 0x4000

Mac, Address = c_ubyte * 6, c_ubyte * 4


class AddressError(ValueError):
    pass


class LayerError(ValueError):
    pass


class MacParts(NamedTuple):
    vendor: bytes
    serial: bytes
    group: bool
    local: bool


class Header(BigEndianStructure):
    """A header that can be cut off the front of some bytes."""

    _pack_ = 1

    @classmethod
    def cut(cls, data, layer):
        if len(data) < sizeof(cls):
            raise LayerError(f"{layer}: {len(data)} bytes, where the header alone has {sizeof(cls)}")
        return cls.from_buffer_copy(data)


class FirstByte(Header):
    _fields_ = [("rest", c_uint8, 6), ("local", c_uint8, 1), ("group", c_uint8, 1)]


class Ethernet(Header):
    _fields_ = [("destination", Mac), ("source", Mac), ("type", c_uint16)]


class IPv4(Header):
    _fields_ = [("version", c_uint8, 4), ("ihl", c_uint8, 4), ("service", c_uint8), ("total", c_uint16),
                ("identification", c_uint16), ("fragment", c_uint16), ("ttl", c_uint8), ("protocol", c_uint8),
                ("checksum", c_uint16), ("source", Address), ("destination", Address)]


class UDPHeader(Header):
    _fields_ = [("source", c_uint16), ("destination", c_uint16), ("length", c_uint16), ("checksum", c_uint16)]


class Pseudo(Header):
    _fields_ = [("source", Address), ("destination", Address), ("zero", c_uint8), ("protocol", c_uint8),
                ("length", c_uint16)]


class TCPHeader(Header):
    _fields_ = [("source", c_uint16), ("destination", c_uint16), ("seq", c_uint16 * 2), ("ack", c_uint16 * 2),
                ("offset", c_uint8, 4), ("reserved", c_uint8, 4), ("flags", c_uint8), ("window", c_uint16),
                ("checksum", c_uint16), ("urgent", c_uint16)]


def mac_to_bytes(text):
    for separator in ":-":
        parts = text.split(separator)
        if len(parts) == 6:
            break
    else:
        raise AddressError("a MAC address has six parts")
    address = Mac()
    for place, part in enumerate(parts):
        try:
            if len(part) != 2 or not part.isalnum():
                raise ValueError(part)
            address[place] = int(part, 16)
        except ValueError:
            raise AddressError(f"{part!r} are not two hex digits") from None
    return bytes(address)


def mac_to_text(address):
    return ":".join("%02x" % number for number in Mac(*address))


def mac_parts(address):
    first = FirstByte.from_buffer_copy(address)
    return MacParts(address[:3], address[3:], bool(first.group), bool(first.local))


def ipv4_to_bytes(text):
    parts = text.split(".")
    if len(parts) != 4:
        raise AddressError("an IPv4 address has four parts")
    for part in parts:
        if part not in NUMBERS:
            raise AddressError(f"{part!r} is no number from 0 to 255")
    return bytes(Address(*map(int, parts)))


NUMBERS = {str(number) for number in range(256)}


def ipv4_to_text(address):
    return "%d.%d.%d.%d" % tuple(Address(*address))


def ipv4_kind(address):
    a, b, c, d = Address(*address)
    if (a, b, c, d) == (255,) * 4:
        return "broadcast"
    if a == 127:
        return "loopback"
    if a == 10 or (a == 172 and b >> 4 == 1) or (a == 192 and b == 168):
        return "private"
    return "multicast" if a >> 4 == 0xE else "other"


def port_kind(port):
    if c_uint16(port).value != port:            # it does not fit into 16 bits
        raise AddressError(f"{port} is no port")
    return "system" if port < 1024 else "user" if port < 49152 else "dynamic"


def default_port(service):
    ports = dict(http=80, ftp=21, https=443, ssh=22, dns=53, tftp=69, mysql=3306, mongodb=27017, django=8000,
                 tomcat=8080, flask=5000, redis=6379)
    try:
        return ports[service.lower()]
    except KeyError:
        raise AddressError(f"nobody knows the service {service}") from None


def checksum(data):
    padded = bytes(data) + b"\0" * (len(data) % 2)

    class Words(BigEndianStructure):
        _fields_ = [("words", c_uint16 * (len(padded) // 2))]

    total = sum(Words.from_buffer_copy(padded).words) if padded else 0
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return c_uint16(~total).value


def udp_header(source_port, destination_port, payload, source_ip, destination_ip):
    length = sizeof(UDPHeader) + len(payload)
    pseudo = Pseudo(Address(*source_ip), Address(*destination_ip), 0, UDP, length)
    header = UDPHeader(source_port, destination_port, length, 0)
    header.checksum = checksum(bytes(pseudo) + bytes(header) + payload) or 0xFFFF
    return bytes(header)


def ipv4_header(source, destination, payload_length, protocol, ttl=64, identification=0):
    header = IPv4(version=4, ihl=sizeof(IPv4) // 4, total=sizeof(IPv4) + payload_length, identification=identification,
                  fragment=DONT_FRAGMENT, ttl=ttl, protocol=protocol)
    header.source[:], header.destination[:] = source, destination
    header.checksum = checksum(bytes(header))
    return bytes(header)


def ethernet_header(source_mac, destination_mac, type):
    return bytes(Ethernet(Mac(*destination_mac), Mac(*source_mac), type))


def encapsulate(source_mac, destination_mac, source_ip, destination_ip, source_port, destination_port, payload,
                ttl=64):
    ips = ipv4_to_bytes(source_ip), ipv4_to_bytes(destination_ip)
    frame = udp_header(source_port, destination_port, payload, *ips) + payload
    frame = ipv4_header(*ips, len(frame), UDP, ttl) + frame
    return ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE) + frame


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
    header = Ethernet.cut(frame, "Ethernet")
    if header.type != IPV4_TYPE:
        raise LayerError(f"Ethernet: of type {header.type:#06x}")
    return bytes(header.source), bytes(header.destination), frame[sizeof(header):]


def read_ipv4(packet):
    header = IPv4.cut(packet, "IPv4")
    length = header.ihl * 4
    if header.version != 4:
        raise LayerError(f"IPv4: version {header.version}")
    if not sizeof(header) <= length <= header.total <= len(packet):
        raise LayerError(f"IPv4: {length} bytes of header, {header.total} in all, and {len(packet)} are here")
    if checksum(packet[:length]):
        raise LayerError("IPv4: damaged header")
    if header.fragment & 0x3FFF:
        raise LayerError("IPv4: a fragment")
    if header.protocol not in (TCP, UDP):
        raise LayerError(f"IPv4: protocol {header.protocol}")
    return (bytes(header.source), bytes(header.destination), header.ttl, header.protocol,
            packet[length:header.total])


def read_udp(datagram, source_ip, destination_ip):
    header = UDPHeader.cut(datagram, "UDP")
    if not sizeof(header) <= header.length <= len(datagram):
        raise LayerError(f"UDP: a length of {header.length}")
    datagram = datagram[:header.length]
    pseudo = Pseudo(Address(*source_ip), Address(*destination_ip), 0, UDP, header.length)
    if header.checksum and checksum(bytes(pseudo) + datagram):
        raise LayerError("UDP: damaged")
    return header.source, header.destination, datagram[sizeof(header):]


def read_tcp(segment):
    header = TCPHeader.cut(segment, "TCP")
    if not sizeof(header) <= header.offset * 4 <= len(segment):
        raise LayerError(f"TCP: the data begin at word {header.offset}")
    return header.source, header.destination, segment[header.offset * 4:]


def decapsulate(frame):
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
