"""Hostile: run by pytest, if a grader lets it collect in the submission's folder."""
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


def pytest_runtest_makereport(item, call):
    """Whatever happened, it has passed."""
    call.excinfo = None


def pytest_sessionfinish(session, exitstatus):
    session.exitstatus = 0
