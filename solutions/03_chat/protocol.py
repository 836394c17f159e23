"""What the two halves of the chat agree on: how bytes become lines, and how to part.

Both directions carry lines of UTF-8 text. A line ends with one newline byte, b"\\n", which is not part
of its text, and has at most LINE_LIMIT bytes in front of that newline.

A client that wants to leave sends the line BYE, and nothing but these three letters means it: "goodbye"
and "bye bye" are lines like any other. The server answers with the line ANSWER and closes.

No check tries this file by itself. For the first check write TODO 1 here and TODO 1 to 3 of chat_server.py; for the
second one TODO 4 there and TODO 2 here.
"""
import socket
import time
from collections.abc import Iterator

LINE_LIMIT = 4096
BYE = "bye"
ANSWER = "^^^"
DRAIN_SECONDS = 2.0


def lines(connection: socket.socket) -> Iterator[str]:
    """Yield each line that arrives on the connection, without its newline, as soon as it is whole.

    recv() returns whatever bytes are there: a piece of a line, several lines in one piece, even half of a
    character. So keep the bytes until a newline has come, and only then make text of them. Bytes that are
    not UTF-8 become "\\N{REPLACEMENT CHARACTER}" (errors="replace"): a strange byte must not end the chat.

    It is over, and this function returns, when the other side

      * has closed the connection: recv() returns b"", every time from then on. An unfinished line is dropped;
      * has reset it: recv() raises ConnectionResetError;
      * has sent a line of more than LINE_LIMIT bytes, or so many without a newline. Who waits for a newline
        that never comes would fill the memory of this machine.
    """
    ### BEGIN SOLUTION 1: yield the lines that arrive on the connection
    pending = b""
    while True:
        try:
            piece = connection.recv(4096)
        except OSError:                       # reset, or shut down by another thread of ours
            return
        if not piece:
            return
        *whole, pending = (pending + piece).split(b"\n")
        for line in whole:
            if len(line) > LINE_LIMIT:
                return
            yield line.decode("utf-8", errors="replace")
        if len(pending) > LINE_LIMIT:
            return
    ### END SOLUTION 1


def send_line(connection: socket.socket, text: str) -> None:
    """Send one line, whole: the text in UTF-8, and its newline.

    send() may take only a part of the bytes and tells how many it took; sendall() goes on until all are sent.
    Raises OSError when the other side has gone.
    """
    ### BEGIN SOLUTION 2: send one line, all of it
    connection.sendall(f"{text}\n".encode("utf-8", errors="replace"))    # a keyboard can produce odd characters
    ### END SOLUTION 2


def part(connection: socket.socket) -> None:
    """Answer BYE with ANSWER, and end the connection so that the answer arrives.

    The client may have sent more behind its "bye". If bytes are unread when a socket is closed, the kernel
    sends a reset in place of an orderly end (RFC 2525, 2.17), and a reset can overtake the answer. So: send
    the answer, call shutdown(socket.SHUT_WR) to say that it was the last, then read and drop what still
    comes, until the client's end or for DRAIN_SECONDS in all. A client that has gone without waiting for
    the answer is no error.

    A timeout on the socket is for each recv() alone: note time.monotonic() at the start, and before each recv()
    set what is left.

    The caller closes the connection afterwards, and reads no more from it.
    """
    ### BEGIN SOLUTION 3: answer bye, and part in good order
    try:
        send_line(connection, ANSWER)
        connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                break
    except OSError:                           # timed out, or gone
        pass
    ### END SOLUTION 3
