"""The client's half of a chat: it talks with the person at the server's keyboard.

    python chat_client.py --port 12345

What it does

  In           Each line from the server is shown on the screen (stdout), at once, on a line of its own, also while
               nothing is typed here. Something may stand in front of it.
  Out          Each line typed here (stdin) goes to the server.
  bye          To type "bye" is to leave: it is sent, and lines are still shown, until the server's ANSWER
               comes. Then the program closes the connection and ends with exit code 0.
  The end      When the input ends (Ctrl-D) it means the same as "bye".
  Server gone  If the connection ends before the ANSWER came, the program shows GONE and ends, exit code 1.
  Nobody there One clear line on stderr, and exit code 1, when it cannot connect: nobody listens, the name
               is unknown, or there is no such port.
"""
import argparse
import socket
import sys
import threading

from protocol import ANSWER, BYE, lines, send_line

GONE = "* server gone"


def connect(host: str, port: int) -> socket.socket:
    """Return a TCP connection to this host and port.

    Where there can be none, connect() raises OSError, or OverflowError for a port that does not exist: sys.exit()
    with one line that says what was tried and what happened. (socket.create_connection() is no help there: it
    looks the port up first, and that makes 88888 − 65536 = 23352 of 88888.)
    """
    ### BEGIN SOLUTION 1: connect to the server
    connection = socket.socket()
    try:
        connection.connect((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"chat_client.py: cannot connect to {host}, port {port}: {error}")
    return connection
    ### END SOLUTION 1


def show(connection: socket.socket) -> bool:
    """Show the server's lines, each on a line of its own, until its ANSWER comes.

    Returns True after the ANSWER, and False if the connection ended without one.
    """
    ### BEGIN SOLUTION 2: show what the server says
    for line in lines(connection):
        if line == ANSWER:
            return True
        print(line, flush=True)
    return False
    ### END SOLUTION 2


def keyboard(connection: socket.socket) -> None:
    """Send each line that is typed. After BYE, or at the end of the input, which means BYE, send no more.

    It runs in a thread of its own, beside show(). If the server is gone, sending raises OSError: return, for
    show() notices it too, and says so. Read with `for line in sys.stdin`: if a program ends while one of its
    threads is in input(), Python aborts it ("Fatal Python error: _enter_buffered_busy"). Each line of sys.stdin
    comes with its newline, and send_line() adds one: take it off first, line.removesuffix("\\n").
    """
    ### BEGIN SOLUTION 3: send what is typed
    try:
        for line in sys.stdin:
            text = line.removesuffix("\n")
            if text == BYE:
                break
            send_line(connection, text)
        send_line(connection, BYE)
    except OSError:
        pass
    ### END SOLUTION 3


def main() -> None:
    parser = argparse.ArgumentParser(description="The client's half of a chat.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    arguments = parser.parse_args()

    with connect(arguments.host, arguments.port) as connection:
        # A daemon thread does not keep the program alive: it ends with the main thread.
        threading.Thread(target=keyboard, args=[connection], daemon=True).start()
        answered = show(connection)
    if not answered:
        print(GONE, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)                         # ended by Ctrl-C, in the shell's usual number
