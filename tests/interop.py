"""Whether programs by other people can talk with ours: a table of who gets what from whom.

    python tests/interop.py                     all of it (some 300 transfers, two minutes)
    python tests/interop.py --quick             a few of each pair, as in `make test`
    python tests/interop.py --peer curl         only one of the others;  --list: which there are, and are installed

Our server is asked by the clients of tftp_peers.py, and our client asks the servers there: both ways, in both modes,
with files as long as it is easy to get wrong, with every option that both sides have, and over the end of the block
numbers. It all happens in a network of its own, where there is one. Exit status 1 if a transfer failed, or, with
--all-peers, if one of the others is not installed.
"""
import argparse
import contextlib
import functools
import json
import os
import random
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import tftp_peers as peers
from tftp_peers import Client, Errand, Overheard, Running, Server

PROGRAMS = Path(os.environ.get("TFTP_PROGRAMS", peers.ROOT / "solutions" / peers.EXERCISE))    # whose are tried
PEERS = {peer.name: peer for peer in [*peers.CLIENTS, *peers.SERVERS]}
AT_ONCE = 6                             # transfers: ours waits for a moment after each (it dallies)
SIZES = 0, 1, 511, 512, 513             # bytes: around one block
LARGE = 34_000_000                      # bytes: more than 65535 blocks of 512
MOST_SECONDS, MOST_SECONDS_LARGE = 30, 180
COLUMNS = ["get octet", "put octet", "get netascii", "put netascii", "get options", "put options", "roll-over", "34 MB"]


@dataclass(frozen=True)
class Cell:
    """One transfer between ours and a peer, which is known by its name. what: "get" or "put", by the client.

    name: of the file on the server. No two cells have the same. It is short, since busybox wants to have it in a block
    of the smallest size.
    """

    peer: str
    column: str
    what: str
    size: int
    mode: str = "octet"
    options: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{zlib.crc32(repr(self).encode()):08x}"

    def __str__(self) -> str:
        options = ", ".join(f"{name} {value}" for name, value in self.options.items())
        return f"{label(self.peer)}: {self.what} {self.size} bytes, {self.mode}, {options or 'no options'}"


@dataclass(frozen=True)
class Result:
    """What became of a cell. outcome: "ok", "failed" or "not installed". detail: what both sides said, and more."""

    cell: Cell
    outcome: str
    detail: str = ""


def cells(peer: Client | Server, quick: bool = False) -> Iterator[Cell]:
    """What is tried with this peer."""
    for what in ("get", "put") if not isinstance(peer, Server) or peer.writes else ("get",):
        for mode in peer.modes:
            for size in (512,) if quick else SIZES + ((256, 3000) if mode == "netascii" else ()):
                yield Cell(peer.name, f"{what} {mode}", what, size, mode)
        if quick:
            if "blksize" in peer.options:
                yield Cell(peer.name, f"{what} options", what, 3000, options={"blksize": 1428})
            continue
        for size, options in option_cells(peer):
            yield Cell(peer.name, f"{what} options", what, size, options=options)
        if "blksize" in peer.options:
            yield Cell(peer.name, "roll-over", what, (1 << 16) * peer.least + 100, options={"blksize": peer.least})
            if "netascii" in peer.modes:      # most pairs that stand for one byte are cut somewhere
                yield Cell(peer.name, f"{what} options", what, 3000, "netascii", {"blksize": peer.least + 1})
        yield Cell(peer.name, "34 MB", what, LARGE)


def option_cells(peer: Client | Server) -> Iterator[tuple[int, dict[str, int]]]:
    """Sizes and options to try: around a multiple of a block, and of a window."""
    def able(**options: int) -> bool:
        return set(options) <= set(peer.options)

    if able(blksize=0):
        for size in peer.least, 1428, 65464:
            yield from ((length, {"blksize": size}) for length in (2 * size, 2 * size + 3))
    if able(tsize=0):
        yield from ((length, {"tsize": 0}) for length in (0, 513))
    if able(timeout=0):
        yield 513, {"timeout": 2}
    if able(windowsize=0):
        yield from ((blocks * 512 + more, {"windowsize": 16}) for blocks, more in ((0, 1), (15, 1), (16, 0), (37, 5)))
        yield 30_000, {"windowsize": 4}
    together = {"blksize": 1428, "timeout": 2, "tsize": 0, "windowsize": 16}
    if able(blksize=0, tsize=0):              # a client of ours also asks for what the server does not know
        if isinstance(peer, Client):
            together = {name: value for name, value in together.items() if name in peer.options}
        yield from ((length, together) for length in (32 * 1428, 100_000))


@functools.cache
def _bytes() -> bytes:
    return random.Random(1350).randbytes(LARGE)


def content(cell: Cell) -> bytes:
    """The file of a cell."""
    if cell.mode == "octet":
        return _bytes()[:cell.size]
    if cell.size == 256:
        return b"\n" * 256                    # 512 bytes on the wire: an empty block has to follow
    if cell.size < 1000:
        return (b"x" * 511 + b"\n\r")[:cell.size]             # CR LF, cut in two by the end of a block
    return (b"a line\nanother \r one\r\nand\n\nmore\r\r\n" * cell.size)[:cell.size]


