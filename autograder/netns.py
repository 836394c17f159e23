"""A loopback network of one's own, what passes on it, and what the kernel knows about its connections.

All of it is Linux's. Elsewhere enter() and Capture say that they cannot, and the questions answer None:
who asks them has to say what it does then.
"""
import contextlib
import ctypes
import functools
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LINUX = sys.platform == "linux"

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
ETH_P_ALL, PACKET_OUTGOING = 3, 4
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY = 4, 20
INET_DIAG_SKMEMINFO, UNIX_DIAG_MEMINFO, UDIAG_SHOW_MEMINFO = 7, 5, 0x20
NLM_F_REQUEST, NLM_F_DUMP, NLMSG_ERROR, NLMSG_DONE = 1, 0x300, 2, 3
INET_DIAG_INFO, KEEPALIVE_TIMER = 2, 2
ALL_STATES = 0xFFF
# Where these stand in struct tcp_info (include/uapi/linux/tcp.h).
BYTES_RECEIVED, NOTSENT_BYTES, BYTES_SENT, BYTES_RETRANS = 128, 144, 200, 208
MOST_AT_ONCE = 256              # packets that are read before anything else may happen
# Below Linux's ephemeral ports (ip_local_port_range, from 32768): there a connecting socket is sometimes given
# the very port that it connects to, and is then connected to itself.
# And not 23352, where a program ends up that looks up port 88888 (that much less 65536), as tests ask it to.
NO_PORT = 88888
PORTS = [port for port in range(20000, 32000) if port != NO_PORT - 65536]
# In our own network one connection may keep so much in the kernel: minimum, default, maximum, in bytes. And no reset
# ends TIME-WAIT (RFC 1337): on a busy machine a FIN may go twice, and the answer to the second finds its sender closed.
BUFFERS = "4096 65536 1048576"
SETTINGS = {"tcp_rmem": BUFFERS, "tcp_wmem": BUFFERS, "tcp_rfc1337": "1"}
# The kernel's numbers of the states (include/net/tcp_states.h), by the names of RFC 9293.
STATES = dict(enumerate(["ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED",
                         "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "NEW-SYN-RECEIVED"], start=1))


_entered = False


def enter() -> bool:
    """Move this process into a network namespace of its own, with its loopback up.

    As root that is all; otherwise it takes a user namespace too, in which every uid stays what it was. Must be
    called before there is a second thread: unshare() refuses, or would move one thread alone. Returns whether
    it worked; where it did not, nothing has changed, and the network is the host's.
    """
    global _entered
    if not LINUX or threading.active_count() > 1 or len(os.listdir("/proc/self/task")) > 1:
        return False
    child = os.fork()           # a kernel may let us in and then refuse the rest: find out at no risk
    if child == 0:
        try:
            _enter()
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        return False
    _enter()
    _entered = True
    return True


def own() -> bool:
    """Whether this process is in a network of its own."""
    return _entered


def _enter() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET | (0 if uid == 0 else CLONE_NEWUSER)):
        raise OSError(ctypes.get_errno(), "unshare")
    if uid:
        for name, text in ("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1"):
            Path("/proc/self", name).write_text(text)
    _loopback_up()
    for name, value in SETTINGS.items():
        with contextlib.suppress(OSError):               # read-only in some containers: then the host's hold
            Path("/proc/sys/net/ipv4", name).write_text(value)
    _diagnostics.cache_clear()


def _loopback_up() -> None:
    import fcntl
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP | IFF_RUNNING))


def arrived(source: socket.socket) -> Iterator[tuple[bytes, tuple]]:
    """What has arrived at this packet(7) socket, each with its address; a part of it if there is very much.

    source: one that does not block.
    """
    for _ in range(MOST_AT_ONCE):
        try:
            yield source.recvfrom(1 << 17)
        except BlockingIOError:
            return


class Capture:
    """Every packet that passes on an interface, from now on. Works in a network of one's own only.

    interface: its name; the loopback if none is given. fileno() is for a selector; read() takes what is there. Raises
    PermissionError in the host's network.
    """

    def __init__(self, interface: str = "lo") -> None:
        self._once = interface != "lo"
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.bind((interface, 0))
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def read(self) -> list[bytes]:
        """The frames that have passed since the last call, each with its Ethernet header: so many at the most."""
        return [frame for frame, address in arrived(self._socket)
                if self._once or address[2] != PACKET_OUTGOING]     # on lo each packet is seen going and coming

    def close(self) -> None:
        """End the capture."""
        self._socket.close()


class Row(NamedTuple):
    """One TCP or UDP socket, as the kernel describes it (Linux, sock_diag(7)).

    local, remote: (address, port). state: by its name in RFC 9293, 3.3.2. sent: bytes that the other side has not
    yet acknowledged. received: bytes that wait to be read; of a listening socket, connections that wait for accept().
    info: struct tcp_info of tcp(7), where one socket was asked for.
    """

    local: tuple[str, int]
    remote: tuple[str, int]
    state: str
    sent: int
    received: int
    info: bytes


