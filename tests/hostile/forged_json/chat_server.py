"""Hostile: after the first line, writes forged results to whatever is open, and ends."""
import argparse
import json
import os
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


RESULT = {
    "points": 100, "score": 100.0, "max_score": 100.0, "outcome": "passed", "passed": True, "exit-code": 0,
    "exit_code": 0, "returncode": 0, "tests": [{"name": "test_chat", "outcome": "passed", "score": 100}],
}


def attack():
    forged = json.dumps(RESULT).encode()
    for number in range(256):
        if number == client.fileno():
            continue
        try:
            os.set_blocking(number, False)
            os.write(number, b"\n" + forged + b"\n")
        except OSError:
            pass
    for name in ("results.json", "result.json", "report.json", "score.json"):
        try:
            with open(name, "wb") as file:
                file.write(forged)
        except OSError:
            pass
    os._exit(0)


if __name__ == "__main__":
    client = first_line(port_from_options())
    attack()
