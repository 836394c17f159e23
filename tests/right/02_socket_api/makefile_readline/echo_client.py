"""The client with files: select() does the waiting, since a file that has timed out once is of no use any more."""
import argparse
import io
import select
import socket
import sys
import time

SILENT = "* no reply yet"
GONE = "* server gone"


def whole_line(connection, reader, pending, timeout):
    """Return the next line with its newline, or b""."""
    deadline = time.monotonic() + timeout
    told = False
    while not (newline := pending.getvalue().find(b"\n") + 1):
        wait = None if told else max(0.0, deadline - time.monotonic())
        if not select.select([connection], [], [], wait)[0]:
            print(SILENT, flush=True)
            told = True
            continue
        piece = reader.read1(8192)              # what is there, in one recv()
        if not piece:
            return b""
        pending.write(piece)
    everything = pending.getvalue()
    pending.seek(0)
    pending.truncate()
    pending.write(everything[newline:])
    return everything[:newline]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    parser.add_argument("--timeout", type=float, default=5.0)
    options = parser.parse_args()
    connection = socket.socket()
    try:
        connection.connect((options.host, options.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot connect to {options.host} port {options.port}: {error}")

    reader = connection.makefile("rb")
    writer = connection.makefile("w", encoding="utf-8", errors="replace", newline="\n")
    pending = io.BytesIO()
    try:
        while (typed := sys.stdin.readline()) and typed != "q" and typed != "q\n":
            print(typed.removesuffix("\n"), file=writer, flush=True)
            line = whole_line(connection, reader, pending, options.timeout)
            if not line:
                raise ConnectionError
            print("reply: " + line[:-1].decode("utf-8", "replace"), flush=True)
        print("q", file=writer, flush=True)
    except OSError:
        print(GONE, flush=True)
        return 1
    try:
        reader.read()                           # until the server's end
    except OSError:
        pass
    connection.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
