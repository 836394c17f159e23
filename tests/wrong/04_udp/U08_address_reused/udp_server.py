"""Sets allow_reuse_address, as with TCP: a second server gets the same port, and takes the first one's datagrams."""
import argparse
import socketserver
import sys


class Handler(socketserver.BaseRequestHandler):
    """One datagram."""

    def handle(self):
        message, sock = self.request
        address, port = self.client_address
        print(f"[{address}:{port}] {message.decode('utf-8', errors='replace')}", flush=True)
        sock.sendto(message, self.client_address)


class Server(socketserver.UDPServer):
    max_packet_size = 65507
    allow_reuse_address = True        # so that it can start again at once


def bind(host, port):
    try:
        return Server((host, port), Handler)
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_server.py: cannot receive on {host}, port {port}: {error}")


def serve(server):
    server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    arguments = parser.parse_args()

    with bind(arguments.host, arguments.port) as server:
        try:
            serve(server)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
