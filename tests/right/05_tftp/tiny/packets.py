"""TFTP's packets, as briefly as can be."""
RRQ, WRQ, DATA, ACK, ERROR, OACK = range(1, 7)
UNDEFINED, NOT_FOUND, ACCESS_VIOLATION, DISK_FULL, ILLEGAL_OPERATION, UNKNOWN_ID, EXISTS, NO_SUCH_USER, BAD_OPTIONS \
    = range(9)


class PacketError(ValueError):
    pass


def build(opcode, *parts):
    return bytes([0, opcode]) + b"".join(
        p.to_bytes(2, "big") if isinstance(p, int) else p.encode("utf-8", "surrogateescape") + b"\0" for p in parts)


def request(opcode, filename, mode="octet", options=None):
    return build(opcode, filename, mode, *(word for pair in (options or {}).items() for word in pair))


def data(number, block):
    return build(DATA, number) + block


def ack(number):
    return build(ACK, number)


def error(code, message):
    return build(ERROR, code, message)


def oack(options):
    return request(OACK, "", "", options).replace(b"\0\0", b"", 1)


def decode(datagram):
    opcode, number, body = datagram[:2], int.from_bytes(datagram[2:4], "big"), datagram[4:]
    *texts, end = datagram[2:].decode("utf-8", "surrogateescape").split("\0")
    match int.from_bytes(opcode, "big") * (len(opcode) == 2):
        case 1 | 2 as opcode if not end and len(texts) > 1 and not len(texts) % 2:
            return opcode, texts[0], texts[1].lower(), pairs(texts[2:])
        case 6 if not end and not len(texts) % 2:
            return OACK, pairs(texts)
        case 3 if len(datagram) >= 4:
            return DATA, number, body
        case 4 if len(datagram) == 4:
            return ACK, number
        case 5 if body.find(b"\0") == len(body) - 1 >= 0:
            return ERROR, number, body[:-1].decode("utf-8", "surrogateescape")
    raise PacketError("what is this?")


def pairs(texts):
    return dict(zip(map(str.lower, texts[::2]), texts[1::2], strict=True))


def body_of(opcode):
    return lambda body: decode(bytes([0, opcode]) + body)[1:]


parse_request, parse_data, parse_ack, parse_error, parse_oack = map(body_of, (RRQ, DATA, ACK, ERROR, OACK))
