"""Programs by other people that speak TFTP: how each is found and started, and how it is asked for a file.

    sudo apt-get install curl tftp-hpa atftp busybox dnsmasq-base libwrap0 libpcre2-8-0
    python tests/tftp_peers.py            what is here; --unpack: also fetch what is not, into build/peers

The two servers in.tftpd and atftpd are unpacked and not installed: Debian does not let both be installed, and either
would then run as a daemon of the system, on port 69. Nothing here needs root. Only the standard library, and what the
harness has for a network of one's own.
"""
import argparse
import contextlib
import ctypes
import getpass
import os
import platform
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))                 # for a Python without the course's packages: netns needs none of them
from autograder import netns  # noqa: E402

UNPACKED = ROOT / "build" / "peers"           # packages that are not installed, each in a folder of its own
EXERCISE = "05_tftp"
HOST = "127.0.0.1"
WELL_KNOWN = 69                               # the only port that dnsmasq serves TFTP on
TOO_LONG = 10                                 # s until a server must be there
RRQ, WRQ, DATA, ACK, ERROR, OACK = range(1, 7)


def find(peer: "Client | Server") -> str | None:
    """Where its program is; None if it is not installed. An ordinary user may not have the sbin folders on the PATH."""
    folders = [str(UNPACKED / peer.package / "usr/sbin"), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]
    found = shutil.which(peer.program, path=os.pathsep.join(folders))
    if found and peer.program == "in.tftpd" and Path(found).resolve().name != "in.tftpd":
        return None                           # the package of atftpd has that name too, for another program
    return found


def unpack(package: str) -> None:
    """Fetch a package of Debian with the system's own apt-get, and unpack it: nothing of it is run."""
    target = UNPACKED / package
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "-o", f"APT::Sandbox::User={getpass.getuser()}", "-q", "download", package],
                       cwd=folder, check=True, stdout=subprocess.DEVNULL)
        for archive in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", archive, target], check=True)


# Netascii, again: what it is here must not depend on what the programs say that are tried.

def encode(text: bytes) -> bytes:
    """What netascii makes of a text, on the wire: RFC 764."""
    return text.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")


def decode(wire: bytes) -> bytes:
    """And back."""
    return wire.replace(b"\r\n", b"\n").replace(b"\r\0", b"\r")


# Clients ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Errand:
    """What a client is to do. what: "get" or "put". here: the file on its side. there: its name on the server."""

    what: str
    here: Path
    there: str
    port: int
    mode: str = "octet"
    options: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Client:
    """A client. package: of Debian. options: those that it can ask for. modes: those that it can transfer in.

    encode, decode: what a text in netascii becomes on its way from a file of the client to the wire, and back.
    least: the smallest blksize that it can ask for. (Busybox wants to have its whole request in one block.)
    """

    name: str
    program: str
    package: str
    command: Callable[[Errand], list[str]]    # the words after the program's own name
    options: tuple[str, ...] = ()
    modes: tuple[str, ...] = ("octet", "netascii")
    encode: Callable[[bytes], bytes] = encode
    decode: Callable[[bytes], bytes] = decode
    least: int = 8

    def run(self, errand: Errand, timeout: float) -> subprocess.CompletedProcess:
        """Run an errand. The client's own output is text, on stdout and stderr. A folder that is gone again is cwd."""
        words = [find(self), *self.command(errand)]
        try:
            return subprocess.run(words, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
                                  timeout=timeout, cwd=errand.here.parent, check=False)
        except subprocess.TimeoutExpired as late:
            output = [text.decode(errors="replace") if text else "" for text in (late.stdout, late.stderr)]
            return subprocess.CompletedProcess(words, -9, output[0], output[1] + f"\n(not done after {timeout:g} s)")


def _curl(errand: Errand) -> list[str]:
    asked = ["--tftp-blksize", str(errand.options["blksize"])] if errand.options else ["--tftp-no-options"]
    url = f"tftp://{HOST}:{errand.port}/{errand.there};mode={errand.mode}"
    way = ["--output", str(errand.here)] if errand.what == "get" else ["--upload-file", str(errand.here)]
    return ["--silent", "--show-error", *asked, *way, url]


def _tftp_hpa(errand: Errand) -> list[str]:
    names = [errand.there, str(errand.here)] if errand.what == "get" else [str(errand.here), errand.there]
    return ["-4", "-m", errand.mode, HOST, str(errand.port), "-c", errand.what, *names]


def _atftp(errand: Errand) -> list[str]:
    asked = [word for name, value in {"mode": errand.mode, **errand.options}.items()
             for word in ("--option", f"{name} {value}")]
    return [f"--{errand.what}", "--local-file", str(errand.here), "--remote-file", errand.there, *asked,
            HOST, str(errand.port)]


def _busybox(errand: Errand) -> list[str]:
    asked = ["-b", str(errand.options["blksize"])] if errand.options else []
    return ["tftp", "-g" if errand.what == "get" else "-p", "-l", str(errand.here), "-r", errand.there, *asked,
            HOST, str(errand.port)]


