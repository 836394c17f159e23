"""Sends to everybody in turn with sendall() under the lock, so a client that does not read blocks all."""
import argparse
import contextlib
import threading

from chat_server import listen
from protocol import BYE, lines, part, send_line

REFUSED = "* name refused"

clients = {}                  # name -> connection, for all in the room
lock = threading.Lock()


def tell_all(line, sender=None):
    """Tell everybody in the room, except the sender. Call it with the lock."""
    for name, connection in clients.items():
        if name != sender:
            with contextlib.suppress(OSError):
                send_line(connection, line)


def join(connection, name):
    """Let a client in, if the name is good and free."""
    with lock:
        if not name.isalnum() or len(name) > 16 or name in clients:
            return False
        clients[name] = connection
        tell_all(f"* {name} joined")
        return True


def leave(name):
    """The client has gone."""
    with lock:
        del clients[name]
        tell_all(f"* {name} left")


def visit(connection):
    """Serve one client."""
    name = None
    for line in lines(connection):
        if line == BYE:
            if name:
                leave(name)
                name = None
            part(connection)
            break
        if name:
            with lock:
                tell_all(f"{name}: {line}", name)
        elif join(connection, line):
            name = line
        else:
            with contextlib.suppress(OSError):
                send_line(connection, REFUSED)
    if name:
        leave(name)
    connection.close()


def main():
    parser = argparse.ArgumentParser(description="A chat room for many.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=12345, type=int, help="port to listen on")
    arguments = parser.parse_args()

    listener = listen(arguments.host, arguments.port)
    try:
        while True:
            connection, address = listener.accept()
            threading.Thread(target=visit, args=[connection], daemon=True).start()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
