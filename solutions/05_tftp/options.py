"""Bonus: options, which a client may ask for in its request (RFC 2347 to 2349, RFC 7440).

    blksize      8 to 65464     bytes of a block, in place of 512. The server may grant less
    timeout      1 to 255       seconds until a packet is sent again. The server grants it as it is, or not at all
    tsize        0 and up       bytes of the file. To ask for it a client that reads says 0, and is told the size; one
                                that writes tells the size, and gets it back
    windowsize   1 to 65535     blocks that may be under way at once, in place of one. The server may grant less

A server that grants some of what was asked for answers with an OACK in which exactly these stand. It never says no to
an option: what it does not know, or cannot grant, it leaves out, and if nothing is left it answers as if no option had
been asked for. What is not in the OACK is not in force.
"""
LIMITS = {"blksize": (8, 65464), "timeout": (1, 255), "tsize": (0, 1 << 62), "windowsize": (1, 65535)}
MOST_BLOCKS, MOST_BYTES = 64, 1 << 20         # of a window that this server grants: it has to keep it in memory


class OptionError(ValueError):
    """An OACK that grants what was not asked for. Its answer is an ERROR with code 8 (RFC 2347)."""


def number(name: str, value: str) -> int | None:
    """The value of this option as a number; None if it is not of decimal digits, or outside its LIMITS."""
    ### BEGIN SOLUTION 1: read a value
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        return None
    least, most = LIMITS[name]
    return int(value) if least <= int(value) <= most else None
    ### END SOLUTION 1


def grant(asked: dict[str, str], size: int | None) -> dict[str, str]:
    """What a server grants of these options, for its OACK, in the order in which they were asked for.

    size: of the file; None if it is not known (that of a file in netascii is another one on the wire). On a WRQ it is
    what the client tells in tsize.
    Of windowsize it grants as much as makes no more than MOST_BLOCKS, and no more than MOST_BYTES, in one window.
    """
    ### BEGIN SOLUTION 2: grant what can be granted
    granted = {name: value for name in asked if name in LIMITS and (value := number(name, asked[name])) is not None}
    if "tsize" in granted:
        if size is None:
            del granted["tsize"]
        else:
            granted["tsize"] = size
    if "windowsize" in granted:
        granted["windowsize"] = min(granted["windowsize"], MOST_BLOCKS, MOST_BYTES // granted.get("blksize", 512))
    return {name: str(value) for name, value in granted.items()}
    ### END SOLUTION 2


def check(asked: dict[str, str], granted: dict[str, str]) -> None:
    """Raise OptionError unless a client that asked for the one may be granted the other: names that it asked for, and
    of blksize and windowsize no more than it asked for, of timeout the same, all of them within their LIMITS."""
    ### BEGIN SOLUTION 3: take no more than was asked for
    for name, text in granted.items():
        if name not in asked:
            raise OptionError(f"option {name!r} was not asked for")
        value = number(name, text) if name in LIMITS else None
        if (value is None or name == "timeout" and value != int(asked[name])
                or name in ("blksize", "windowsize") and value > int(asked[name])):
            raise OptionError(f"{name} cannot be {text!r}")
    ### END SOLUTION 3
