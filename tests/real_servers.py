"""Real TFTP servers, graded as if students had written them: the table in REAL_SERVERS.md, made from what is seen.

    make real-servers                 all that are here (see tftp_peers.py), some minutes;  --server atftpd: only look

Each check that a server fails has been looked at by a person: what passed on the wire, and what the RFCs say to it, is
in REVIEWED below. What is seen must be what has been looked at. Else this command fails, and writes no table: when a
failure is new, is not there any more, is put down to another mistake, or when its packets are other ones. The packets
and the reports are in build/real_servers, for tshark -d udp.port==1024-65535,tftp -r FILE.
"""
import argparse
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import foreign
import programs
import tftp_bench
import tftp_peers as peers

sys.path.insert(0, str(programs.ROOT))

EXERCISE = peers.EXERCISE
KEPT = programs.ROOT / "build" / "real_servers"
DOCUMENT = programs.TESTS / "REAL_SERVERS.md"
# The checks of a server: a group of its own, and of the bonus those in which a server has the say.
CHECKS = ["server", "test_strangers_are_told", "test_server_grants", "test_netascii", "test_windowsize",
          "test_roll_over"]
OURS = "ours"                                 # the solution's: to see that nothing here makes a check fail
SEED = 7


# What has been looked at ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Review:
    """What a person has found, in the packets of a check that failed.

    verdict: "fault"; "policy", where the check wants what an RFC leaves open; "untold", where the server cannot be told
    what the check needs; or "passes", for a remark. mistake: the one that the report names, "" for none. packets: what
    is there in this order, in the words of the harness, others between them; "." is the end of all.
    """

    verdict: str
    mistake: str
    packets: tuple[str, ...]
    says: str


MAIL = Review("fault", "", ('RRQ "hello.txt" mail', "DATA 1"), (
    "`RRQ hello.txt` in mode `mail` is answered by DATA 1, with the file's bytes. The client has asked for something "
    "else and is not told. RFC 1350, section 5: a transfer in mode mail begins with a WRQ; section 1: the mode should "
    "not be implemented. (Which code the ERROR has is this course's choice.)"))
LINK = Review("fault", "F11", ('RRQ "link.txt"', 'DATA 1, "secret'), (
    "`RRQ link.txt`, which is a symbolic link to `../secret.txt`, is answered by DATA 1 with the secret. All names "
    "with `..`, and absolute ones, were refused before. RFC 1350 has no rules for names; its security considerations "
    "ask for care that a server's rights do not open the rest of its file system."))
EARLY = Review("policy", "", ('WRQ "new-522.txt"', "ACK 0", "."), (
    "The name is in the folder after ACK 0, before a byte of the file has come. That a file appears only when it is "
    "complete is this course's; the RFCs do not speak of it."))
SILENT = Review("fault", "", ("DATA 1", 'ERROR 0 "go away"', "ACK 1", "."), (
    "For mallory's ACK 1 no ERROR 5 comes, only the kernel's ICMP *port unreachable*: the socket of the transfer is "
    "connected, and the server never hears of strangers. RFC 1350, section 4: an error packet *should* be sent to the "
    "source. The transfer is not disturbed."))
BAD_VALUE = Review("policy", "", ("OACK tsize=2500 timeout=60", "blksize=3", "ERROR 8", "."), (
    "All that was asked for before is granted; `blksize=3` is answered by ERROR 8. RFC 2347 leaves to the RFC of an "
    "option whether a value that is not valid is left out, replaced, or refused by ERROR 8, and RFC 2348 does not say "
    "which. This course's `options.py` says: left out."))
NO_WINDOWS = Review("policy", "", ("windowsize=4", "DATA 1", "."), (
    "`windowsize=4` is answered by DATA 1, without an OACK: it does not have this option (RFC 7440), and need not."))
NO_WINDOWS_TO_ROLL = Review("policy", "", ("blksize=8 windowsize=64", "OACK blksize=8", "."), (
    "The OACK grants `blksize=8`, and leaves `windowsize` out, which it does not have. The check ends there: no block "
    "65536 is ever asked for."))
