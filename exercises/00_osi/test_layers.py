"""The checksum, the headers and whole frames, check by check. Then comes test_the_browser.py.

These call the functions of your layers.py too. What is expected comes from dpkt, a library of other people, and from
what really passes on a network. Your functions are given addresses and ports that are new each time.
"""
import socket

from pytest import fixture, mark

from autograder.frames import ETHERNET, IPV4, TCP, UDP, Content, changed, mac, made, read

ROUTER_ALERT = b"\x94\x04\0\0"          # an option of IPv4: RFC 2113
TIMESTAMPS = b"\x01\x01\x08\x0a\0\0\0\x01\0\0\0\x02"           # options of TCP: two that do nothing, and RFC 7323's


@fixture
def layers(cast):
    """Your layers.py, whose functions are called."""
    return cast.calls("layers.py", lane="layers.py")


def in_hex(data: bytes) -> str:
    """Bytes for a person."""
    return data.hex(" ") or "no bytes"


def as_hex(number: int) -> str:
    """A checksum for a person."""
    return f"{number:#06x}"


def content(cast, payload: bytes, protocol: int = UDP) -> Content:
    """A frame's content with this payload. All else is random; no address looks like a text, and the two bytes of a
    port differ."""
    random = cast.stage.random
    addresses = [".".join(map(str, (random.randrange(128, 192), *random.randbytes(3)))) for _ in range(2)]
    ports = [random.randrange(1, 128) * 256 + random.randrange(128, 256) for _ in range(2)]
    macs = [":".join(str(random.randrange(80 if at == 0 else 10, 100)) for at in range(6)) for _ in range(2)]
    return Content(*macs, *addresses, random.randrange(32, 250), protocol, *ports, payload)


def ips(frame: Content) -> tuple[bytes, bytes]:
    """The two IPv4 addresses, as bytes."""
    return socket.inet_aton(frame.source_ip), socket.inet_aton(frame.destination_ip)


# The checksum ---------------------------------------------------------------------------------------------


@mark.check("headers", points=6, probes=["L08", "L09", "T09.crc", "T10"],
            hint="Two bytes at a time are one number; add all of them up, add the carry, and turn all bits over at "
                 "the end. ~ turns over more than 16 bits, and the number becomes negative: keep the lowest 16, with "
                 "& 0xFFFF, or use ^ 0xFFFF. total >> 16 is the carry, and total & 0xFFFF what is below it. "
                 "struct.unpack('!4H', data) makes four numbers of eight bytes, and f'!{len(data) // 2}H' is the "
                 "format for any even number.")
def test_checksum(cast, layers):
    """The checksum of RFC 1071's example, and of others"""
    data = bytes.fromhex("0001f203f4f5f6f7")
    layers.returns(0x220D, "checksum", data, shown=as_hex)
    layers.returns(0, "checksum", data + b"\x22\x0d", shown=as_hex, meaning="with its own checksum behind it")
    layers.returns(0xFFFF, "checksum", b"", shown=as_hex)
    layers.returns(0xFEFC, "checksum", b"\x01\x02\0\x01", shown=as_hex, meaning="no carry")
    header = made(content(cast, b""))[ETHERNET:ETHERNET + IPV4]
    layers.returns(0, "checksum", header, shown=as_hex, meaning="an IPv4 header that is intact")


@mark.check("headers", points=6, probes=["T10"],
            hint="A byte that is left over needs another one behind it; and what comes of adding the carry may have a "
                 "carry again. Put b'\\0' behind data of odd length, and add the carry in a loop, while total is "
                 "more than 0xFFFF.")
def test_checksum_odd(layers):
    """A byte left over at the end, and a carry that makes another one"""
    layers.returns(0xFBFD, "checksum", b"\x01\x02\x03", shown=as_hex, meaning="0102 + 0300")
    layers.returns(0x1D0D, "checksum", bytes.fromhex("0001f203f4f5f6f705"), shown=as_hex)
    layers.returns(0xFFFE, "checksum", bytes.fromhex("ffffffff0001"), shown=as_hex, meaning="ffff + ffff + 1 is 1ffff")
    layers.returns(0, "checksum", b"\xff" * 300, shown=as_hex, meaning="150 times ffff")


# Headers, put together ------------------------------------------------------------------------------------


@mark.check("headers", points=6, needs=[test_checksum],
            probes=["L08", "L10", "T09.udp", "L11", "L12"],
            hint="Make the header with 0 in place of the checksum at first, compute the checksum, and put it in. It is "
                 "that of pseudo-header + header + payload, and the length in both of the headers is 8 more than that "
                 "of the payload. struct.pack('!HHHH', …) makes the eight bytes, and the pseudo-header ends with "
                 "struct.pack('!BBH', 0, 17, length).")
