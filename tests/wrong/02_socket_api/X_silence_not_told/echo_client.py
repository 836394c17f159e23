"""Waits on after a timeout, but does not say that there is no reply yet."""
import argparse
import socket
import sys

QUIT = "q"
SILENT = "* no reply yet"
GONE = "* server gone"


def connect(host, port):
    """Return a connection to the server."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.connect((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot connect to {host}:{port}: {error}")
    return connection


def receive(connection, buffer):
    """Return the next reply, whole, and what came behind it. The reply is None if the server has gone."""
    while b"\n" not in buffer:
        try:
            data = connection.recv(4096)
        except TimeoutError:
            continue
        except OSError:
            return None, b""
        if data == b"":
            return None, b""
        buffer = buffer + data
    line, rest = buffer.split(b"\n", 1)
    return line.decode("utf-8", "replace"), rest


def talk(connection):
    """Talk with the server until "q" or the end of the input. False if the server has gone."""
    buffer = b""
    for line in sys.stdin:
        text = line.rstrip("\n")
        if text == QUIT:
            break
        try:
            connection.sendall(f"{text}\n".encode())
        except OSError:
            return False
        reply, buffer = receive(connection, buffer)
        if reply is None:
            return False
        print(reply, flush=True)
    return leave(connection)


def leave(connection):
    """Say q, and wait until the server has closed."""
    try:
        connection.sendall(f"{QUIT}\n".encode())
    except OSError:
        return False
    connection.settimeout(None)
    try:
        while connection.recv(4096):
            pass
    except OSError:
        pass
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description="Sends what is typed, and shows what comes back.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    parser.add_argument("--timeout", default=5.0, type=float, help="seconds to wait for a reply before saying so")
    arguments = parser.parse_args()

    connection = connect(arguments.host, arguments.port)
    connection.settimeout(arguments.timeout)
    there = talk(connection)
    connection.close()
    if not there:
        print(GONE, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
