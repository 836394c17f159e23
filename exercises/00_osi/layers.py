"""The layers of a frame: addresses, checksums and headers, as bytes, from the outside in.

What a network card sends is a frame. Each layer has put its header in front of what the layer above gave to it:

    +----------+--------+-------+-----------+
    | Ethernet |  IPv4  |  UDP  |  payload  |       (and behind it, perhaps, zero bytes: Ethernet's padding)
    +----------+--------+-------+-----------+
     14 bytes   20 to 60    8     as it comes

The functions below are in the order in which to write them: first the addresses as people write them and as bytes,
then the checksum, then each header by itself, and last all of them together. They are pure functions: they return
something, and do nothing else.

Numbers in headers are in network byte order, the most significant byte first: RFC 791, appendix B. The pictures below
are drawn as in the RFCs: each line has four bytes, which are 32 bits, numbered from 0 on.
"""
import struct
from typing import NamedTuple

IPV4_TYPE = 0x0800          # what an Ethernet header says of an IPv4 packet: RFC 894
TCP, UDP = 6, 17            # what an IPv4 header says of what is in the packet
DONT_FRAGMENT = 0x4000      # the bit DF of an IPv4 header, in the 16 bits of its flags and fragment offset


class AddressError(ValueError):
    """A text that is no address, a number that is no port, or a service that is not known. The text says why."""


class LayerError(ValueError):
    """A frame that is cut off, damaged, or of another kind than those in here.

    The text begins with the name of the layer where it shows, and a colon: "Ethernet: …", "IPv4: …", "UDP: …" or
    "TCP: …". What stands behind it is for people, and up to you.
    """


# MAC addresses --------------------------------------------------------------------------------------------


class MacParts(NamedTuple):
    """What the 48 bits of a MAC address say."""

    vendor: bytes           # 3 bytes: who made the network card
    serial: bytes           # 3 bytes: which one of the maker's cards it is
    group: bool             # whether it stands for many (multicast and broadcast), and not for one (unicast)
    local: bool             # whether somebody has made it up (a virtual machine, a phone that hides), and not the maker


def mac_to_bytes(text: str) -> bytes:
    """The six bytes of a MAC address. "02:00:5e:10:00:FF" and "02-00-5E-10-00-ff" are the same one.

    In Python its bytes are b"\\x02\\x00\\x5e\\x10\\x00\\xff", or bytes.fromhex("02 00 5e 10 00 ff"). The text has six
    parts of exactly two hex digits each, in upper or lower case, with ":" between all of them, or with "-" between all
    of them.

    Raises AddressError for everything else. Where a part is wrong, the text of the error has this part in it, in
    quotes, as repr() writes it: f"{part!r}". (Addresses that are right are checked first, and the errors in a later
    check, after TODO 5.)
    """
    # TODO 1: six parts of two hex digits
    raise NotImplementedError("TODO 1: six parts of two hex digits")


def mac_to_text(address: bytes) -> str:
    """These six bytes as text: two hex digits each, in lower case, with ":" between them, as "02:00:5e:10:00:ff"."""
    # TODO 2: write a MAC address
    raise NotImplementedError("TODO 2: write a MAC address")


def mac_parts(address: bytes) -> MacParts:
    """Take a MAC address (6 bytes) apart: RFC 9542, section 2.1.

    The first three bytes are the vendor's number (its OUI), the last three the card's serial number. The two lowest
    bits of the first byte say more; on the wire they come first, since Ethernet sends each byte from its lowest bit on:

        the lowest bit, of value 1        group, if it is 1
        the one beside it, of value 2     local, if it is 1

    Where local is true, vendor and serial are only bytes that somebody has chosen.
    """
    # TODO 3: take a MAC address apart
    raise NotImplementedError("TODO 3: take a MAC address apart")


# IPv4 addresses -------------------------------------------------------------------------------------------


def ipv4_to_bytes(text: str) -> bytes:
    """The four bytes of an IPv4 address: "192.0.2.10" is b"\\xc0\\x00\\x02\\x0a".

    It has four parts with "." between them. Each is a number from 0 to 255 in the digits 0 to 9 (these ten characters,
    not all that isdigit() calls a digit), with nothing else: no space, no sign, and no 0 in front of another digit
    (some programs take 010 for 8, and some for 10). Raises AddressError for everything else. Where a part is wrong, the
    text of the error has this part in it, in quotes, as repr() writes it: f"{part!r}".
    """
    # TODO 4: four numbers from 0 to 255
    raise NotImplementedError("TODO 4: four numbers from 0 to 255")


def ipv4_to_text(address: bytes) -> str:
    """These four bytes as text, such as "192.0.2.10"."""
    # TODO 5: write an IPv4 address
    raise NotImplementedError("TODO 5: write an IPv4 address")


