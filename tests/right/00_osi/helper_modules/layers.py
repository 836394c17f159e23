"""All that the exercise asks for; the work is done in modules of their own."""
from typing import NamedTuple

from addresses import *  # noqa: F403
from addresses import ipv4_to_bytes, ipv4_to_text, mac_to_bytes, mac_to_text
from errors import AddressError, LayerError  # noqa: F401
from reading import read_ethernet, read_ipv4, read_tcp, read_udp
from sums import checksum  # noqa: F401
from writing import IPV4_TYPE, UDP, ethernet_header, ipv4_header, udp_header


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


def encapsulate(source_mac, destination_mac, source_ip, destination_ip, source_port, destination_port, payload,
                ttl=64):
    source, destination = ipv4_to_bytes(source_ip), ipv4_to_bytes(destination_ip)
    return b"".join([
        ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE),
        ipv4_header(source, destination, 8 + len(payload), UDP, ttl),
        udp_header(source_port, destination_port, payload, source, destination),
        payload])


def decapsulate(frame):
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
