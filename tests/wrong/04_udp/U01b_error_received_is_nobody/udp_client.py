"""Takes every error that asyncio reports for "nobody listens", also that a question is too long for a datagram."""
import argparse
import asyncio
import sys


class Replies(asyncio.DatagramProtocol):
    """What comes back. reply is the future of the question that is being asked."""

    def __init__(self):
        self.head = b""
        self.reply = None

    def expect(self, head):
        self.head = head
        self.reply = asyncio.get_running_loop().create_future()

    def datagram_received(self, data, addr):
        if self.reply and not self.reply.done() and data.startswith(self.head):
            self.reply.set_result(data[len(self.head):].decode("utf-8", "replace"))

    def error_received(self, exc):
        if self.reply and not self.reply.done():
            self.reply.set_result("* nobody listens there")


async def ask(transport, protocol, number, text, timeout, retries):
    protocol.expect(f"{number} ".encode())
    question = f"{number} {text}".encode("utf-8", "replace")
    for _ in range(retries + 1):
        try:
            transport.sendto(question)
        except OSError:
            return "* too long for a datagram"
        done, _ = await asyncio.wait([protocol.reply], timeout=timeout)
        if done:
            return protocol.reply.result()
    return "* no reply"


def main():
    parser = argparse.ArgumentParser(description="Asks a server on UDP.")
    parser.add_argument("--host", default="127.0.0.1", help="address of the server")
    parser.add_argument("--port", default=12345, type=int, help="port of the server")
    parser.add_argument("--timeout", default=1.0, type=float, help="seconds to wait before asking again")
    parser.add_argument("--retries", default=3, type=int, help="how often to ask again")
    args = parser.parse_args()

    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        try:
            if args.port > 65535:
                raise OverflowError("a port is at most 65535")
            transport, protocol = runner.run(connect(loop, args.host, args.port))
        except (OSError, OverflowError) as error:
            sys.exit(f"udp_client.py: {args.host}:{args.port}: {error}")
        for number, line in enumerate(sys.stdin, 1):
            text = line.rstrip("\n")
            print(runner.run(ask(transport, protocol, number, text, args.timeout, args.retries)), flush=True)
        transport.close()


async def connect(loop, host, port):
    return await loop.create_datagram_endpoint(Replies, remote_addr=(host, port))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