def test_udp_header(cast, layers):
    """A UDP header, its checksum over the pseudo-header too"""
    for payload in cast.page(24), cast.page(1400), b"", cast.page(25):
        frame = content(cast, payload)
        expected = made(frame)[ETHERNET + IPV4:][:8]
        layers.returns(expected, "udp_header", frame.source_port, frame.destination_port, payload, *ips(frame),
                       shown=in_hex)
    summed = made(frame._replace(payload=b"\0\0"))[ETHERNET + IPV4 + 6:][:2]
    frame = frame._replace(payload=summed)      # so that it comes out as 0
    layers.returns(made(frame)[ETHERNET + IPV4:][:8], "udp_header", frame.source_port, frame.destination_port, summed,
                   *ips(frame), shown=in_hex, meaning="0 comes out, and ffff is sent")


@mark.check("headers", points=6, needs=[test_checksum], probes=["L08", "L10", "L12"],
            hint="Make the 20 bytes with 0 in place of the checksum at first, and put the checksum of these into bytes "
                 "10 and 11. The first byte is 0x45: 4 is the version, and 5 words are 20 bytes. "
                 "struct.pack('!BBHHHBBH4s4s', 0x45, …) makes them all.")
def test_ipv4_header(cast, layers):
    """An IPv4 header, its checksum over itself alone"""
    random = cast.stage.random
    for protocol in UDP, TCP:
        frame, identification = content(cast, cast.page(random.randrange(300, 1000)), protocol), random.randrange(65536)
        packet = made(frame, identification=identification)[ETHERNET:]
        layers.returns(packet[:IPV4], "ipv4_header", *ips(frame), len(packet) - IPV4, protocol, frame.ttl,
                       identification, shown=in_hex)
    packet = made(frame._replace(ttl=64))[ETHERNET:]
    layers.returns(packet[:IPV4], "ipv4_header", *ips(frame), len(packet) - IPV4, protocol, shown=in_hex,
                   meaning="TTL and identification are not given")


@mark.check("headers", points=4, probes=["L12", "L08"],
            hint="The addresses are bytes already, and only the type is a number. Bytes are put one behind the other "
                 "with +, and struct.pack('!H', type) makes two bytes of the number.")
def test_ethernet_header(cast, layers):
    """An Ethernet header: destination, source, type"""
    frame = content(cast, b"")
    for kind in 0x0800, 0x0806:
        expected = mac(frame.destination_mac) + mac(frame.source_mac) + kind.to_bytes(2, "big")
        layers.returns(expected, "ethernet_header", mac(frame.source_mac), mac(frame.destination_mac), kind,
                       shown=in_hex)


# Whole frames ---------------------------------------------------------------------------------------------


@mark.check("frames", points=6, needs=[test_udp_header, test_ipv4_header, test_ethernet_header], probes=["L12", "L08"],
            hint="Begin with the innermost part. A length counts all that is further in: what IPv4 carries is as long "
                 "as the whole datagram, 8 bytes of UDP's header and the payload. On the way back each read_… function "
                 "takes its header off. The datagram is udp_header(…) + payload, the packet ipv4_header(…) + datagram, "
                 "the frame ethernet_header(…) + packet.")
def test_there_and_back(cast, layers):
    """A frame put together, and taken apart again"""
    for payload in cast.page(26), "中".encode() * 8, b"a\0b\r\n\0", b"":
        frame = content(cast, payload)
        *addresses, ttl, protocol, source_port, destination_port, _ = frame
        expected = made(frame)
        layers.returns(expected, "encapsulate", *addresses, source_port, destination_port, payload, ttl, shown=in_hex)
        layers.finds(frame._asdict(), "decapsulate", expected, meaning="this frame")


@mark.check("frames", points=6, needs=[test_checksum], probes=["L13", "L14", "T07.frame", "L12", "L08"],
            hint="Headers and packets tell their own length, and whoever reads them goes by that: behind the end "
                 "there may be more. IHL counts words of four bytes, and so does the data offset of TCP: 6 of them are "
                 "24 bytes. A UDP checksum of 0 fits always, and DF does not make a fragment. (packet[0] & 15) * 4 is "
                 "how long the IPv4 header is, also for its checksum. The payload of the packet is packet[header:total "
                 "length], and that of a datagram datagram[8:length].")
