"""A folder that a student's programs share with the test: they serve its files, and write into it.

What is in there is the student's side's. So nothing of it is followed that could lead elsewhere: no link, no device.
"""
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .sandbox import TMP_SIZE, remove
from .stage import POLL, Actor, Stage, Unmet
from .words import quote, show

MOST_KEPT = 1 << 20         # bytes of a file that the trace keeps
CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Folder(Actor):
    """An empty folder, at .path. Names in it have / between their parts, as "root/hello.txt"."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.path = Path(tempfile.mkdtemp(prefix="files-")).resolve()
        self.path.chmod(0o777)                  # as root, programs have a uid of their own
        stage.actors.append(self)

    def close(self) -> None:
        """Remove it, and all that is in it."""
        remove(self.path)

    # Sentences: what is put there ---------------------------------------------------------------------

    def gets(self, name: str, data: bytes) -> None:
        """This file is put there, and the folders that its name has."""
        with self.stage.step(f"there is a file {name}: {content(data)}"), self._place(name) as (last, folder):
            descriptor = os.open(last, os.O_WRONLY | os.O_CREAT | os.O_EXCL | CAREFULLY, 0o666, **folder)
            with open(descriptor, "wb") as file:
                file.write(data)
                if hasattr(os, "fchmod"):
                    os.fchmod(descriptor, 0o666)        # as root, programs have a uid of their own

    def gets_folder(self, name: str) -> None:
        """This folder is put there."""
        with self.stage.step(f"there is a folder {name}"), self._place(f"{name}/."):
            pass

    def gets_link(self, name: str, to: str) -> None:
        """A symbolic link is put there. No step where the system refuses links (Windows)."""
        with suppress(OSError, NotImplementedError), \
                self.stage.step(f"there is a symbolic link {name}, to {to}"), self._place(name) as (last, folder):
            os.symlink(to, last, **folder)

    @contextmanager
    def _place(self, name: str) -> Iterator[tuple[str, dict[str, int]]]:
        """The folder of this name is there; gives what to call the file, and how to say in which folder that is.

        A program may have put something in its place meanwhile, such as a link: then that is what came instead.
        """
        *parts, last = name.split("/")
        if os.open not in os.supports_dir_fd:           # Windows
            self.path.joinpath(*parts).mkdir(parents=True, exist_ok=True)
            yield str(self.path.joinpath(*parts, last)), {}
            return
        found = os.open(self.path, os.O_RDONLY)
        try:
            for part in parts:
                folder = found
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=folder)
                found = os.open(part, os.O_RDONLY | os.O_DIRECTORY | CAREFULLY, dir_fd=folder)
                os.close(folder)
                if os.fstat(found).st_uid == os.getuid():
                    os.fchmod(found, 0o777)
            yield last, {"dir_fd": found}
        except OSError as error:
            raise Unmet(f"a place for {name}", error.strerror or "none") from None
        finally:
            os.close(found)

    # Sentences: what is found there -------------------------------------------------------------------

    def holds(self, name: str, data: bytes) -> None:
        """There is a file of this name with exactly these bytes, within the deadline."""
        with self.stage.step(f"there is a file {name}: {content(data)}"):
            if not self.stage.wait(lambda: self.read(name) == data, poll=POLL):
                self.witness(name)
                found = self.read(name)
                if found is None:
                    raise Unmet(f"a file {name}", ", ".join(self.names(name)) or "no file at all")
                if max(len(found), len(data)) > 1000 or not found or not data:
                    raise Unmet(content(data), content(found))
                raise Unmet(quote(data), quote(found), compare=True)

    def has_no(self, name: str) -> None:
        """There is nothing of this name now."""
        with self.stage.step(f"there is no file {name}"):
            self.stage.settle()
            if name.rpartition("/")[2] in self.names(name):
                self.witness(name)
                raise Unmet("no such file", content(self.read(name) or b""))

    def has_only(self, *names: str, within: str = "") -> None:
        """In this folder there are these names and no other ones, within the deadline."""
        wanted = ", ".join(sorted(names)) or "nothing"
        with self.stage.step(f"in the folder {within} there is {wanted}, and nothing else" if names
                             else f"in the folder {within} there is nothing"):
            inside = f"{within}/" if within else ""
            if not self.stage.wait(lambda: self.names(inside) == sorted(names), poll=POLL):
                for name in self.names(inside):
                    if name not in names:
                        self.witness(inside + name)
                raise Unmet(wanted, ", ".join(self.names(inside)) or "nothing")

    # What else asks -----------------------------------------------------------------------------------

    def witness(self, name: str) -> None:
        """Record what is in this file now, if anything is: the evidence for a diagnosis."""
        if (found := self.read(name)) is not None:
            self.stage.trace.add("", "file", text=name, data=found[:MOST_KEPT])

    def read(self, name: str) -> bytes | None:
        """What is in a file. None if there is no regular file of this name."""
        descriptor = self._open(name)
        if descriptor is None:
            return None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return None
        with open(descriptor, "rb") as file:
            return file.read(TMP_SIZE + 1)

    def names(self, name: str) -> list[str]:
        """What there is in the folder of this name, sorted."""
        folder = name.rpartition("/")[0]
        if os.listdir not in os.supports_fd:    # Windows
            with suppress(OSError):
                return sorted(os.listdir(self.path / folder))
            return []
        if (descriptor := self._open(folder)) is None:
            return []
        try:
            return sorted(os.listdir(descriptor))
        except OSError:                         # no folder
            return []
        finally:
            os.close(descriptor)

    def _open(self, name: str) -> int | None:
        """Open what has this name, each part of it for what it is: no link is followed."""
        try:
            if os.open not in os.supports_dir_fd:       # Windows
                return os.open(self.path / name, os.O_RDONLY | CAREFULLY)
            found = os.open(self.path, os.O_RDONLY)
            for part in Path(name).parts:
                folder = found
                try:
                    found = os.open(part, os.O_RDONLY | CAREFULLY, dir_fd=folder)
                finally:
                    os.close(folder)
            return found
        except OSError:
            return None


def content(data: bytes) -> str:
    """What is in a file, in words."""
    return f"{show(data)}" if data else "no bytes"
