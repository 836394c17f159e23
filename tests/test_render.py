"""Reports, pictures and captures, made from traces that are written by hand, so that every time in them is fixed.

The reports are compared with tests/golden/*.txt, which are worth reading. Where they were meant to change:

    REWRITE_GOLDEN=1 .venv/bin/pytest tests/test_render.py

writes them anew; `git diff tests/golden` then shows what the change does to a reader.
"""
import os
import re
import shutil
import struct
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from wcwidth import iter_graphemes, wcswidth

from autograder import mistakes
from autograder.mistakes import Mistake
from autograder.render import pcap, svg, text
from autograder.render.diagram import HEAD, TAIL, rows
from autograder.score import Check, Score
from autograder.trace import Event, Step, Trace

GOLDEN = Path(__file__).parent / "golden"
AGAIN = "pytest exercises/03_chat -k test_line --seed 7"
SERVER, CLIENT = "your server", "your client"
NAMESPACE = "{http://www.w3.org/2000/svg}"

Written = Callable[[], str]
GOLDEN_TEXTS: dict[str, Written] = {}


def golden(make: Written) -> Written:
    """What the decorated function makes is kept in a golden file of its name."""
    GOLDEN_TEXTS[make.__name__] = make
    return make


# A trace by hand --------------------------------------------------------------------------------------------


def trace_of(*events: tuple, steps: tuple[Step, ...] = ()) -> Trace:
    """A trace of these events: (milliseconds, lane, kind, and the other fields of Event as a dict if there are any)."""
    return Trace([Event(at / 1000, lane, kind, **(more[0] if more else {})) for at, lane, kind, *more in events],
                 list(steps))


def started(lane: str = SERVER, script: str = "chat_server.py") -> tuple:
    return (0, lane, "start", {"text": f"{script} --port 20001"})


def ok(sentence: str) -> Step:
    return Step(sentence, 0, 0, "ok")


def failed(sentence: str, expected: str, got: str, compare: bool = False) -> Step:
    return Step(sentence, 0, 0, "failed", expected, got, compare)


def report(trace: Trace, title: str = "A client's line appears on your server's screen", hint: str = "",
           mistake: Mistake | None = None) -> str:
    return str(text.report(title, "0 of 6", trace, mistake, hint, AGAIN))


def stderr_of(words: str) -> Trace:
    return trace_of(started(), (1, SERVER, "stderr", {"data": words.encode()}),
                    (2, SERVER, "exit", {"value": 1, "text": "exit code 1"}),
                    steps=(failed("your server starts", "a socket that listens", "your server ended"),))


# The reports ------------------------------------------------------------------------------------------------


TRACEBACK = b"""Traceback (most recent call last):
  File "/work/chat_server.py", line 21, in <module>
    main()
  File "/work/chat_server.py", line 13, in main
    buf += data.decode()
           ^^^^^^^^^^^^^
UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe4 in position 0: unexpected end of data
"""


@golden
def cut_character() -> str:
    """The report that DESIGN.md aims at: two lanes, a traceback, a known mistake, a hint."""
    trace = trace_of(
        started(), (0.1, "alice", "connect", {"to": SERVER}),
        (0.3, "alice", "data", {"data": b"\xe4", "to": SERVER}), (0.5, SERVER, "read", {"value": 1}),
        (0.9, "alice", "data", {"data": b"\xb8\xad\n", "to": SERVER}), (1.2, SERVER, "stderr", {"data": TRACEBACK}),
        (1.4, SERVER, "fin", {"to": "alice"}), (1.5, SERVER, "exit", {"value": 1, "text": "exit code 1"}),
        steps=(ok("alice connects"), ok("alice sends  e4  (1 of the 3 bytes of a character)"),
               ok("your server has read everything"), ok("alice sends  b8 ad 0a  (the other 2 bytes of it)"),
               failed("your server's screen shows \"中\"", "中", "nothing: your server ended with exit code 1")))
    return report(trace, "A character that arrives in two pieces is shown whole",
                  "Keep the bytes until b'\\n' arrives, then decode the line.", mistakes.known()["C03"])