FIXED_WAITS = Review("fault", "F25", ("RRQ", "DATA 1", "DATA 1", "DATA 1", "DATA 1", "."), (
    "DATA 1 comes at 0, 0.2, 0.4 and 0.6 s: the wait stays what it was. RFC 1123, section 4.2.3.2: a timeout MUST be "
    "adaptive, and at least exponential backoff is needed."))
BROKEN = ("00 01 61 00", ".")
UNANSWERED = ("Mallory's request breaks off behind the name, and nothing comes. RFC 1350, section 2: a packet that is "
             "incorrectly formed is an error, and an error is signalled by an ERROR. ")
UNASKED = ("It asks for `tsize` and `timeout`, and the OACK grants `blksize=512` beside `tsize`. RFC 2347: a server "
           "must not put into the OACK what was not asked for. (That `timeout` is left out is fine. The "
           "`BlkSize=1024` of the first request, with capitals, was not understood either: that OACK had "
           "`blksize=512` too.)")
RAW_TEXT = Review("fault", "", ('RRQ "text.txt" netascii', "DATA 1, 512 bytes", "."), (
    "DATA 1 of a transfer in netascii ends with the LF of the file, where CR has to be, the first byte of CR LF: the "
    "bytes of the file are sent as they are. RFC 1350, section 5, and RFC 764. (Its log says that it sends binary "
    "data; the client is not told.)"))
UNASKED_WINDOW = Review("fault", "F15", ("windowsize=4", "OACK blksize=512", "."), (
    "It asks for `windowsize` alone, and the OACK grants `blksize` alone. That it has no `windowsize` is fine; but "
    "RFC 2347 says that a server must not put into an OACK what was not asked for."))

