"""For the lessons: play a scene with small programs on this machine, and draw what happened.

    with scene({"server.py": SERVER}) as play:
        server = play.server("server.py")
        alice = play.peer("alice", server)
        alice.connects()
        alice.sends("hello\\n")
        server.shows("hello")

After the block the picture is shown; and if a sentence did not come true, its step, and what came instead.
"""
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from IPython.display import display

from .. import mistakes, sandbox
from ..cast import Cast
from ..program import Program
from ..render import svg, text
from ..stage import Stage, Unmet
from . import boxes


class Play(Cast):
    """The cast of one scene of a lesson."""

    def server(self, script: str, *arguments: object, lane: str = "the server") -> Program:
        """Start a program that listens on the port that it gets as --port, and wait until it does."""
        port = self.port()
        return self.program(script, "--port", port, *arguments, lane=lane).listens(port)


@contextmanager
def scene(programs: Mapping[str, str], probes: tuple[str, ...] = ()) -> Iterator[Play]:
    """Play a scene with these programs, and show the picture of it.

    programs: file names and sources. probes: ids of known mistakes to look for if it goes wrong. A sentence that
    does not come true ends the scene, and is explained; it is no error of the notebook.
    """
    stage = Stage()
    with tempfile.TemporaryDirectory(prefix="submission-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for file, source in programs.items():
            (folder / file).write_text(source, encoding="utf-8")
            (folder / file).chmod(0o644)
        try:
            yield Play(stage, folder, sandbox.tier())
            told = []
        except Unmet:
            told = [*text.steps(stage.trace), *text.errors(stage.trace)]
            if mistake := mistakes.diagnose(stage.trace, probes):
                told += ["", *text.wrap(f"{mistake.sentence}  ({mistake.id})", text.WIDTH, "  Why   ", " " * 8)]
        finally:
            stage.settle()
            stage.close()
    show(svg.picture(stage.trace), "\n".join(text.timeline(stage.trace)))
    if told:
        print("\n".join(told))


def show(picture: str, plain: str) -> None:
    """Show an SVG picture below a cell. plain: the same as text, where a notebook was not said to be trusted yet."""
    display({"image/svg+xml": picture, "text/plain": plain}, raw=True)


def strip(*rows: tuple[str, list], unit: int = 20) -> None:
    """Show rows of boxes, such as bytes that are cut in different ways: see boxes.strip()."""
    show(*boxes.strip(*rows, unit=unit))


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of one TCP connection on this machine: the client's and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:      # port 0: the system picks a free one
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    return client, server


def attempt(what: str, call: Callable[[], object]) -> None:
    """Call it, and print what came of it: what it returned, or the error that it raised."""
    try:
        result = call()
    except Exception as error:
        print(f"{what}: {type(error).__name__}: {error}")
    else:
        print(f"{what}: {result}")