@golden
def three_lanes() -> str:
    """Arrows pass over a lane, in both directions; a refusal and a reset look broken."""
    return report(trace_of(
        started(), (0.1, "alice", "connect", {"to": SERVER}), (0.2, "bob", "refused", {"to": SERVER}),
        (0.4, SERVER, "screen", {"data": b"* client joined\n"}),
        (0.5, SERVER, "data", {"data": b"hi\n", "to": "alice"}), (0.6, "bob", "connect", {"to": SERVER}),
        (0.7, SERVER, "reset", {"to": "alice"}), (0.8, "bob", "reset", {"to": SERVER}),
        (1000.4, SERVER, "fin", {"to": "bob"}),
        steps=(ok("alice connects"), failed("alice sees the orderly end of the connection",
                                            "the end in good order", "a reset"))))


@golden
def four_lanes() -> str:
    """Each program's notes say whose they are, unless it stands last; names are cut to their lane."""
    return report(trace_of(
        started(), started("your second client", "chat_client.py"),
        (1, "a server that will crash", "data", {"data": b"a line that is too long for its lane\n",
                                                 "to": "your second client"}),
        (2, "bob", "connect", {"to": SERVER}), (3, SERVER, "exit", {"value": 0, "text": "exit code 0"}),
        (4, "your second client", "typed", {"data": b"bye\n"}), (5, SERVER, "data", {"data": b"ok", "to": "bob"}),
        steps=(failed("your server's screen shows \"hello\"", "hello", "nothing"),)))


@golden
def crowd() -> str:
    """More lanes than have room for words on short arrows: a picture all the same."""
    guests = [(number, f"guest {number}", "connect", {"to": SERVER}) for number in range(1, 9)]
    return report(trace_of(started(), *guests, (9, SERVER, "data", {"data": b"hello\n", "to": "guest 8"}),
                           (10, "guest 8", "reset", {"to": SERVER}), steps=(failed("they chat", "a chat", "none"),)))


@golden
def wide_characters() -> str:
    """In a terminal most characters of East Asia, and emoji, take two columns; the lanes stay straight."""
    family = "👩\N{ZERO WIDTH JOINER}👩\N{ZERO WIDTH JOINER}👧"
    return report(trace_of(
        started(), (0.1, "爱丽丝", "connect", {"to": SERVER}),
        (0.2, "爱丽丝", "data", {"data": "你好 🙂\n".encode(), "to": SERVER}),
        (0.3, "爱丽丝", "data", {"data": ("中文" * 11 + "\n").encode(), "to": SERVER}),
        (0.4, SERVER, "screen", {"data": "你好你好你好你好\n".encode()}),
        (0.5, SERVER, "data", {"data": f"{family} e\N{COMBINING ACUTE ACCENT}\n".encode(), "to": "爱丽丝"}),
        steps=(ok(f"爱丽丝 sends  \"{'很长的一句话' * 7}\""),
               failed("爱丽丝 receives  \"你好\\n\"", '"你好 🙂 4711\\n"', '"你好 🙃 4711\\n"', compare=True))),
        "「中」 arrives in two pieces and is shown whole: " + "一二三四五六七八九十" * 2)


@golden
def long_texts() -> str:
    """One endless word: broken into lines, and without its middle. Nothing is wider than the terminal."""
    return report(trace_of(
        started(), (0.1, "alice", "data", {"data": b"x" * 48, "to": SERVER}),
        (0.2, SERVER, "screen", {"data": b"y" * 4096}),
        steps=(ok("alice sends  " + "x" * 90),
               failed(f"your server's screen shows \"{'x' * 4096}\"", "x" * 4096,
                      f"last on the screen: \"{'y' * 4096}\": your server ended with exit code 1"))),
        "A rubric line that is so long that it needs a second line to be read to its end, which is here")


@golden
def many_events() -> str:
    """Of a long conversation the beginning and the end are drawn."""
    lines = [(number, "alice", "data", {"data": f"line {number}\n".encode(), "to": SERVER}) for number in range(1, 101)]
    return report(trace_of(started(), *lines, steps=(failed("it goes on", "line 101", "nothing"),)))


