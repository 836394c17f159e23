"""Mistakes with connections: TCP carries bytes, somebody waits, it ends, an address, frames, a room for many."""
import itertools
import re

from ..trace import CROSSING, Trace
from .evidence import (
    SPIN,
    idles,
    programs,
    raised,
    runs,
    said_after,
    streams,
    to_functions,
    tracebacks,
    unread,
    waits,
    waits_for,
)
from .registry import mistake

# TCP carries bytes ------------------------------------------------------------------------------------------


@mistake("C01", "One recv() was taken for one line. TCP carries a stream of bytes: what was sent in one "
                "piece may arrive in several, and what was sent in several may arrive in one.")
def _(trace: Trace) -> bool:
    for program, pieces in streams(trace):
        screen = trace.text_of("screen", lane=program)
        line: list[str] = []
        for piece in pieces:                    # it showed the beginning of a line by itself
            *_, begun = (text := piece.data.decode("utf-8", "ignore")).split("\n")
            if line and "\n" in text:
                line.append(text.partition("\n")[0])
                if len(line[0]) > 2 and line[0] in screen and line[0] + line[1] not in screen:
                    return True
            line = [*line, begun] if "\n" not in text else [begun] if begun else []
        # It read a piece with several lines, and did not do what the later ones ask for.
        whole = pieces[-1].data.decode("utf-8", "replace").splitlines()
        if 1 < len(whole) < 10 and waits_for(trace, program) == "for more than the keyboard" \
                and waits(trace, program):
            shown = said_after(trace, "screen", program, pieces[-1])
            answer = said_after(trace, "data", program, pieces[-1])
            if whole[0] in shown and not all(answer if line == "bye" else line in shown for line in whole[1:]):
                return True
    return False


@mistake("C02", "send() was trusted to send everything. It takes what fits into the buffer, and returns "
                "how many bytes that was.")
def _(trace: Trace) -> bool:
    for program in programs(trace):
        typed = trace.bytes_of("typed", lane=program)
        for receiver in dict.fromkeys(event.to for event in trace.of("data", lane=program)):
            got = trace.bytes_of("data", lane=program, to=receiver)
            if (len(typed) > 1 << 17 and len(got) < len(typed) and runs(trace, program)
                    and not unread(trace, program) and set(got.split(b"\n")[:2]) <= set(typed.split(b"\n"))):
                return True
    return False


@mistake("C03", "Each recv() was decoded by itself. TCP carries bytes, and may cut anywhere, even inside a "
                "character.",
         by_error=True)
def _(trace: Trace) -> bool:
    for program, pieces in streams(trace):
        # Where each piece ends in the stream, and the lines that have a character which such an end cuts.
        stream, ends = b"", set()
        for piece in pieces:
            stream += piece.data
            ends.add(len(stream))
        client = any(trace.of("connect", lane=program))      # of what it sends, nothing comes from what it received
        said = trace.text_of("screen", *[] if client else ["data"], lane=program)
        at = 0
        for line in stream.split(b"\n")[:-1]:
            text, position, mangled, without = line.decode("utf-8", "replace"), at, "", ""
            at += len(line) + 1
            for character in text:
                size = len(character.encode())
                cut = any(position < end < position + size for end in ends)
                position += size
                mangled += "\N{REPLACEMENT CHARACTER}+" if cut else re.escape(character)
                without += "" if cut else character
            if without == text or text in said:
                continue
            if raised(trace, "UnicodeDecodeError") or re.search(mangled, said):
                return True
            if without.strip() and without in said:
                return True
    return False


@mistake("C01", seen_in="echo")
def _(trace: Trace) -> bool:
    for program, pieces in streams(trace):
        sender = pieces[-1].lane
        back = trace.bytes_of("data", lane=program, to=sender)
        line = b""
        for piece in pieces:                    # it sent the beginning of a line back as if it were all of it
            *whole, begun = piece.data.split(b"\n")
            if line and line + b"\n" in back and line + (whole[0] if whole else begun) not in back:
                return True
            line = begun if whole else line + begun
        # Of a piece with several lines it took the first for all, or all for one.
        whole = pieces[-1].data.splitlines(keepends=True)
        answer = b"".join(event.data for event in trace.of("data", lane=program, to=sender)
                          if event.at >= pieces[-1].at)
        ends = list(trace.of("fin", "reset", lane=program, to=sender))
        ended = not ends or ends[-1].at >= pieces[-1].at      # or it does not end at a "q" that comes alone either
        if 1 < len(whole) < 10 and waits(trace, program) and answer.startswith(whole[0]) \
                and (not all(line in answer for line in whole if line != b"q\n") or (b"q\n" in answer and not ended)):
            return True
    # Of a reply in pieces it showed the first piece as a line, and waits for the keyboard.
    for program, pieces in streams(trace):
        if pieces[-1].data.endswith(b"\n") or waits_for(trace, program) != "for the keyboard only":
            continue
        begun = [piece.at for piece in pieces]
        lines = b"".join(piece.data for piece in pieces).count(b"\n")
        shown = [event for event in trace.of("screen", lane=program) if not event.data.startswith(b"* ")]
        if b"".join(event.data for event in shown).count(b"\n") > lines < len(begun) and shown[-1].at > begun[lines]:
            return True
    return False


