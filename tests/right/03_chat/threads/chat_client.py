"""A chat client of three threads: one reads the keyboard, one reads the network, and main() waits for what happens."""
import argparse
import queue
import socket
import sys
import threading

LINE_LIMIT = 4096


def read_network(connection, happenings):
    data = b""
    try:
        while len(data) <= LINE_LIMIT:
            more = connection.recv(2048)
            if more == b"":
                return
            data += more
            while b"\n" in data:
                line, data = data.split(b"\n", 1)
                if len(line) > LINE_LIMIT:
                    return
                happenings.put(line)
    except OSError:
        pass
    finally:
        happenings.put(None)


def read_keyboard(connection):
    stdin = sys.stdin             # kept here, Python cannot try to close it at its end, while this thread reads
    try:
        while line := stdin.buffer.readline():
            if line in (b"bye", b"bye\n"):
                break
            connection.sendall(line if line.endswith(b"\n") else line + b"\n")
        connection.sendall(b"bye\n")
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    options = parser.parse_args()
    if not 0 <= options.port < 65536:
        print(f"There is no port {options.port}", file=sys.stderr)
        return 1
    try:
        connection = socket.create_connection((options.host, options.port))
    except (OSError, ValueError) as problem:
        print(f"Cannot connect to port {options.port} of {options.host}: {problem}", file=sys.stderr)
        return 1
    happenings = queue.Queue(100)
    threading.Thread(target=read_network, args=(connection, happenings), daemon=True).start()
    threading.Thread(target=read_keyboard, args=(connection,), daemon=True).start()
    while (line := happenings.get()) != b"^^^":
        if line is None:
            print("* server gone", flush=True)
            return 1
        print(line.decode(errors="replace"), flush=True)
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
