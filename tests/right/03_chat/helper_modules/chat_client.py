"""A chat client, put together from its modules."""
import sys
import threading

from limits import ANSWER, BYE, GONE
from screen import show, typed_lines
from sockets import connect, options
from wire import lines, send_line


def listen_to(connection):
    """Show the server's lines. True if its answer came at last, False if it went without one."""
    for line in lines(connection):
        if line == ANSWER:
            return True
        show(line)
    return False


def keyboard(connection):
    """Send what is typed, and BYE when it is typed or when the input ends."""
    try:
        for line in typed_lines():
            if line == BYE:
                break
            send_line(connection, line)
        send_line(connection, BYE)
    except OSError:
        pass


def main():
    connection = connect(*options())
    threading.Thread(target=keyboard, args=[connection], daemon=True).start()
    answered = listen_to(connection)
    connection.close()
    if not answered:
        show(GONE)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
