"""Submissions as they come in: whose each is, and only what is graded of it.

They come out of a learning platform's archives, or out of nbgrader's exchange. Both are made by students, and the
exchange's folders still belong to them when we read: nothing is followed, run, or copied but the bytes of small files.
"""
import hashlib
import lzma
import os
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from .sandbox import MIB, MOST_SOURCE, MOST_SOURCES
from .score import write_whole

MOST_NOTEBOOK = 10 * MIB
STUDENT = re.compile(r"[\w@][\w@.-]*")          # what a student's id may look like: it names folders
SECRET = "submission_secret.txt"                # nbgrader's: what the student finds the feedback by
# Where formgrader comes across such a file, it runs it.
CONFIG = re.compile(r"(nbgrader|jupyter|ipython)\w*_config\.py", re.IGNORECASE)
UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, OSError, EOFError, ValueError)


class Unusable(Exception):
    """Something that no submission can be taken from. The text says why, in one line."""


def owner(name: str, students: Iterable[str]) -> str:
    """Whose an archive or a folder of this name is: the one student whose id stands in it, as a word of its own.

    So "ada.zip" is ada's, and "Lovelace Ada_ada_4711_file_" too. students: all ids. Raises Unusable.
    """
    stem = name.removesuffix(".zip")
    if stem in (students := set(students)):
        return stem
    found = sorted(student for student in students
                   if re.search(rf"(?:^|[\s_+,;()]){re.escape(student)}(?:$|[\s_+,;()])", stem))
    if len(found) != 1:
        raise Unusable(f"its name has more than one student's id in it: {', '.join(found)}" if found else
                       "its name has no student's id of the roster in it")
    return found[0]


def files(source: Path, notebook: str) -> dict[str, bytes]:
    """The submission in a zip archive, or in a folder: its programs and its notebook, by file name.

    They are taken from the folder in there that has the notebook, or else from the highest one with programs. Links,
    hidden files, other files and what is too large are left out. Raises Unusable.
    """
    try:
        if source.is_dir():
            return _chosen({path.relative_to(source).as_posix(): _reader(path) for path in source.rglob("*")}, notebook)
        with zipfile.ZipFile(source) as archive:
            return _chosen({member.filename.replace("\\", "/"): _member_reader(archive, member)
                            for member in archive.infolist() if not member.is_dir()}, notebook)
    except UNREADABLE as error:
        raise Unusable(f"it cannot be read: {error}") from None


Read = Callable[[int], bytes | None]            # reads a file of at most so many bytes; None if it is none, or larger


def _chosen(readers: dict[str, Read], notebook: str) -> dict[str, bytes]:
    folders: dict[str, dict[str, Read]] = {}
    for path, read in readers.items():
        folder, _, name = path.rpartition("/")
        if wanted(name, notebook) and not any(part.startswith((".", "__MACOSX")) for part in path.split("/")):
            folders.setdefault(folder, {})[name] = read
    if not folders:
        raise Unusable(f"there is neither a program (.py) nor {notebook} in it")
    chosen = folders[min(folders, key=lambda folder: (notebook not in folders[folder], folder.count("/"), folder))]
    if len(chosen) > MOST_SOURCES:
        raise Unusable(f"it has {len(chosen)} programs, and more than {MOST_SOURCES} nobody needs")
    contents = {name: read(most(name)) for name, read in sorted(chosen.items())}
    return {name: content for name, content in contents.items() if content is not None}


def wanted(name: str, notebook: str) -> bool:
    """Whether a file of this name is taken from a submission."""
    return (name == notebook or name.endswith(".py")) and len(name.encode()) <= 255 and not CONFIG.fullmatch(name)


def most(name: str) -> int:
    """How many bytes a file of this name may have."""
    return MOST_NOTEBOOK if name.endswith(".ipynb") else MOST_SOURCE


def _member_reader(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Read:
    def read(most: int) -> bytes | None:
        with archive.open(member) as opened:
            content = opened.read(most + 1)     # whatever size it claims to have
        return content if len(content) <= most else None
    return read


def _reader(path: Path, of: int | None = None) -> Read:
    """A reader of a regular file, which it does not follow a link to. of: the uid that it must belong to."""
    def read(most: int) -> bytes | None:
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        except OSError:
            return None
        with open(descriptor, "rb") as opened:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > most or of not in (None, found.st_uid):
                return None
            content = opened.read(most + 1)
        return content if len(content) <= most else None
    return read


def in_exchange(inbound: Path, exercise: str) -> Iterator[tuple[str, Path]]:
    """The submissions of an exercise in the exchange, the last of each student at the end: the student, and where.

    A folder's name is whatever its maker wrote; when its files were last changed is what the kernel says.
    """
    found = []
    for path in inbound.iterdir():
        student, is_it, _ = path.name.partition(f"+{exercise}+")
        if is_it and STUDENT.fullmatch(student) and path.is_dir() and not path.is_symlink():
            found.append((_changed(path), student, path))
    for _, student, path in sorted(found):
        yield student, path


def _changed(folder: Path) -> float:
    try:
        return max([entry.stat(follow_symlinks=False).st_ctime for entry in os.scandir(folder)], default=0)
    except OSError:
        return 0


def from_exchange(folder: Path, student: str, notebook: str) -> dict[str, bytes]:
    """A submission in the exchange, by file name, with its time and the secret that its feedback is returned by.

    The time is the kernel's: what nbgrader wrote into timestamp.txt, the student can change. Raises Unusable, also if
    the folder is not the student's own.
    """
    import pwd

    try:
        of = folder.stat().st_uid
        if (maker := pwd.getpwuid(of).pw_name) != student:
            raise Unusable(f"it is in the name of {student}, and was made by {maker}")
        names = [name for name in sorted(os.listdir(folder)) if wanted(name, notebook) or name == SECRET]
        contents = {name: _reader(folder / name, of)(most(name)) for name in names[:MOST_SOURCES]}
    except (OSError, KeyError) as error:
        raise Unusable(f"it cannot be read: {error}") from None
    if unread := [name for name, content in contents.items() if content is None]:
        raise Unusable(f"{', '.join(unread)}: no regular file of {student}'s own, or too large")
    when = datetime.fromtimestamp(_changed(folder), UTC)
    return {**contents, "timestamp.txt": f"{when:%Y-%m-%d %H:%M:%S} UTC".encode()}


def put(submission: dict[str, bytes], folder: Path, scratch: Path, record: Path) -> bool:
    """Make this submission the one in a folder, whole or not at all, unless it was put there before.

    What was added to it by hand stays until there is another one. scratch: a folder on the same file system, for what
    is not yet whole. record: a file that tells what was put there last. Returns whether it was another.
    """
    digest = hashlib.sha256(repr(sorted(submission.items())).encode()).hexdigest()
    if folder.is_dir() and record.exists() and record.read_text() == digest:
        return False
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for name, content in submission.items():
        (scratch / name).write_bytes(content)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    os.replace(scratch, folder)
    record.parent.mkdir(parents=True, exist_ok=True)
    write_whole(record, digest)
    return True