@golden
def byte_by_byte() -> str:
    """Single bytes share one arrow, but neither with the connection nor with a longer piece before them."""
    single = [(1 + number / 10, CLIENT, "data", {"data": bytes([byte]), "to": SERVER})
              for number, byte in enumerate("grüß".encode())]
    return report(trace_of(
        started(), started(CLIENT, "chat_client.py"), (0.5, CLIENT, "connect", {"to": SERVER}), *single,
        (3, SERVER, "data", {"data": b"hello", "to": CLIENT}), (4, SERVER, "data", {"data": b"\n", "to": CLIENT}),
        (5, CLIENT, "screen", {"data": b"hel"}), (6, CLIENT, "screen", {"data": b"lo\n"}),
        steps=(failed("they chat", "a chat", "none"),)))


@golden
def screens() -> str:
    """A row for each line on a screen, in however many pieces it came, and whatever happened meanwhile."""
    many = b"".join(b"%d\n" % number for number in range(100))
    return report(trace_of(
        started(), (1, SERVER, "screen", {"data": b"> "}), (2, SERVER, "screen", {"data": b"one\ntwo\nthr"}),
        (3, SERVER, "screen", {"data": b"ee"}), (4, "alice", "connect", {"to": SERVER}),
        (5, SERVER, "screen", {"data": b"\n"}), (6, SERVER, "screen", {"data": b"> "}),
        (7, "alice", "data", {"data": b"four\n", "to": SERVER}), (8, SERVER, "screen", {"data": b"four\n\n"}),
        (9, SERVER, "screen", {"data": many}), steps=(failed("they chat", "a chat", "none"),)))


@golden
def here_they_part() -> str:
    """The mark stands under the first character that differs: near, behind wide characters, far away."""
    near = failed("alice receives  \"hello\\n\"", '"hello 4711\\n"', '"hello 4712\\n"', compare=True)
    wide = failed("alice receives  \"你好\\n\"", '"你好 4711\\n"', '"你好! 4711\\n"', compare=True)
    far = failed("alice receives", '"' + "a" * 58 + 'b"', '"' + "a" * 58 + 'c"', compare=True)
    further = failed("alice receives", '"' + "la " * 100 + "b la" * 99, '"' + "la " * 100 + "c la" * 99, compare=True)
    shorter = failed("alice receives", '"one", "two"', '"one"', compare=True)
    return report(trace_of(started(), steps=(near, wide, far, further, shorter)))


@golden
def error_in_a_helper() -> str:
    """The last place in the student's own files is named, though the error was raised in Python's."""
    return report(stderr_of('''what a chatty program says first
Exception in thread Thread-1 (serve):
Traceback (most recent call last):
  File "/usr/lib/python3.11/threading.py", line 1038, in _bootstrap_inner
    self.run()
  File "/work/chat_server.py", line 44, in serve
    talk(connection)
  File "/work/wire.py", line 7, in talk
    print(codecs.decode(data, "utf-9"))
  File "/usr/lib/python3.11/codecs.py", line 5, in decode
    raise LookupError
LookupError: unknown encoding: utf-9
and what it says afterwards
'''))


@golden
def syntax_error() -> str:
    """Not a traceback: the end of stderr as it is, with the caret where Python put it."""
    return report(stderr_of('''  File "/work/chat_server.py", line 3
\tdef serve(:
\t          ^
SyntaxError: invalid syntax
'''))


@golden
def terminal_tricks() -> str:
    """What a program prints is shown, and not obeyed by the terminal that shows it."""
    return report(trace_of(
        started(), (1, SERVER, "screen", {"data": b"\x1b[2J\x1b[31mboo\x07"}),
        (2, SERVER, "data", {"data": "abc\u202egnp".encode(), "to": "alice"}),
        (3, SERVER, "stderr", {"data": b"\x1b[8A  \x1b[32mall passed\x1b[0m\ra"}),
        steps=(failed("your server's screen shows \"boo\"", "boo", 'last on the screen: "\x1b[2J\x1b]0;owned\x07"'),)))


@golden
def nothing_happened() -> str:
    """There is no picture of nothing."""
    return report(trace_of(steps=(failed("there is a program chat_server.py", "a file chat_server.py",
                                         "no .py file at all"),)))


@golden
def nothing_but_a_start() -> str:
    """A program that was started, and did nothing that can be drawn."""
    return report(trace_of(started(), steps=(failed("your server starts", "a socket", "your server still runs"),)))


