"""For the lesson on layers: its pictures, in one colour for each layer, and films of one exchange between two programs.

A film is a list of (seconds, frame). The camera is a process of its own, in a network of its own: this file, run as a
program. It prints a film in JSON, an empty one where the system refuses. Its argument, if any, is the MAC address that
the loopback gets.
"""
import http.server
import json
import select
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time

from .. import netns
from ..frames import ETHERNET, IPV4
from ..frames import mac as mac_bytes
from ..render import svg, text
from ..render.svg import FAINT
from ..tcp import FIN, NAMES, Segment
from ..trace import Event, Trace
from ..words import show as words_for
from . import boxes, show
from .boxes import box, label

Film = list[tuple[float, bytes]]

# The colours of a layer's boxes: what they are filled with, and their line. "" is none of the layers.
COLOURS = {"link": ("#fff3c4", "#946300"), "internet": ("#dafbe1", "#1a7f37"), "transport": ("#ddf4ff", "#0550ae"),
           "application": ("#ffe1ee", "#a8326f"), "": ("#f3f5f7", "#6a737d")}
LINK_LINE = COLOURS["link"][1]
IN_A_ROW, BYTE, ROW = 16, 29, 22        # of a dump: bytes in a row; pixels from one to the next, and from row to row
UNIT = 8                                # of a strip: pixels of what the width of a box is counted in
BIT = 24                                # pixels of one bit on a wire
WEB_PORT = 8000                         # of the web server on the film
SIOCSIFHWADDR, ARPHRD_LOOPBACK = 0x8924, 772        # linux/sockios.h, linux/if_arp.h: see netdevice(7)
MOST_SECONDS = 3                        # after which a film ends even if the connection did not


# Pictures -------------------------------------------------------------------------------------------------


def strip(*rows: tuple[str, list], unit: int = UNIT) -> None:
    """Show rows of boxes: see boxes.strip(). A box is a text, its width in units, and the layer that it belongs to."""
    show(*boxes.strip(*((name, [(words, size, COLOURS[layer]) for words, size, layer in row]) for name, row in rows),
                      unit=unit))


def dump(frame: bytes, *pieces: tuple[int, str, str]) -> None:
    """Show the bytes of a frame in hex, in the colours of its layers.

    pieces: what it consists of, from its beginning on: how many bytes, what they are, and the layer. Beside each row
    are its bytes as characters, and below all a line for each piece.
    """
    rows = range(0, len(frame), IN_A_ROW)
    legend = 26 + ROW * len(rows)
    parts, plain, begin = [], [], 0
    for number, (count, name, layer) in enumerate(pieces):
        ground, y = COLOURS[layer][0], legend + 24 * number
        for at in range(begin, begin + count):
            x, top = 62 + at % IN_A_ROW * BYTE, 14 + at // IN_A_ROW * ROW
            parts.append(f'<rect x="{x}" y="{top}" width="{BYTE}" height="{ROW - 2}" fill="{ground}"/>'
                         + label(x + BYTE / 2, top + 15, f"{frame[at]:02x}"))
        parts += [box(62, y, 40, 18, str(count), COLOURS[layer], 12), label(112, y + 14, name, "start")]
        plain.append(f"{frame[begin:begin + count].hex(' ')}   {name}")
        begin += count
    for number, at in enumerate(rows):
        letters = "".join(chr(byte) if 33 <= byte < 127 else "\N{NO-BREAK SPACE}" if byte == 32 else "."
                          for byte in frame[at:at + IN_A_ROW])
        parts += [label(48, 29 + ROW * number, str(at), "end", FAINT),
                  label(62 + BYTE * IN_A_ROW + 14, 29 + ROW * number, letters, "start", FAINT)]
    words = "\n".join(plain)
    show(boxes.picture(700, legend + 24 * len(pieces) + 8, parts, words), words)


