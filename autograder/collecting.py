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
from .score import write_through, write_whole

MOST_NOTEBOOK = 10 * MIB
STUDENT = re.compile(r"[\w@][\w@.-]*")          # what a student's id may look like: it names folders
TIMESTAMP = "timestamp.txt"                     # nbgrader's: when something was submitted
SECRET = "submission_secret.txt"                # nbgrader's: what the student finds the feedback by
# Where formgrader comes across such a file, it runs it.
CONFIG = re.compile(r"(nbgrader|jupyter|ipython)\w*_config\.py", re.IGNORECASE)
SECRET_TEXT = re.compile(rb"[0-9a-f]{128}")
UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, OSError, EOFError, ValueError, MemoryError)


class Unusable(Exception):
    """Something that no submission can be taken from. The text says why, in one line."""


def owner(name: str, students: Iterable[str]) -> str:
    """Whose an archive or a folder of this name is: the one student whose id stands in it, as a word of its own.

    So "ada.zip" is ada's, and "Lovelace Ada_ada_4711_file_" too. students: all ids. Raises Unusable.
    """
    stem = re.sub(r"\.zip$", "", name, flags=re.IGNORECASE)
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
    return (name == notebook or name.endswith(".py")) and name.isprintable() and len(name.encode()) <= 255 \
        and not CONFIG.fullmatch(name)


def most(name: str) -> int:
    """How many bytes a file of this name may have."""
    return MOST_NOTEBOOK if name.endswith(".ipynb") else MOST_SOURCE


def _member_reader(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Read:
    def read(most: int) -> bytes | None:
        with archive.open(member) as opened:
            content = opened.read(most + 1)     # whatever size it claims to have
        return content if len(content) <= most else None
    return read


def _reader(path: Path) -> Read:
    def read(most: int) -> bytes | None:
        found = _regular(path, most)
        return found[0] if found else None
    return read


def _regular(path: Path, most: int, of: int | None = None) -> tuple[bytes, float] | None:
    """What is in a small regular file, and when that was last changed (s). A link is not followed.

    of: the uid that the file must belong to. None if it is not such a file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as opened:
            found = os.fstat(opened.fileno())
            if not stat.S_ISREG(found.st_mode) or of not in (None, found.st_uid):
                return None
            content = opened.read(most + 1)
    except OSError:
        return None
    return (content, found.st_ctime) if len(content) <= most else None


def in_exchange(inbound: Path, exercise: str) -> Iterator[tuple[str, Path]]:
    """The submissions of an exercise in the exchange, the last of each student at the end: the student, and where.

    A folder's name is whatever its maker wrote; when its files were last changed is what the kernel says.
    """
    found = []
    for entry in os.scandir(inbound):
        student, is_it, _ = entry.name.partition(f"+{exercise}+")
        if is_it and STUDENT.fullmatch(student) and entry.is_dir(follow_symlinks=False):
            found.append((_changed(entry.path), student, entry.path))
    for _, student, path in sorted(found):
        yield student, Path(path)


def _changed(folder: str) -> float:
    try:
        return max([entry.stat(follow_symlinks=False).st_ctime for entry in os.scandir(folder)], default=0)
    except OSError:
        return 0


def uid_of(folder: Path, student: str) -> int:
    """Whose a folder in the exchange is. Raises Unusable if that is not the student in whose name it is."""
    import pwd

    try:
        uid = folder.stat().st_uid
        maker = pwd.getpwuid(uid).pw_name
    except (OSError, KeyError) as error:
        raise Unusable(f"nobody knows whose it is: {error}") from None
    if maker != student:
        raise Unusable(f"it is in the name of {student}, and was made by {maker}")
    return uid


def from_exchange(folder: Path, student: str, notebook: str) -> dict[str, bytes]:
    """A submission in the exchange, by file name, with its time and the secret that its feedback is returned by.

    The time is the kernel's: what nbgrader wrote into TIMESTAMP, the student can change. Raises Unusable.
    """
    uid = uid_of(folder, student)
    try:
        names = [name for name in sorted(os.listdir(folder)) if wanted(name, notebook) or name == SECRET]
    except OSError as error:
        raise Unusable(f"it cannot be read: {error}") from None
    if len(names) > MOST_SOURCES:
        raise Unusable(f"it has {len(names)} files, and more than {MOST_SOURCES} nobody needs")
    found = {name: _regular(folder / name, most(name), uid) for name in names}
    if unread := [name for name, content in found.items() if content is None]:
        raise Unusable(f"{', '.join(unread)}: no regular file of {student}'s own, or too large")
    if SECRET not in found or not SECRET_TEXT.fullmatch(found[SECRET][0]):
        raise Unusable(f"it has no {SECRET} of nbgrader's: it has to be submitted again")
    when = datetime.fromtimestamp(max(changed for _, changed in found.values()), UTC)
    return {name: content for name, (content, _) in found.items()} | {
        TIMESTAMP: f"{when:%Y-%m-%d %H:%M:%S} UTC".encode()}


def put(submission: dict[str, bytes], folder: Path, scratch: Path, record: Path) -> bool:
    """Make this submission the one in a folder, whole or not at all, unless it was put there before.

    What was added to it by hand stays until there is another one. scratch: a folder on the same file system, for what
    is not yet whole. record: a file that tells what was put there last. Returns whether it was another.
    """
    digest = hashlib.sha256(repr(sorted(submission.items())).encode()).hexdigest()
    if folder.is_dir() and record.exists() and record.read_text() == digest:
        return False
    # Whatever stops this, and wherever: without the record, it is done again.
    record.unlink(missing_ok=True)
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "new").mkdir(parents=True)
    for name, content in submission.items():
        write_through(scratch / "new" / name, content)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        os.replace(folder, scratch / "old")
    os.replace(scratch / "new", folder)
    shutil.rmtree(scratch)
    write_whole(record, digest)
    return True