def example_score() -> Score:
    score = Score("03_chat", seconds=9.25, network="own", process="bwrap", seed=7)
    score.add(Check("test_a", "lines", "A client's line appears on your server's screen", 7, 7, False, "passed"))
    score.add(Check("test_b", "lines", "A line typed at your server reaches the client, and nobody else whom this very "
                    "long line could be about", 0, 7, False, "failed", mistakes.known()["C11"].sentence, "C11"))
    score.add(Check("test_c", "lines", "「中」 is shown whole", 0, 6.5, False, "failed",
                    f"expected {'中' * 400}, got \x1b[2J"))
    score.add(Check("test_d", "lines", "Another one", 0, 5, False, "blocked", 'needs "A line typed at your server"'))
    score.add(Check("test_e", "lines", "One that this machine cannot try", 0, 4, False, "unavailable", "no IPv6"))
    score.add(Check("test_f", "lines", "One that the grader failed in", 0, 3, False, "error",
                    "the grader failed: KeyError: 1"))
    score.add(Check("test_g", "lines", "Something extra", 2, 2, True, "passed"))
    return score


@golden
def table() -> str:
    """A line a check, why it did not pass, and the total, of what could be judged."""
    return "\n".join(line for line, _ in text.table(example_score()))


@golden
def table_interrupted() -> str:
    """After Ctrl-C: what there is, and that there is no score."""
    score = Score("03_chat", seconds=1, network="host", process="plain", seed=7)
    score.add(Check("test_a", "lines", "A client's line appears on your server's screen", 7, 7, False, "passed"))
    return "\n".join(line for line, _ in text.table(score, interrupted=True))


@pytest.mark.parametrize("name", GOLDEN_TEXTS)
def test_golden(name):
    made = GOLDEN_TEXTS[name]() + "\n"
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("REWRITE_GOLDEN"):
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text("utf-8")


def test_no_golden_file_is_left_over():
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(GOLDEN_TEXTS)


@pytest.mark.parametrize("name", GOLDEN_TEXTS)
def test_nothing_is_wider_than_a_terminal(name):
    for line in GOLDEN_TEXTS[name]().splitlines():
        assert 0 <= wcswidth(line) <= 80, line              # -1 stands for a control character


@pytest.mark.parametrize("name", GOLDEN_TEXTS)
def test_the_lanes_are_straight(name):
    """Each lane is one column of the terminal, in every row, whatever characters stand before it."""
    head, *picture = picture_in(GOLDEN_TEXTS[name]()) or [""]
    bars = [{wcswidth(row[:mark.start()]) for mark in re.finditer("│", row)} for row in picture if "⋮" not in row]
    lanes = set().union(*bars)
    assert all(row <= lanes and max(lanes) in row for row in bars)
    for row in picture:                                     # and each arrow reaches the lane that it is for
        for mark in re.finditer("[▶◀]", row):
            beside = 1 if mark[0] == "▶" else -1
            assert wcswidth(row[:mark.start()]) + beside in lanes
    assert len(lanes) <= 9


def picture_in(made: str) -> list[str]:
    """The lines of a report from the picture's head to the empty line behind it."""
    lines = made.splitlines()
    begin = next((number for number, line in enumerate(lines) if line.startswith("      ms ")), len(lines))
    end = next((number for number in range(begin, len(lines)) if not lines[number]), len(lines))
    return lines[begin:end]


@pytest.mark.parametrize("words", ["", "short", "中" * 50, "🇨🇳" * 50, "👩\N{ZERO WIDTH JOINER}💻" * 50, "e\u0301" * 50,
                                   "क्षि" * 30, "❤\ufe0f" * 50])
@pytest.mark.parametrize("columns", [1, 2, 7, 20, 60])
def test_fit_takes_exactly_its_columns(words, columns):
    fitted = text.fit(words, columns)
    assert wcswidth(fitted) == columns
    assert set(iter_graphemes(fitted)) <= {*iter_graphemes(words), "…", " "}        # no character is cut in itself


@pytest.mark.parametrize("words", ["a bc def", "x" * 300, "中" * 200, "ab " + "🙂" * 99 + " c", "one  two"])
def test_wrap_loses_nothing(words):
    lines = text.wrap(words, 30, "> ", "  ")
    assert all(wcswidth(line) <= 30 for line in lines)
    assert "".join(line[2:] for line in lines).replace(" ", "") == words.replace(" ", "")