REVIEWED = {
    ("in.tftpd", "test_lost_ack"): Review("untold", "F25", ("RRQ", *["DATA 1"] * 5, "."), (
        "DATA 1 comes at 0, 0.2, 0.6, 1.4 and 3.0 s: each wait is twice as long, as RFC 1123, section 4.2.3.2, wants "
        "it. How often it sends again cannot be told to it, and it is more often than the check asks for: only that "
        "half of F25 is true of it.")),
    ("in.tftpd", "test_outside"): Review("policy", "", ('WRQ "../new.txt"', "ACK 0", "."), (
        "`WRQ ../new.txt` is granted. It runs in a chroot, where `..` of the root is the root: the file comes to be "
        "in the root (tried by hand), so no name has led out, and none of the RRQs did. This course wants a refusal.")),
    ("in.tftpd", "test_put"): EARLY,
    ("in.tftpd", "test_strangers_are_told"): SILENT,
    ("in.tftpd", "test_server_grants"): BAD_VALUE,
    ("in.tftpd", "test_windowsize"): NO_WINDOWS,
    ("in.tftpd", "test_roll_over"): NO_WINDOWS_TO_ROLL,

    ("atftpd", "test_refused"): MAIL,
    ("atftpd", "test_lost_ack"): Review("fault", "", ("RRQ", "DATA 1, 512 bytes", "00 03 00", "."), (
        "After a second three bytes come, 00 03 00, in the place of DATA 1 with its 512 bytes. RFC 1350, section 2: "
        "the last packet is sent again. (By hand: so it is with its own timeout of 5 s too; from the second block on "
        "it sends the right packet.)")),
    ("atftpd", "test_duplicate_ack"): Review("fault", "F03", ("ACK 1", "DATA 2", "ACK 1", "DATA 2", "DATA 2"), (
        "DATA 2 has been sent when ACK 1 comes three times more, and goes out again for each of them: the Sorcerer's "
        "Apprentice, which RFC 1123, section 4.2.3.1, says a sender MUST not do. (By hand, with one ACK 3 sent twice, "
        "41 DATA come for a file of 22 blocks, and as many with `--prevent-sas`. And it takes an ACK from the future: "
        "for ACK 2 while only DATA 1 has been sent it goes on with DATA 3.)")),
    ("atftpd", "test_outside"): LINK,
    ("atftpd", "test_garbage"): Review("fault", "", ("00 01 61 00", 'ERROR 1 "File not found"', "."), (
        "Mallory's request breaks off behind the name, and is taken for a whole one: ERROR 1, for there is no file "
        "`a`. (By hand: where there is one, DATA 1 comes.) RFC 1350, section 5: a request has a mode. (By hand, too: "
        "an empty datagram from a client's own port ends its transfer without an ERROR, which section 2 demands. And a "
        "name of 1,000 letters, which no file can have, is answered by an empty DATA 1.)")),
    ("atftpd", "test_put"): Review("policy", "", ('WRQ "new-522.txt"', "ACK 0", "ACK 1", "DATA 1", "ACK 1", "."), (
        "The name is in the folder after ACK 1, before the file is complete. " + EARLY.says.partition(". ")[2])),
    ("atftpd", "test_strangers_are_told"): SILENT,
    ("atftpd", "test_server_grants"): BAD_VALUE,
    ("atftpd", "test_roll_over"): Review("policy", "", ("blksize=8 windowsize=64", "ERROR 8", "."), (
        "A file of 65,601 blocks is refused at once, by ERROR 8 (its log: the options require a larger blksize). "
        "RFC 1350 does not say what comes after block 65535. That it is 0 is this course's.")),

    ("dnsmasq", "test_lost_ack"): Review("untold", "F25", ("RRQ", *["DATA 1"] * 5, "."), (
        "It can be told neither its times nor how often it sends again. By its own ones DATA 1 came at 0, 2, 4, 7, 10, "
        "15 and 20 s (by hand): each wait is as long as the one before it, or longer. When the check asks whether the "
        "transfer is over, it is not.")),
    ("dnsmasq", "test_outside"): LINK,
    ("dnsmasq", "test_garbage"): Review("policy", "", ("DATA 1", "DATA 2", "DATA 2", "."), (
        "Both transfers are completed in spite of all garbage. It then ends on Ctrl-C with exit code 5, where this "
        "course wants 0.")),
    ("dnsmasq", "test_put"): Review("policy", "", ('WRQ "new-522.txt"', "ERROR 4", "."), (
        "The WRQ is answered by ERROR 4: it takes no files, as RFC 1350 lets every server choose.")),
    ("dnsmasq", "test_strangers_are_told"): Review(
        "policy", "", ('ERROR 0 "go away"', "ERROR 5", "ERROR 5", "."), (
            "Mallory gets ERROR 5 twice: for the ACK 1, and for the ERROR 0 before it. RFC 1350, section 4, makes no "
            "exception for a stranger's ERROR. That it is not answered is this course's.")),
    ("dnsmasq", "test_server_grants"): Review("policy", "", ("tsize=0 timeout=60", "OACK tsize=2500", "."), (
        "`blksize` and `tsize` are granted, and `timeout` is left out of the OACK: it does not have this option, and "
        "need not (RFC 2347).")),
    ("dnsmasq", "test_netascii"): Review("fault", "", ('RRQ "text.txt" netascii', "DATA 1", "ACK 1", "DATA 2", "."), (
        "In DATA 2, LF has become CR LF, but a CR of the file is sent as CR alone (`64 0d 74`), not as CR 0. RFC 764, "
        "which RFC 1350, section 1, refers to: behind a CR there is LF or 0.")),
    ("dnsmasq", "test_windowsize"): NO_WINDOWS,
    ("dnsmasq", "test_roll_over"): NO_WINDOWS_TO_ROLL,

    ("tftpy", "test_refused"): MAIL,
    ("tftpy", "test_lost_ack"): FIXED_WAITS,
    ("tftpy", "test_stranger"): Review("fault", "F04", ("DATA 1", "ACK 1", "DATA 2"), (
        "Mallory sends ACK 1 into alice's transfer, and DATA 2 goes to alice. RFC 1350, section 4: what does not come "
        "from the TID of the other side is to be discarded. (Her ERROR then ends the transfer, as its log "
        "tells: F05.)")),
    ("tftpy", "test_outside"): LINK,
    ("tftpy", "test_garbage"): Review("fault", "", BROKEN, (
        UNANSWERED + "(By hand: for a name that is not ASCII the server ends with exit code 1, on a "
        "UnicodeDecodeError. Anybody can end it so, with one datagram.)")),
    ("tftpy", "test_put"): EARLY,
    ("tftpy", "test_strangers_are_told"): Review("fault", "", ("DATA 1", 'ERROR 0 "go away"', "ACK 1", "."), (
        "Nothing comes for mallory; and as its log tells her ERROR has ended alice's transfer (F05). RFC 1350, "
        "section 4: an error packet *should* be sent to the source, and the transfer not be disturbed.")),
    ("tftpy", "test_server_grants"): Review(
        "fault", "F15", ("tsize=0 timeout=60", "OACK blksize=512 tsize=2500", "."), UNASKED),
    ("tftpy", "test_netascii"): RAW_TEXT,
    ("tftpy", "test_windowsize"): UNASKED_WINDOW,
    ("tftpy", "test_roll_over"): NO_WINDOWS_TO_ROLL,

    ("py3tftp", "test_refused"): MAIL,
    ("py3tftp", "test_lost_ack"): FIXED_WAITS,
    ("py3tftp", "test_outside"): LINK,
    ("py3tftp", "test_garbage"): Review("fault", "F12", BROKEN, (
        UNANSWERED + "Its own code does not catch what the broken packet raises, but asyncio does, and writes the "
        "traceback to stderr. (By hand: so it is with a name that is no UTF-8. The garbage does no harm to transfers.)"
        )),
    ("py3tftp", "test_put"): EARLY,
    ("py3tftp", "test_strangers_are_told"): Review(
        "fault", "", ('ERROR 0 "go away"', *["ERROR 5"] * 4, "."), (
            "Mallory gets four ERROR 5: two for the ERROR 0, two for the ACK 1. RFC 1350, section 4, has one for a "
            "packet. (That an ERROR is answered at all would be policy.)")),
    ("py3tftp", "test_server_grants"): Review("fault", "", ("BlkSize=1024 tsize=0", "OACK tsize=2500", "."), (
        "`BlkSize=1024` is not granted, though it has the option: it compares the name letter by letter. RFC 2347: "
        "the names of options are case-insensitive.")),
    ("py3tftp", "test_netascii"): Review(
        "fault", "", ('WRQ "new.txt" NetASCII', "ACK 0", "DATA 1", "ACK 1", "DATA 2", "ACK 2", "."), (
            "In mode `netascii` it sends rightly. A WRQ in mode `NetASCII` is taken for octet: CR LF and CR 0 stand in "
            "the file. RFC 1350, section 5: any combination of upper and lower case. (This is F09, which the report "
            "does not name.)")),
    ("py3tftp", "test_windowsize"): Review(
        "fault", "", ("ACK 0", "DATA 1", "DATA 2", "DATA 3", "DATA 4", "ACK 2", "DATA 3", "DATA 4", "DATA 4", "DATA 5"),
        ("After ACK 2 in the middle of the window, DATA 3, 4, 4 and 5 come: a block twice, and one less of the new "
         "window. RFC 7440, section 4: the next window begins with the block behind the one acknowledged.")),

    ("partftpy", "test_refused"): MAIL,
    ("partftpy", "test_lost_ack"): FIXED_WAITS,
    ("partftpy", "test_stranger"): Review(
        "fault", "F05", ("DATA 1", "ACK 1", "DATA 2", "ERROR 2", "ERROR 2", "."), (
            "Mallory sends ACK 1 into alice's transfer, and DATA 2 goes to alice (F04); mallory sends an ERROR, and "
            "alice gets ERROR 2, twice: the transfer is over. RFC 1350, section 4: what does not come from the TID of "
            "the other side is to be discarded, and must not disturb the transfer.")),
    ("partftpy", "test_outside"): LINK,
    ("partftpy", "test_garbage"): Review("fault", "", BROKEN, (
        UNANSWERED + "(By hand: a client's own junk ends its transfer, with an ERROR 2 sent twice, which section 2 "
        "allows. That it is dropped is this course's.)")),
    ("partftpy", "test_put"): EARLY,
    ("partftpy", "test_strangers_are_told"): Review(
        "fault", "", ("DATA 1", 'ERROR 0 "go away"', "ERROR 2", "ERROR 2"), (       # and mallory's ACK 1, anywhere
            "Nothing comes for mallory; but alice gets ERROR 2, twice, since mallory's ERROR has ended the transfer "
            "(F05). RFC 1350, section 4, as above.")),
    ("partftpy", "test_server_grants"): Review(
        "fault", "F15", ("tsize=0 timeout=60", "OACK blksize=512 tsize=2500", "."), UNASKED),
    ("partftpy", "test_netascii"): RAW_TEXT,
    ("partftpy", "test_windowsize"): UNASKED_WINDOW,
    ("partftpy", "test_roll_over"): NO_WINDOWS_TO_ROLL,
}


