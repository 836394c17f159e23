"""Forgives a ConnectionResetError only: sending again after the client has gone is a BrokenPipeError, and the end."""
import argparse
import socket
import socketserver
import sys
import time

DRAIN_SECONDS = 2.0


def converse(connection):
    buffer = bytearray()
    while data := connection.recv(65536):
        buffer += data
        while (end := buffer.find(b"\n") + 1) > 0:
            line = bytes(buffer[:end])
            del buffer[:end]
            if line == b"q\n":
                part(connection)
                return
            connection.sendall(line)


def part(connection):
    end = time.monotonic() + DRAIN_SECONDS
    try:
        connection.shutdown(socket.SHUT_WR)
        while (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                return
    except OSError:
        pass


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        converse(self.request)


class Server(socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Called in an except clause: a client that broke off is none of our business, all else is a bug."""
        if not isinstance(sys.exc_info()[1], ConnectionResetError):
            raise


def main():
    parser = argparse.ArgumentParser(description="Echo server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    options = parser.parse_args()
    try:
        server = Server((options.host, options.port), Handler)
    except (OSError, OverflowError) as error:
        print(f"cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()


if __name__ == "__main__":
    sys.exit(main())