CLIENTS = [
    Client("curl", "curl", "curl", _curl, ("blksize",), encode=bytes, decode=bytes),
    Client("tftp-hpa", "tftp", "tftp-hpa", _tftp_hpa),
    Client("atftp", "atftp", "atftp", _atftp, ("blksize", "timeout", "tsize", "windowsize")),
    Client("busybox", "busybox", "busybox", _busybox, ("blksize",), ("octet",), least=64),
]


def our_client(programs: Path) -> Client:
    """Our own client, in this folder."""
    def command(errand: Errand) -> list[str]:
        names = [errand.there, str(errand.here)] if errand.what == "get" else [str(errand.here), errand.there]
        flags = {"blksize": "--blksize", "windowsize": "--windowsize", "timeout": "--resend"}
        asked = [word for name, value in errand.options.items()
                 for word in ([flags[name], str(value)] if name in flags else ["--tsize"])]
        return [str(programs / "tftp_client.py"), errand.what, *names, "--port", str(errand.port),
                "--mode", errand.mode, "--timeout", "0.25", *asked]
    return Client("ours", sys.executable, "", command, ("blksize", "timeout", "tsize", "windowsize"))


# Servers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Server:
    """A server. package: of Debian. options: those that it grants. writes: whether it takes files.

    port: the only one that it can serve on, which takes a network of one's own; None: any.
    encode, decode, least: as of a client.
    """

    name: str
    program: str
    package: str
    command: Callable[[Path, int], list[str]]        # the words after the program's own name: for this root and port
    options: tuple[str, ...] = ()
    modes: tuple[str, ...] = ("octet", "netascii")
    writes: bool = True
    encode: Callable[[bytes], bytes] = encode
    decode: Callable[[bytes], bytes] = decode
    least: int = 8
    port: int | None = None
    drops_privileges: bool = False                    # whether it ends where it may not change its groups


def _in_tftpd(root: Path, port: int) -> list[str]:
    # It changes its root, which needs privileges: those of a user namespace, where the user's number is 0.
    return ["--foreground", "-4", "--create", "--permissive", "--user", "root", "--address", f"{HOST}:{port}",
            "--secure", str(root)]


def _atftpd(root: Path, port: int) -> list[str]:
    return ["--daemon", "--no-fork", "--logfile", "-", "--user", f"{getpass.getuser()}.{_group()}",
            "--bind-address", HOST, "--port", str(port), str(root)]


def _dnsmasq(root: Path, _port: int) -> list[str]:
    return ["--no-daemon", "--port=0", "--conf-file=/dev/null", "--pid-file=", f"--user={getpass.getuser()}",
            f"--group={_group()}", "--listen-address", HOST, "--bind-interfaces", "--enable-tftp",
            f"--tftp-root={root}"]


def _group() -> str:
    import grp  # there is none on Windows, where this file is imported all the same

    return grp.getgrgid(os.getgid()).gr_name


SERVERS = [
    Server("in.tftpd", "in.tftpd", "tftpd-hpa", _in_tftpd, ("blksize", "timeout", "tsize"),
           drops_privileges=True),
    Server("atftpd", "atftpd", "atftpd", _atftpd, ("blksize", "timeout", "tsize", "windowsize")),
    Server("dnsmasq", "dnsmasq", "dnsmasq-base", _dnsmasq, ("blksize", "tsize"), writes=False, port=WELL_KNOWN,
           encode=lambda text: text.replace(b"\n", b"\r\n")),      # a CR stays as it is
]


def our_server(programs: Path, *more: str) -> Server:
    """Our own server, in this folder. more: of its options."""
    def command(root: Path, port: int) -> list[str]:
        return [str(programs / "tftp_server.py"), "--port", str(port), "--root", str(root), "--writable", *more]
    return Server("ours", sys.executable, "", command, ("blksize", "timeout", "tsize", "windowsize"))