# What is seen ----------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What became of one check. alone: whether it was blocked, and then played for itself."""

    check: dict
    alone: bool = False


def grade(name: str, kept: Path) -> tuple[dict, dict[str, Seen]]:
    """Grade a server. Returns the score as a student's, and of each check what is seen, none of them blocked."""
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)

    def run(*checks: str) -> dict:
        with tempfile.TemporaryDirectory(prefix="grading-") as scratch:
            graded = programs.grade(
                EXERCISE, programs.ROOT / "solutions" / EXERCISE, Path(scratch), "-p", "foreign", f"--seed={SEED}",
                f"--keep={kept}", *(f"--only={check}" for check in checks),
                environment={foreign.NAME: name, "PYTHONPATH": str(programs.TESTS)})
        if graded.status not in (0, 1):
            raise RuntimeError(f"{name}: {graded.output}")
        if graded.score["network"] != "own":
            sys.exit("real_servers.py: this takes a network of one's own, for the packets, and for dnsmasq")
        return graded.score

    score = run(*CHECKS)
    seen = {check["name"]: Seen(check) for check in score["checks"]}
    for check in list(seen):                  # one by one: in company one would block another again
        if seen[check].check["outcome"] == "blocked":
            seen[check] = Seen(run(check)["checks"][0], alone=True)
    for folder in [path for path in kept.iterdir() if path.is_dir()]:
        for file, ending in ("packets.pcap", "pcap"), ("report.txt", "txt"):
            if seen[folder.name].check["outcome"] == "failed" and (folder / file).exists():
                (folder / file).rename(kept / f"{folder.name}.{ending}")
        shutil.rmtree(folder)
    return score, seen


