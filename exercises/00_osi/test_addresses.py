"""Addresses and ports, check by check, in the order in which you will want to make them pass. Then: test_layers.py.

Run all of them with `pytest exercises/00_osi`, or one with `-k`, and a part of its name:

    pytest exercises/00_osi -k mac_parts

These call the functions of your layers.py, and look at what comes back. What a test says is what happens; the first
line of its text is what it gives points for. Bytes are shown in hex. A mistake that the report recognises has a number
there, such as L04.
"""
from pytest import fixture, mark


@fixture
def layers(cast):
    """Your layers.py, whose functions are called."""
    return cast.calls("layers.py", lane="layers.py")


def in_hex(data: bytes) -> str:
    """Bytes for a person."""
    return data.hex(" ") or "no bytes"


def ipv4(text: str) -> bytes:
    """The four bytes of an address that is right."""
    return bytes(map(int, text.split(".")))


# MAC addresses --------------------------------------------------------------------------------------------


@mark.check("addresses", points=4,
            hint="Cut the text into its parts, count them, and look at each one before you make a number of it. "
                 "int(part, 16) makes a number of hex digits, but it also takes '1' and '+f', so look first: two "
                 "characters, each of them one of 0123456789abcdefABCDEF.")
def test_mac_to_bytes(cast, layers):
    """A MAC address as text becomes six bytes"""
    anybody = cast.stage.random.randbytes(6)
    layers.returns(bytes.fromhex("02005e100001"), "mac_to_bytes", "02:00:5e:10:00:01", shown=in_hex)
    layers.returns(bytes.fromhex("00000c07ac0f"), "mac_to_bytes", "00-00-0C-07-AC-0F", shown=in_hex)
    layers.returns(bytes.fromhex("ffffffffffff"), "mac_to_bytes", "ff:ff:FF:FF:ff:ff", shown=in_hex)
    layers.returns(anybody, "mac_to_bytes", anybody.hex(":"), shown=in_hex)


@mark.check("addresses", points=4, probes=["L01"],
            hint="Whoever goes through bytes gets numbers; each needs two hex digits, with a zero in front if it has "
                 "only one. f'{number:02x}' writes a number so, and ':'.join(…) puts the pieces together.")
def test_mac_to_text(cast, layers):
    """Six bytes become a MAC address as text"""
    anybody = cast.stage.random.randbytes(6)
    layers.returns("02:00:5e:10:00:0a", "mac_to_text", bytes.fromhex("02005e10000a"))
    layers.returns("ff:ff:ff:ff:ff:ff", "mac_to_text", b"\xff" * 6)
    layers.returns(anybody.hex(":"), "mac_to_text", anybody)


@mark.check("addresses", points=6, probes=["L02"],
            hint="Both bits are in the first byte, and & takes a single bit out of a number. address[0] & 1 is the "
                 "lowest one, and address[0] & 2 the one beside it; bool() makes True or False of either. "
                 "address[:3] are the first three bytes.")
def test_mac_parts(cast, layers):
    """Vendor, serial number, and the two bits for group and local"""
    random = cast.stage.random
    for first, group, local in (0xC4, False, False), (0x01, True, False), (0x02, False, True), (0x33, True, True), \
            (0xD0 | random.choice([0, 4, 8, 12]), False, False), (0x30 | random.choice([1, 5, 9, 13]), True, False):
        address = bytes([first]) + random.randbytes(4) + bytes([random.choice([0x13, 0x57]) if not group else 0x44])
        layers.finds({"vendor": address[:3], "serial": address[3:], "group": group, "local": local},
                     "mac_parts", address)
    layers.finds({"vendor": b"\xff" * 3, "serial": b"\xff" * 3, "group": True, "local": True},
                 "mac_parts", b"\xff" * 6, meaning="broadcast is a group of all")


# IPv4 addresses -------------------------------------------------------------------------------------------


@mark.check("addresses", points=6,
            hint="Cut the text at its dots, make a number of each part, and bytes of the numbers; on the way back, a "
                 "text of each byte. text.split('.') makes four parts, int(part) a number of one, and bytes([…]) bytes "
                 "of the numbers. On the way back, str(number) for each byte, and '.'.join(…).")
def test_ipv4_both_ways(cast, layers):
    """An IPv4 address as text becomes four bytes, and text again"""
    anybody = ".".join(str(cast.stage.random.randrange(256)) for _ in range(4))
    for text in "192.0.2.10", "0.0.0.0", "255.255.255.255", "127.0.0.1", anybody:
        layers.returns(ipv4(text), "ipv4_to_bytes", text, shown=in_hex)
        layers.returns(text, "ipv4_to_text", ipv4(text))


@mark.check("addresses", points=6, needs=[test_mac_to_bytes, test_ipv4_both_ways], probes=["L03", "L04"],
            hint="Count the parts first. Then look at the characters of each one before you make a number of it: "
                 "int() takes ' 7', '+7', '1_0' and digits of other scripts too. In the error name the part, "
                 "f'{part!r}'.")