def network(*hears: str, says: str = "") -> None:
    """Show the two networks of the lesson. hears: who gets the frame, and stands out. says: what it is."""
    places = {"anna": (20, 20), "ben": (20, 70), "cleo": (20, 120), "router": (330, 70), "server": (640, 45),
              "printer": (640, 95)}
    left, right = (190, 70), (490, 70)
    cables = [(place, hub) for name, place in places.items() for hub in (left, right)
              if name == "router" or (hub == left) == (place[0] < 300)]
    parts = [f'<line x1="{x + 45}" y1="{y + 15}" x2="{hub_x + 45}" y2="{hub_y + 15}" stroke="#8c959f" '
             f'stroke-width="1.5"/>' for (x, y), (hub_x, hub_y) in cables]
    parts += [box(x, y, 90, 30, name, COLOURS["link" if name in hears else ""]) for name, (x, y) in places.items()]
    parts += [box(x, y, 90, 30, "switch", COLOURS[""]) for x, y in (left, right)]
    parts += [label(150, 186, "one LAN", colour=FAINT), label(610, 186, "another LAN", colour=FAINT),
              label(375, 186, says, colour=LINK_LINE)]
    plain = "anna, ben, cleo - switch - router - switch - server, printer"
    if hears:
        plain += f".  {says}: {', '.join(hears)}"
    show(boxes.picture(750, 200, parts, plain), plain)


def models() -> None:
    """Show the seven layers of OSI beside the four of the Internet: RFC 1122, 1.1.3."""
    seven = [("application", "application"), ("presentation", "application"), ("session", ""),
             ("transport", "transport"), ("network", "internet"), ("data link", "link"), ("physical", "link")]
    four = [("application", 0, 3, "the programs: HTTP, FTP, DNS", "message"),
            ("transport", 3, 1, "the kernel: TCP, UDP", "segment, datagram"),
            ("internet", 4, 1, "the kernel, routers: IP", "packet"),
            ("link", 5, 2, "card, cable, switch: Ethernet, Wi-Fi", "frame, bits")]
    parts = [label(110, 26, "OSI, 7 layers"), label(285, 26, "Internet, 4 layers"),
             label(380, 26, "who does it, and with what", "start"), label(685, 26, "unit", "start")]
    for row, (name, layer) in enumerate(seven):
        y = 40 + 38 * row
        parts += [box(40, y, 140, 32, name, COLOURS[layer]), label(28, y + 21, str(7 - row))]
    for layer, row, rows, who, unit in four:
        y = 40 + 38 * row
        parts += [box(215, y, 140, 38 * rows - 6, layer, COLOURS[layer]),
                  label(380, y + 19 * rows + 2, who, "start"), label(685, y + 19 * rows + 2, unit, "start")]
    plain = ("7 application, 6 presentation, 5 session | application\n4 transport | transport\n"
             "3 network | internet\n2 data link, 1 physical | link")
    show(boxes.picture(840, 316, parts, plain), plain)


def signal(word: bytes) -> None:
    """Show the bits of these bytes as levels on a wire, high and low."""
    bits = "".join(f"{byte:08b}" for byte in word)
    parts, corners = [], []
    for place, bit in enumerate(bits):
        x, y = 30 + BIT * place, 40 if bit == "1" else 80
        corners += [f"{x},{y}", f"{x + BIT},{y}"]
        parts.append(label(x + BIT / 2, 104, bit, colour=FAINT))
    for place, byte in enumerate(word):
        parts.append(label(30 + BIT * (8 * place + 4), 24, f"{chr(byte)}   =   {byte}   =   0x{byte:02x}"))
    parts.append(f'<polyline points="{" ".join(corners)}" fill="none" stroke="{LINK_LINE}" stroke-width="2.5"/>')
    plain = f"{word!r} on a wire: {bits}"
    show(boxes.picture(60 + BIT * len(bits), 120, parts, plain), plain)


def show_film(film: Film) -> None:
    """Show the frames of an exchange as arrows: the first line of what they carry, or TCP's flags (RFC 9293, 3.1)."""
    trace = Trace()
    for at, frame in film:
        segment = Segment.parsed(frame[ETHERNET + IPV4:])
        ends = ["the browser", "the web server"]
        if segment.source == WEB_PORT:
            ends.reverse()
        words = (words_for(segment.data.partition(b"\r\n")[0]) if segment.data
                 else " ".join(name for bit, name in NAMES.items() if segment.flags & bit))
        trace.events.append(Event(at - film[0][0], ends[0], "datagram", data=frame, to=ends[1], text=words))
    show(svg.picture(trace, "The frames of one exchange"), "\n".join(text.timeline(trace)))


