"""Takes a timeout of recv() for the end: TimeoutError is an OSError too."""
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


def replies(connection):
    """Yield each reply, until the server has gone."""
    buffer = b""
    while True:
        try:
            data = connection.recv(4096)
        except OSError:
            return
        if not data:
            return
        buffer += data
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            yield line.decode("utf-8", errors="replace")


def talk(connection):
    """Talk with the server until "q" or the end of the input. False if the server has gone."""
    answers = replies(connection)
    for line in sys.stdin:
        text = line.removesuffix("\n")
        if text == QUIT:
            break
        try:
            connection.sendall(line.encode() if line.endswith("\n") else f"{line}\n".encode())
        except OSError:
            return False
        answer = next(answers, None)
        if answer is None:
            return False
        print(answer, flush=True)
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
