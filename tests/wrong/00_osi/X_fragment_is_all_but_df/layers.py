"""Takes every packet for a fragment that has not DF alone in its flags and offset."""
from collections import namedtuple

IPV4_TYPE = 0x0800
TCP, UDP = 6, 17
DONT_FRAGMENT = 0x4000


class AddressError(ValueError):
    """No address."""


class LayerError(ValueError):
    """No frame that can be taken apart."""


MacParts = namedtuple("MacParts", "vendor serial group local")
Frame = namedtuple("Frame", "source_mac destination_mac source_ip destination_ip ttl protocol source_port "
                            "destination_port payload")


def number_of(data):
    return int.from_bytes(data, "big")


def together(*fields):
    """Bytes of fields that stand side by side, each as (bits, value)."""
    number = bits = 0
    for width, value in fields:
        assert 0 <= value < 1 << width
        number, bits = number << width | value, bits + width
    return number.to_bytes(bits // 8, "big")


def apart(data, *widths):
    """The fields that stand side by side at the beginning of the data, which have so many bits."""
    total = sum(widths)
    number, left = number_of(data[:total // 8]), total
    for width in widths:
        left -= width
        yield number >> left & ((1 << width) - 1)


def mac_to_bytes(text):
    pieces = text.replace("-", ":").split(":")
    if len(pieces) != 6:
        raise AddressError(f"{text!r} has {len(pieces)} parts")
    number = 0
    for piece in pieces:
        if len(piece) != 2:
            raise AddressError(f"{piece!r}: two digits are wanted")
        for digit in piece.lower():
            value = "0123456789abcdef".find(digit)
            if value < 0:
                raise AddressError(f"{piece!r}: no hex digits")
            number = number * 16 + value
    return number.to_bytes(6, "big")


def mac_to_text(address):
    digits = f"{number_of(address):012x}"
    return ":".join(digits[place:place + 2] for place in range(0, 12, 2))


def mac_parts(address):
    vendor, serial = apart(address, 24, 24)
    local, group = list(apart(address, 6, 1, 1))[1:]
    return MacParts(vendor.to_bytes(3, "big"), serial.to_bytes(3, "big"), group == 1, local == 1)


def ipv4_to_bytes(text):
    pieces = text.split(".")
    if len(pieces) != 4:
        raise AddressError(f"{text!r} has {len(pieces)} parts")
    number = 0
    for piece in pieces:
        value = 0
        for digit in piece:
            if digit not in "0123456789":
                raise AddressError(f"{piece!r} has {digit!r} in it")
            value = value * 10 + ord(digit) - ord("0")
        if not piece or (piece[0] == "0" and piece != "0") or value > 255:
            raise AddressError(f"{piece!r} is not from 0 to 255")
        number = number << 8 | value
    return number.to_bytes(4, "big")


def ipv4_to_text(address):
    number, pieces = number_of(address), []
    for _ in range(4):
        number, last = divmod(number, 256)
        pieces.insert(0, str(last))
    return ".".join(pieces)


BLOCKS = [(0x7F000000, 8, "loopback"), (0x0A000000, 8, "private"), (0xAC100000, 12, "private"),
          (0xC0A80000, 16, "private"), (0xE0000000, 4, "multicast"), (0xFFFFFFFF, 32, "broadcast"), (0, 0, "other")]


def ipv4_kind(address):
    number = number_of(address)
    return next(kind for block, bits, kind in BLOCKS if (number ^ block) >> (32 - bits) == 0)


def port_kind(port):
    if port < 0 or port >> 16:
        raise AddressError(f"{port} is more than 16 bits can say")
    if not port >> 10:
        return "system"
    return "dynamic" if port >> 14 == 3 else "user"


def default_port(service):
    match service.upper():
        case "FTP":
            return 21
        case "SSH":
            return 22
        case "DNS":
            return 53
        case "TFTP":
            return 69
        case "HTTP":
            return 80
        case "HTTPS":
            return 443
        case "MYSQL":
            return 3306
        case "FLASK":
            return 5000
        case "REDIS":
            return 6379
        case "DJANGO":
            return 8000
        case "TOMCAT":
            return 8080
        case "MONGODB":
            return 27017
    raise AddressError(service)


def checksum(data):
    """All of the data is one number in base 2**16. Its sum of digits, again and again, is what it leaves mod 0xFFFF."""
    number = number_of(data + b"\0" * (len(data) & 1))
    rest = number % 0xFFFF
    if rest == 0 and number:
        rest = 0xFFFF
    return 0xFFFF - rest


def pseudo(source, destination, length):
    return source + destination + together((8, 0), (8, UDP), (16, length))


def udp_header(source_port, destination_port, payload, source_ip, destination_ip):
    length = 8 + len(payload)
    fields = (16, source_port), (16, destination_port), (16, length)
    summed = checksum(pseudo(source_ip, destination_ip, length) + together(*fields, (16, 0)) + payload)
    return together(*fields, (16, summed or 0xFFFF))


def ipv4_header(source, destination, payload_length, protocol, ttl=64, identification=0):
    def with_checksum(value):
        return together((4, 4), (4, 5), (8, 0), (16, 20 + payload_length), (16, identification), (16, DONT_FRAGMENT),
                        (8, ttl), (8, protocol), (16, value), (32, number_of(source)), (32, number_of(destination)))
    return with_checksum(checksum(with_checksum(0)))


def ethernet_header(source_mac, destination_mac, type):
    return together((48, number_of(destination_mac)), (48, number_of(source_mac)), (16, type))


def encapsulate(source_mac, destination_mac, source_ip, destination_ip, source_port, destination_port, payload,
                ttl=64):
    source, destination = ipv4_to_bytes(source_ip), ipv4_to_bytes(destination_ip)
    datagram = udp_header(source_port, destination_port, payload, source, destination) + payload
    packet = ipv4_header(source, destination, len(datagram), UDP, ttl) + datagram
    return ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE) + packet


def need(layer, holds, why):
    if not holds:
        raise LayerError(f"{layer}: {why}")


def read_ethernet(frame):
    need("Ethernet", len(frame) >= 14, "cut off")
    destination, source, type = apart(frame, 48, 48, 16)
    need("Ethernet", type == IPV4_TYPE, "no IPv4 in it")
    return source.to_bytes(6, "big"), destination.to_bytes(6, "big"), frame[14:]


def read_ipv4(packet):
    need("IPv4", len(packet) >= 20, "cut off")
    version, ihl, _, total, _, flags, ttl, protocol, _, source, destination = apart(
        packet, 4, 4, 8, 16, 16, 16, 8, 8, 16, 32, 32)
    need("IPv4", version == 4, f"version {version}")
    need("IPv4", ihl >= 5, f"IHL {ihl}")
    need("IPv4", ihl * 4 <= total, "shorter than its header")
    need("IPv4", total <= len(packet), "longer than it is")
    need("IPv4", checksum(packet[:ihl * 4]) == 0, "checksum")
    need("IPv4", flags == 0x4000, "fragment")
    need("IPv4", protocol in (TCP, UDP), f"protocol {protocol}")
    return source.to_bytes(4, "big"), destination.to_bytes(4, "big"), ttl, protocol, packet[ihl * 4:total]


def read_udp(datagram, source_ip, destination_ip):
    need("UDP", len(datagram) >= 8, "cut off")
    source_port, destination_port, length, summed = apart(datagram, 16, 16, 16, 16)
    need("UDP", 8 <= length <= len(datagram), f"length {length}")
    if summed != 0:
        need("UDP", checksum(pseudo(source_ip, destination_ip, length) + datagram[:length]) == 0, "checksum")
    return source_port, destination_port, datagram[8:length]


def read_tcp(segment):
    need("TCP", len(segment) >= 20, "cut off")
    source_port, destination_port, _, offset, _ = apart(segment, 16, 16, 64, 4, 4)
    need("TCP", 5 <= offset <= len(segment) // 4, f"data offset {offset}")
    return source_port, destination_port, segment[offset * 4:]


def decapsulate(frame):
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
