"""Leaves socketserver.UDPServer's max_packet_size as it is: of a datagram of more than 8,192 bytes the rest is lost."""
import argparse
import socketserver
import sys


class Echo(socketserver.BaseRequestHandler):
    """One for each datagram."""

    def handle(self):
        data, sock = self.request
        host, port = self.client_address
        print(f"[{host}:{port}] {data.decode('utf-8', errors='replace')}", flush=True)
        sock.sendto(data, self.client_address)


def main():
    parser = argparse.ArgumentParser(description="Shows each datagram, and sends it back.")
    parser.add_argument("--host", default="127.0.0.1", help="address to receive on")
    parser.add_argument("--port", default=12345, type=int, help="port to receive on")
    args = parser.parse_args()

    try:
        server = socketserver.UDPServer((args.host, args.port), Echo)
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_server.py: cannot receive on {args.host}, port {args.port}: {error}")
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
