"""A chat server of threads and queues for the keyboard, the network, and writing."""
import argparse
import queue
import socket
import sys
import threading
import time

LINE_LIMIT = 4096
DRAIN_SECONDS = 2.0
JOINED = "* client joined"
LEFT = "* client left"
PART = object()
STOP = object()


class Writer(threading.Thread):
    """Writes what is in its queue to the connection. Whatever cannot be written is taken out all the same."""

    def __init__(self, connection):
        super().__init__(daemon=True)
        self.connection = connection
        self.queue = queue.Queue(50)
        self.silent = False

    def run(self):
        while True:
            what = self.queue.get()
            try:
                if what is STOP:
                    return
                if what is PART:
                    self.part()
                elif not self.silent:
                    self.connection.sendall(what)
            except OSError:
                self.silent = True
            finally:
                self.queue.task_done()

    def part(self):
        if self.silent:
            return
        self.silent = True
        self.connection.sendall(b"^^^\n")
        self.connection.shutdown(socket.SHUT_WR)
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end:
            self.connection.settimeout(max(0.001, end - time.monotonic()))
            if self.connection.recv(1 << 16) == b"":
                return


class Network(threading.Thread):
    """Serves one client after the other."""

    def __init__(self, listener):
        super().__init__(daemon=True)
        self.listener = listener
        self.writer = None
        self.lock = threading.Lock()          # guards self.writer: who holds it may put into the writer's queue

    def run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                time.sleep(0.05)
                continue
            writer = Writer(connection)
            writer.start()
            with self.lock:
                self.writer = writer
            print(JOINED, flush=True)
            if self.read(connection):
                writer.queue.put(PART)
                writer.queue.join()
            try:
                connection.shutdown(socket.SHUT_RDWR)     # the writer may wait for a client that does not read
            except OSError:
                pass
            with self.lock:
                self.writer = None
            writer.queue.put(STOP)
            writer.join()
            connection.close()
            print(LEFT, flush=True)

    def read(self, connection):
        """Show lines. True if the last one was "bye"."""
        data = b""
        while len(data) <= LINE_LIMIT:
            try:
                more = connection.recv(2048)
            except OSError:
                return False
            if more == b"":
                return False
            data += more
            while b"\n" in data:
                line, data = data.split(b"\n", 1)
                if len(line) > LINE_LIMIT:
                    return False
                if line == b"bye":
                    return True
                print(line.decode(errors="replace"), flush=True)
        return False

    def say(self, data):
        with self.lock:
            if self.writer is not None:
                self.writer.queue.put(data)

    def finish(self):
        """Wait until all that was typed is sent."""
        writer = self.writer
        if writer is not None:
            writer.queue.join()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    options = parser.parse_args()
    try:
        try:
            listener = socket.create_server((options.host, options.port), reuse_port=False)
        except (OSError, OverflowError, ValueError) as problem:
            print(f"Cannot listen on port {options.port} of {options.host}: {problem}", file=sys.stderr)
            return 1
        network = Network(listener)
        network.start()
        while line := sys.stdin.buffer.readline():
            network.say(line if line.endswith(b"\n") else line + b"\n")
        network.finish()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