# Films ----------------------------------------------------------------------------------------------------


def exchange(mac: str = "") -> Film:
    """Let a small browser fetch a page from a small web server, and film it.

    mac: a MAC address for the loopback, in place of its zeros. Where nobody may capture, this says so, and the
    film is the one that was recorded.
    """
    made = subprocess.run([sys.executable, "-m", __name__, *[mac] * bool(mac)], stdout=subprocess.PIPE,
                          text=True, timeout=60, check=True)
    if film := json.loads(made.stdout):
        return [(at, bytes.fromhex(frame)) for at, frame in film]
    print("No frames can be captured here: it takes Linux, and the right to a network of one's own. So this was "
          "recorded:")
    return [(at, bytes.fromhex(frame)) for at, frame in (RENAMED if mac else RECORDED)]


class _Shop(http.server.BaseHTTPRequestHandler):
    """The web server on the film. It answers each request with the same page, and closes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"a pear, served fresh\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *words: object) -> None:
        """Say nothing: the output is the film."""


def _film(mac: str) -> Film:
    """Go into a network of our own, and film one exchange there. Empty where the system refuses that."""
    if not netns.enter():
        return []
    if mac:
        _rename_loopback(mac_bytes(mac))
    camera, film, over, begin = netns.Capture(), [], threading.Event(), time.monotonic()

    def run_camera() -> None:
        while not over.is_set():
            select.select([camera], [], [], 0.05)
            film.extend((time.monotonic() - begin, frame) for frame in camera.read())

    with socketserver.TCPServer(("127.0.0.1", WEB_PORT), _Shop) as shop:
        threads = [threading.Thread(target=what) for what in (run_camera, shop.handle_request)]
        for thread in threads:
            thread.start()
        with socket.create_connection(shop.server_address) as browser:
            browser.sendall(b"GET /pear.txt HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: close\r\n\r\n")
            while browser.recv(4096):
                pass
        while not _is_over(film) and time.monotonic() < begin + MOST_SECONDS:
            time.sleep(0.01)
        over.set()
        for thread in threads:
            thread.join()
    camera.close()
    return film


def _is_over(film: Film) -> bool:
    """Whether both sides have said that this was all (FIN), and the last of it is acknowledged."""
    ends = [bool(Segment.parsed(frame[ETHERNET + IPV4:]).flags & FIN) for _, frame in film]
    return sum(ends) >= 2 and not ends[-1]


def _rename_loopback(address: bytes) -> None:
    """Give the loopback of our own network this MAC address: netdevice(7)."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFHWADDR, struct.pack("16sH6s8x", b"lo", ARPHRD_LOOPBACK, address))


