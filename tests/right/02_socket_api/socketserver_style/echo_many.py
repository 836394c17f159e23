"""The echo server for many, with a mix-in of socketserver."""
import socketserver

import echo_server


class ManyServer(socketserver.ThreadingMixIn, echo_server.EchoServer):
    daemon_threads = True
    block_on_close = False


if __name__ == "__main__":
    echo_server.run(ManyServer)
