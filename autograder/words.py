"""Bytes and texts in words, for the sentences of tests and reports."""

WIDE = 48                   # characters of what was sent or shown that a sentence quotes


def show(data: bytes | str) -> str:
    """Bytes for a person: quoted text where they are whole characters, and otherwise in hex. Long ones are cut."""
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        digits = data[:WIDE // 3].hex(" ")
        return digits + (f" … ({len(data):,} bytes)" if len(data) > WIDE // 3 else "")
    if text.count("\n") > 3:
        return f'{text.count(chr(10)):,} lines, the first "{text.splitlines()[0][:WIDE]}"'
    quoted = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0")
    return f'"{quoted}"' if len(text) <= WIDE else f'"{quoted[:WIDE // 2]}…" ({len(data):,} bytes)'
