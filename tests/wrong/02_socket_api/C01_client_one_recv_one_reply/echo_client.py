"""Takes whatever one recv() returns for one reply."""
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


def receive(connection):
    """Return the reply, or None if the server has gone."""
    told = False
    while True:
        try:
            data = connection.recv(65536)
        except TimeoutError:
            if not told:
                print(SILENT, flush=True)
            told = True
        except OSError:
            return None
        else:
            return data.decode("utf-8", "replace").removesuffix("\n") if data else None


def talk(connection):
    """Talk with the server until "q" or the end of the input. False if the server has gone."""
    for line in sys.stdin:
        text = line.rstrip("\n")
        if text == QUIT:
            break
        try:
            connection.sendall(f"{text}\n".encode())
        except OSError:
            return False
        reply = receive(connection)
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
