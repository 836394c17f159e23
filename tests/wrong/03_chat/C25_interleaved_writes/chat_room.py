"""Writes a line in two parts without a lock, so lines of several threads get into each other."""
import argparse
import queue
import socket
import threading
import time

from chat_server import listen
from protocol import BYE, lines, part

REFUSED = "* name refused"
BACKLOG = 1000

clients = {}                  # name -> Client, for all in the room
lock = threading.Lock()


class Client:
    """One connection, with a queue of the text that waits to be sent to it, and a thread that sends it."""

    def __init__(self, connection):
        self.connection = connection
        self.name = None
        self.outbox = queue.Queue(2 * BACKLOG)
        self.writer = threading.Thread(target=self.write, daemon=True)
        self.writer.start()

    def write(self):
        try:
            while True:
                text = self.outbox.get()
                if text is None:
                    return
                self.connection.sendall(text.encode("utf-8"))
        except OSError:
            pass

    def tell(self, text):
        try:
            self.outbox.put_nowait(text)
        except queue.Full:                    # too slow: out
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def tell_all(who, line, sender=None):
    """Tell everybody in the room, except the sender: first who it is, then the line."""
    for client in list(clients.values()):
        if client is not sender:
            client.tell(who)
            time.sleep(0.001)
            client.tell(line + "\n")


def join(client, name):
    """Let a client in, if the name is good and free."""
    with lock:
        if not name.isalnum() or len(name) > 16 or name in clients:
            return False
        client.name = name
        clients[name] = client
    tell_all("* ", f"{name} joined")
    return True


def leave(client):
    """The client has gone."""
    with lock:
        del clients[client.name]
    tell_all("* ", f"{client.name} left")


def visit(connection):
    """Serve one client."""
    client = Client(connection)
    for line in lines(connection):
        if line == BYE:
            client.tell(None)
            client.writer.join()
            part(connection)
            break
        if client.name is None:
            if not join(client, line):
                client.tell(REFUSED + "\n")
        else:
            tell_all(f"{client.name}: ", line, client)
    if client.name:
        leave(client)
    client.tell(None)
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
