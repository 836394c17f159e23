"""A chat server, put together from its modules."""
import threading
import time

from limits import BYE, JOINED, LEFT
from screen import show, typed_lines
from sockets import hang_up, listen, options
from wire import lines, part, send_line

visitor = None                  # the connection of the client that may be written to
sending = threading.Lock()


def serve(listener):
    """Serve one client after the other, for ever."""
    global visitor
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:                       # the client gave up, or too many files are open
            time.sleep(0.05)
            continue
        with connection:
            visitor = connection
            show(JOINED)
            talk(connection)
            visitor = None
            hang_up(connection)               # frees say(), if it waits for this client to read
        show(LEFT)


def talk(connection):
    """Show what the client says, until it leaves."""
    global visitor
    for line in lines(connection):
        if line == BYE:
            visitor = None                    # nothing typed may follow the answer
            with sending:
                part(connection)
            return
        show(line)


def say(line):
    """Send a typed line to whoever is here."""
    if visitor is None:
        return
    with sending:
        connection = visitor
        if connection is None:
            return
        try:
            send_line(connection, line)
        except OSError:
            pass


def main():
    try:
        listener = listen(*options())
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        for line in typed_lines():
            say(line)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
