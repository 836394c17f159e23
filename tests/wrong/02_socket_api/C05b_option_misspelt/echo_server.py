"""Misspells the attribute of socketserver that sets SO_REUSEADDR, so that it is not set: no restart at once."""
import argparse
import socket
import socketserver
import sys
import time

DRAIN_SECONDS = 2.0


def converse(connection):
    pending = b""
    while True:
        data = connection.recv(65536)
        if not data:
            return
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            if line == b"q":
                return part(connection)
            connection.sendall(line + b"\n")


def part(connection):
    connection.shutdown(socket.SHUT_WR)
    end = time.monotonic() + DRAIN_SECONDS
    while (left := end - time.monotonic()) > 0:
        connection.settimeout(left)
        if not connection.recv(65536):
            return


class EchoHandler(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            converse(self.request)
        except OSError:
            pass                # this client is gone


class EchoServer(socketserver.TCPServer):
    allow_reuse_adress = True
    request_queue_size = 100


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    args = parser.parse_args()
    try:
        server = EchoServer((args.host, args.port), EchoHandler)
    except (OSError, OverflowError) as e:
        sys.exit(f"{sys.argv[0]}: cannot listen on {args.host} port {args.port}: {e}")
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
