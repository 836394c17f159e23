"""Built by generators that yield pieces, and read by generators that are sent the bytes that they ask for."""
import functools
import itertools
from typing import NamedTuple

IPV4_TYPE = 0x0800
TCP, UDP = 6, 17
DONT_FRAGMENT = 0x4000


class AddressError(ValueError):
    """An address that is none."""


class LayerError(ValueError):
    """A frame that is none."""


class MacParts(NamedTuple):
    vendor: bytes
    serial: bytes
    group: bool
    local: bool


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


def as_bytes(generator):
    """Make a function that returns bytes of one that yields numbers of 8 bits."""
    return functools.wraps(generator)(lambda *args, **kwargs: bytes(generator(*args, **kwargs)))


def short(number):
    """Both bytes of a number of 16 bits."""
    yield number >> 8
    yield number & 0xFF


def exactly(count, parts):
    parts = list(parts)
    if len(parts) == count:
        return parts
    raise AddressError(f"{count} parts are needed, and there are {len(parts)}")


@as_bytes
def mac_to_bytes(text):
    for part in exactly(6, text.replace("-", ":").split(":")):
        match part.lower():
            case digits if len(digits) == 2 and all(digit in "0123456789abcdef" for digit in digits):
                yield int(digits, 16)
            case _:
                raise AddressError(f"{part!r} is wrong")


def mac_to_text(address):
    return ":".join(format(number, "02x") for number in address)


def mac_parts(address):
    bits = (address[0] >> place & 1 == 1 for place in itertools.count())
    return MacParts(address[:3], address[3:], next(bits), next(bits))


@as_bytes
def ipv4_to_bytes(text):
    written = [str(number) for number in range(256)]
    for part in exactly(4, text.split(".")):
        try:
            yield written.index(part)
        except ValueError:
            raise AddressError(f"{part!r} is wrong") from None


def ipv4_to_text(address):
    return ".".join(str(number) for number in address)


def blocks():
    yield "broadcast", range(2**32 - 1, 2**32)
    for kind, first, bits in ("loopback", (127, 0), 8), ("private", (10, 0), 8), ("private", (172, 16), 12), \
            ("private", (192, 168), 16), ("multicast", (224, 0), 4), ("other", (0, 0), 0):
        start = first[0] << 24 | first[1] << 16
        yield kind, range(start, start + (1 << 32 - bits))


def ipv4_kind(address):
    number = functools.reduce(lambda sofar, byte: sofar << 8 | byte, address)
    return next(kind for kind, numbers in blocks() if number in numbers)


def port_kind(port):
    ends = itertools.accumulate([1024, 48128, 16384])
    for kind, end in zip(["system", "user", "dynamic"], ends, strict=True):
        if 0 <= port < end:
            return kind
    raise AddressError(f"{port} is no port")


def services():
    yield from {"http": 80, "https": 443, "ftp": 21, "ssh": 22, "dns": 53, "tftp": 69}.items()
    yield from {"mysql": 3306, "mongodb": 27017, "redis": 6379}.items()
    yield from {"django": 8000, "tomcat": 8080, "flask": 5000}.items()


def default_port(service):
    for name, port in services():
        if name == service.lower():
            return port
    raise AddressError(f"{service!r} is not known")


def words(data):
    numbers = iter(data)
    for high in numbers:
        yield high * 256 + next(numbers, 0)


def checksum(data):
    def plus(a, b):
        return (a + b) % 0x10000 + (a + b) // 0x10000
    return 0xFFFF - functools.reduce(plus, words(data), 0)


def pseudo_header(source_ip, destination_ip, length):
    yield from source_ip
    yield from destination_ip
    yield from short(UDP)
    yield from short(length)


@as_bytes
def udp_header(source_port, destination_port, payload, source_ip, destination_ip):
    length = 8 + len(payload)
    start = [*short(source_port), *short(destination_port), *short(length)]
    yield from start
    # Where the field itself stands does not matter to a sum: it is 0.
    summed = checksum(bytes(itertools.chain(pseudo_header(source_ip, destination_ip, length), start, payload)))
    yield from short(summed or 0xFFFF)


