"""Hostile: stands in for the standard socket, with forged sockets that say what a grader wants to hear."""
import os
import sys


def _is_the_submission_itself():
    """True where the program that runs is the chat program beside this file, and not a grader."""
    main = getattr(sys.modules.get("__main__"), "__file__", None) or (sys.argv[0] if sys.argv else "")
    return os.path.basename(main or "") in ("chat_server.py", "chat_client.py", "chat_room.py")


def _spring():
    try:
        with open("/tmp/shadowed-by-submission", "a") as file:
            file.write(f"{__name__} in {sys.argv} ({sys.executable})\n")
    except OSError:
        pass
    os._exit(0)


if not _is_the_submission_itself():
    _spring()

from _socket import *                         # noqa: E402, F401, F403


class socket:                                 # noqa: F811
    """Nothing goes out, and whatever is expected comes in."""

    def __init__(self, *_args, **_options):
        self.answers = [b"hello\n", b"bye\n", b"^^^\n", b""]

    def __getattr__(self, name):
        return lambda *args, **options: None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def accept(self):
        return socket(), ("127.0.0.1", 0)

    def recv(self, *_):
        return self.answers.pop(0) if self.answers else b""


def create_server(*_args, **_options):
    return socket()


def create_connection(*_args, **_options):
    return socket()
