"""Calls run() of the thread instead of start(), so it serves only one client at a time."""
import argparse
import queue
import socket
import threading

from chat_server import listen
from protocol import BYE, lines, part, send_line

REFUSED = "* name refused"
BACKLOG = 1000

clients = {}                  # name -> Client, for all in the room
lock = threading.Lock()


class Client:
    """One connection, with a queue of the lines that wait to be sent to it, and a thread that sends them."""

    def __init__(self, connection):
        self.connection = connection
        self.name = None
        self.outbox = queue.Queue(BACKLOG)
        self.writer = threading.Thread(target=self.write, daemon=True)
        self.writer.start()

    def write(self):
        try:
            while True:
                line = self.outbox.get()
                if line is None:
                    return
                send_line(self.connection, line)
        except OSError:
            pass

    def tell(self, line):
        try:
            self.outbox.put_nowait(line)
        except queue.Full:                    # too slow: out
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def tell_all(line, sender=None):
    """Tell everybody in the room, except the sender. Call it with the lock."""
    for client in clients.values():
        if client is not sender:
            client.tell(line)


def join(client, name):
    """Let a client in, if the name is good and free."""
    with lock:
        if not name.isalnum() or len(name) > 16 or name in clients:
            return False
        client.name = name
        clients[name] = client
        tell_all(f"* {name} joined")
        return True


def leave(client):
    """The client has gone."""
    with lock:
        del clients[client.name]
        tell_all(f"* {client.name} left")


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
                client.tell(REFUSED)
        else:
            with lock:
                tell_all(f"{client.name}: {line}", client)
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
            thread = threading.Thread(target=visit, args=[connection], daemon=True)
            thread.run()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