def ipv4_kind(address: bytes) -> str:
    """What kind of address these four bytes are: "loopback", "private", "multicast", "broadcast" or "other".

        loopback     127.0.0.0/8                                      this machine itself     RFC 1122, 3.2.1.3
        private      10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16        used again and again    RFC 1918, 3
        multicast    224.0.0.0/4                                      a group of machines     RFC 1112, 4
        broadcast    255.255.255.255, and no other one                all in this network     RFC 919, 7
        other        all the rest

    The number behind the slash says how many bits, from the left, all addresses of the block have in common. /8 is the
    first byte. With /12 and /4 the common part ends inside a byte: 16 is 0001 0000 in binary, and 224 is 1110 0000.
    """
    # TODO 6: tell the kinds of addresses apart
    raise NotImplementedError("TODO 6: tell the kinds of addresses apart")


# Ports ----------------------------------------------------------------------------------------------------


def port_kind(port: int) -> str:
    """Which range a port is in: RFC 6335, section 6. Raises AddressError for what is no port.

        system       0 to 1023          for services that everybody knows; Unix lets root alone bind them
        user         1024 to 49151      for other services, such as MySQL's 3306, and for one's own
        dynamic      49152 to 65535     for clients, which take what is free
    """
    # TODO 7: tell the ranges of ports apart
    raise NotImplementedError("TODO 7: tell the ranges of ports apart")


def default_port(service: str) -> int:
    """The port on which this service is looked for if nobody says another one. Its name may come in any case.

    The services are HTTP, FTP, HTTPS, SSH, DNS, TFTP, MySQL, MongoDB, Django, Tomcat, Flask and Redis. (FTP: the port
    for its commands. Django, Tomcat and Flask: where they listen while one develops.) Raises AddressError for others.
    """
    # TODO 8: the default ports
    raise NotImplementedError("TODO 8: the default ports")


# The checksum ---------------------------------------------------------------------------------------------


def checksum(data: bytes) -> int:
    """The checksum of the Internet, a number from 0 to 0xFFFF: RFC 1071, section 1.

      1. Take the data as numbers of 16 bits, in network byte order. If one byte is left over at the end, put a zero
         byte behind it.
      2. Add all of them up.
      3. What is above 16 bits of the sum, the carry, is added to its lowest 16 bits. If that sum has a carry again, so
         is that, until there is none. (This is called ones' complement addition.)
      4. The checksum has a 0 for each 1 of this sum, and a 1 for each 0: the complement.

    Of 00 01  f2 03  f4 f5  f6 f7, the example of section 3, the sum is 2ddf0; ddf0 + 2 is ddf2; the checksum is 220d.
    Who sums up data together with their checksum gets ffff, so checksum() of both together is 0.
    """
    # TODO 9: add up, fold, complement
    raise NotImplementedError("TODO 9: add up, fold, complement")


# Headers, put together ------------------------------------------------------------------------------------


def udp_header(source_port: int, destination_port: int, payload: bytes, source_ip: bytes, destination_ip: bytes,
               ) -> bytes:
    """The 8 bytes of the header of a UDP datagram with this payload: RFC 768.

         0                   15 16                  31
        +----------------------+----------------------+
        |     source port      |   destination port   |
        +----------------------+----------------------+
        |        length        |       checksum       |       length: of header and payload together, in bytes
        +----------------------+----------------------+

    The checksum is taken over three things in a row: a pseudo-header, the header with 0 in place of the checksum, and
    the payload. Nobody sends the pseudo-header. It is there so that the checksum also notices a wrong address:

        +---------------------------------------------+
        |              source IPv4 address            |
        +---------------------------------------------+
        |           destination IPv4 address          |
        +-----------+----------+----------------------+
        |     0     | 17 (UDP) |        length        |       length: the same as in the header
        +-----------+----------+----------------------+

    If it comes out as 0, 0xFFFF is sent, which adds up to the same; a 0 in there means that no checksum was computed.
    """
    # TODO 10: build a UDP header
    raise NotImplementedError("TODO 10: build a UDP header")


def ipv4_header(source: bytes, destination: bytes, payload_length: int, protocol: int, ttl: int = 64,
                identification: int = 0) -> bytes:
    """The 20 bytes of the header of an IPv4 packet, without options: RFC 791, section 3.1.

         0     3 4     7 8            15 16                  31
        +-------+-------+--------------+----------------------+
        |   4   |  IHL  |      0       |     total length     |       IHL: of the header, in words of 4 bytes
        +-------+-------+--------------+----------------------+       total length: of header and payload, in bytes
        |        identification        |        0x4000        |       DF: routers may not cut it in pieces
        +---------------+--------------+----------------------+
        |      TTL      |   protocol   |       checksum       |       TTL: how many routers it may still pass
        +---------------+--------------+----------------------+       checksum: of the 20 bytes of this header alone,
        |                 source address                      |       computed with 0 in its own place
        +-----------------------------------------------------+
        |              destination address                    |
        +-----------------------------------------------------+

    The first number is the version of IP. Its third field, the type of service, is 0 in here. Of the 16 bits for flags
    and fragment offset only DF is set, as DONT_FRAGMENT has it.
    """
    # TODO 11: build an IPv4 header
    raise NotImplementedError("TODO 11: build an IPv4 header")


