"""Headers, taken apart."""
import struct

from errors import LayerError
from sums import checksum, udp_checksum

IPV4_TYPE, TCP, UDP = 0x0800, 6, 17


def check(layer, *rules):
    """Raise LayerError for the first rule that does not hold."""
    for holds, otherwise in rules:
        if not holds():
            raise LayerError(f"{layer}: {otherwise}")


def read_ethernet(frame):
    check("Ethernet", (lambda: len(frame) >= 14, "too short"), (lambda: frame[12:14] == b"\x08\0", "not IPv4"))
    return frame[6:12], frame[0:6], frame[14:]


def read_ipv4(packet):
    check("IPv4", (lambda: len(packet) >= 20, "too short"))
    total, _, fragment = struct.unpack("!HHH", packet[2:8])
    header = (packet[0] & 15) * 4
    check("IPv4",
          (lambda: packet[0] >> 4 == 4, "not version 4"),
          (lambda: header >= 20, "an IHL below 5"),
          (lambda: len(packet) >= header, "too short for its options"),
          (lambda: header <= total <= len(packet), "a wrong total length"),
          (lambda: checksum(packet[:header]) == 0, "a wrong checksum"),
          (lambda: fragment & 0x3FFF == 0, "a fragment"),
          (lambda: packet[9] in (TCP, UDP), "neither TCP nor UDP"))
    return packet[12:16], packet[16:20], packet[8], packet[9], packet[header:total]


def read_udp(datagram, source_ip, destination_ip):
    check("UDP", (lambda: len(datagram) >= 8, "too short"))
    source_port, destination_port, length, found = struct.unpack("!HHHH", datagram[:8])
    check("UDP",
          (lambda: 8 <= length <= len(datagram), "a wrong length"),
          (lambda: found == 0 or udp_checksum(source_ip, destination_ip, datagram[:length]) == 0, "a wrong checksum"))
    return source_port, destination_port, datagram[8:length]


def read_tcp(segment):
    check("TCP", (lambda: len(segment) >= 20, "too short"))
    header = (segment[12] >> 4) * 4
    check("TCP", (lambda: 20 <= header <= len(segment), "a wrong data offset"))
    source_port, destination_port = struct.unpack("!HH", segment[:4])
    return source_port, destination_port, segment[header:]
