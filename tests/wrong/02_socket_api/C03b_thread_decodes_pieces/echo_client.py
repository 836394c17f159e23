"""A thread makes text of each piece that recv() brings, before the line is whole: a cut character is lost."""
import argparse
import queue
import socket
import sys
import threading

SILENT = "* no reply yet"
GONE = "* server gone"


def receive(connection, replies):
    """Put each line that arrives into the queue, and None at the end."""
    text = ""
    while True:
        try:
            data = connection.recv(4096)
        except OSError:
            break
        if not data:
            break
        text += data.decode("utf-8", "replace")
        *lines, text = text.split("\n")
        for line in lines:
            replies.put(line)
    replies.put(None)


def wait_for(replies, timeout):
    try:
        return replies.get(timeout=timeout)
    except queue.Empty:
        print(SILENT, flush=True)
        return replies.get()


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
        print(f"No connection to {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1

    replies = queue.Queue()
    threading.Thread(target=receive, args=(connection, replies), daemon=True).start()
    try:
        for line in sys.stdin:
            line = line.rstrip("\n")
            if line == "q":
                break
            connection.sendall(line.encode("utf-8", "replace") + b"\n")
            reply = wait_for(replies, options.timeout)
            if reply is None:
                print(GONE, flush=True)
                return 1
            print("<", reply, flush=True)
        connection.sendall(b"q\n")
    except OSError:
        print(GONE, flush=True)
        return 1
    while replies.get() is not None:
        pass
    connection.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
