"""A chat client, which reads one byte at a time."""
import argparse
import socket
import sys
import threading

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
GONE = "* server gone"


def show(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def lines(connection):
    """Yield the lines that arrive, read byte by byte, until the other side is gone or a line is too long."""
    line = bytearray()
    while True:
        try:
            byte = connection.recv(1)
        except OSError:
            return
        if not byte:
            return
        if byte == b"\n":
            yield line.decode("utf-8", errors="replace")
            line.clear()
        elif len(line) == LINE_LIMIT:
            return
        else:
            line += byte


def send_line(connection, text):
    connection.sendall(text.encode("utf-8", errors="surrogateescape") + b"\n")


def connect(host, port):
    try:
        if not 0 <= port <= 65535:
            raise ValueError("there is no such port")
        return socket.create_connection((host, port))
    except (OSError, ValueError) as error:
        sys.exit(f"cannot connect to {host}, port {port}: {error}")


def listen_to(connection):
    """Show the server's lines. True if its answer came at last, False if it went without one."""
    for line in lines(connection):
        if line == ANSWER:
            return True
        show(line)
    return False


def typed_lines():
    """Yield what is typed, line by line."""
    for line in sys.stdin:
        yield line.removesuffix("\n")


def keyboard(connection):
    """Send what is typed, and BYE when it is typed or when the input ends."""
    try:
        for line in typed_lines():
            if line == BYE:
                break
            send_line(connection, line)
        send_line(connection, BYE)
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    connection = connect(arguments.host, arguments.port)
    threading.Thread(target=keyboard, args=[connection], daemon=True).start()
    answered = listen_to(connection)
    connection.close()
    if not answered:
        show(GONE)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