def packets(file: Path) -> list[str]:
    """The UDP datagrams of a capture, in words."""
    from autograder.tftp import words
    content, at, found = file.read_bytes(), 24, []
    while at < len(content):
        length, = struct.unpack_from("=I", content, at + 8)
        frame = content[at + 16:at + 16 + length]
        at += 16 + length
        if frame[12:14] == b"\x08\x00" and frame[23] == 17:     # IPv4, UDP
            found.append(words(frame[42:]))
    return found


def shows(review: Review, found: list[str]) -> bool:
    """Whether these packets are there in this order, others between them; "." is the end of all."""
    left = iter(found)
    return all(not next(left, "") if wanted == "." else any(wanted in packet for packet in left)
               for wanted in review.packets)


def differences(name: str, seen: dict[str, Seen]) -> list[str]:
    """What is not as it has been reviewed."""
    found = []
    for check, what in seen.items():
        review, outcome = REVIEWED.get((name, check)), what.check["outcome"]
        where, file = f"{name}, {check}", KEPT / name / f"{check}.pcap"
        if outcome not in ("passed", "failed"):
            found.append(f"{where}: {outcome}, {what.check['cause']}")
        elif outcome == "failed" and not review:
            found.append(f"{where}: fails, and nobody has looked at it. See build/real_servers/{name}/{check}.txt")
        elif review and outcome == "passed" and review.verdict != "passes":
            found.append(f"{where}: does not fail any more")
        elif review and outcome == "failed":
            if review.verdict == "passes":
                found.append(f"{where}: fails, which it did not")
            if review.mistake != what.check["mistake"]:
                found.append(f"{where}: put down to {what.check['mistake'] or 'nothing'}, was "
                             f"{review.mistake or 'nothing'}")
            if not file.exists():
                found.append(f"{where}: there is no {file.name}")
            elif not shows(review, packets(file)):
                found.append(f"{where}: other packets than {' … '.join(review.packets)}")
    return found + [f"{name}, {check}: there is no such check any more" for server, check in REVIEWED
                    if server == name and check not in seen]


# The table ------------------------------------------------------------------------------------------------------


def version(name: str) -> str:
    """A server's version, as it or its package tells."""
    if name in tftp_bench.PACKAGES:
        return tftp_bench.PACKAGES[name].partition("==")[2]
    program = peers.find(next(server for server in peers.SERVERS if server.name == name))
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return next(word.strip(",").removeprefix("atftp-") for word in (told.stdout + told.stderr).split()
                if any(letter.isdigit() for letter in word))


