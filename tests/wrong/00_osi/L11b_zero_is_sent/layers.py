"""A UDP checksum that comes out as 0 is sent as it is."""
IPV4_TYPE = 0x0800
TCP, UDP = 6, 17
DONT_FRAGMENT = 0x4000

HEADERS = {
    "Ethernet": {"destination": 48, "source": 48, "type": 16},
    "IPv4": {"version": 4, "ihl": 4, "service": 8, "total": 16, "identification": 16, "reserved": 1, "df": 1, "mf": 1,
             "offset": 13, "ttl": 8, "protocol": 8, "checksum": 16, "source": 32, "destination": 32},
    "UDP": {"source": 16, "destination": 16, "length": 16, "checksum": 16},
    "TCP": {"source": 16, "destination": 16, "seq": 32, "ack": 32, "offset": 4, "flags": 12, "window": 16,
            "checksum": 16, "urgent": 16},
    "pseudo": {"source": 32, "destination": 32, "zero": 8, "protocol": 8, "length": 16},
}
LENGTHS = {name: sum(fields.values()) // 8 for name, fields in HEADERS.items()}

# What must be true of each header, as (what, how to find out) of its fields, its bytes, and all that came.
RULES = {
    "Ethernet": [("the type", lambda head, data: head["type"] == IPV4_TYPE)],
    "IPv4": [
        ("the version", lambda head, data: head["version"] == 4),
        ("the IHL", lambda head, data: head["ihl"] >= 5),
        ("the total length", lambda head, data: head["ihl"] * 4 <= head["total"] <= len(data)),
        ("the checksum", lambda head, data: checksum(data[:head["ihl"] * 4]) == 0),
        ("a fragment", lambda head, data: head["mf"] == head["offset"] == 0),
        ("the protocol", lambda head, data: head["protocol"] in (TCP, UDP)),
    ],
    "UDP": [("the length", lambda head, data: 8 <= head["length"] <= len(data))],
    "TCP": [("the data offset", lambda head, data: 5 <= head["offset"] <= len(data) / 4)],
}

KINDS = [("broadcast", "11111111" * 4), ("loopback", "01111111"), ("private", "00001010"),
         ("private", "101011000001"), ("private", "1100000010101000"), ("multicast", "1110"), ("other", "")]
RANGES = {"system": (0, 1023), "user": (1024, 49151), "dynamic": (49152, 65535)}
PORTS = {80: "http", 443: "https", 21: "ftp", 22: "ssh", 53: "dns", 69: "tftp", 3306: "mysql", 27017: "mongodb",
         8000: "django", 8080: "tomcat", 5000: "flask", 6379: "redis"}
BY_NAME = {name: port for port, name in PORTS.items()}
BYTES = {f"{number:02x}": number for number in range(256)}
NUMBERS = {f"{number}": number for number in range(256)}


class AddressError(ValueError):
    pass


class LayerError(ValueError):
    pass


def looked_up(table, parts, count):
    if len(parts) != count:
        raise AddressError("the number of parts")
    for part in parts:
        # Some letters become one of a to f only when they are made small; none of those is in a table.
        if part.lower() not in table or not part.isascii():
            raise AddressError(f"the part {part!r}")
    return bytes(table[part.lower()] for part in parts)


def mac_to_bytes(text):
    return looked_up(BYTES, text.split(":" if ":" in text else "-"), 6)


def ipv4_to_bytes(text):
    return looked_up(NUMBERS, text.split("."), 4)


def mac_to_text(address):
    names = list(BYTES)
    return ":".join(names[number] for number in address)


def ipv4_to_text(address):
    names = list(NUMBERS)
    return ".".join(names[number] for number in address)


def mac_parts(address):
    last = address[0] % 4
    return address[:3], address[3:], last in (1, 3), last in (2, 3)


def ipv4_kind(address):
    bits = "".join(f"{number:08b}" for number in address)
    for kind, start in KINDS:
        if bits.startswith(start):
            return kind


def port_kind(port):
    for kind, (first, last) in RANGES.items():
        if first <= port <= last:
            return kind
    raise AddressError(f"{port}")


def default_port(service):
    if service.lower() not in BY_NAME:
        raise AddressError(f"{service}")
    return BY_NAME[service.lower()]


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = 256 * sum(data[0::2]) + sum(data[1::2])
    while len(f"{total:x}") > 4:
        total = int(f"{total:x}"[:-4], 16) + int(f"{total:x}"[-4:], 16)
    return 0xFFFF - total


def pack(layer, **values):
    bits = "".join(f"{int.from_bytes(value) if isinstance(value, bytes) else value:0{width}b}"
                   for name, width in HEADERS[layer].items() for value in [values.get(name, 0)])
    return bytes(int(bits[place:place + 8], 2) for place in range(0, len(bits), 8))


def unpack(layer, data):
    if len(data) < LENGTHS[layer]:
        raise LayerError(f"{layer}: the header")
    bits, head = "".join(f"{number:08b}" for number in data[:LENGTHS[layer]]), {}
    for name, width in HEADERS[layer].items():
        head[name], bits = int(bits[:width], 2), bits[width:]
    for what, holds in RULES[layer]:
        if not holds(head, data):
            raise LayerError(f"{layer}: {what}")
    return head


def summed(source_ip, destination_ip, datagram):
    pseudo = pack("pseudo", source=source_ip, destination=destination_ip, protocol=UDP, length=len(datagram))
    return checksum(pseudo + datagram)


def udp_header(source_port, destination_port, payload, source_ip, destination_ip):
    fields = {"source": source_port, "destination": destination_port, "length": 8 + len(payload)}
    found = summed(source_ip, destination_ip, pack("UDP", **fields) + payload)
    return pack("UDP", **fields, checksum=found)


def ipv4_header(source, destination, payload_length, protocol, ttl=64, identification=0):
    fields = {"version": 4, "ihl": 5, "total": 20 + payload_length, "identification": identification, "df": 1,
              "ttl": ttl, "protocol": protocol, "source": source, "destination": destination}
    return pack("IPv4", **fields, checksum=checksum(pack("IPv4", **fields)))


def ethernet_header(source_mac, destination_mac, type):
    return pack("Ethernet", destination=destination_mac, source=source_mac, type=type)


def encapsulate(source_mac, destination_mac, source_ip, destination_ip, source_port, destination_port, payload,
                ttl=64):
    source, destination = ipv4_to_bytes(source_ip), ipv4_to_bytes(destination_ip)
    datagram = udp_header(source_port, destination_port, payload, source, destination) + payload
    packet = ipv4_header(source, destination, len(datagram), UDP, ttl) + datagram
    return ethernet_header(mac_to_bytes(source_mac), mac_to_bytes(destination_mac), IPV4_TYPE) + packet


def read_ethernet(frame):
    unpack("Ethernet", frame)
    return frame[6:12], frame[:6], frame[14:]


def read_ipv4(packet):
    head = unpack("IPv4", packet)
    return packet[12:16], packet[16:20], head["ttl"], head["protocol"], packet[head["ihl"] * 4:head["total"]]


def read_udp(datagram, source_ip, destination_ip):
    head = unpack("UDP", datagram)
    datagram = datagram[:head["length"]]
    if head["checksum"] and summed(source_ip, destination_ip, datagram):
        raise LayerError("UDP: the checksum")
    return head["source"], head["destination"], datagram[8:]


def read_tcp(segment):
    head = unpack("TCP", segment)
    return head["source"], head["destination"], segment[head["offset"] * 4:]


def decapsulate(frame):
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return (mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
            ttl, protocol, *ports_and_payload)
