"""The trace as a picture: SVG that stands by itself, for feedback, lessons and any browser."""
from html import escape

from ..trace import Trace
from .diagram import Row, lanes, rows

# Sizes in pixels. LANE, WIDEST: between two lanes, by what is to be read there; LANES: all lanes together.
LANE, WIDEST, LANES, ROW, LEFT, TOP, NOTE = 250, 370, 750, 26, 110, 56, 300
INK, FAINT, GOOD, BAD, PAPER = "#1b1f24", "#6a737d", "#0550ae", "#b3261e", "#ffffff"
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans CJK SC', monospace"


def picture(trace: Trace, title: str = "") -> str:
    """The trace as one SVG element: a line for each lane, an arrow for what crosses, notes beside the last lane.

    It brings its own light paper, so that it looks the same on a dark page. title: for who cannot see it.
    """
    names = lanes(trace)
    drawn = rows(trace)
    gaps = max(len(names) - 1, 1)
    longest = max((_columns(row.label) for row in drawn), default=0) * 8 + 30
    lane = min(max(LANE, longest), WIDEST, LANES // gaps)
    x = {name: LEFT + lane * index for index, name in enumerate(names)}
    wide = max(x.values(), default=LEFT) + NOTE
    high = TOP + ROW * len(drawn) + 24
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
             f'role="img" font-family="{FONT}" font-size="12">',
             f"<title>{escape(title or 'What happened, in order')}</title>",
             f'<rect width="{wide}" height="{high}" rx="6" fill="{PAPER}"/>',
             f'<text x="{LEFT - 66}" y="30" text-anchor="end" fill="{FAINT}">ms</text>']
    for name in names:
        parts += [f'<text x="{x[name]}" y="30" text-anchor="middle" font-weight="bold" fill="{INK}">'
                  f'{escape(name)}</text>',
                  f'<line x1="{x[name]}" y1="40" x2="{x[name]}" y2="{high - 14}" stroke="{FAINT}"/>']
    for index, row in enumerate(drawn):
        parts += _row(row, TOP + ROW * index + 8, x, names)
    return "\n".join([*parts, "</svg>"])


def _row(row: Row, y: int, x: dict[str, int], names: list[str]) -> list[str]:
    if row.gap:
        return [_text(LEFT + 12, y, f"⋮  {row.gap} more events", FAINT)]
    parts = [_text(LEFT - 66, y, f"{row.at * 1000:.1f}", FAINT, "end")]
    if row.to:
        start, end = x[row.lane], x[row.to]
        way = 1 if end > start else -1
        colour = BAD if row.broken else GOOD
        dash = ' stroke-dasharray="5 4"' if row.broken else ""
        parts += [f'<line x1="{start}" y1="{y}" x2="{end - 8 * way}" y2="{y}" stroke="{colour}" '
                  f'stroke-width="1.5"{dash}/>',
                  f'<path d="M{end} {y} l{-9 * way} -4.5 v9 z" fill="{colour}"/>']
        label = _shorten(row.label, (abs(end - start) - 30) // 8)
        middle = (start + end) / 2
        half = _columns(label) * 3.7 + 5
        parts += [f'<rect x="{middle - half:.0f}" y="{y - 9}" width="{2 * half:.0f}" height="17" fill="{PAPER}"/>',
                  _text(middle, y, label, colour, "middle")]
    if row.note:
        owner = "" if names[-1] in (row.lane, row.to) else f"{row.lane}: "
        parts.append(_text(x[names[-1]] + 12, y, _shorten(owner + row.note, 38), INK))
    return parts


def _text(x: float, y: float, text: str, colour: str, anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y + 4:g}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _columns(text: str) -> int:
    return sum(2 if ord(character) >= 0x1100 else 1 for character in text)


def _shorten(text: str, columns: int) -> str:
    text = text[:columns + 1]                   # each character takes one at least
    while _columns(text) > columns:
        text = text[:-2] + "…"
    return text
