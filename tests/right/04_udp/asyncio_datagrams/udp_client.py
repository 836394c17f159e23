"""A UDP client with asyncio: a future for the question that is being asked, and an event loop that runs meanwhile."""
import argparse
import asyncio
import errno
import sys


class Questions(asyncio.DatagramProtocol):
    head = b""
    reply: asyncio.Future[str] | None = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        if self.reply and not self.reply.done() and data.startswith(self.head):
            self.reply.set_result(data[len(self.head):].decode("utf-8", "replace"))

    def error_received(self, exc):
        if self.reply and not self.reply.done():
            self.reply.set_exception(exc)

    async def ask(self, number, text, timeout, retries):
        self.head = b"%d " % number
        self.reply = asyncio.get_running_loop().create_future()
        for _ in range(retries + 1):
            self.transport.sendto(self.head + text.encode("utf-8", "replace"))
            try:
                return await asyncio.wait_for(asyncio.shield(self.reply), timeout)
            except ConnectionRefusedError:
                return "* nobody listens there"
            except TimeoutError:
                continue
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    return "* too long for a datagram"
                raise
        self.reply.cancel()
        return "* no reply"


async def connect(host, port):
    if not 0 <= port <= 0xFFFF:
        raise ValueError("there is no such port")
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_datagram_endpoint(Questions, remote_addr=(host, port))
    return protocol


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=12345, type=int)
    parser.add_argument("--timeout", default=1.0, type=float)
    parser.add_argument("--retries", default=3, type=int)
    args = parser.parse_args()
    with asyncio.Runner() as runner:
        try:
            questions = runner.run(connect(args.host, args.port))
        except (OSError, ValueError) as error:
            sys.exit(f"udp_client.py: {args.host}, port {args.port}: {error}")
        for number, line in enumerate(sys.stdin):
            print(runner.run(questions.ask(number, line.removesuffix("\n"), args.timeout, args.retries)), flush=True)
        questions.transport.abort()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
