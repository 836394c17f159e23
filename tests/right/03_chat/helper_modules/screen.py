"""The screen and the keyboard."""
import sys


def show(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def typed_lines():
    """Yield what is typed, line by line."""
    for line in sys.stdin:
        yield line.removesuffix("\n")