def test_shorten_keeps_both_ends():
    assert text.shorten("just right", 10) == "just right"
    short = text.shorten("beginning " + "中" * 500 + " end", 30)
    assert short.startswith("beginning") and short.endswith(" end") and wcswidth(short) <= 30


def test_what_is_not_written_yet():
    frames = 'Traceback (most recent call last):\n  File "/work/protocol.py", line 40, in part\n    {code}\n'
    code = 'raise NotImplementedError("TODO 3: answer bye")'
    for underlined in "", "    ^^^^^^^^^^^\n", "    ~~~~^^^^\n":        # Python 3.11 and 3.13 underline differently
        told = text.not_written_yet(stderr_of(frames.format(code=code) + underlined
                                              + "NotImplementedError: TODO 3: answer bye\n"))
        assert (str(told), told.caller) == ("not written yet: protocol.py, TODO 3: answer bye", "")
    called = '  File "/work/server.py", line 7, in main\n    part(connection)\n'
    caller = frames.format(code=code).replace(":\n", f":\n{called}", 1)
    assert text.not_written_yet(stderr_of(caller + "NotImplementedError: TODO 3: it\n")).caller == "server.py, line 7"
    assert not text.not_written_yet(stderr_of(frames.format(code=code) + "NotImplementedError: later\n"))
    assert not text.not_written_yet(stderr_of(TRACEBACK.decode()))
    assert not text.not_written_yet(trace_of(started()))


def test_all_is_readable_without_colours():
    """What is set off is set off in bold as well, and marks say the same as colours do."""
    for line, markup in text.table(example_score()):
        assert set(markup) <= {"bold", "red", "green"}
        assert not markup.get("red") or line.strip()[0] in "✗!"
    assert text.markup("✗ A client's line") and text.markup("  1  it listens   FAILED")
    assert not text.markup("  1  it listens       ok")


# The picture ------------------------------------------------------------------------------------------------


NASTY = "<script>alert(1)</script> ]]> & \" ' \x00\x07\x1b[2J \ufffe \u202e"


def nasty_trace() -> Trace:
    """A program that sends and shows what would be markup, were it not escaped; and what XML forbids altogether."""
    return trace_of(
        started(), (1, "alice", "connect", {"to": SERVER}), (2, "bob", "refused", {"to": SERVER}),
        (3, SERVER, "data", {"data": NASTY.encode(), "to": "alice"}), (4, SERVER, "screen", {"data": NASTY.encode()}),
        (5, SERVER, "data", {"data": b"\xff\xfe", "to": "alice"}), (6, "alice", "reset", {"to": SERVER}),
        (7, SERVER, "limit", {"text": "it wrote too much"}), (8, SERVER, "exit", {"value": 137, "text": NASTY}))


@pytest.fixture(params=["nasty", "long", "empty"])
def pictured(request) -> Trace:
    if request.param == "nasty":
        return nasty_trace()
    lines = [(number, "alice", "data", {"data": "中文 🙂\n".encode() * 9, "to": SERVER}) for number in range(200)]
    return trace_of(started(), *lines) if request.param == "long" else trace_of()


def test_picture_is_xml_with_a_title(pictured):
    root = ET.fromstring(svg.picture(pictured, "A \"title\" with <b> & ]]>"))
    assert root.tag == f"{NAMESPACE}svg"
    assert root[0].tag == f"{NAMESPACE}title" and root[0].text == "A \"title\" with <b> & ]]>"
    assert ET.fromstring(svg.picture(pictured))[0].text         # never without one


def test_picture_is_text_lines_and_arrows_alone(pictured):
    """Whatever programs send: no script, no link, no style, and nothing that a browser would fetch."""
    root = ET.fromstring(svg.picture(pictured))
    assert {element.tag.removeprefix(NAMESPACE) for element in root.iter()} <= {"svg", "title", "rect", "text", "line",
                                                                                "path"}
    for element in root.iter():
        for name, value in element.attrib.items():
            assert "href" not in name and not name.startswith("on") and "url(" not in value and "//" not in value