def test_bad_addresses(cast, layers):
    """What is no address raises AddressError, which names the wrong part"""
    number = cast.stage.random.randrange(256, 1000)
    for text, part in ((f"192.0.{number}.1", f"{number}"), ("192.0.2.-1", "-1"), ("192.0.2.x", "x"), ("192..2.1", ""),
                       ("192.0.2.010", "010"), ("192.0.2.1_0", "1_0"), ("192.0.+2.1", "+2"), ("192.0.2. 1", " 1"),
                       ("192.0.2.1\n", "1\n"), ("192.0.2.\N{ARABIC-INDIC DIGIT FOUR}", "\N{ARABIC-INDIC DIGIT FOUR}")):
        layers.refuses("AddressError", "ipv4_to_bytes", text, says=repr(part))
    for text in "192.0.2", "192.0.2.1.1", "":
        layers.refuses("AddressError", "ipv4_to_bytes", text)
    for text, part in (("02:00:5e:10:00:0g", "0g"), ("02:00:5e:10:00:1", "1"), ("02:00:5e:10:00:001", "001"),
                       ("02:00:5e:10:+0:01", "+0"), ("02:00:5e: 1:00:01", " 1"), ("02:00:5e::00:01", ""),
                       ("02:00:5e:10:00:0\N{ARABIC-INDIC DIGIT FOUR}", "0\N{ARABIC-INDIC DIGIT FOUR}")):
        layers.refuses("AddressError", "mac_to_bytes", text, says=repr(part))
    for text in "02:00:5e:10:00", "02:00:5e:10:00:01:02", "02005e100001":
        layers.refuses("AddressError", "mac_to_bytes", text)


@mark.check("addresses", points=6, probes=["L05", "L06"],
            hint="Look at the first byte, and where that does not decide, at the second one: 172.16 to 172.31 are "
                 "private. 224 to 239 in the first byte is multicast. Compare with b'\\xff\\xff\\xff\\xff' for "
                 "broadcast.")
def test_ipv4_kinds(cast, layers):
    """Loopback, private, multicast and broadcast are told apart"""
    random = cast.stage.random
    a, b = random.randrange(256), random.randrange(256)
    for kind, *addresses in (
            ("loopback", "127.0.0.1", "127.255.255.254", f"127.{a}.{b}.1"),
            ("private", "10.0.0.1", f"10.{a}.{b}.1", "192.168.0.1", f"192.168.{a}.{b}"),
            ("private", "172.16.0.1", "172.31.255.255", f"172.{random.randrange(17, 31)}.{a}.{b}"),
            ("other", "172.15.255.255", "172.32.0.0", f"172.{random.randrange(33, 256)}.{a}.{b}"),
            ("other", "192.167.255.255", "192.169.0.0", "11.0.0.0", "9.255.255.255", "126.0.0.1", "128.0.0.1"),
            ("multicast", "224.0.0.1", "239.255.255.255", f"{random.randrange(225, 239)}.{a}.{b}.1"),
            ("other", "223.255.255.255", "240.0.0.1", "255.255.255.254", "0.0.0.0"),
            ("broadcast", "255.255.255.255")):
        for address in addresses:
            layers.returns(kind, "ipv4_kind", ipv4(address), meaning=address)


# Ports ----------------------------------------------------------------------------------------------------


@mark.check("ports", points=6, probes=["L07"],
            hint="Ports have 16 bits, so they go from 0 to 65535. Each range includes both of its ends: 1023 is the "
                 "last system port, and 49151 the last user port.")
def test_port_ranges(cast, layers):
    """The three ranges of ports, and 65536 refused"""
    random = cast.stage.random
    for kind, first, last in ("system", 0, 1023), ("user", 1024, 49151), ("dynamic", 49152, 65535):
        for port in first, last, random.randrange(first + 2, last - 1):
            layers.returns(kind, "port_kind", port)
    for port in 65536, 88888, -1:
        layers.refuses("AddressError", "port_kind", port)


@mark.check("ports", points=4,
            hint="A dict leads from the name in lower case to the number. The numbers are in IANA's list of ports, and "
                 "in the handbooks. (socket.getservbyname() reads a list that not every machine has.) Look in the dict "
                 "for service.lower(), and raise AddressError if that is not in there.")
def test_default_ports(layers):
    """The default ports of named services"""
    for service, port in (("http", 80), ("HTTPS", 443), ("ftp", 21), ("SSH", 22), ("dns", 53), ("TFTP", 69),
                          ("MySQL", 3306), ("MongoDB", 27017), ("django", 8000), ("Tomcat", 8080), ("Flask", 5000),
                          ("Redis", 6379)):
        layers.returns(port, "default_port", service)
    layers.refuses("AddressError", "default_port", "telepathy")
