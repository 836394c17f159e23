"""RFC 1071, and TCP's pseudo-header."""
from ipaddress import ip_address


def internet_checksum(data):
    total = sum(data[0::2]) * 256 + sum(data[1::2])
    while total >= 65536:
        carry, total = divmod(total, 65536)
        total += carry
    return ~total & 0xFFFF


def checksum(source, destination, segment):
    pseudo = ip_address(source).packed + ip_address(destination).packed + bytes([0, 6, *divmod(len(segment), 256)])
    return internet_checksum(pseudo + segment)
