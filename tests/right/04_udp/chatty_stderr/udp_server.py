"""A UDP server, which logs what happens to stderr."""
import argparse
import logging
import socket
import sys
import warnings


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    args = parser.parse_args()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind((args.host, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_server.py: {args.host}:{args.port}: {error}")
    logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(levelname)s udp_server: %(message)s")
    warnings.warn("this program is still being worked on", stacklevel=1)
    logging.info("listening on %s", sock.getsockname())
    try:
        while True:
            data, (host, port) = sock.recvfrom(65535)
            logging.debug("%d bytes from %s:%d: %.60r", len(data), host, port, data)
            print(f"[{host}:{port}] {data.decode('utf-8', 'replace')}", flush=True)
            sent = sock.sendto(data, (host, port))
            logging.debug("%d bytes to %s:%d", sent, host, port)
    except KeyboardInterrupt:
        logging.info("the end")


if __name__ == "__main__":
    main()
