"""If any option is asked for, its OACK tells blksize and tsize too, which nobody may have asked for."""
LIMITS = {"blksize": (8, 65464), "timeout": (1, 255), "tsize": (0, 1 << 62), "windowsize": (1, 65535)}
MOST_BLOCKS, MOST_BYTES = 64, 1 << 20         # of a window that this server grants: it has to keep it in memory


class OptionError(ValueError):
    """An OACK that grants what was not asked for. Its answer is an ERROR with code 8 (RFC 2347)."""


def number(name: str, value: str) -> int | None:
    """The value of this option as a number; None if it is not of decimal digits, or outside its LIMITS."""
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        return None
    least, most = LIMITS[name]
    return int(value) if least <= int(value) <= most else None


def grant(asked: dict[str, str], size: int | None) -> dict[str, str]:
    """What a server grants of these options, for its OACK, in the order in which they were asked for.

    size: of the file; None if it is not known (that of a file in netascii is another one on the wire).
    Of windowsize it grants as much as makes no more than MOST_BLOCKS, and no more than MOST_BYTES, in one window.
    """
    granted = {name: value for name in asked if name in LIMITS and (value := number(name, asked[name])) is not None}
    granted.pop("tsize", None)
    if not granted and "tsize" not in asked:
        return {}
    if size is not None:
        granted["tsize"] = size
    granted.setdefault("blksize", 512)
    if "windowsize" in granted:
        granted["windowsize"] = min(granted["windowsize"], MOST_BLOCKS, MOST_BYTES // granted.get("blksize", 512))
    return {name: str(value) for name, value in granted.items()}


def check(asked: dict[str, str], granted: dict[str, str]) -> None:
    """Raise OptionError unless a client that asked for the one may be granted the other: names that it asked for, and
    of blksize and windowsize no more than it asked for, of timeout the same, all of them within their LIMITS."""
    for name, text in granted.items():
        if name not in asked:
            raise OptionError(f"option {name!r} was not asked for")
        value = number(name, text) if name in LIMITS else None
        if (value is None or name == "timeout" and value != int(asked[name])
                or name in ("blksize", "windowsize") and value > int(asked[name])):
            raise OptionError(f"{name} cannot be {text!r}")
