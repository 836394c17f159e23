"""Archives as they come from a learning platform, and as somebody might make them who means no good."""
import io
import os
import pwd
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder import collecting
from autograder.collecting import MOST_NOTEBOOK, Unusable
from autograder.sandbox import MOST_SOURCE

NOTEBOOK = "03_chat.ipynb"


def archive(folder: Path, **members: bytes | str) -> Path:
    """Make ada.zip. members: paths, with __ for /, and _py or _ipynb at the end for the suffix."""
    with zipfile.ZipFile(folder / "ada.zip", "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "/").replace("_py", ".py").replace("_ipynb", ".ipynb"), content)
    return folder / "ada.zip"


@pytest.mark.parametrize("name, student", [
    ("ada.zip", "ada"), ("ada", "ada"), ("Lovelace Ada_ada_4711_assignsubmission_file_", "ada"),
    ("O'Brien, Jr. Linus (linus).zip", "linus"), ("欧阳 小明_s2027001_1.zip", "s2027001"),
    ("a.b@example.org_late.zip", "a.b@example.org")])
def test_the_owner_is_who_is_named_as_a_word(name, student):
    assert collecting.owner(name, ["ada", "linus", "s2027001", "a.b@example.org", "lin"]) == student


@pytest.mark.parametrize("name, complaint", [
    ("adam.zip", "no student's id"), ("4711.zip", "no student's id"), ("ada_and_linus.zip", "more than one"),
    ("Lovelace Ada_ada_l_4711.zip", "more than one")])          # is it ada's, or ada_l's?
def test_nobody_gets_what_may_be_somebody_elses(name, complaint):
    with pytest.raises(Unusable, match=complaint):
        collecting.owner(name, ["ada", "ada_l", "linus"])


def test_the_submission_is_where_the_notebook_is(tmp_path):
    """Students zip the folder above, or two versions, and macOS adds files of its own."""
    found = collecting.files(archive(
        tmp_path, old__chat_server_py="old", work__03_chat__03_chat_ipynb="{}", work__03_chat__chat_server_py="new",
        work__03_chat__notes_txt="no program", __MACOSX__03_chat__chat_server_py="junk"), NOTEBOOK)
    assert found == {"03_chat.ipynb": b"{}", "chat_server.py": b"new"}


def test_without_a_notebook_it_is_the_highest_folder_with_programs(tmp_path):
    found = collecting.files(archive(tmp_path, a__deep__b_py="1", a__chat_server_py="2"), NOTEBOOK)
    assert found == {"chat_server.py": b"2"}


def test_a_folder_is_taken_like_an_archive_and_its_links_are_not(tmp_path):
    (tmp_path / "secret.py").write_text("the solution")
    source = tmp_path / "ada"
    source.mkdir()
    (source / "chat_client.py").write_text("mine")
    (source / "chat_server.py").symlink_to(tmp_path / "secret.py")
    os.mkfifo(source / "pipe.py")
    assert collecting.files(source, NOTEBOOK) == {"chat_client.py": b"mine"}


def test_nothing_in_an_archive_leads_out_of_it(tmp_path):
    """Names with .. and links are only names: what comes out is a name without a folder, and bytes."""
    path = tmp_path / "ada.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("../../../evil.py", "1")
        made.writestr("/etc/evil2.py", "2")
        link = zipfile.ZipInfo("link.py")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
    found = collecting.files(path, NOTEBOOK)
    assert all("/" not in name for name in found)
    assert collecting.put(found, tmp_path / "submitted" / "ada" / "03_chat", tmp_path / "scratch", tmp_path / "record")
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_symlink() or path.is_file()]
    assert all(path.parts[0] in ("submitted", "ada.zip", "record") for path in written)
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("name, most", [("bomb_py", MOST_SOURCE), ("03_chat_ipynb", MOST_NOTEBOOK)])
def test_a_bomb_is_left_out_and_the_rest_is_taken(tmp_path, name, most):
    """A gigabyte of zeros is a megabyte in an archive."""
    found = collecting.files(archive(tmp_path, **{name: b"\0" * (most + 1)}, chat_server_py="1"), NOTEBOOK)
    assert found == {"chat_server.py": b"1"}