def cell(name: str, seen: Seen) -> str:
    """What is in the table for a server and a check."""
    check = seen.check
    review = REVIEWED.get((name, check["name"]))
    mark = "✓" if check["outcome"] == "passed" else {"fault": "✗", "policy": "policy", "untold": "cannot be told"}[
        review.verdict]
    note = "*" if check["outcome"] == "passed" and review else ""
    mistake = f" {check['mistake']}" if check["mistake"] and review.verdict == "fault" else ""
    return ("– " if seen.alone else "") + mark + mistake + note


def document(graded: dict[str, tuple[dict, dict[str, Seen]]]) -> str:
    """The whole file, in Markdown."""
    checks = [seen.check for seen in next(iter(graded.values()))[1].values()]
    lines = [
        "# Real servers, graded as if students had written them", "",
        "Made by `make real-servers`, which runs the checks of exercise 05 on each of these servers. It makes this",
        "file only if every failed check has been reviewed, and if the packets are those of the review.", "",
        "- ✓ passes. ✗ fails; behind it stands the known mistake that the report names, if it names one. Each is",
        "  explained below the table, with what passed on the wire.",
        "- **policy**: the check wants what the skeletons of this course say where the RFCs leave it open, or an",
        "  option that nobody has to have. No fault of this server.",
        "- **cannot be told**: the check starts a server with options which this one does not have.",
        "- A – in front: a student would see *blocked*, since a check before it fails. Here it was then played alone.",
        "- \\* passes, with a remark below.", "",
        "A check ends with the first thing that is not as it should be: what it would have asked after that is not",
        "seen here.", ""]
    lines += ["| check | " + " | ".join(graded) + " |", "|---" * (len(graded) + 1) + "|",
              "| version | " + " | ".join(map(version, graded)) + " |"]
    lines += [f"| {check['rubric']}{' (bonus)' * check['bonus']} | "
              + " | ".join(cell(name, seen[check["name"]]) for name, (_, seen) in graded.items()) + " |"
              for check in checks]
    most = sum(check["max"] for check in checks if not check["bonus"])
    lines += [f"| points of {most:g} | " + " | ".join(f"{score['points']:g}" for score, _ in graded.values()) + " |",
              f"| bonus of {sum(check['max'] for check in checks if check['bonus']):g} | "
              + " | ".join(f"{score['bonus']:g}" for score, _ in graded.values()) + " |", ""]
    lines += ["What the servers are told:", ""]
    lines += [f"- {each.name}: {each.told}" for each in foreign.SERVERS if each.name in graded]
    for name, (_, seen) in graded.items():
        lines += ["", f"## {name} {version(name)}", ""]
        for check in checks:
            if review := REVIEWED.get((name, check["name"])):
                lines += [f"**{check['rubric']}**: {cell(name, seen[check['name']]).removeprefix('– ')}. {review.says}"
                          + (f" (`{name}/{check['name']}.pcap`)" if review.packets else ""), ""]
        lines.pop()
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", action="append", help="only look at this one; no table is written")
    only = parser.parse_args().server
    if reason := tftp_bench.install():
        print(f"not installed: {', '.join(tftp_bench.PACKAGES)} ({reason})", file=sys.stderr)
    graded, bad = {}, []
    for name in [OURS, *(each.name for each in foreign.SERVERS)]:
        if only and name not in only:
            continue
        known = next((server for server in peers.SERVERS if server.name == name), None)
        if not (peers.find(known) if known else name == OURS or tftp_bench.PYTHON.exists()):
            bad.append(f"{name}: not installed")
            continue
        score, seen = graded[name] = grade(name, KEPT / name)
        fails = {check: what.check["mistake"] for check, what in seen.items() if what.check["outcome"] != "passed"}
        print(f"{name}: {score['points']:g} + {score['bonus']:g} points; {json.dumps(fails)}", flush=True)
        bad += differences(name, seen)
    if bad:
        sys.exit("\n".join(["Not as reviewed:", *bad]))
    if not only:
        del graded[OURS]
        DOCUMENT.write_text(document(graded), encoding="utf-8")
        print(f"wrote {DOCUMENT.relative_to(programs.ROOT)}")


if __name__ == "__main__":
    main()