@functools.cache
def _diagnostics() -> socket.socket | None:
    """The kernel's answers about sockets, in the network that this process is in; None where there are none."""
    if not LINUX:
        return None
    try:
        diagnostics = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        diagnostics.settimeout(5)
        for protocol in socket.IPPROTO_TCP, socket.IPPROTO_UDP:         # some know of one only
            _ask(diagnostics, socket.AF_INET, 1, NLM_F_DUMP, protocol=protocol)
    except OSError:
        return None
    return diagnostics


def can_ask() -> bool:
    """Whether the kernel tells about sockets here. Where it does not, the questions below have empty answers."""
    return _diagnostics() is not None


def _ask(diagnostics: socket.socket, family: int, states: int, flags: int, ours: int = 0, theirs: int = 0,
         protocol: int = socket.IPPROTO_TCP) -> list[Row]:
    """Put one question. Raises OSError, with ENOENT where there is no such socket."""
    request = _question(family, protocol, 0 if flags & NLM_F_DUMP else INET_DIAG_INFO, states, ours, theirs)
    return [_row(message) for message in _answers(diagnostics, request, flags)]


def _question(family: int, protocol: int, attribute: int, states: int, ours: int, theirs: int) -> bytes:
    """struct inet_diag_req_v2: about the sockets in these states, or about the one on 127.0.0.1 with these ports."""
    loopback = socket.inet_aton("127.0.0.1").ljust(16, b"\0") if theirs else bytes(16)
    return struct.pack("=BBBxI", family, protocol, 1 << attribute >> 1, states) \
        + struct.pack("!HH", ours, theirs) + loopback * 2 + struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)


