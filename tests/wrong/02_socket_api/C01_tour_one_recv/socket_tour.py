"""Calls recv() once at the end, and closes: what the peer says in pieces is not waited for."""
import argparse
import socket
import sys

TIMEOUT = 0.5                   # seconds
BUFFER = 20000                  # bytes


def tell_addresses(connection: socket.socket) -> None:
    """Print the two ends of the connection, and send the own one to the peer."""
    address, port = connection.getsockname()
    line = f"own {address} {port}"
    print(line, flush=True)
    address, port = connection.getpeername()
    print(f"peer {address} {port}", flush=True)
    connection.sendall((line + "\n").encode())


def tune(connection: socket.socket) -> None:
    """Set three things, and print what they are now."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    connection.settimeout(TIMEOUT)
    print("keepalive", connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), flush=True)
    print("rcvbuf", connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), flush=True)
    print("timeout", connection.gettimeout(), flush=True)


def wait_in_vain(connection: socket.socket) -> None:
    """Call recv() once, for nothing."""
    try:
        connection.recv(1024)
    except TimeoutError:
        print("timed out", flush=True)


def finish(connection: socket.socket) -> None:
    """Close first, and miss nothing."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(None)
    data = connection.recv(1024)
    print(f"received {len(data)} bytes", flush=True)
    connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="A tour of one connection.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    arguments = parser.parse_args()

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        try:
            connection.connect((arguments.host, arguments.port))
        except (OSError, OverflowError) as error:
            sys.exit(f"socket_tour.py: cannot connect to {arguments.host}, port {arguments.port}: {error}")
        tell_addresses(connection)
        tune(connection)
        wait_in_vain(connection)
        finish(connection)


if __name__ == "__main__":
    main()