def test_library_frames(cast, layers):
    """Another library's frames: options, padding, no checksum, TCP"""
    frame = content(cast, cast.page(6) + b"\0\0")
    layers.finds(frame._asdict(), "decapsulate", made(frame), meaning="8 bytes in UDP")
    layers.finds(frame._asdict(), "decapsulate", made(frame, padded=True), meaning="the same, padded")
    layers.finds(frame._asdict(), "decapsulate", made(frame, summed=False), meaning="the same, without a UDP checksum")
    layers.finds(frame._asdict(), "decapsulate", made(frame, ROUTER_ALERT), meaning="the same, IPv4 has an option")
    layers.finds(frame._asdict(), "decapsulate", made(frame, ROUTER_ALERT * 10), meaning="the same, with ten options")
    layers.finds(frame._asdict(), "decapsulate", changed(made(frame), ETHERNET + 6, b"\0\0"),
                 meaning="the same, without DF")
    behind = changed(made(frame) + cast.page(12), ETHERNET + 2, (IPV4 + 8 + 8 + 12).to_bytes(2, "big"))
    layers.finds(frame._asdict(), "decapsulate", behind, meaning="the same, 12 bytes behind UDP's length")
    segment = content(cast, cast.page(40), protocol=TCP)
    layers.finds(segment._asdict(), "decapsulate", made(segment), meaning="40 bytes in TCP")
    layers.finds(segment._asdict(), "decapsulate", made(segment, ROUTER_ALERT, TIMESTAMPS),
                 meaning="the same, TCP and IPv4 have options")
    empty = segment._replace(payload=b"")
    layers.finds(empty._asdict(), "decapsulate", made(empty, padded=True), meaning="a TCP segment of no data, padded")


@mark.check("frames", points=4, needs=[test_checksum], probes=["T07.frame", "L12", "L08"],
            hint="What passes on the loopback has MAC addresses of zeros, which do not count here, and checksums of TCP"
                 " that are not complete, so do not look at those. TCP's header has options: its data offset says "
                 "where the payload begins. It counts words of four bytes: 6 of them are 24 bytes.")
def test_captured_frames(cast, layers):
    """Frames that were captured just now"""
    for seen in cast.captures(f"{cast.line('hi')}\n", f"{cast.line('hello')}\n"):
        layers.finds(read(seen.frame)._asdict(), "decapsulate", seen.frame, meaning=seen.meaning,
                     only=Content._fields[2:])


@mark.check("frames", points=4, needs=[test_checksum], probes=["L15", "L16", "L12", "L08"],
            hint="Look at the length before you look into what you have, and at each of the things that the read_… "
                 "functions list. Put the name of the layer in front: LayerError('IPv4: the version is 6').")
def test_damaged_frames(cast, layers):
    """A frame that is cut or damaged: the error names the layer"""
    frame = content(cast, cast.page(26))
    whole, inner = made(frame), ETHERNET + IPV4
    layers.finds(frame._asdict(), "decapsulate", whole, meaning="26 bytes in UDP, intact")
    for layer, wrong, meaning in (
            ("Ethernet", whole[:13], "the same, cut after 13 bytes"), ("Ethernet", b"", "no bytes at all"),
            ("Ethernet", whole[:12] + b"\x86\xdd" + whole[14:], "type 0x86dd, which is IPv6"),
            ("IPv4", whole[:ETHERNET], "cut after 14 bytes"), ("IPv4", whole[:ETHERNET + 19], "cut after 33 bytes"),
            ("IPv4", whole[:inner], "cut after 34 bytes"), ("IPv4", whole[:-1], "without its last byte"),
            ("IPv4", changed(whole, ETHERNET, b"\x65"), "version 6"),
            ("IPv4", changed(whole, ETHERNET, b"\x44"), "an IHL of 4"),
            ("IPv4", changed(whole, ETHERNET + 2, b"\0\x13"), "a total length of 19"),
            ("IPv4", whole[:22] + bytes([frame.ttl ^ 1]) + whole[23:], "one bit of the TTL changed"),
            ("IPv4", changed(whole, ETHERNET + 6, b"\x20\0"), "a first fragment"),
            ("IPv4", changed(whole, ETHERNET + 6, b"\0\x02"), "a later fragment"),
            ("IPv4", changed(whole, ETHERNET + 9, b"\x01"), "protocol 1, which is ICMP"),
            ("UDP", changed(whole[:inner + 7], ETHERNET + 2, b"\0\x1b"), "a packet with 7 bytes of UDP"),
            ("UDP", whole[:inner + 4] + b"\0\x07\0\0" + whole[inner + 8:], "a UDP length of 7, no checksum"),
            ("UDP", whole[:inner + 4] + b"\x01\0\0\0" + whole[inner + 8:], "a UDP length of 256, no checksum"),
            ("UDP", whole[:-1] + bytes([whole[-1] ^ 4]), "one bit of the payload changed")):
        layers.refuses("LayerError", "decapsulate", wrong, begins=f"{layer}:", meaning=meaning)
    segment = content(cast, b"", protocol=TCP)
    intact = made(segment)
    layers.finds(segment._asdict(), "decapsulate", intact, meaning="a TCP segment of no data, intact")
    for wrong, meaning in ((changed(intact[:inner + 12], ETHERNET + 2, b"\0\x20"), "a packet with 12 bytes of TCP"),
                           (intact[:inner + 12] + b"\x40" + intact[inner + 13:], "a data offset of 4"),
                           (intact[:inner + 12] + b"\x60" + intact[inner + 13:], "a data offset of 6")):
        layers.refuses("LayerError", "decapsulate", wrong, begins="TCP:", meaning=meaning)