def _answers(diagnostics: socket.socket, request: bytes, flags: int) -> list[bytes]:
    """Send a question about sockets, and return the kernel's messages. Raises OSError if it answers with an error."""
    head = struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | flags, 0, 0)
    diagnostics.send(head + request)
    messages: list[bytes] = []
    while True:
        answer = diagnostics.recv(1 << 17)
        while answer:
            length, kind = struct.unpack_from("=IH", answer)
            if kind in (NLMSG_DONE, NLMSG_ERROR):
                error = -struct.unpack_from("=i", answer, 16)[0]
                if error:
                    raise OSError(error, os.strerror(error))
                return messages
            messages.append(answer[16:length])
            answer = answer[(length + 3) // 4 * 4:]
        if not flags & NLM_F_DUMP:
            return messages


def _row(message: bytes) -> Row:
    """struct inet_diag_msg of the kernel as a row."""
    family, state = message[0], message[1]
    size = 4 if family == socket.AF_INET else 16
    ports = struct.unpack_from("!HH", message, 4)
    local, remote = (socket.inet_ntop(family, message[at:at + size]).removeprefix("::ffff:") for at in (8, 24))
    received, sent = struct.unpack_from("=II", message, 56)
    info = _attribute(message[72:], INET_DIAG_INFO)
    return Row((local, ports[0]), (remote, ports[1]), STATES[state], sent, received, info)


def _attribute(attributes: bytes, wanted: int) -> bytes:
    """The one of this kind among the attributes of a message; empty if it is not there."""
    while len(attributes) >= 4:
        length, kind = struct.unpack_from("=HH", attributes)
        if kind == wanted:
            return attributes[4:length]
        attributes = attributes[max(4, (length + 3) // 4 * 4):]
    return b""


def tcp_sockets(port: int, *states: str) -> list[Row]:
    """The TCP sockets with this port at their own end, in these states. Empty where the kernel cannot be asked."""
    diagnostics = _diagnostics()
    if not diagnostics:
        return []
    wanted = sum(1 << number for number, name in STATES.items() if name in states)
    return _at(diagnostics, port, wanted, socket.IPPROTO_TCP)


def udp_sockets(port: int) -> list[Row]:
    """The UDP sockets that are bound to this port. Empty where the kernel cannot be asked."""
    diagnostics = _diagnostics()
    return _at(diagnostics, port, ALL_STATES, socket.IPPROTO_UDP) if diagnostics else []


def _at(diagnostics: socket.socket, port: int, states: int, protocol: int) -> list[Row]:
    found = []
    for family in socket.AF_INET, socket.AF_INET6:
        with contextlib.suppress(OSError):              # no IPv6 here
            found += _ask(diagnostics, family, states, NLM_F_DUMP, protocol=protocol)
    return [row for row in found if row.local[1] == port]


def unread_datagrams(port: int) -> int:
    """Bytes that the kernel keeps for the UDP sockets on this port, until they are read. 0 where it cannot be asked.

    What was sent on the loopback is in there when sendto() returns. The kernel counts its own bookkeeping too, so that
    an empty datagram is not nothing.
    """
    return sum(row.received for row in udp_sockets(port))


def unread(ours: int, theirs: int) -> int:
    """Bytes that went from our port to theirs and that were not read there: on their way, or in the buffer.

    0 where the kernel cannot be asked, or where the connection is gone. Both ends are on 127.0.0.1. (An exact question
    takes microseconds. /proc/net/tcp, which tells the same, took two milliseconds: the kernel walks through all of its
    connection table for it. And what is not acknowledged is no answer: acknowledgements are delayed by up to 40 ms,
    while the two ends' own counts say at once what has arrived.)
    """
    near, far = _connection(ours, theirs), _connection(theirs, ours)
    if not near or not far or len(near.info) < BYTES_RETRANS + 8 or len(far.info) < BYTES_RECEIVED + 8:
        return far.received if far else 0
    unsent, = struct.unpack_from("=I", near.info, NOTSENT_BYTES)
    sent, sent_again = struct.unpack_from("=QQ", near.info, BYTES_SENT)
    arrived, = struct.unpack_from("=Q", far.info, BYTES_RECEIVED)      # to which the end of a direction adds one
    return unsent + max(sent - sent_again - arrived, 0) + far.received


def is_gone(ours: int, theirs: int) -> bool:
    """Whether the kernel knows neither end of this connection any more, since a reset has ended it.

    After an orderly end the one who closed first is still there, in TIME-WAIT. Both ends are on 127.0.0.1. False where
    the kernel cannot be asked.
    """
    return can_ask() and not _connection(ours, theirs) and not _connection(theirs, ours)


class Options(NamedTuple):
    """What the kernel tells of a connection's socket: whether a keep-alive timer runs; its receive buffer in bytes."""

    keepalive: bool
    receive_buffer: int


def options(ours: int, theirs: int) -> Options | None:
    """The options of the socket on 127.0.0.1 with these ports at its own and its other end. None if not to be had."""
    if diagnostics := _diagnostics():
        request = _question(socket.AF_INET, socket.IPPROTO_TCP, INET_DIAG_SKMEMINFO, ALL_STATES, ours, theirs)
        with contextlib.suppress(OSError):              # closed by now
            message = _answers(diagnostics, request, 0)[0]
            meminfo = _attribute(message[72:], INET_DIAG_SKMEMINFO)
            if len(meminfo) < 8:                        # what is closed has no buffers any more
                return None
            return Options(message[2] == KEEPALIVE_TIMER, struct.unpack_from("=I", meminfo, 4)[0])
    return None


def _connection(near: int, far: int) -> Row | None:
    """The socket on 127.0.0.1 with these ports at its own and at the other end; None if there is none."""
    if diagnostics := _diagnostics():
        with contextlib.suppress(OSError):              # closed by now
            row = _ask(diagnostics, socket.AF_INET, ALL_STATES, 0, near, far)[0]
            if row.remote[1] == far:                    # else it is the listener, for want of the connection
                return row
    return None


def buffered() -> int:
    """Bytes that the kernel keeps for all sockets of our own network. 0 in the host's: whose would they be?

    No process's size has them, and no limit of the kernel bounds them all: they also stay with a socket that nobody
    has accepted, or that is itself on its way.
    """
    diagnostics = _diagnostics() if _entered else None
    if not diagnostics:
        return 0
    inet = [struct.pack("=BBBxI48x", family, protocol, 1 << (INET_DIAG_SKMEMINFO - 1), ALL_STATES)
            for family in (socket.AF_INET, socket.AF_INET6) for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP)]
    unix = struct.pack("=BBxxIIIII", socket.AF_UNIX, 0, ALL_STATES, 0, UDIAG_SHOW_MEMINFO, 0, 0)
    total = 0
    for request, size, kind in *((each, 72, INET_DIAG_SKMEMINFO) for each in inet), (unix, 16, UNIX_DIAG_MEMINFO):
        with contextlib.suppress(OSError):              # this kernel does not tell about such sockets
            answers = _answers(diagnostics, request, NLM_F_DUMP)
            total += sum(_kept(_attribute(message[size:], kind)) for message in answers)
    return total


def _kept(meminfo: bytes) -> int:
    """What the kernel's struct sk_meminfo says of memory for what was received, and for what is to be sent."""
    if not meminfo:
        return 0
    received, _, sent, _, _, queued = struct.unpack_from("=6I", meminfo)
    return received + max(sent, queued)


def acknowledge(connection: socket.socket) -> None:
    """Let the kernel acknowledge at once what this socket has received.

    It would wait for up to 40 ms, and so would a program that sends little by little (Nagle's algorithm). The kernel
    falls back into waiting (tcp(7), TCP_QUICKACK), so this is for each time.
    """
    if LINUX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def most_sent_unread() -> int:
    """Bytes that a program can send at the most to somebody who reads nothing: what the kernel keeps on its side."""
    try:
        return int(Path("/proc/sys/net/ipv4/tcp_wmem").read_text().split()[2])
    except OSError:
        return 4 << 20          # as by default on Linux, and on macOS


_next_port = 0


def free_port() -> int:
    """A TCP and UDP port that nobody uses. Never the same twice in a process, and another start in each."""
    global _next_port
    for _ in PORTS:
        _next_port += 1
        port = PORTS[(os.getpid() * 61 + _next_port) % len(PORTS)]
        try:
            for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
    raise OSError("no free port between 20000 and 32000")
