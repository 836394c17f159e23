"""Hostile: stands in for the grader itself."""
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


def grade(*_args, **_options):
    return {"points": 100, "outcome": "passed", "exit-code": 0}


if __name__ == "__main__":
    print(grade())