def ethernet_header(source_mac: bytes, destination_mac: bytes, type: int) -> bytes:
    """The 14 bytes of the header of an Ethernet frame: RFC 894.

        +-------------------+-------------------+-----------+
        |  destination MAC  |    source MAC     |   type    |       type: 0x0800 if the payload is an IPv4 packet
        +-------------------+-------------------+-----------+
              6 bytes             6 bytes          2 bytes

    The destination comes first: a switch can look up where a frame has to go while the rest of it is still arriving.
    """
    # TODO 12: build an Ethernet header
    raise NotImplementedError("TODO 12: build an Ethernet header")


def encapsulate(source_mac: str, destination_mac: str, source_ip: str, destination_ip: str, source_port: int,
                destination_port: int, payload: bytes, ttl: int = 64) -> bytes:
    """A whole frame: this payload in a UDP datagram, in an IPv4 packet (identification 0), in an Ethernet frame.

    The addresses are texts here. What IPv4 carries is the whole datagram: UDP's header and the payload. What Ethernet
    carries is the whole packet. There is no padding: the network card adds it, and at the very end the checksum of the
    frame, which nobody but the network cards sees.
    """
    # TODO 13: each layer puts its header in front
    raise NotImplementedError("TODO 13: each layer puts its header in front")


# Headers, taken apart -------------------------------------------------------------------------------------


class Frame(NamedTuple):
    """What is in a frame. The addresses are texts, as encapsulate() takes them."""

    source_mac: str
    destination_mac: str
    source_ip: str
    destination_ip: str
    ttl: int
    protocol: int           # TCP or UDP
    source_port: int
    destination_port: int
    payload: bytes


def read_ethernet(frame: bytes) -> tuple[bytes, bytes, bytes]:
    """The source MAC, the destination MAC, and what is behind the header of a frame.

    Raises LayerError, "Ethernet: …", if the header is cut off, or if the type is not IPV4_TYPE. Look at the length of
    what you have before you look into it, here and below.
    """
    # TODO 14: take an Ethernet header off
    raise NotImplementedError("TODO 14: take an Ethernet header off")


def read_ipv4(packet: bytes) -> tuple[bytes, bytes, int, int, bytes]:
    """The source address, the destination address, the TTL, the protocol and the payload of an IPv4 packet.

    The header is IHL words of 4 bytes long: 5 without options, and up to 15 with them. What it says beyond its first 20
    bytes is not looked at, but its checksum is of all of them. The payload begins behind the header, and ends where the
    total length says: a frame has at least 60 bytes, and what is missing to that is filled up with padding, which is
    not a part of the packet.

    Raises LayerError, "IPv4: …", if

      - there are fewer bytes than a header has: 20, or as many as IHL says
      - the version is not 4, or IHL is below 5
      - the total length is more than there is, or less than the header
      - the checksum does not fit
      - it is a fragment, a piece of a packet. Bytes 6 and 7 are one number of 16 bits: 0x8000 is unused, 0x4000 is DF,
        0x2000 is MF (more fragments), and the lowest 13 bits, 0x1FFF, are the fragment offset. A packet is a fragment
        if MF is set or the offset is not 0. DF says nothing about it, and may be set or not
      - the protocol is neither TCP nor UDP
    """
    # TODO 15: take an IPv4 header off
    raise NotImplementedError("TODO 15: take an IPv4 header off")


def read_udp(datagram: bytes, source_ip: bytes, destination_ip: bytes) -> tuple[int, int, bytes]:
    """The source port, the destination port and the payload of a UDP datagram between these addresses.

    Payload and checksum end where UDP's length says. There may be more bytes behind it, which are not a part of the
    datagram.

    Raises LayerError, "UDP: …", if there are fewer than 8 bytes, if its length is below 8 or more than there is, or if
    the checksum does not fit. A checksum of 0 says that none was computed, and fits always. (A datagram that you
    capture on the loopback yourself mostly has half a checksum, like TCP's segments: see read_tcp().)
    """
    # TODO 16: take a UDP header off
    raise NotImplementedError("TODO 16: take a UDP header off")


def read_tcp(segment: bytes) -> tuple[int, int, bytes]:
    """The source port, the destination port and the payload of a TCP segment: RFC 9293, section 3.1.

    Its header begins with the two ports, as UDP's does. The upper 4 bits of its byte 12 are the data offset: how long
    the header is, in words of 4 bytes, from 5 to 15. All the rest of the segment is payload.

    Raises LayerError, "TCP: …", if there are fewer than 20 bytes, or if the data offset is below 5 or points beyond the
    end. The checksum is not looked at: what passes on the loopback does not have a whole one, since no network card
    will ever complete it (lesson 01 looks at it).
    """
    # TODO 17: take a TCP header off
    raise NotImplementedError("TODO 17: take a TCP header off")


def decapsulate(frame: bytes) -> Frame:
    """What is in this frame: a UDP datagram, or a TCP segment, in an IPv4 packet. Raises LayerError.

    Each layer takes its own header off, and gives the rest to the next one, so an error names the outermost layer where
    something is wrong.
    """
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