@mistake("C01", "One recv() was taken for one frame. TCP carries a stream of bytes: recv(n) returns what is there, "
                "at most n bytes, wherever it may have been cut.",
         by_error=True, seen_in="framing")
def _(trace: Trace) -> bool:
    gave = any(event.text == "gave" for event in trace.of("result"))
    return not gave and any(len(pieces) > 1 for _, pieces in to_functions(trace))


@mistake("C01", "One recv() was taken for all that comes. It returns what is there; the end is b''.", seen_in="tour")
def _(trace: Trace) -> bool:
    for program, pieces in streams(trace):     # it counted the first piece, and closed
        counted = re.search(r"^received (\d+) bytes$", trace.text_of("screen", lane=program), re.MULTILINE)
        if counted and len(pieces) > 1 and int(counted[1]) == len(pieces[0].data) and not runs(trace, program):
            return True
    return False


@mistake("C02", seen_in="echo")
def _(trace: Trace) -> bool:
    for program, pieces in streams(trace):
        said = b"".join(piece.data for piece in pieces)
        back = trace.bytes_of("data", lane=program, to=pieces[-1].lane)
        if len(said) > 1 << 17 and said[:1 << 12] == back[:1 << 12] and said != back \
                and not any(trace.of("fin", lane=pieces[-1].lane)) \
                and not any(trace.of("fin", "reset", lane=program, to=pieces[-1].lane)) \
                and (waits(trace, program) or not said.startswith(back)):
            return True
    return False


@mistake("C03", seen_in="framing", by_error=True)
def _(trace: Trace) -> bool:
    for program, pieces in streams(trace):
        stream, cut = b"".join(piece.data for piece in pieces), False
        for end in itertools.accumulate(len(piece.data) for piece in pieces[:-1]):
            cut = cut or stream[end] & 0xC0 == 0x80         # the next byte goes on with a character
        gave = any(event.text == "gave" for event in trace.of("result"))       # a message, but with another character
        if cut and (gave or "codec can't decode" in trace.text_of("stderr", lane=program)):
            return True
    return False


@mistake("C16", "A line was waited for without a bound. Somebody who never sends a newline can fill the "
                "memory of the machine.")
def _(trace: Trace) -> bool:
    for program, pieces in streams(trace):
        endless = len(b"".join(piece.data for piece in pieces).rpartition(b"\n")[2])
        ended = any(trace.of("fin", "reset", lane=program, to=pieces[-1].lane))
        if endless > 1 << 16 and runs(trace, program) and not ended and not unread(trace, program):
            return True
    return False


# Who waits for whom -----------------------------------------------------------------------------------------


@mistake("C06", "Clients are served one after the other. The next one waits until the one before it has "
                "left.")
def _(trace: Trace) -> bool:
    left = {event.lane for event in trace.of("fin", "reset")}
    for waiting in trace.of("unaccepted"):
        answered = {event.to for event in trace.of("data", lane=waiting.lane)}
        if answered & {event.lane for event in trace.of("connect", to=waiting.lane)} - left:
            return True
    return False


@mistake("C11", "The program takes turns: while it waits for the one side, it does not notice the other "
                "one.")
def _(trace: Trace) -> bool:
    for program in programs(trace):
        waiting = unread(trace, program)
        if waits_for(trace, program) == "for the keyboard only":
            return True
        # Where a lot is under way, it may rightly wait until its peer reads.
        if 0 < waiting < 1 << 12 and idles(trace, program) \
                and not any(trace.of("unaccepted", lane=program)):
            return True
    return False


def _one_holds_up_all(trace: Trace) -> bool:
    waited = any(any(trace.of("cpu", lane=program)) and idles(trace, program) for program in programs(trace))
    return waited and any(event.value > 1 << 11 for event in trace.of("held"))


@mistake("C11", "The program waits for more before it answers, and the other side waits for the answer: so both wait.",
         seen_in="echo")
