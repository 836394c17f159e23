"""Hostile: tries to reach the network outside, and to listen on other addresses, and prints what happened."""
import argparse
import socket


def first_line(port):
    """Behave like a chat server, until the first line comes. Returns the client's connection."""
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        connection, _ = listener.accept()
        print("* client joined", flush=True)
        data = b""
        while b"\n" not in data:
            try:
                piece = connection.recv(4096)
            except OSError:
                break
            if not piece:
                break
            data += piece
        else:
            print(data.split(b"\n")[0].decode("utf-8", "replace"), flush=True)
            return connection
        connection.close()
        print("* client left", flush=True)


def port_from_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    return parser.parse_known_args()[0].port


OUTSIDE = ("192.0.2.1", 80)                   # TEST-NET-1: nobody has this address


def attempt(what, action):
    try:
        print("NETWORK", what, "succeeded:", action(), flush=True)
    except OSError as error:
        print("NETWORK", what, "failed:", error, flush=True)


def tcp():
    with socket.create_connection(OUTSIDE, timeout=0.2) as connection:
        return connection.getpeername()


def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(0.2)
        sender.connect(OUTSIDE)
        sender.send(b"hello")
        return sender.getsockname()


def listen(address):
    with socket.create_server((address, 0)) as listener:
        return listener.getsockname()


def attack():
    attempt("tcp", tcp)
    attempt("udp", udp)
    for address in ("127.0.0.2", "0.0.0.0"):
        attempt(f"listen on {address}", lambda: listen(address))
    print("END OF NETWORK", flush=True)


if __name__ == "__main__":
    client = first_line(port_from_options())
    attack()