def test_picture_shows_all_lanes_and_texts():
    written = [element.text for element in ET.fromstring(svg.picture(nasty_trace())).iter(f"{NAMESPACE}text")]
    assert {"alice", "bob", SERVER, "connect", "RESET", "refused", "ff fe"} <= set(written)
    assert any("<script>" in words for words in written)        # as text, for it was sent


def test_picture_is_as_large_as_what_is_in_it(pictured):
    root = ET.fromstring(svg.picture(pictured))
    wide, high = float(root.get("width")), float(root.get("height"))
    assert root.get("viewBox") == f"0 0 {wide:g} {high:g}"
    for element in root.iter(f"{NAMESPACE}text"):
        assert 0 <= float(element.get("x")) < wide and 0 <= float(element.get("y")) < high


def test_picture_draws_the_rows_of_the_report():
    trace = nasty_trace()
    arrows = ET.fromstring(svg.picture(trace)).findall(f"{NAMESPACE}path")
    assert len(arrows) == sum(bool(row.to) for row in rows(trace)) == 5


def test_of_many_rows_the_first_and_last_are_drawn():
    lines = [(number, "alice", "data", {"data": b"%d\n" % number, "to": SERVER}) for number in range(100)]
    drawn = rows(trace_of(started(), *lines))
    assert [row.label for row in drawn[:HEAD]] == [f'"{number}\\n"' for number in range(HEAD)]
    assert drawn[HEAD].gap == 100 - HEAD - TAIL
    assert [row.label for row in drawn[HEAD + 1:]] == [f'"{number}\\n"' for number in range(100 - TAIL, 100)]


# The capture ------------------------------------------------------------------------------------------------


def syn() -> bytes:
    """An Ethernet frame as it passes on the loopback: 127.0.0.1:32801 → 127.0.0.1:20001, a SYN with its checksums."""
    address = bytes([127, 0, 0, 1])
    tcp = struct.pack("!HHIIBBHHH", 32801, 20001, 1000, 0, 5 << 4, 0x02, 65495, 0, 0)
    tcp = with_checksum(tcp, 16, address * 2 + struct.pack("!BBH", 0, 6, len(tcp)))
    ip = with_checksum(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0, address, address), 10)
    return bytes(12) + b"\x08\x00" + ip + tcp


def with_checksum(header: bytes, at: int, before: bytes = b"") -> bytes:
    """RFC 1071. before: what is summed up as well (a pseudo-header)."""
    total = sum(struct.unpack(f"!{len(before + header) // 2}H", before + header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return header[:at] + struct.pack("!H", ~total & 0xFFFF) + header[at + 2:]


@pytest.fixture
def capture(tmp_path) -> Path:
    """A file with two packets, at times that a float holds exactly."""
    trace = Trace(packets=[(1_700_000_000.25, syn()), (1_700_000_001.5, syn()[:-1] + b"\x01")])
    pcap.write(trace, tmp_path / "packets.pcap")
    return tmp_path / "packets.pcap"


def test_capture_reads_back(capture):
    data = capture.read_bytes()
    magic, major, minor, zone, _, longest, link = struct.unpack_from("=IHHiIII", data)
    assert (magic, major, minor, zone, link) == (0xA1B23C4D, 2, 4, 0, 1)
    found, at = [], 24
    while at < len(data):
        seconds, nanoseconds, kept, long = struct.unpack_from("=IIII", data, at)
        assert kept == long <= longest
        found.append((seconds, nanoseconds, data[at + 16:at + 16 + kept]))
        at += 16 + kept
    assert at == len(data)
    assert found == [(1_700_000_000, 250_000_000, syn()), (1_700_000_001, 500_000_000, syn()[:-1] + b"\x01")]


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_capture_is_readable_by_tshark(capture):
    fields = ["-e", "frame.time_epoch", "-e", "tcp.srcport", "-e", "tcp.flags.syn", "-e", "tcp.dstport"]
    assert tshark(capture, "-T", "fields", *fields).splitlines()[0].split("\t") == [
        "1700000000.250000000", "32801", "1", "20001"]
    whole = tshark(capture, "-V")
    assert "Malformed" not in whole and whole.count("Transmission Control Protocol") == 2


def tshark(file: Path, *options: str) -> str:
    return subprocess.run(["tshark", "-r", file, *options], capture_output=True, text=True, check=True).stdout
