"""Who is there? One datagram asks everybody, and whoever is there answers.

    python discovery.py serve --port 12345 --name printer        in one terminal, and in a second one with another name
    python discovery.py find --port 12345                        in a third one

Nobody needs to know an address beforehand. All of it stays on this machine: the question goes to the broadcast
address of the loopback network, 127.255.255.255; or with --group to a multicast group, on the loopback interface.

What it does

  find         sends QUESTION once, and for --wait seconds collects answers. Each name is shown (stdout) once, as soon
               as it answers: "NAME at ADDRESS", with the address that the answer came from. It ends with exit code
               0, or, if there was none, shows NONE and ends with exit code 1.
  serve        shows "ready" when it can hear questions to --port, and then answers each with "HERE IS NAME", to the
               address and port that it came from. What is not exactly QUESTION, or does not come from this machine
               (from an address that begins with "127."), is not answered. It runs until Ctrl-C, and then ends quietly
               with exit code 0.
  Several      programs serve on one port at once, and each of them gets every question.
  With --group ADDRESS the question goes to that multicast group and not to the broadcast address, and serve joins it.

What to write, in which order: that of the TODOs. With TODO 1 and 2 you have serve, with TODO 3 find. The first check
needs all three: it begins with serve, and goes on with find.
"""
import argparse
import contextlib
import socket
import sys
import time

QUESTION = b"WHO IS THERE?"
ANSWER = b"HERE IS "
NONE = "* nobody is there"
BROADCAST = "127.255.255.255"
LOOPBACK = "127.0.0.1"


def listen(port: int, group: str) -> socket.socket:
    """Return a UDP socket that hears the questions to this port.

    If group is "", they come by broadcast. Otherwise they come to that group, and the socket joins it.

    Bind it to the host "", which is every address of this machine: a socket that is bound to 127.0.0.1 hears only what
    is sent to exactly that address, and no broadcast. Set SO_REUSEADDR before, so that several can share the port
    (macOS wants SO_REUSEPORT for that). To join a group set IP_ADD_MEMBERSHIP, of the level IPPROTO_IP, to eight
    bytes: the group's address and that of the interface, LOOPBACK, each as socket.inet_aton() writes it.

    Where the port is taken, or there is no such port, bind() raises OSError or OverflowError: sys.exit() with one line.
    """
    # TODO 1: hear what is sent to everybody
    raise NotImplementedError("TODO 1: hear what is sent to everybody")


def serve(hearing: socket.socket, name: str) -> None:
    """Answer each QUESTION from this machine with ANSWER and the name, to the one who asked. For ever.

    On Windows recvfrom() raises ConnectionResetError if an earlier answer found nobody; go on.
    """
    # TODO 2: answer who asks
    raise NotImplementedError("TODO 2: answer who asks")


def find(port: int, group: str, wait: float) -> int:
    """Send QUESTION to everybody at this port, and show each name that answers once. Returns how many there were.

    wait: seconds in all. A socket must ask before it may broadcast: SO_BROADCAST. For a group say which interface it
    goes out by: IP_MULTICAST_IF, of the level IPPROTO_IP, to socket.inet_aton(LOOPBACK); without it the kernel looks
    for a route, and the question may leave this machine, or go nowhere.

    The same name may answer twice, since datagrams can be duplicated: it counts once. What does not begin with
    ANSWER does not count at all.
    """
    # TODO 3: ask everybody, and collect the answers
    raise NotImplementedError("TODO 3: ask everybody, and collect the answers")


def main() -> None:
    parser = argparse.ArgumentParser(description="Who is there?")
    parser.add_argument("what", choices=["serve", "find"])
    parser.add_argument("--port", default=12345, type=int, help="port of all who serve")
    parser.add_argument("--name", default="somebody", help="how serve calls itself")
    parser.add_argument("--group", default="", help="a multicast group, such as 239.255.42.99, in place of broadcast")
    parser.add_argument("--wait", default=1.0, type=float, help="seconds for which find collects answers")
    arguments = parser.parse_args()

    if arguments.what == "find":
        if not find(arguments.port, arguments.group, arguments.wait):
            print(NONE, flush=True)
            sys.exit(1)
        return
    with contextlib.suppress(KeyboardInterrupt), listen(arguments.port, arguments.group) as hearing:
        print("ready", flush=True)
        serve(hearing, arguments.name)


if __name__ == "__main__":
    main()
