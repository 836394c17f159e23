"""Headers, put together."""
import struct

from sums import checksum, udp_checksum

IPV4_TYPE, UDP, DONT_FRAGMENT = 0x0800, 17, 0x4000


def udp_header(source_port, destination_port, payload, source_ip, destination_ip):
    form, length = struct.Struct("!HHHH"), 8 + len(payload)
    unsummed = form.pack(source_port, destination_port, length, 0)
    found = udp_checksum(source_ip, destination_ip, unsummed + payload)
    return form.pack(source_port, destination_port, length, found or 0xFFFF)


def ipv4_header(source, destination, payload_length, protocol, ttl=64, identification=0):
    form = struct.Struct("!BBHHHBBH4s4s")
    fields = [0x45, 0, form.size + payload_length, identification, DONT_FRAGMENT, ttl, protocol, 0, source, destination]
    fields[7] = checksum(form.pack(*fields))
    return form.pack(*fields)


def ethernet_header(source_mac, destination_mac, type):
    return destination_mac + source_mac + struct.pack("!H", type)
