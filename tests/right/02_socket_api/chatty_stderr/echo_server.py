"""An echo server that logs to stderr what happens."""
import argparse
import logging
import socket
import sys
import time

DRAIN_SECONDS = 2.0
log = logging.getLogger("echo_server")


def listen(host, port):
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        sys.exit(f"echo_server.py: cannot listen on {host} port {port}: {error}")


def serve(listener):
    log.info("listening on %s port %d", *listener.getsockname()[:2])
    number = 0
    while True:
        connection, address = listener.accept()
        number += 1
        log.info("client %d comes from %s", number, address)
        try:
            with connection:
                converse(connection)
        except OSError as error:
            log.warning("client %d is lost: %s", number, error)
        else:
            log.info("client %d has left", number)


def converse(connection):
    pending = b""
    while piece := connection.recv(65536):
        log.debug("received %d bytes: %.40r", len(piece), piece)
        pending += piece
        while b"\n" in pending:
            line, _, pending = pending.partition(b"\n")
            if line == b"q":
                log.debug("it says q")
                return part(connection)
            connection.sendall(line + b"\n")
            log.debug("sent %d bytes", len(line) + 1)
    log.debug("end, with %d bytes of no line", len(pending))


def part(connection):
    connection.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + DRAIN_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        dropped = connection.recv(65536)
        if not dropped:
            return
        log.debug("dropped %d bytes", len(dropped))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    options = parser.parse_args()
    with listen(options.host, options.port) as listener:
        serve(listener)


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(levelname)s %(message)s")
    try:
        main()
    except KeyboardInterrupt:
        log.info("stopped")
