"""A server on UDP: it shows each datagram, and sends the same bytes back to whoever sent it.

Try it by hand first: this in one terminal, udp_client.py in a second one and a third one.

    python udp_server.py --port 12345

What it does

  In           Each datagram is one message, and is shown (stdout), at once, on a line of its own: "[ADDRESS:PORT]
               TEXT", with the address and port of its sender. The text is UTF-8; bytes that are not are shown as
               "�": decode() can do that by itself. An empty datagram is a message like any other, with an empty text.
               A newline in it (nc sends one at the end) is shown as a space: what comes behind it must not look like
               another sender's line.
  Out          The same bytes go back, in one datagram, to the address and port that they came from.
  Whole        A datagram may have up to 65,507 bytes: what does not fit into the buffer of recvfrom() is lost.
  Many         clients may talk at once. There are no connections, so there is nothing to accept and nobody to wait
               for: each datagram brings its sender's address with it.
  The end      On Ctrl-C the program ends quietly: exit code 0, no traceback. It does not read its stdin.
  No such port One clear line on stderr, and exit code 1: a port above 65535, or one that another program has.
"""
import argparse
import contextlib
import socket
import sys

LARGEST = 65_507                # bytes: 65,535 of an IPv4 packet, less 20 of its header and 8 of UDP's


def bind(host: str, port: int) -> socket.socket:
    """Return a UDP socket that receives on this host and port.

    There is no TIME-WAIT in UDP, so nothing stands in the way of starting again. SO_REUSEADDR has another meaning here:
    it lets a second program have the same port, and that one then gets the datagrams. Leave it out, and bind() raises
    OSError where the port is taken, or OverflowError where there is no such port: sys.exit() with one line.

    (macOS sends no more than 9,216 bytes in one datagram, until setsockopt() gives SO_SNDBUF more room.)
    """
    ### BEGIN SOLUTION 1: make the socket that receives
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        receiver.bind((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_server.py: cannot receive on {host}, port {port}: {error}")
    with contextlib.suppress(OSError):        # macOS sends no more than 9,216 bytes unless it is asked to
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
    return receiver
    ### END SOLUTION 1


def serve(receiver: socket.socket) -> None:
    """Show each datagram that comes, and send its bytes back, for ever.

    recvfrom(n) returns one datagram and its sender's address, never two and never half of one; but of a datagram of
    more than n bytes the rest is thrown away. On Windows it raises ConnectionResetError if an earlier answer found
    nobody; the server goes on.
    """
    ### BEGIN SOLUTION 2: show each datagram, and send it back
    while True:
        try:
            message, (address, port) = receiver.recvfrom(LARGEST)
            text = message.decode("utf-8", errors="replace").replace("\n", " ")
            print(f"[{address}:{port}] {text}", flush=True)
            receiver.sendto(message, (address, port))
        except OSError:
            continue
    ### END SOLUTION 2


def main() -> None:
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    arguments = parser.parse_args()

    with contextlib.suppress(KeyboardInterrupt), bind(arguments.host, arguments.port) as receiver:
        serve(receiver)


if __name__ == "__main__":
    main()
