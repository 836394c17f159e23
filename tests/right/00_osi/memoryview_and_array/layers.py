"""Bytes are looked at through memoryviews and arrays, and copied at the very end only."""
import sys
from array import array
from dataclasses import dataclass
from typing import NamedTuple

IPV4_TYPE = 0x0800
TCP, UDP = 6, 17
DONT_FRAGMENT = 0x4000


class AddressError(ValueError):
    """A bad address."""


class LayerError(ValueError):
    """A bad frame."""

    def __init__(self, layer, why):
        super().__init__(f"{layer}: {why}")


class MacParts(NamedTuple):
    vendor: bytes
    serial: bytes
    group: bool
    local: bool


@dataclass(slots=True)
class View:
    """Some bytes of a frame, in which numbers can be looked up by their place."""

    layer: str
    bytes: memoryview

    def at_least(self, length):
        if len(self.bytes) < length:
            raise LayerError(self.layer, f"{len(self.bytes)} bytes, and not {length}")

    def short(self, place):
        return self.bytes[place] * 256 + self.bytes[place + 1]


def words(data):
    """The data as 16-bit numbers in network byte order."""
    numbers = array("H", bytes(data) + bytes(len(data) % 2))
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def in_bytes(*numbers):
    """The bytes of 16-bit numbers in network byte order."""
    packed = array("H", numbers)
    if sys.byteorder == "little":
        packed.byteswap()
    return packed.tobytes()


def mac_to_bytes(text):
    parts = text.split("-" if "-" in text else ":")
    if len(parts) != 6:
        raise AddressError("not six parts")
    address = bytearray(6)
    for place, part in enumerate(parts):
        try:
            (address[place],) = bytes.fromhex(part if len(part) == 2 else "")
        except ValueError:
            raise AddressError(f"{part!r} in {text!r}") from None
    return address


def mac_to_text(address):
    return memoryview(address).hex(":")


def mac_parts(address):
    view = memoryview(address)
    return MacParts(view[:3], view[3:], bool(view[0] & 1), bool(view[0] & 2))


def ipv4_to_bytes(text):
    parts = text.split(".")
    if len(parts) != 4:
        raise AddressError("not four parts")
    address = array("B")
    for part in parts:
        if not part.isascii() or not part.isdecimal() or str(int(part)) != part or len(part) > 3 or int(part) > 255:
            raise AddressError(f"{part!r} in {text!r}")
        address.append(int(part))
    return address.tobytes()


def ipv4_to_text(address):
    return ".".join(map(str, memoryview(address)))


def ipv4_kind(address):
    if all(number == 255 for number in address):
        return "broadcast"
    first, second = memoryview(address)[:2]
    if 224 <= first <= 239:
        return "multicast"
    if first == 127:
        return "loopback"
    private = first == 10 or first == 172 and 16 <= second <= 31 or first == 192 and second == 168
    return "private" if private else "other"


def port_kind(port):
    try:
        array("H", [port])
    except OverflowError as error:
        raise AddressError(f"{port}: {error}") from error
    return ("system", "user", "dynamic")[(port > 1023) + (port > 49151)]


def default_port(service):
    names = "ftp ssh dns tftp http https mysql flask redis django tomcat mongodb".split()
    numbers = array("H", [21, 22, 53, 69, 80, 443, 3306, 5000, 6379, 8000, 8080, 27017])
    try:
        return numbers[names.index(service.casefold())]
    except ValueError:
        raise AddressError(f"{service!r}") from None


def checksum(data):
    total = sum(words(data))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_sum(source_ip, destination_ip, datagram):
    return checksum(b"".join([source_ip, destination_ip, in_bytes(UDP, len(datagram)), datagram]))


def udp_header(source_port, destination_port, payload, source_ip, destination_ip):
    datagram = bytearray(in_bytes(source_port, destination_port, 8 + len(payload), 0))
    datagram += payload
    datagram[6:8] = in_bytes(udp_sum(source_ip, destination_ip, datagram) or 0xFFFF)
    return memoryview(datagram)[:8]


def ipv4_header(source, destination, payload_length, protocol, ttl=64, identification=0):
    header = bytearray(in_bytes(0x4500, 20 + payload_length, identification, DONT_FRAGMENT, ttl << 8 | protocol, 0))
    header.extend(source)
    header.extend(destination)
    header[10:12] = in_bytes(checksum(header))
    return header


def ethernet_header(source_mac, destination_mac, type):
    header = bytearray(14)
    header[0:6], header[6:12], header[12:14] = destination_mac, source_mac, in_bytes(type)
    return bytes(header)


def encapsulate(source_mac, destination_mac, source_ip, destination_ip, source_port, destination_port, payload,
                ttl=64):
    frame = bytearray(14 + 20 + 8 + len(payload))
    view = memoryview(frame)
    source, destination = ipv4_to_bytes(source_ip), ipv4_to_bytes(destination_ip)
    view[42:] = payload
    view[34:42] = udp_header(source_port, destination_port, payload, source, destination)
    view[14:34] = ipv4_header(source, destination, len(view[34:]), UDP, ttl)
    view[:14] = ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE)
    return frame


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
    view = View("Ethernet", memoryview(frame))
    view.at_least(14)
    if view.short(12) != IPV4_TYPE:
        raise LayerError("Ethernet", f"type {view.short(12):04x}")
    return view.bytes[6:12], view.bytes[:6], view.bytes[14:]


def read_ipv4(packet):
    view = View("IPv4", memoryview(packet))
    view.at_least(20)
    header, total = view.bytes[0] % 16 * 4, view.short(2)
    if view.bytes[0] >> 4 != 4 or header < 20:
        raise LayerError("IPv4", f"it begins with {view.bytes[0]:02x}")
    view.at_least(header)
    view.at_least(total)
    if total < header:
        raise LayerError("IPv4", f"a total length of {total}")
    if checksum(view.bytes[:header]) != 0:
        raise LayerError("IPv4", "the checksum does not fit")
    if view.short(6) & ~0xC000:
        raise LayerError("IPv4", "a fragment")
    if view.bytes[9] not in b"\x06\x11":
        raise LayerError("IPv4", f"protocol {view.bytes[9]}")
    return view.bytes[12:16], view.bytes[16:20], view.bytes[8], view.bytes[9], view.bytes[header:total]


def read_udp(datagram, source_ip, destination_ip):
    view = View("UDP", memoryview(datagram))
    view.at_least(8)
    length = view.short(4)
    view.at_least(length)
    if length < 8:
        raise LayerError("UDP", f"a length of {length}")
    if view.short(6) and udp_sum(source_ip, destination_ip, view.bytes[:length]):
        raise LayerError("UDP", "the checksum does not fit")
    return view.short(0), view.short(2), view.bytes[8:length]


def read_tcp(segment):
    view = View("TCP", memoryview(segment))
    view.at_least(20)
    begins = view.bytes[12] >> 4 << 2
    view.at_least(begins)
    if begins < 20:
        raise LayerError("TCP", f"data at byte {begins}")
    return view.short(0), view.short(2), view.bytes[begins:]


def decapsulate(frame):
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
