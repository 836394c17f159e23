"""A UDP server made with socketserver: rfile is the datagram, and what is written to wfile goes back."""
import argparse
import socketserver
import sys


class Echo(socketserver.DatagramRequestHandler):
    """One for each datagram, be it empty."""

    def handle(self):
        message = self.rfile.read()
        print(f"[{self.client_address[0]}:{self.client_address[1]}] {message.decode('utf-8', 'replace')}", flush=True)
        self.wfile.write(message)


class Server(socketserver.UDPServer):
    max_packet_size = 65507               # by itself 8192, and the rest would be lost
    allow_reuse_address = False           # or else a second one could take the datagrams


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    args = parser.parse_args()
    try:
        server = Server((args.host, args.port), Echo)
    except (OSError, OverflowError) as error:
        sys.exit(f"no server on {args.host}:{args.port}: {error}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
