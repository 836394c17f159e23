"""The folder that programs and tests share: what a program does to it leads the harness nowhere else."""
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.files import Folder
from autograder.stage import Stage, Unmet

pytestmark = pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="this system cannot open a name in a folder")


@pytest.fixture
def folder() -> Iterator[Folder]:
    stage = Stage()
    made = Folder(stage)
    yield made
    stage.close()
    assert not made.path.exists()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder outside, with a file in it."""
    (tmp_path / "secret").write_text("secret")
    return tmp_path


def test_what_is_put_there_is_found_there(folder):
    folder.gets("root/hello.txt", b"hello")
    folder.gets_link("root/link", "hello.txt")
    folder.gets_folder("root/folder")
    folder.holds("root/hello.txt", b"hello")
    folder.has_only("hello.txt", "link", "folder", within="root")
    folder.has_no("root/other.txt")
    assert (folder.path / "root" / "link").read_bytes() == b"hello"


@pytest.mark.parametrize("what", ["link", "link to a folder", "folder", "pipe"])
def test_nothing_that_a_program_makes_is_taken_for_a_file(folder, elsewhere, what):
    folder.gets_folder("root")
    place = folder.path / "root" / "name"
    if what == "link":
        place.symlink_to(elsewhere / "secret")
    elif what == "link to a folder":
        place.symlink_to(elsewhere)
    elif what == "folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    assert folder.read("root/name") is None
    assert folder.read("root/name/secret") is None
    assert folder.names("root/name/") == []
    with pytest.raises(Unmet):
        folder.has_no("root/name")


def test_a_program_that_puts_a_link_in_place_of_the_root_is_not_followed(folder, elsewhere):
    folder.gets_folder("root")
    shutil.rmtree(folder.path / "root")
    (folder.path / "root").symlink_to(elsewhere)
    assert folder.read("root/secret") is None
    assert folder.names("root/") == []
    with pytest.raises(Unmet, match=r"a place for root/new\.txt"):
        folder.gets("root/new.txt", b"new")
    assert os.listdir(elsewhere) == ["secret"]


def test_a_program_that_foresees_a_name_has_nothing_written_over(folder, elsewhere):
    folder.gets_folder("root")
    (folder.path / "root" / "new.txt").symlink_to(elsewhere / "secret")
    with pytest.raises(Unmet):
        folder.gets("root/new.txt", b"new")
    assert (elsewhere / "secret").read_text() == "secret"
