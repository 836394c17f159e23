"""Bytes and texts in words, for the sentences of tests and reports."""

TRACEBACK = "Traceback (most recent call last)"         # how Python begins one on stderr
WIDE = 48                   # characters of what was sent or shown that a sentence quotes


def quote(data: bytes | str) -> str:
    """Bytes for a person: quoted text where they are whole characters, and otherwise in hex.

    What begins with a zero byte is no text either, such as a length in four bytes.
    """
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    if data[:1] == b"\0":
        return data.hex(" ")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data.hex(" ")
    for character, escape in ("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\0", "\\0"):
        text = text.replace(character, escape)
    return f'"{text}"'


def show(data: bytes | str) -> str:
    """The same, with the length in place of most of it where it is long."""
    size = len(data.encode("utf-8", "replace") if isinstance(data, str) else data)
    quoted = quote(data)
    if quoted.startswith('"') and quoted.count("\\n") > 3:
        newline = b"\n" if isinstance(data, bytes) else "\n"
        return f"{data.count(newline):,} lines, the first {show(data[:data.index(newline)])}"
    if not quoted.startswith('"'):
        return in_hex(data.encode("utf-8", "replace") if isinstance(data, str) else data)
    return quoted if len(quoted) <= WIDE + 2 else f'{quoted[:WIDE // 2 + 1]}…" ({size:,} bytes)'


def in_hex(data: bytes) -> str:
    """Bytes in hex, with the length in place of most of them where there are many."""
    digits = data.hex(" ")
    return digits if len(digits) <= WIDE else f"{digits[:WIDE - 1]} … ({len(data):,} bytes)"


def is_text(data: bytes) -> bool:
    """Whether these bytes are characters that can be seen, but for newlines and zero bytes behind the first one."""
    try:
        return data[:1] != b"\0" and data.decode().translate(dict.fromkeys(map(ord, "\r\n\0"))).isprintable()
    except UnicodeDecodeError:
        return False
