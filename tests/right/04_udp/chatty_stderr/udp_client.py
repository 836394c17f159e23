"""A UDP client, which logs what happens to stderr."""
import argparse
import logging
import socket
import sys
import time


def ask(sock, number, text, timeout, retries):
    head = b"%d " % number
    datagram = head + text.encode("utf-8", "replace")
    if len(datagram) > 65507:
        logging.warning("%d bytes are too many", len(datagram))
        return "* too long for a datagram"
    for attempt in range(retries + 1):
        logging.info("question %d, attempt %d", number, attempt + 1)
        end = time.monotonic() + timeout
        try:
            sock.send(datagram)
            while (left := end - time.monotonic()) > 0:
                sock.settimeout(left)
                reply = sock.recv(65507)
                logging.debug("received %.60r", reply)
                if reply.startswith(head):
                    return reply[len(head):].decode("utf-8", "replace")
                logging.warning("not the reply to question %d", number)
        except TimeoutError:
            logging.warning("nothing in %.2f seconds", timeout)
        except ConnectionRefusedError as error:
            logging.error("%s", error)
            return "* nobody listens there"
    return "* no reply"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=3, type=int)
    args = parser.parse_args()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.connect((args.host, args.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"udp_client.py: {args.host}:{args.port}: {error}")
    logging.basicConfig(level=logging.DEBUG, format="%(relativeCreated)d %(message)s")
    logging.info("asking %s from %s", sock.getpeername(), sock.getsockname())
    for number, line in enumerate(sys.stdin, 1):
        print(ask(sock, number, line.removesuffix("\n"), args.timeout, args.retries), flush=True)
    logging.info("the end")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
