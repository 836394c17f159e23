"""Pictures of boxes and words, for the lessons: bytes that are cut into pieces, layers, and who is joined to whom.

Each part is a text of SVG, to be put into a list for picture(). Like every picture here, it brings its own light paper.
"""
import math
from html import escape

from ..render.svg import FAINT, FONT, GOOD, INK, PAPER

PLAIN = ("#ddf4ff", GOOD)       # the colours of a box: what it is filled with, and its line
LABELS, GAP = 205, 12           # pixels: where the boxes of a strip begin, and what is between them and their label


def picture(wide: int, high: int, parts: list[str], title: str) -> str:
    """These parts on paper of so many pixels, as one SVG element. title: what it says, for who cannot see it."""
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
            f'role="img" font-family="{FONT}" font-size="13" fill="{INK}"><title>{escape(title)}</title>'
            f'<rect width="{wide}" height="{high}" rx="6" fill="{PAPER}"/>{"".join(parts)}</svg>')


def label(x: float, y: float, words: str, anchor: str = "middle", colour: str = INK, size: int = 13) -> str:
    """Words at this place (pixels; y is the line that they stand on). anchor: "start", "middle" or "end"."""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{colour}" font-size="{size}">{escape(words)}</text>'


def box(x: float, y: float, wide: float, high: float, words: str, colours: tuple[str, str] = PLAIN,
        size: int = 13) -> str:
    """A box with words in its middle; all in pixels. colours: of its ground, and of its line."""
    ground, line = colours
    return (f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" rx="3" fill="{ground}" stroke="{line}"/>'
            + label(x + wide / 2, y + high / 2 + 4.5, words, size=size))


def arrow(x: float, y: float, to_x: float, to_y: float, colour: str = GOOD, dashed: bool = False) -> str:
    """An arrow from one point to another one (pixels)."""
    angle = math.degrees(math.atan2(to_y - y, to_x - x))
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return (f'<line x1="{x:g}" y1="{y:g}" x2="{to_x:g}" y2="{to_y:g}" stroke="{colour}" stroke-width="1.5"{dash}/>'
            f'<path d="M0 0 l-9 -4.5 v9 z" fill="{colour}" '
            f'transform="translate({to_x:g} {to_y:g}) rotate({angle:.1f})"/>')


def strip(*rows: tuple[str, list], unit: int = 20) -> tuple[str, str]:
    """Rows of boxes below each other, as an SVG element, and as lines of text.

    rows: a label and its boxes. A box is a text, as wide as it has characters; or a text and its width in units; or
    a text, its width, and its colours. unit: pixels.
    """
    parts, plain, y, right = [], [], 16, 0
    for name, boxes in rows:
        x = LABELS
        parts.append(label(x - GAP, y + 20, name, "end", FAINT))
        plain.append(f"{name:>24}  " + " | ".join(each if isinstance(each, str) else each[0] for each in boxes))
        for each in boxes:
            words, size, *colours = (each, len(each)) if isinstance(each, str) else each
            parts.append(box(x + 1, y, size * unit - 2, 30, words, *colours))
            x += size * unit
        y, right = y + 46, max(right, x)
    return picture(right + 20, y, parts, "\n".join(plain)), "\n".join(plain)
