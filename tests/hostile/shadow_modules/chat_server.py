"""Hostile: the naive server; the danger is in the modules beside it, which a grader must never import."""
import argparse
import socket

parser = argparse.ArgumentParser()
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", default=12345, type=int)
arguments = parser.parse_args()

listener = socket.create_server((arguments.host, arguments.port))
connection, _ = listener.accept()
print("* client joined", flush=True)
while True:
    message = connection.recv(1024).decode()
    if not message:
        break
    print(message.strip(), flush=True)
    if message.strip() == "bye":
        connection.sendall(b"^^^\n")
        break
    connection.sendall(input().encode() + b"\n")
print("* client left", flush=True)
