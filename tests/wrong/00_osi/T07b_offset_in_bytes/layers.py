"""The data offset is read as a number of bytes."""
import struct
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

IPV4_TYPE = 0x0800
TCP, UDP = 6, 17
DONT_FRAGMENT = 0x4000


class AddressError(ValueError):
    """Not an address."""


class BadMac(AddressError):
    """Not a MAC address."""


class BadIPv4(AddressError):
    """Not an IPv4 address."""


class LayerError(ValueError):
    """Not a frame."""


class Truncated(LayerError):
    """A frame that ends too early."""


class Damaged(LayerError):
    """A frame with wrong bits."""


class Foreign(LayerError):
    """A frame of another kind."""


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


class Mac(bytes):
    """A MAC address, which is its own bytes."""

    DIGITS = frozenset("0123456789abcdefABCDEF")

    @classmethod
    def of(cls, text):
        parts = text.replace("-", ":").split(":")
        if len(parts) != 6:
            raise BadMac(f"{text!r}")
        for part in parts:
            if len(part) != 2 or not cls.DIGITS.issuperset(part):
                raise BadMac(f"{part!r}, a part of {text!r}")
        return cls(int(part, 16) for part in parts)

    def __str__(self):
        return self.hex(":")


class IPv4Address(bytes):
    """An IPv4 address, which is its own bytes."""

    @classmethod
    def of(cls, text):
        parts = text.split(".")
        if len(parts) != 4:
            raise BadIPv4(f"{text!r}")
        for part in parts:
            plain = part.isascii() and part.isdigit()
            if not plain or len(part) > 3 or int(part) > 255 or part != str(int(part)):
                raise BadIPv4(f"{part!r}, a part of {text!r}")
        return cls(map(int, parts))

    def __str__(self):
        return ".".join(map(str, self))

    def is_in(self, block):
        start, _, bits = block.partition("/")
        shift = 32 - int(bits)
        return int.from_bytes(self) >> shift == int.from_bytes(IPv4Address.of(start)) >> shift

    @property
    def kind(self):
        for kind, *blocks in (("broadcast", "255.255.255.255/32"), ("loopback", "127.0.0.0/8"),
                              ("private", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
                              ("multicast", "224.0.0.0/4")):
            if any(map(self.is_in, blocks)):
                return kind
        return "other"


class Checksum:
    """Sums up what it is fed."""

    def __init__(self):
        self.total = 0

    def feed(self, data):
        for place, number in enumerate(data):
            self.total += number if place % 2 else number << 8
        return self

    @property
    def value(self):
        total = self.total
        while total >= 1 << 16:
            high, low = divmod(total, 1 << 16)
            total = high + low
        return ~total % (1 << 16)


@dataclass
class Layer:
    NAME: ClassVar[str]
    payload: bytes

    def __bytes__(self):
        return self.header() + self.payload

    def __truediv__(self, inner):
        self.payload = bytes(inner)
        return self

    @classmethod
    def unpack(cls, form, data):
        size = struct.calcsize(form)
        if len(data) < size:
            raise Truncated(f"{cls.NAME}: only {len(data)} of {size} bytes")
        return struct.unpack(form, data[:size])


@dataclass
class Ethernet(Layer):
    NAME: ClassVar[str] = "Ethernet"
    payload: bytes = b""
    source: bytes = bytes(6)
    destination: bytes = bytes(6)
    type: int = IPV4_TYPE

    def header(self):
        return struct.pack("!6s6sH", self.destination, self.source, self.type)

    @classmethod
    def read(cls, frame):
        destination, source, type = cls.unpack("!6s6sH", frame)
        if type != IPV4_TYPE:
            raise Foreign(f"{cls.NAME}: type {type:#x}")
        return cls(frame[14:], Mac(source), Mac(destination))


@dataclass
class IPv4(Layer):
    NAME: ClassVar[str] = "IPv4"
    payload: bytes = b""
    source: bytes = bytes(4)
    destination: bytes = bytes(4)
    protocol: int = UDP
    ttl: int = 64
    identification: int = 0
    length: int | None = None

    def header(self):
        length = len(self.payload) if self.length is None else self.length
        first = struct.pack("!BBHHHBB", 0x45, 0, 20 + length, self.identification, DONT_FRAGMENT, self.ttl,
                            self.protocol)
        total = Checksum().feed(first).feed(self.source).feed(self.destination).value
        return first + struct.pack("!H", total) + self.source + self.destination

    @classmethod
    def read(cls, packet):
        first, total, fragment, ttl, protocol, source, destination = cls.unpack("!BxHxxHBBxx4s4s", packet)
        if first >> 4 != 4:
            raise Foreign(f"{cls.NAME}: version {first >> 4}")
        begin = (first & 15) * 4
        if begin < 20 or total < begin:
            raise Damaged(f"{cls.NAME}: a header of {begin} bytes in a packet of {total}")
        if len(packet) < total:
            raise Truncated(f"{cls.NAME}: only {len(packet)} of {total} bytes")
        if Checksum().feed(packet[:begin]).value:
            raise Damaged(f"{cls.NAME}: checksum")
        if fragment & 0x3FFF:
            raise Foreign(f"{cls.NAME}: fragment")
        if protocol not in (TCP, UDP):
            raise Foreign(f"{cls.NAME}: protocol {protocol}")
        return cls(packet[begin:total], IPv4Address(source), IPv4Address(destination), protocol, ttl)

    @cached_property
    def inner(self):
        return Udp.read(self.payload, self) if self.protocol == UDP else Tcp.read(self.payload)


@dataclass
class Udp(Layer):
    NAME: ClassVar[str] = "UDP"
    payload: bytes = b""
    source_port: int = 0
    destination_port: int = 0
    inside: IPv4 | None = None

    def sum(self, datagram):
        pseudo = struct.pack("!4s4sBBH", self.inside.source, self.inside.destination, 0, UDP, len(datagram))
        return Checksum().feed(pseudo).feed(datagram).value

    def header(self):
        first = struct.pack("!HHH", self.source_port, self.destination_port, 8 + len(self.payload))
        return first + struct.pack("!H", self.sum(first + bytes(2) + self.payload) or 0xFFFF)

    @classmethod
    def read(cls, datagram, inside):
        source, destination, length, checksum = cls.unpack("!4H", datagram)
        if not 8 <= length <= len(datagram):
            raise Damaged(f"{cls.NAME}: length {length}")
        found = cls(datagram[8:length], source, destination, inside)
        if checksum and found.sum(datagram[:length]):
            raise Damaged(f"{cls.NAME}: checksum")
        return found


@dataclass
class Tcp(Layer):
    NAME: ClassVar[str] = "TCP"
    payload: bytes = b""
    source_port: int = 0
    destination_port: int = 0

    @classmethod
    def read(cls, segment):
        source, destination, offset = cls.unpack("!HH8xB7x", segment)
        begin = offset >> 4
        if not 5 <= begin <= len(segment):
            raise Damaged(f"{cls.NAME}: data offset {offset >> 4}")
        return cls(segment[begin:], source, destination)


class Services(dict):
    def __missing__(self, name):
        raise AddressError(f"no service {name!r}")


SERVICES = Services({"HTTP": 80, "FTP": 21, "HTTPS": 443, "SSH": 22, "DNS": 53, "TFTP": 69, "MYSQL": 3306,
                     "MONGODB": 27017, "DJANGO": 8000, "TOMCAT": 8080, "FLASK": 5000, "REDIS": 6379})


def mac_to_bytes(text):
    return Mac.of(text)


def mac_to_text(address):
    return str(Mac(address))


def mac_parts(address):
    first = address[0]
    return MacParts(address[:3], address[-3:], first % 2 != 0, first // 2 % 2 != 0)


def ipv4_to_bytes(text):
    return IPv4Address.of(text)


def ipv4_to_text(address):
    return str(IPv4Address(address))


def ipv4_kind(address):
    return IPv4Address(address).kind


def port_kind(port):
    if not 0 <= port <= 0xFFFF:
        raise AddressError(f"port {port}")
    if port < 1024:
        return "system"
    return "user" if port < 0xC000 else "dynamic"


def default_port(service):
    return SERVICES[service.upper()]


def checksum(data):
    return Checksum().feed(data).value


def udp_header(source_port, destination_port, payload, source_ip, destination_ip):
    return Udp(payload, source_port, destination_port, IPv4(b"", source_ip, destination_ip)).header()


def ipv4_header(source, destination, payload_length, protocol, ttl=64, identification=0):
    return IPv4(b"", source, destination, protocol, ttl, identification, payload_length).header()


def ethernet_header(source_mac, destination_mac, type):
    return Ethernet(b"", source_mac, destination_mac, type).header()


def encapsulate(source_mac, destination_mac, source_ip, destination_ip, source_port, destination_port, payload,
                ttl=64):
    packet = IPv4(b"", IPv4Address.of(source_ip), IPv4Address.of(destination_ip), UDP, ttl)
    packet /= Udp(payload, source_port, destination_port, packet)
    return bytes(Ethernet(b"", Mac.of(source_mac), Mac.of(destination_mac)) / packet)


def read_ethernet(frame):
    found = Ethernet.read(frame)
    return found.source, found.destination, found.payload


def read_ipv4(packet):
    found = IPv4.read(packet)
    return found.source, found.destination, found.ttl, found.protocol, found.payload


def read_udp(datagram, source_ip, destination_ip):
    found = Udp.read(datagram, IPv4(b"", source_ip, destination_ip))
    return found.source_port, found.destination_port, found.payload


def read_tcp(segment):
    found = asdict(Tcp.read(segment))
    return found["source_port"], found["destination_port"], found["payload"]


def decapsulate(frame):
    outer = Ethernet.read(frame)
    packet = IPv4.read(outer.payload)
    inner = packet.inner
    return Frame(str(outer.source), str(outer.destination), str(packet.source), str(packet.destination), packet.ttl,
                 packet.protocol, inner.source_port, inner.destination_port, inner.payload)
