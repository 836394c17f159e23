"""Your browser, check by check. `the_server` is a scripted one: it looks at what your browser asks, and answers."""
from collections.abc import Callable

from pytest import fixture, mark

from autograder.program import Program


@fixture
def the_server(cast):
    """A server that waits for your browser."""
    return cast.server()


@fixture
def visit(cast, the_server) -> Callable[[str], Program]:
    """A function that starts your browser, with a path of the_server."""
    def visit(path: str) -> Program:
        browser = cast.program("browser.py", f"http://127.0.0.1:{the_server.port}{path}", lane="your browser")
        the_server.accepts(browser)
        return browser
    return visit


@mark.check("browser", points=4, probes=["L18", "L17"],
            hint="Three lines and an empty one: how does each end? Each of them, the empty one too, ends with \\r\\n. "
                 "Host is followed by host and port, as in 127.0.0.1:8000. f'GET {path} HTTP/1.1\\r\\n' is the first "
                 "line, and encode() makes bytes of it all.")
def test_request(cast, the_server, visit):
    """GET, Host, and an empty line"""
    path = f"/{cast.line('page').replace(' ', '/')}.html?lang=zh"
    visit(path)
    head = the_server.receives_request()
    lines = [line.removesuffix("\r") for line in head.decode("latin-1").split("\n")[:-2]]
    fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
    cast.compares("its first line asks for the path", f"GET {path} HTTP/1.1", lines[0])
    cast.compares("there is one Host, with the port", [f"127.0.0.1:{the_server.port}"],
                  [value for name, value in fields if name == "host"])
    cast.compares("Connection says that this was all", ["close"],
                  [value.lower() for name, value in fields if name == "connection"])
    cast.compares("so many of its lines end with CR and LF", len(lines) + 1, head.count(b"\r\n"))
    the_server.has_received_nothing_more()


def head_of(body: bytes, status: str = "200 OK") -> bytes:
    """The head of an answer with this body, as servers send it: Date is a field with colons in its value."""
    return (f"HTTP/1.1 {status}\r\nDate: Thu, 26 Nov 2026 11:08:49 GMT\r\nServer: scripted\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()


@mark.check("browser", points=3, needs=[test_request],
            probes=["C01.page", "C03.page", "L19", "L20", "L24", "L21", "L23", "C04"],
            hint="Collect what recv() returns until the end of the head is in it, and divide it there: what is behind "
                 "belongs to the body. Then go on until the body has as many bytes as Content-Length says, and keep "
                 "no more of them; without a Content-Length, until b''. In a line of the head only the first colon "
                 "divides. partition() divides once, at the first place: with b'\\r\\n\\r\\n' for the head, and with "
                 "':' for a line.")
def test_page(cast, the_server, visit):
    """The whole page, in whichever pieces; 404 is told"""
    text = f"<h1>{cast.line('hello')}</h1>\r\n<p>{cast.line('good day')}</p>\n".encode()
    gaps = f"<h1>{cast.line('hello')}</h1>\r\n\r\n<p>{cast.line('good day')}</p>\n".encode()
    chinese = f"<h1>{cast.line('你好')}</h1>\n".encode()
    head, at = head_of(text), chinese.index("好".encode()) + 1
    for page, path, *pieces in (
            (text, "/text", head[:20], head[20:-2], head[-2:], text[:9], text[9:-9], text[-9:]),
            (text, "/one/piece", head + text),
            (text, "/small/letters", head.lower().replace(b"http", b"HTTP"), text),
            (text, "/no/reason", head.replace(b" OK", b""), text),
            (gaps, "/empty/line", head_of(gaps), gaps[:9], gaps[9:]),
            (gaps, "/two/empty/lines", head_of(gaps) + gaps),
            (chinese, "/chinese", head_of(chinese), chinese[:at], chinese[at:]),
            (text, "/more/than/its/length", head, text[:9], text[9:] + cast.line("more").encode())):
        browser = visit(path)
        the_server.receives_request()
        *most, last = pieces
        for piece in most:
            the_server.sends(piece)
            browser.has_read_everything()
            browser.waits_for_more()
        the_server.sends(last, "" if last.endswith(page[-9:]) else "its end is behind what Content-Length counts")
        browser.has_printed(page)
        browser.ends(code=0)

    picture = b"\x89PNG\r\n\x1a\n\0\0\r\n\r\n" + bytes(cast.stage.random.choices(range(128, 256), k=2000))
    browser = visit("/picture")
    the_server.receives_request()
    the_server.sends(b"HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\n" + picture[:9], "and no Content-Length")
    browser.has_read_everything()
    the_server.sends(picture[9:])
    the_server.closes()
    browser.has_printed(picture)
    browser.ends(code=0)

    sorry = f"<p>{cast.line('nothing here')}</p>\n".encode()
    for path, status in ("/missing", "404 Not Found"), ("/broken", "500 Internal Server Error"):
        browser = visit(path)
        the_server.receives_request()
        the_server.sends(head_of(sorry, status) + sorry)
        browser.has_printed(sorry)
        browser.ends(code=1)
        browser.told_in_one_line()
        cast.compares("that line is the status", status, browser.errors.strip())


@mark.check("browser", points=3, needs=[test_request], probes=["C01.page", "C04", "L22"],
            hint="Whatever is wrong with an answer, HttpError says it: the rest of the program catches that, and no "
                 "other ValueError. When recv() returns b'', look whether the head is complete, and with a "
                 "Content-Length whether all of the body is there. A status line begins with HTTP/, and has a number "
                 "behind its first space. Where int() gets what is no number, catch its ValueError, and raise "
                 "HttpError.")
def test_broken_answer(cast, the_server, visit):
    """An answer that ends too early, or is no HTTP"""
    text = f"<h1>{cast.line('hello')}</h1>\r\n<p>{cast.line('good day')}</p>\n".encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n".encode()
    for path, *pieces in (
            ("/cut/head", (head[:20], "a part of the head")),
            ("/cut", (head + text[:9], "head, and 9 bytes"), (text[9:-5], "all but 5 bytes")),
            ("/no/http", (b"220 ready\r\n\r\n", "no status line")),
            ("/no/number", (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n" + text, "its Content-Length is x"))):
        browser = visit(path)
        the_server.receives_request()
        for piece, meaning in pieces:
            the_server.sends(piece, meaning)
            if path.startswith("/cut"):         # what is no HTTP may be refused as soon as it is seen
                browser.has_read_everything()
                browser.waits_for_more()
        the_server.closes()
        browser.ends(code=1)
        browser.told_in_one_line()