class Running:
    """A server that runs in the foreground. lines: what it has said so far, on stdout and stderr."""

    def __init__(self, words: list[str], port: int, cwd: Path | None = None) -> None:
        self.port, self.words, self.lines = port, words, []
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, cwd=cwd, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    def wait(self) -> None:
        """Until it is there. Raises RuntimeError if it ends, or does not come."""
        end = time.monotonic() + TOO_LONG
        while not netns.udp_sockets(self.port) or self.process.poll() is not None:      # it must not detach itself
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"{' '.join(self.words)} did not start, exit status {self.process.returncode}: "
                                   + "\n".join(self.lines))
            time.sleep(0.01)

    def stop(self) -> None:
        """End it, and what it has started itself (in.tftpd has a process for each transfer)."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()
        self._reader.join(TOO_LONG)
        self.process.stdout.close()
        end = time.monotonic() + TOO_LONG
        while netns.udp_sockets(self.port):              # its processes are being ended
            if time.monotonic() > end:
                raise RuntimeError(f"{' '.join(self.words)} has left somebody behind on port {self.port}")
            time.sleep(0.01)


@contextlib.contextmanager
def serving(server: Server, root: Path, before: tuple[str, ...] = ()) -> Iterator[Running]:
    """A server that serves the files of this folder. before: words before its command, as taskset."""
    port = server.port or netns.free_port()
    words = [find(server), *server.command(root, port)]
    if server.drops_privileges and os.getuid():
        words = ["unshare", "--map-root-user", sys.executable, __file__, "--without-setgroups", *words]
    running = Running([*before, *words], port, root)
    try:
        running.wait()
        yield running
    finally:
        running.stop()


# A network of our own, and what is said in it -----------------------------------------------------------------


def enter_network() -> bool:
    """Move this process, before it has a second thread, into a network of its own, where also port 69 may be used.

    It gets an address beside 127.0.0.1: programs that ask getaddrinfo() for AI_ADDRCONFIG find none without it. Returns
    whether it worked.
    """
    import fcntl
    if not netns.enter():
        return False
    with contextlib.suppress(OSError):
        Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        siocsifaddr, documentation = 0x8916, socket.inet_aton("192.0.2.1")      # RFC 5737: nobody's
        fcntl.ioctl(s, siocsifaddr, struct.pack("16sH2s4s8x", b"lo:1", socket.AF_INET, b"", documentation))
    return True


class Overheard:
    """The requests and OACKs that pass on the loopback of a network of our own. None where that may not be heard.

    Of each file the options that were asked for and granted: files must not have the same name twice.
    """

    # Classic BPF, as for tcpdump: UDP in IPv4, and the first two bytes behind these headers are 1, 2 or 6.
    FILTER = [(0x28, 0, 0, 12), (0x15, 0, 8, 0x0800), (0x30, 0, 0, 23), (0x15, 0, 6, socket.IPPROTO_UDP),
              (0x28, 0, 0, 42), (0x15, 3, 0, RRQ), (0x15, 2, 0, WRQ), (0x15, 1, 0, OACK), (0x06, 0, 0, 0),
              (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)]

    def __init__(self) -> None:
        program = b"".join(struct.pack("HBBI", *line) for line in self.FILTER)
        lines = ctypes.create_string_buffer(program)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._socket.setsockopt(socket.SOL_SOCKET, 26,       # SO_ATTACH_FILTER
                                struct.pack("HL", len(self.FILTER), ctypes.addressof(lines)))
        self._socket.bind(("lo", 0))
        self._socket.setblocking(False)
        self._requests: dict[str, tuple[int, dict[str, str]]] = {}
        self._granted: dict[int, dict[str, str]] = {}
        self._lock = threading.Lock()

    def options(self, name: str) -> tuple[dict[str, str], dict[str, str]]:
        """The options that were asked for, and those that were granted, in the transfer of this file."""
        with self._lock:
            self._read()
            port, asked = self._requests.get(name, (0, {}))
            return asked, self._granted.get(port, {})

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, address = self._socket.recvfrom(1 << 16)
                source, target = struct.unpack_from("!HH", frame, 34)
                texts = frame[44:].decode(errors="replace").split("\0")[:-1]
                if address[2] == 4:           # PACKET_OUTGOING: each is seen going and coming
                    continue
                if frame[43] == OACK:
                    self._granted.setdefault(target, {}).update(_pairs(texts))
                elif len(texts) > 1:
                    self._granted.pop(source, None)
                    self._requests[texts[0].rpartition("/")[2]] = source, _pairs(texts[2:])


def _pairs(texts: list[str]) -> dict[str, str]:
    return {name.lower(): value for name, value in zip(texts[::2], texts[1::2], strict=False)}


def exec_without_setgroups(words: list[str]) -> None:
    """Become this program, for which setgroups() does nothing and succeeds.

    in.tftpd drops its groups, and ends where it may not. An ordinary user never may, not even in a user namespace. So a
    filter of the kernel (seccomp) answers that call.
    """
    number = {"x86_64": 116, "aarch64": 159}[platform.machine()]
    lines = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000), (0x06, 0, 0, 0x7FFF0000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    filtered = ctypes.create_string_buffer(struct.pack("HL", len(lines), ctypes.addressof(program)))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_seccomp, mode_filter = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(set_seccomp, mode_filter, filtered, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
    os.execv(words[0], words)


def main() -> None:
    if sys.argv[1:2] == ["--without-setgroups"]:
        exec_without_setgroups(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unpack", action="store_true", help="fetch in.tftpd and atftpd from Debian, into build/peers")
    if parser.parse_args().unpack:
        for package in "tftpd-hpa", "atftpd":
            unpack(package)
    for peer in [*CLIENTS, *SERVERS]:
        print(f"{peer.name:10} {find(peer) or f'not installed (package {peer.package})'}")


if __name__ == "__main__":
    main()