def test_only_what_is_taken_is_read(tmp_path, monkeypatch):
    """A thousand folders with a large notebook each are ten megabytes in an archive."""
    opened = []
    real = zipfile.ZipFile.open
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda self, member, *a: (opened.append(member.filename),
                                                                           real(self, member, *a))[1])
    path = tmp_path / "ada.zip"
    with zipfile.ZipFile(path, "w") as made:
        for name in ("f1/03_chat.ipynb", "f2/03_chat.ipynb", "a/03_chat.ipynb", "a/notes.txt"):
            real(made, zipfile.ZipInfo(name), "w").close()
    opened.clear()
    assert collecting.files(path, NOTEBOOK) == {"03_chat.ipynb": b""}
    assert opened == ["a/03_chat.ipynb"]


def test_more_programs_than_anybody_writes_are_refused(tmp_path):
    with pytest.raises(Unusable, match="101 programs"):
        collecting.files(archive(tmp_path, **{f"p{number}_py": "" for number in range(101)}), NOTEBOOK)


@pytest.mark.parametrize("name", ["nbgrader_config.py", "Jupyter_Server_Config.py", "x" * 300 + ".py", ".hidden.py"])
def test_a_file_that_could_be_run_or_cannot_be_written_is_left_out(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as made:
        made.writestr(name, "1")
        made.writestr("chat_server.py", "2")
    assert collecting.files(tmp_path / "ada.zip", NOTEBOOK) == {"chat_server.py": b"2"}


def test_what_is_no_archive_says_so(tmp_path):
    whole = archive(tmp_path, chat_server_py="1" * 1000).read_bytes()
    for content in b"", b"Not Found", whole[:-30], whole[:60] + b"\xff" * 20 + whole[80:]:
        (tmp_path / "ada.zip").write_bytes(content)
        with pytest.raises(Unusable, match="cannot be read"):
            collecting.files(tmp_path / "ada.zip", NOTEBOOK)
    with pytest.raises(Unusable, match="neither a program"):
        collecting.files(archive(tmp_path, essay_docx="x"), NOTEBOOK)


def test_an_encrypted_archive_says_so(tmp_path):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as made:
        made.writestr("chat_server.py", "1")
    content = bytearray(memory.getvalue())
    for signature, offset in (b"PK\x03\x04", 6), (b"PK\x01\x02", 8):      # the flag of encryption, APPNOTE 4.4.4
        content[content.index(signature) + offset] |= 1
    (tmp_path / "ada.zip").write_bytes(content)
    with pytest.raises(Unusable, match="encrypted"):
        collecting.files(tmp_path / "ada.zip", NOTEBOOK)


def test_collecting_twice_changes_nothing_and_a_new_version_replaces_the_old_one(tmp_path):
    folder, scratch, record = tmp_path / "submitted" / "ada" / "03_chat", tmp_path / "scratch", tmp_path / "record"
    assert collecting.put({"a.py": b"1", "b.py": b"2"}, folder, scratch, record)
    (folder / "timestamp.txt").write_text("added by hand")
    assert not collecting.put({"a.py": b"1", "b.py": b"2"}, folder, scratch, record)
    assert (folder / "timestamp.txt").exists()
    scratch.mkdir()
    (scratch / "half.py").write_text("what a killed command left")
    assert collecting.put({"a.py": b"3"}, folder, scratch, record)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.py": b"3"}
    assert not scratch.exists()


def test_a_half_taken_submission_is_taken_again(tmp_path, monkeypatch):
    """Wherever it is stopped."""
    folder, scratch, record = tmp_path / "submitted" / "ada" / "03_chat", tmp_path / "scratch", tmp_path / "record"
    assert collecting.put({"a.py": b"1", "b.py": b"2"}, folder, scratch, record)
    real = {name: getattr(os, name) for name in ("replace", "fsync")}
    for name, call in ("fsync", 1), ("replace", 1), ("replace", 2):
        calls = []

        def stops(*arguments: object, name: str = name, call: int = call, calls: list = calls) -> object:
            calls.append(1)
            if len(calls) == call:
                raise KeyboardInterrupt
            return real[name](*arguments)

        monkeypatch.setattr(os, name, stops)
        with pytest.raises(KeyboardInterrupt):
            collecting.put({"a.py": b"3", "b.py": b"4"}, folder, scratch, record)
        monkeypatch.setattr(os, name, real[name])
        assert collecting.put({"a.py": b"1", "b.py": b"2"}, folder, scratch, record)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.py": b"1", "b.py": b"2"}


# The exchange -----------------------------------------------------------------------------------------------


ME = pwd.getpwuid(os.getuid()).pw_name
SECRET = "0123456789abcdef" * 8


def inbound(folder: Path, name: str, secret: str = SECRET, **programs: str) -> Path:
    """A submission in the exchange, whatever its name says."""
    path = folder / "inbound" / name
    path.mkdir(parents=True)
    (path / "submission_secret.txt").write_text(secret)
    for program, content in programs.items():
        (path / f"{program}.py").write_text(content)
    return path


def test_in_the_exchange_the_last_one_is_the_one_that_was_changed_last(tmp_path):
    for name in f"{ME}+03_chat+2099-01-01 00:00:00 UTC+x", f"{ME}+03_chat+9 Jan 2027", "*+03_chat+now":
        path = inbound(tmp_path, name, chat_server=name)
    inbound(tmp_path, f"{ME}+04_udp+2027-01-01 00:00:00 UTC", udp_server="another one")
    (tmp_path / "inbound" / f"{ME}+03_chat+link").symlink_to(tmp_path)
    (tmp_path / "inbound" / f"{ME}+03_chat+far").symlink_to("x" * 300)
    found = list(collecting.in_exchange(tmp_path / "inbound", "03_chat"))
    assert [(student, path.name.split("+")[2]) for student, path in found] == [
        (ME, "2099-01-01 00:00:00 UTC"), (ME, "9 Jan 2027")]
    files = collecting.from_exchange(found[-1][1], ME, NOTEBOOK)
    assert files["chat_server.py"] == b"%s+03_chat+9 Jan 2027" % ME.encode() and path.name not in str(files)
    assert set(files) == {"chat_server.py", "submission_secret.txt", "timestamp.txt"}


def test_the_time_is_when_it_was_changed_and_not_what_it_says(tmp_path):
    path = inbound(tmp_path, f"{ME}+03_chat+2001-01-01 00:00:00 UTC", chat_server="1")
    (path / "timestamp.txt").write_text("2001-01-01 00:00:00 UTC")
    os.utime(path / "chat_server.py", (0, 0))
    when = collecting.from_exchange(path, ME, NOTEBOOK)["timestamp.txt"].decode()
    assert abs(datetime.strptime(when, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC) - datetime.now(UTC)).days == 0


def test_somebody_elses_name_is_refused(tmp_path):
    with pytest.raises(Unusable, match=f"in the name of nobody, and was made by {ME}"):
        collecting.from_exchange(inbound(tmp_path, "nobody+03_chat+now", chat_server="1"), "nobody", NOTEBOOK)


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/etc/passwd"), os.mkfifo, os.mkdir,
                                  lambda path: path.write_bytes(b"#" * (MOST_SOURCE + 1))],
                         ids=["link", "pipe", "folder", "huge"])
def test_what_is_no_small_file_of_theirs_makes_it_unusable(tmp_path, make):
    path = inbound(tmp_path, f"{ME}+03_chat+now", chat_server="1")
    make(path / "chat_client.py")
    with pytest.raises(Unusable, match="chat_client.py: no regular file of"):
        collecting.from_exchange(path, ME, NOTEBOOK)


def test_a_name_that_nobody_can_write_is_left_out(tmp_path):
    path = inbound(tmp_path, f"{ME}+03_chat+now", chat_server="1")
    for name in b"\xff.py", b"a\nb.py", b"\x1b[2J.py":
        Path(os.fsdecode(os.path.join(os.fsencode(path), name))).touch()
    assert set(collecting.from_exchange(path, ME, NOTEBOOK)) == {
        "chat_server.py", "submission_secret.txt", "timestamp.txt"}


@pytest.mark.parametrize("secret", ["", "\N{SNOWMAN}", "x" * 128, SECRET + "\n"])
def test_without_its_secret_nobodys_feedback_could_be_returned(tmp_path, secret):
    with pytest.raises(Unusable, match="it has to be submitted again"):
        collecting.from_exchange(inbound(tmp_path, f"{ME}+03_chat+now", secret), ME, NOTEBOOK)
