"""Goes on reading after part(), which has closed the connection: OSError ends the thread that serves."""
import argparse
import socket
import sys
import threading

from protocol import BYE, lines, part, send_line

JOINED = "* client joined"
LEFT = "* client left"

visitor = None                # the connection of the client that is here
sending = threading.Lock()


def listen(host, port):
    """Return a socket that listens on this host and port."""
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {host}:{port}: {error}")
    return listener


def serve(listener):
    """Talk with one client after the other."""
    global visitor
    while True:
        connection, address = listener.accept()
        visitor = connection
        print(JOINED, flush=True)
        talk(connection)
        visitor = None
        connection.close()
        print(LEFT, flush=True)


def talk(connection):
    """Show what the client says, until it has gone."""
    for line in lines(connection):
        if line == BYE:
            with sending:
                part(connection)
        else:
            print(line, flush=True)


def say(line):
    """Send a typed line to the client, if there is one."""
    connection = visitor
    if connection is None:
        return
    try:
        with sending:
            send_line(connection, line)
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser(description="The server's half of a chat.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    listener = listen(arguments.host, arguments.port)
    threading.Thread(target=serve, args=[listener], daemon=True).start()
    try:
        for line in sys.stdin:
            say(line.removesuffix("\n"))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
