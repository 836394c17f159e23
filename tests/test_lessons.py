"""The lessons run from top to bottom on a clean kernel, and show what their committed outputs show."""
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from programs import ROOT

LESSONS = sorted((ROOT / "lessons").glob("*.ipynb"))
# What may differ from run to run: numbers (ports, times, shares of a processor) and how prints are cut into pieces.
NUMBER = re.compile(r"\d[\d.,]*")


def what_it_says(cell: nbformat.NotebookNode) -> list[str]:
    """The lines of a cell's output that carry its point: steps and how they went, what was expected, and why."""
    text = "".join(output.get("text", "") for output in cell.get("outputs", []))
    return [NUMBER.sub("N", line.rstrip()) for line in text.splitlines()
            if re.match(r" [ \d]\d  |       (expected|got) |  Why ", line)]


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> Iterator[dict[Path, Future]]:
    """All lessons, executed side by side: they mostly wait."""
    folders = {lesson: tmp_path_factory.mktemp(lesson.stem) for lesson in LESSONS}      # not to be made by threads

    def execute(lesson: Path) -> nbformat.NotebookNode:
        notebook = nbformat.read(lesson, as_version=4)
        where = {"metadata": {"path": str(folders[lesson])}}
        NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where).execute()
        return notebook

    with ThreadPoolExecutor(len(LESSONS)) as pool:
        yield {lesson: pool.submit(execute, lesson) for lesson in LESSONS}


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_lesson_runs_and_shows_what_is_committed(executed, lesson: Path):
    committed = nbformat.read(lesson, as_version=4)
    notebook = executed[lesson].result()        # raises if a cell did
    for before, now in zip(committed.cells, notebook.cells, strict=True):
        assert what_it_says(now) == what_it_says(before), before.source


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_lesson_is_committed_executed_and_reads_without_a_network(lesson: Path):
    notebook = nbformat.read(lesson, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.execution_count, cell.source
            assert not [output for output in cell.outputs if output.output_type == "error"], cell.source
            for picture in (output.data.get("image/svg+xml", "") for output in cell.outputs if "data" in output):
                assert "href" not in picture and "url(" not in picture
    text = lesson.read_text("utf-8")
    assert "<script" not in text and "<img" not in text
