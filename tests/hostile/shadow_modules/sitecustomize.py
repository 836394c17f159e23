"""Hostile: run by every Python that starts with this folder on its path."""
import os
import sys


def _is_the_submission_itself():
    """True where the program that runs is the chat program beside this file, and not a grader."""
    program = next((word for word in sys.orig_argv[1:] if not word.startswith("-")), "")
    return os.path.basename(program) in ("chat_server.py", "chat_client.py", "chat_room.py")


def _spring():
    try:
        with open("/tmp/shadowed-by-submission", "a") as file:
            file.write(f"{__name__} in {sys.orig_argv} ({sys.executable})\n")
    except OSError:
        pass
    os._exit(0)


if not _is_the_submission_itself():
    _spring()
