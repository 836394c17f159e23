"""MAC addresses, IPv4 addresses, and ports."""
import string
from collections import namedtuple

from errors import AddressError

MacParts = namedtuple("MacParts", "vendor serial group local")

GROUP, LOCAL = 1, 2
PRIVATE = [(10, range(256)), (172, range(16, 32)), (192, range(168, 169))]
RANGES = [("system", 0, 1023), ("user", 1024, 49151), ("dynamic", 49152, 65535)]
DEFAULT_PORTS = {"http": 80, "ftp": 21, "https": 443, "ssh": 22, "dns": 53, "tftp": 69, "mysql": 3306,
                 "mongodb": 27017, "django": 8000, "tomcat": 8080, "flask": 5000, "redis": 6379}


def mac_to_bytes(text):
    parts = text.replace("-", ":").split(":")
    if len(parts) != 6:
        raise AddressError(f"{text!r} has not got 6 parts")
    for part in parts:
        if len(part) != 2 or not all(digit in string.hexdigits for digit in part):
            raise AddressError(f"{text!r}: {part!r} should be two hex digits")
    return bytes.fromhex("".join(parts))


def mac_to_text(address):
    return ":".join([f"{number:02x}" for number in address])


def mac_parts(address):
    return MacParts(vendor=address[:3], serial=address[3:], group=bool(address[0] & GROUP),
                    local=bool(address[0] & LOCAL))


def ipv4_to_bytes(text):
    parts = text.split(".")
    if len(parts) != 4:
        raise AddressError(f"{text!r} has not got 4 parts")
    for part in parts:
        if not part or not all(digit in string.digits for digit in part):
            raise AddressError(f"{text!r}: {part!r} should be a number")
        if len(part.lstrip("0") or "0") != len(part):
            raise AddressError(f"{text!r}: {part!r} begins with 0")
        if len(part) > 3 or int(part) > 255:
            raise AddressError(f"{text!r}: {part!r} is too large")
    return bytes([int(part) for part in parts])


def ipv4_to_text(address):
    return ".".join([str(number) for number in address])


def ipv4_kind(address):
    if address == b"\xff\xff\xff\xff":
        return "broadcast"
    if address[0] == 127:
        return "loopback"
    if any(address[0] == first and address[1] in second for first, second in PRIVATE):
        return "private"
    return "multicast" if address[0] & 0xF0 == 0xE0 else "other"


def port_kind(port):
    for kind, first, last in RANGES:
        if first <= port <= last:
            return kind
    raise AddressError(f"{port} is not from 0 to 65535")


def default_port(service):
    try:
        return DEFAULT_PORTS[service.lower()]
    except KeyError:
        raise AddressError(f"no port is known for {service!r}") from None
