"""The layers, in a module that takes a second to import."""
import functools
import struct
import time
from typing import NamedTuple

time.sleep(1)                   # a large library is imported here

IPV4_TYPE = 0x0800
TCP, UDP = 6, 17
DONT_FRAGMENT = 0x4000
PORTS = {"http": 80, "ftp": 21, "https": 443, "ssh": 22, "dns": 53, "tftp": 69, "mysql": 3306, "mongodb": 27017,
         "django": 8000, "tomcat": 8080, "flask": 5000, "redis": 6379}


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


def address_of(text, separators, count, digits, base, well_written):
    """The bytes of an address, whichever kind it is."""
    parts = functools.reduce(lambda written, separator: written.replace(separator, " | "), separators, text)
    parts = parts.split(" | ")
    if len(parts) != count:
        raise AddressError(f"{text!r}: {count} parts, please")
    for part in parts:
        if not part or part.strip(digits) or not well_written(part):
            raise AddressError(f"{text!r}: {part!r} is wrong")
    return bytes(int(part, base) for part in parts)


def mac_to_bytes(text):
    return address_of(text, ":-", 6, "0123456789abcdefABCDEF", 16, lambda part: len(part) == 2)


def ipv4_to_bytes(text):
    return address_of(text, ".", 4, "0123456789", 10,
                      lambda part: len(part) < 4 and int(part) < 256 and part == f"{int(part)}")


def mac_to_text(address):
    return "%02x:%02x:%02x:%02x:%02x:%02x" % tuple(address)


def mac_parts(address):
    vendor, serial = struct.unpack("3s3s", address)
    return MacParts(vendor, serial, vendor[0] & 0b01 > 0, vendor[0] & 0b10 > 0)


def ipv4_to_text(address):
    return "{}.{}.{}.{}".format(*address)


def ipv4_kind(address):
    match tuple(address):
        case (255, 255, 255, 255):
            return "broadcast"
        case (127, *_):
            return "loopback"
        case (10, *_) | (192, 168, *_):
            return "private"
        case (172, second, *_) if second in range(16, 32):
            return "private"
        case (first, *_) if first in range(224, 240):
            return "multicast"
    return "other"


def port_kind(port):
    if port in range(0, 1024):
        return "system"
    if port in range(1024, 49152):
        return "user"
    if port in range(49152, 65536):
        return "dynamic"
    raise AddressError(f"{port} is not a port")


def default_port(service):
    if (port := PORTS.get(service.lower())) is None:
        raise AddressError(f"{service} is not a service")
    return port


def checksum(*pieces):
    data = b"".join(pieces)
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while carry := total >> 16:
        total = (total & 0xFFFF) + carry
    return total ^ 0xFFFF


def udp_header(source_port, destination_port, payload, source_ip, destination_ip):
    ports_and_length = struct.pack("!HHH", source_port, destination_port, len(payload) + 8)
    found = checksum(source_ip, destination_ip, b"\0\x11", ports_and_length[4:], ports_and_length, b"\0\0", payload)
    return ports_and_length + struct.pack("!H", found or 0xFFFF)


def ipv4_header(source, destination, payload_length, protocol, ttl=64, identification=0):
    pieces = [struct.pack("!BBHHHBB", 4 << 4 | 5, 0, 20 + payload_length, identification, DONT_FRAGMENT, ttl, protocol),
              source, destination]
    pieces.insert(1, struct.pack("!H", checksum(*pieces)))
    return b"".join(pieces)


def ethernet_header(source_mac, destination_mac, type):
    return struct.pack("!6s6sH", destination_mac, source_mac, type)


def encapsulate(source_mac, destination_mac, source_ip, destination_ip, source_port, destination_port, payload,
                ttl=64):
    ips = ipv4_to_bytes(source_ip), ipv4_to_bytes(destination_ip)
    datagram = udp_header(source_port, destination_port, payload, *ips) + payload
    packet = ipv4_header(*ips, len(datagram), UDP, ttl) + datagram
    return ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE) + packet


def read_ethernet(frame):
    if len(frame) < 14:
        raise LayerError("Ethernet: cut off")
    destination, source, type = struct.unpack("!6s6sH", frame[:14])
    if type != IPV4_TYPE:
        raise LayerError("Ethernet: not of IPv4")
    return source, destination, frame[14:]


def read_ipv4(packet):
    try:
        return try_ipv4(packet)
    except (struct.error, AssertionError) as error:
        raise LayerError(f"IPv4: {error}") from error


def try_ipv4(packet):
    first, _, total, _, fragment, ttl, protocol, _, source, destination = struct.unpack("!BBHHHBBH4s4s", packet[:20])
    header = (first % 16) * 4
    for holds in (first // 16 == 4, 20 <= header <= total <= len(packet), not fragment & 0x3FFF,
                  protocol in (TCP, UDP)):
        if not holds:
            raise AssertionError("a header that cannot be")
    if checksum(packet[:header]) != 0:
        raise AssertionError("damaged")
    return source, destination, ttl, protocol, packet[header:total]


def read_udp(datagram, source_ip, destination_ip):
    if len(datagram) < 8:
        raise LayerError("UDP: cut off")
    source_port, destination_port, length, summed = struct.unpack("!HHHH", datagram[:8])
    if length < 8 or length > len(datagram):
        raise LayerError("UDP: a length that cannot be")
    datagram = datagram[:length]
    if summed and checksum(source_ip, destination_ip, b"\0\x11", datagram[4:6], datagram):
        raise LayerError("UDP: damaged")
    return source_port, destination_port, datagram[8:]


def read_tcp(segment):
    if len(segment) < 20:
        raise LayerError("TCP: cut off")
    header = (segment[12] >> 4) * 4
    if header < 20 or header > len(segment):
        raise LayerError("TCP: a data offset that cannot be")
    return *struct.unpack("!HH", segment[:4]), segment[header:]


def decapsulate(frame):
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