def _(trace: Trace) -> bool:
    for program in programs(trace):
        came = [event for event in trace.of("data", "typed") if program in (event.to, event.lane)
                and (event.kind == "typed" or event.to == program)]
        if not came or not came[-1].data.endswith(b"\n") or not waits(trace, program) \
                or waits_for(trace, program) == "for the keyboard only" or any(trace.of("unaccepted", lane=program)):
            continue
        if not any(event.at >= came[-1].at for event in trace.of("data", "fin", "reset", lane=program)):
            return True
    return False


@mistake("C12", "Sending to a client that does not read waits, and all the others wait with it.")
def _(trace: Trace) -> bool:
    return _one_holds_up_all(trace) and not any(trace.of("signal"))


@mistake("C13", "Sending to a client that does not read waits, and everybody waits with it.")
def _(trace: Trace) -> bool:
    return _one_holds_up_all(trace)


@mistake("C21", "The program listens and never calls accept(). Connections are made by the kernel, and "
                "wait in its queue.")
def _(trace: Trace) -> bool:
    return any(not any(trace.of("data", "screen", lane=event.lane)) for event in trace.of("unaccepted"))


@mistake("C23", "Ctrl-C did not end the program: KeyboardInterrupt comes in the main thread, and only when "
                "that gets to run Python code; and other threads keep a program alive, unless they are "
                "daemons.")
def _(trace: Trace) -> bool:
    return any(trace.of("signal")) and all(runs(trace, event.lane) for event in trace.of("signal"))


@mistake("C27", "A silence was taken for the end. That recv() timed out says nothing about the connection: "
                "the other side just has nothing to say.")
def _(trace: Trace) -> bool:
    for ending in trace.of("fin", "reset"):
        if ending.lane not in programs(trace):
            continue
        before = [event for event in trace.events if event.at < ending.at and event.kind in CROSSING + ("typed",)
                  and {ending.lane, ending.to} & {event.lane, event.to}]
        said = trace.bytes_of("data", lane=ending.to).splitlines()
        over = any(event.kind in ("fin", "reset") and event.lane == ending.to for event in before)
        left = not runs(trace, ending.lane) and not any(trace.of("connect", lane=ending.lane))     # a server's end
        # In a silence that the test declared: any other may be this machine's.
        silent = before and any(before[-1].at <= event.at < ending.at for event in trace.of("quiet"))
        if silent and not over and b"bye" not in said and not left:
            return True
    return False


# How a connection ends --------------------------------------------------------------------------------------


@mistake("C04", "After the other side has closed, recv() returns b'' at once, every time. The program went "
                "on asking.")
def _(trace: Trace) -> bool:
    for program in programs(trace):
        ends = [event.at for event in trace.of("fin", "reset", to=program)]
        spins = [event.at for event in trace.of("cpu", lane=program) if event.value >= SPIN]
        if ends and spins and min(ends) < max(spins) and runs(trace, program):
            # Who writes without end has another trouble than the end of a connection.
            return sum(len(event.data) for event in trace.of("screen", lane=program) if event.at > min(ends)) < 1 << 12
    return False


@mistake("C05", "The port of a connection that the server closed first stays in TIME-WAIT for a minute. "
                "Without SO_REUSEADDR it cannot be bound again meanwhile.",
         by_error=True)
def _(trace: Trace) -> bool:
    text = trace.text_of("stderr") + trace.text_of("screen")
    return any(trace.of("time-wait")) and ("already in use" in text or "Errno 98" in text)


@mistake("C07", "The end of the client's direction was taken for the end of all. What it had sent before was still "
                "to be answered.")
def _(trace: Trace) -> bool:
    for program, pieces in streams(trace):
        client = pieces[-1].lane
        said, back = b"".join(piece.data for piece in pieces), trace.bytes_of("data", lane=program, to=client)
        if any(trace.of("fin", lane=client)) and any(trace.of("fin", "reset", lane=program, to=client)) \
                and len(back) < len(said) and said.startswith(back):
            return True
    return False


@mistake("C08", "A reset by the other side makes recv() raise ConnectionResetError, and nobody caught it.",
         by_error=True)
def _(trace: Trace) -> bool:
    return any(trace.of("reset")) and raised(trace, "ConnectionResetError", sending=False)


@mistake("C09", "A connection may be dead before accept() returns it. Then getpeername() and its like "
                "raise OSError, which nobody caught.",
         by_error=True)
def _(trace: Trace) -> bool:
    return any(trace.of("reset")) and any(each.error.startswith("OSError: [Errno 107]") or "peername" in each.code
                                          for each in tracebacks(trace))


