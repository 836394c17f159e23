"""An echo server with the classes of socketserver."""
import argparse
import socket
import socketserver
import sys
import time

DRAIN_SECONDS = 2.0


class EchoHandler(socketserver.StreamRequestHandler):
    """Serves one client; rfile is a buffered file, and wfile.write() is sendall()."""

    def handle(self):
        try:
            for line in self.rfile:
                if line == b"q\n":
                    self.part()
                    break
                if line.endswith(b"\n"):
                    self.wfile.write(line)
        except OSError:
            pass

    def part(self):
        self.connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            self.connection.settimeout(left)
            if not self.connection.recv(65536):
                break


class EchoServer(socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 128


def run(server_class):
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12345)
    options = parser.parse_args()
    if ":" in options.host:
        server_class.address_family = socket.AF_INET6
    try:
        server = server_class((options.host, options.port), EchoHandler)
    except (OSError, OverflowError) as error:
        sys.exit(f"{sys.argv[0]}: cannot listen on {options.host} port {options.port}: {error}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


if __name__ == "__main__":
    run(EchoServer)
