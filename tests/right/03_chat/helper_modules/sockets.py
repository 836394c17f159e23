"""How a connection begins and ends."""
import argparse
import socket
import sys


def options():
    """Return the host and the port from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    arguments = parser.parse_args()
    return arguments.host, arguments.port


def listen(host, port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"cannot listen on {host}, port {port}: {error}")
    return listener


def connect(host, port):
    try:
        if not 0 <= port <= 65535:
            raise ValueError("there is no such port")
        return socket.create_connection((host, port))
    except (OSError, ValueError) as error:
        sys.exit(f"cannot connect to {host}, port {port}: {error}")


def hang_up(connection):
    """Wake whoever waits for this connection, for reading or for writing."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