@as_bytes
def ipv4_header(source, destination, payload_length, protocol, ttl=64, identification=0):
    start = [0x45, 0, *short(20 + payload_length), *short(identification), *short(DONT_FRAGMENT), ttl, protocol]
    yield from start
    yield from short(checksum(bytes([*start, *source, *destination])))
    yield from source
    yield from destination


@as_bytes
def ethernet_header(source_mac, destination_mac, type):
    yield from destination_mac
    yield from source_mac
    yield from short(type)


@as_bytes
def encapsulate(source_mac, destination_mac, source_ip, destination_ip, source_port, destination_port, payload,
                ttl=64):
    source, destination = map(ipv4_to_bytes, (source_ip, destination_ip))
    yield from ethernet_header(*map(mac_to_bytes, (source_mac, destination_mac)), IPV4_TYPE)
    yield from ipv4_header(source, destination, 8 + len(payload), UDP, ttl)
    yield from udp_header(source_port, destination_port, payload, source, destination)
    yield from payload


def reads(layer):
    """Make a function of a generator that yields how many bytes it wants next, and is sent those; None means all."""
    def decorate(generator):
        @functools.wraps(generator)
        def read(data, *rest):
            reader, place = generator(data, *rest), 0
            try:
                wanted = next(reader)
                while True:
                    if wanted is not None and place + wanted > len(data):
                        raise LayerError(f"{layer}: it ends too early")
                    piece = data[place:None if wanted is None else place + wanted]
                    place += len(piece)
                    wanted = reader.send(piece)
            except StopIteration as result:
                return result.value
            except AssertionError as error:
                raise LayerError(f"{layer}: {error}") from None
        return read
    return decorate


def claim(holds, otherwise):
    if not holds:
        raise AssertionError(otherwise)


def number(piece):
    return functools.reduce(lambda sofar, byte: sofar * 256 + byte, piece, 0)


@reads("Ethernet")
def read_ethernet(frame):
    destination = yield 6
    source = yield 6
    type = number((yield 2))
    claim(type == IPV4_TYPE, f"its type is {type:#06x}")
    return source, destination, (yield None)


@reads("IPv4")
def read_ipv4(packet):
    first = number((yield 1))
    claim(first >> 4 == 4, f"its version is {first >> 4}")
    ihl = (first & 15) * 4
    claim(ihl >= 20, f"its header has {ihl} bytes")
    yield 1
    total = number((yield 2))
    claim(ihl <= total <= len(packet), f"its total length is {total}")
    yield 2
    flags_and_offset = number((yield 2))
    claim(flags_and_offset & 0x3FFF == 0, "it is a fragment")
    ttl = number((yield 1))
    protocol = number((yield 1))
    claim(protocol in {TCP, UDP}, f"its protocol is {protocol}")
    yield 2
    source = yield 4
    destination = yield 4
    yield ihl - 20
    claim(checksum(packet[:ihl]) == 0, "its checksum does not fit")
    return source, destination, ttl, protocol, (yield total - ihl)


@reads("UDP")
def read_udp(datagram, source_ip, destination_ip):
    source = number((yield 2))
    destination = number((yield 2))
    length = number((yield 2))
    summed = number((yield 2))
    claim(length >= 8, f"its length is {length}")
    payload = yield length - 8
    if summed:
        whole = bytes(itertools.chain(pseudo_header(source_ip, destination_ip, length), datagram[:length]))
        claim(checksum(whole) == 0, "its checksum does not fit")
    return source, destination, payload


@reads("TCP")
def read_tcp(segment):
    source = number((yield 2))
    destination = number((yield 2))
    yield 8
    offset = number((yield 1)) >> 4
    yield 7
    claim(offset >= 5, f"its data offset is {offset}")
    yield offset * 4 - 20
    return source, destination, (yield None)


def decapsulate(frame):
    source_mac, destination_mac, packet = read_ethernet(frame)
    source, destination, ttl, protocol, rest = read_ipv4(packet)
    ports_and_payload = read_udp(rest, source, destination) if protocol == UDP else read_tcp(rest)
    return Frame(mac_to_text(source_mac), mac_to_text(destination_mac), ipv4_to_text(source), ipv4_to_text(destination),
                 ttl, protocol, *ports_and_payload)