# Recorded on a machine with Linux, for those where nobody may capture: (seconds, frame in hex). Then the request of
# another exchange, for which the loopback had got the MAC address 02:00:00:00:00:2a.
RECORDED = [
    (0.0000, "00000000000000000000000008004500003c3b7a4000400601407f0000017f000001a5581f40573b28ef00000000a0028000"
     "fe3000000204ffd70402080a6bf0af710000000001030307"),
    (0.0000, "00000000000000000000000008004500003c0000400040063cba7f0000017f0000011f40a558f5944a4b573b28f0a0128000"
     "fe3000000204ffd70402080a89f1843e6bf0af7101030307"),
    (0.0000, "0000000000000000000000000800450000343b7b4000400601477f0000017f000001a5581f40573b28f0f5944a4c80100100"
     "fe2800000101080a6bf0af7189f1843e"),
    (0.0005, "0000000000000000000000000800450000773b7c4000400601037f0000017f000001a5581f40573b28f0f5944a4c80180100"
     "fe6b00000101080a6bf0af7189f1843e474554202f706561722e74787420485454502f312e310d0a486f73743a203132372e302e302e"
     "313a383030300d0a436f6e6e656374696f6e3a20636c6f73650d0a0d0a"),
    (0.0005, "00000000000000000000000008004500003436824000400606407f0000017f0000011f40a558f5944a4c573b293380100100"
     "fe2800000101080a89f1843e6bf0af71"),
    (0.0005, "0000000000000000000000000800450000be36834000400605b57f0000017f0000011f40a558f5944a4c573b293380180100"
     "feb200000101080a89f1843e6bf0af71485454502f312e3120323030204f4b0d0a5365727665723a2042617365485454502f302e3620"
     "507974686f6e2f332e31312e320d0a446174653a205468752c203236204e6f7620323032362030373a34303a353820474d540d0a436f"
     "6e74656e742d547970653a20746578742f706c61696e0d0a436f6e74656e742d4c656e6774683a2032310d0a0d0a"),
    (0.0005, "0000000000000000000000000800450000343b7d4000400601457f0000017f000001a5581f40573b2933f5944ad6801000ff"
     "fe2800000101080a6bf0af7189f1843e"),
    (0.0005, "00000000000000000000000008004500004936844000400606297f0000017f0000011f40a558f5944ad6573b293380180100"
     "fe3d00000101080a89f1843e6bf0af716120706561722c207365727665642066726573680a"),
    (0.0005, "0000000000000000000000000800450000343b7e4000400601447f0000017f000001a5581f40573b2933f5944aeb801000ff"
     "fe2800000101080a6bf0af7189f1843e"),
    (0.0005, "000000000000000000000000080045000034368540004006063d7f0000017f0000011f40a558f5944aeb573b293380110100"
     "fe2800000101080a89f1843e6bf0af71"),
    (0.0005, "0000000000000000000000000800450000343b7f4000400601437f0000017f000001a5581f40573b2933f5944aec80110100"
     "fe2800000101080a6bf0af7189f1843e"),
    (0.0005, "000000000000000000000000080045000034368640004006063c7f0000017f0000011f40a558f5944aec573b293480100100"
     "fe2800000101080a89f1843e6bf0af71"),
]
RENAMED = [
    (0.0000, "02000000002a02000000002a08004500007772d240004006c9ac7f0000017f000001a5621f40e9d41e4a7ddb9ce280180100"
     "fe6b00000101080ac90db263db06fa74474554202f706561722e74787420485454502f312e310d0a486f73743a203132372e302e302e"
     "313a383030300d0a436f6e6e656374696f6e3a20636c6f73650d0a0d0a"),
]

# Recorded with a router between the two machines (three network namespaces that are joined by virtual cables), with
# addresses from the ranges for documentation: on which cable, and the frame. Two of ARP (RFC 826), then the request.
ROUTED = [(wire, bytes.fromhex(frame)) for wire, frame in (
    ("home", "ffffffffffff00005e00530a0806000108000604000100005e00530ac0a8010a000000000000c0a80101"),
    ("home", "00005e00530a00005e0053010806000108000604000200005e005301c0a8010100005e00530ac0a8010a"),
    ("home", "00005e00530100005e00530a08004500007637724000400616dac0a8010ac6336450e39c005021f007199f6e25588018003f"
     "3d7700000101080a3df0a5f483f6f21a474554202f706561722e74787420485454502f312e310d0a486f73743a203139382e35312e31"
     "30302e38300d0a436f6e6e656374696f6e3a20636c6f73650d0a0d0a"),
    ("away", "00005e00535000005e005302080045000076377240003f0617dac0a8010ac6336450e39c005021f007199f6e25588018003f"
     "3d7700000101080a3df0a5f483f6f21a474554202f706561722e74787420485454502f312e310d0a486f73743a203139382e35312e31"
     "30302e38300d0a436f6e6e656374696f6e3a20636c6f73650d0a0d0a"),
)]


def _main() -> None:
    try:
        film = _film(*sys.argv[1:] or [""])
    except OSError:                             # let in, and then refused the rest, as in some containers
        film = []
    print(json.dumps([(at, frame.hex()) for at, frame in film]))


if __name__ == "__main__":
    _main()
