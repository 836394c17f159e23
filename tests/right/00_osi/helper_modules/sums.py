"""The checksum of the Internet."""
import struct


def checksum(data):
    if len(data) % 2 == 1:
        data = data + b"\0"
    total = 0
    for (number,) in struct.iter_unpack("!H", data):
        total += number
        total = (total >> 16) + (total & 0xFFFF)
    return 0xFFFF ^ total


def udp_checksum(source_ip, destination_ip, datagram):
    return checksum(struct.pack("!4s4sBBH", source_ip, destination_ip, 0, 17, len(datagram)) + datagram)