def play(cell: Cell, ours: Client, running: Running, root: Path, here: Path, overheard: Overheard | None) -> Result:
    """Do what a cell says, and look at what has come. root: the server's folder. here: one for the client's file."""
    peer = PEERS[cell.peer]
    client = peer if isinstance(peer, Client) else ours
    encode, decode = (peer.encode, peers.decode) if (cell.what == "get") == isinstance(peer, Server) \
        else (peers.encode, peer.decode)      # of the side that sends, and of the one that receives
    sent = content(cell)
    wanted = sent if cell.mode == "octet" else decode(encode(sent))
    source, target = (root / cell.name, here / cell.name)[::1 if cell.what == "get" else -1]
    source.write_bytes(sent)
    large = cell.column in ("34 MB", "roll-over")
    done = client.run(Errand(cell.what, here / cell.name, cell.name, running.port, cell.mode, cell.options),
                      MOST_SECONDS_LARGE if large else MOST_SECONDS)
    faults = [difference(target, wanted)]
    if done.returncode:
        faults.append(f"the client ended with exit status {done.returncode}")
    if overheard and cell.options:
        asked, granted = overheard.options(cell.name)
        if missing := set(cell.options) & set(peer.options) - set(granted):
            faults.append(f"not granted: {', '.join(sorted(missing))} (asked {asked}, granted {granted})")
    for path in source, target:
        path.unlink(missing_ok=True)
    if not any(faults):
        return Result(cell, "ok")
    said = [line for line in running.lines if cell.name in line] or running.lines[-5:]
    return Result(cell, "failed", "\n".join([
        *filter(None, faults), f"client: {' '.join(done.args)}",
        *(f"    {line}" for line in (done.stdout + done.stderr).splitlines()[-10:]),
        f"server: {' '.join(running.words)}", *(f"    {line}" for line in said)]))


def difference(path: Path, wanted: bytes) -> str:
    """How the file there differs from what it must be; "" if it does not."""
    if not path.exists():
        return "the file did not come"
    came = path.read_bytes()
    if came == wanted:
        return ""
    at = next((at for at, (one, other) in enumerate(zip(came, wanted, strict=False)) if one != other),
              min(len(came), len(wanted)))
    return (f"{len(came)} bytes came in place of {len(wanted)}; they differ from byte {at}: {came[at:at + 16]} "
            f"in place of {wanted[at:at + 16]}")


def try_all(names: list[str], quick: bool) -> Iterator[Result]:
    """Try all cells of these peers, in a network of our own if there is one."""
    own = peers.enter_network()
    overheard = Overheard() if own else None
    with (tempfile.TemporaryDirectory(prefix="interop-") as folder, contextlib.ExitStack() as servers,
          ThreadPoolExecutor(AT_ONCE) as pool):
        base = Path(folder)
        base.chmod(0o755)                     # in.tftpd and dnsmasq serve what everybody may read
        programs, root, here = base / "programs", base / "root", base / "here"
        for path in programs, root, here:
            path.mkdir()
        for source in PROGRAMS.glob("*.py"):
            shutil.copy(source, programs)
        client = peers.our_client(programs)
        server = servers.enter_context(peers.serving(peers.our_server(programs), root))
        tried = []
        for name in names:
            mine = list(cells(PEERS[name], quick))
            if why := unavailable(PEERS[name], own):
                yield from (Result(cell, why) for cell in mine)
                continue
            try:
                asked = server if isinstance(PEERS[name], Client) \
                    else servers.enter_context(peers.serving(PEERS[name], root))
            except RuntimeError as error:     # it does not start
                yield from (Result(cell, "failed", str(error)) for cell in mine)
                continue
            tried += [(cell, client, asked, root, here, overheard) for cell in mine]
        yield from pool.map(lambda arguments: play(*arguments), tried)


def unavailable(peer: Client | Server, own: bool) -> str:
    """Why a peer cannot be tried here; "" if it can."""
    if not peers.find(peer):
        return f"not installed (package {peer.package})"
    if isinstance(peer, Server) and peer.port and not own:
        return f"needs a network of its own: it serves on port {peer.port} only"
    if isinstance(peer, Server) and peer.drops_privileges and os.getuid() and not own:
        return "needs root, or a user namespace"
    return ""


def table(results: list[Result]) -> str:
    """The results, a line for each peer."""
    rows = [["", *COLUMNS]]
    for name in dict.fromkeys(result.cell.peer for result in results):
        mine = [result for result in results if result.cell.peer == name]
        if mine[0].outcome not in ("ok", "failed"):
            rows.append([label(name), mine[0].outcome])
            continue
        row = [label(name)]
        for column in COLUMNS:
            outcomes = [result.outcome for result in mine if result.cell.column == column]
            failed = outcomes.count("failed")
            row.append(f"{failed} of {len(outcomes)} failed" if failed else f"{len(outcomes)} ok" if outcomes else "-")
        rows.append(row)
    widths = [max(len(row[at]) for row in rows if len(row) == len(rows[0])) for at in range(len(rows[0]))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False)).rstrip()
                     for row in rows)


def label(name: str) -> str:
    """Which two talk: the client, and the server it asks."""
    return f"{name} -> ours" if isinstance(PEERS[name], Client) else f"ours -> {name}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few transfers of each pair")
    parser.add_argument("--peer", choices=PEERS, action="append", help="only with this one (default: all)")
    parser.add_argument("--all-peers", action="store_true", help="fail also where one is not installed")
    parser.add_argument("--list", action="store_true", help="which peers there are, and where they are installed")
    parser.add_argument("--json", type=Path, help="a file for the results, as a list")
    options = parser.parse_args()
    if options.list:
        for name, peer in PEERS.items():
            print(f"{name:10} {peers.find(peer) or f'not installed (package {peer.package})'}")
        return
    results = list(try_all(options.peer or list(PEERS), options.quick))
    for result in results:
        if result.outcome == "failed":
            print(f"FAILED {result.cell}\n{result.detail}\n")
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results]), "utf-8")
    missing = options.all_peers and any(result.outcome not in ("ok", "failed") for result in results)
    sys.exit(missing or any(result.outcome == "failed" for result in results))


if __name__ == "__main__":
    main()