@mistake("C10", "Sending to somebody who has gone raises BrokenPipeError or ConnectionResetError, and "
                "nobody caught it.",
         by_error=True)
def _(trace: Trace) -> bool:
    return raised(trace, "BrokenPipeError", "ConnectionResetError", "ConnectionAbortedError", sending=True)


@mistake("C15", "The sockets of those who have left were never closed. Each one keeps a file descriptor, "
                "and they run out.",
         by_error=True)
def _(trace: Trace) -> bool:
    return any(trace.of("descriptors")) or raised(trace, "OSError: [Errno 24]")


@mistake("C18", "The connection was closed while bytes from the other side were unread. Then the kernel "
                "sends a reset in place of an orderly end.")
def _(trace: Trace) -> bool:
    for ending in trace.of("reset"):
        if ending.lane not in programs(trace) or not runs(trace, ending.lane):
            continue
        said = trace.bytes_of("data", lane=ending.to, to=ending.lane)
        answers = trace.bytes_of("data", lane=ending.lane, to=ending.to)
        if answers.endswith(b"^^^\n") and b"bye\n" in said and said.rpartition(b"bye\n")[2]:
            return True
        if b"\nq\n" in said and said.rpartition(b"\nq\n")[2]:
            return True
    return False


# Addresses --------------------------------------------------------------------------------------------------


@mistake("C19", "A port is a number from 0 to 65535. Beyond, connect() and bind() raise OverflowError, which is no "
                "OSError; and who looks the port up first gets it modulo 65536.",
         by_error=True)
def _(trace: Trace) -> bool:
    return raised(trace, "OverflowError") or any(event.text == "port 23352" for event in trace.of("listens on"))


@mistake("C20", "The server listens on every network that this machine is in, not on the address that it "
                "was given.")
def _(trace: Trace) -> bool:
    return any(event.text in ("0.0.0.0", "::") for event in trace.of("listens on"))


# Frames ------------------------------------------------------------------------------------------------------


@mistake("C26", "The four bytes of a length were not in network order, which is the most significant byte first.",
         by_error=True)
def _(trace: Trace) -> bool:
    for program in programs(trace):
        for receiver in {event.to for event in trace.of("data", lane=program)}:
            frame = trace.bytes_of("data", lane=program, to=receiver)
            little, big = (int.from_bytes(frame[:4], order) for order in ("little", "big"))
            if len(frame) > 4 and little == len(frame) - 4 < big:
                return True
    for _, pieces in to_functions(trace):      # or it said itself what it took the length for
        length = int.from_bytes(pieces[0].data[:4], "little")
        if length > 1 << 16 and str(length) in trace.text_of("stderr"):
            return True
    return False


@mistake("C26", "A length was believed, as large as it was. Four bytes from a stranger can then have a program "
                "wait for 4 GB, and keep them.",
         seen_in="limit")
def _(trace: Trace) -> bool:
    for program, pieces in to_functions(trace):
        length = int.from_bytes(pieces[-1].data[:4], "big")
        answers = [event for event in trace.of("result", lane=program) if event.at >= pieces[-1].at]
        if length > 1 << 16 and len(pieces[-1].data) >= 4 and not answers and waits(trace, program):
            return True
    return False


# A room for many --------------------------------------------------------------------------------------------


@mistake("C14", "A set or dict was changed while a loop ran over it.",
         by_error=True)
def _(trace: Trace) -> bool:
    return any("changed size during iteration" in each.error for each in tracebacks(trace))


@mistake("C17", "A name was taken as it came. A name with spaces, or with a colon in it, can look like a "
                "message of somebody else.")
def _(trace: Trace) -> bool:
    told = trace.text_of("data", lane=next(iter(programs(trace)), ""))
    names = re.findall(r"^\* (.*) joined$", told, re.MULTILINE)
    return any(not name.isalnum() for name in names)


@mistake("C25", "Lines got into each other: several threads write to one socket, and each line in more "
                "than one piece.")
def _(trace: Trace) -> bool:
    program = next(iter(programs(trace)), "")
    texts = {(event.lane, line) for event in trace.of("data", to=program) for line in event.data.splitlines()}
    whole = {f"{lane}: ".encode() + line for lane, line in texts}
    speakers = {f"{lane}: ".encode() for lane, _ in texts}
    for receiver in {event.to for event in trace.of("data", lane=program)}:
        for line in trace.bytes_of("data", lane=program, to=receiver).split(b"\n")[:-1]:
            heads = sum(line.count(head) for head in (*speakers, b"* "))
            if line not in whole and (heads > 1 or line in speakers or line in {text for _, text in texts}):
                return True
    return False
