"""The lessons run from top to bottom on a clean kernel, and show what their committed outputs show."""
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from programs import ROOT, TESTS

from autograder import mistakes
from autograder.lessons.tftp import over_a_link

PAGES = sorted((ROOT / "lessons").glob("*.ipynb"))
LESSONS = [page for page in PAGES if page.stem != "START"]      # which is the front page
# What may differ from run to run: numbers (ports, times, shares of a processor) and how prints are cut into pieces.
NUMBER = re.compile(r"\d[\d.,]*")


def what_it_says(cell: nbformat.NotebookNode) -> list[str]:
    """The lines of a cell's output that carry its point: steps and how they went, what was expected, and why."""
    text = "".join(output.get("text", "") for output in cell.get("outputs", []))
    return [NUMBER.sub("N", line.rstrip()) for line in text.splitlines()
            if re.match(r" [ \d]\d  |       (expected|got) |  Why ", line)]


@pytest.fixture(scope="module")
def executed(request, tmp_path_factory) -> Iterator[dict[Path, Future]]:
    """The lessons that are asked for, executed side by side: they mostly wait."""
    wanted = {item.callspec.params["lesson"] for item in request.session.items if "executed" in item.fixturenames}
    folders = {lesson: tmp_path_factory.mktemp(lesson.stem) for lesson in wanted}       # not to be made by threads

    def execute(lesson: Path) -> nbformat.NotebookNode:
        notebook = nbformat.read(lesson, as_version=4)
        where = {"metadata": {"path": str(folders[lesson])}}
        NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where).execute()
        return notebook

    with ThreadPoolExecutor(len(wanted)) as pool:
        yield {lesson: pool.submit(execute, lesson) for lesson in wanted}


@pytest.mark.parametrize("lesson", PAGES, ids=lambda lesson: lesson.stem)
def test_lesson_runs_and_shows_what_is_committed(executed, lesson: Path):
    committed = nbformat.read(lesson, as_version=4)
    notebook = executed[lesson].result()        # raises if a cell did
    for before, now in zip(committed.cells, notebook.cells, strict=True):
        assert what_it_says(now) == what_it_says(before), before.source


@pytest.mark.parametrize("lesson", PAGES, ids=lambda lesson: lesson.stem)
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


# What every lesson has ---------------------------------------------------------------------------------------

MOST_LINES = 30             # of a cell: what is longer and not the point is imported
PARTS = ["How to use this page", "The old (tutorials|documents), put right", "Your turn", "Questions",
         "As asked in interviews", "In writing", "Glossary", "Sources"]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def of(lesson: Path, kind: str) -> list[nbformat.NotebookNode]:
    """The cells of this kind: "code" or "markdown"."""
    return [cell for cell in nbformat.read(lesson, as_version=4).cells if cell.cell_type == kind]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_lesson_has_the_parts_that_every_lesson_has(lesson: Path):
    text = "\n".join(cell.source for cell in of(lesson, "markdown"))
    headings = re.findall(r"(?m)^##+ (?:\d+ · )?(.+)$", text)
    for part in PARTS:
        assert any(re.fullmatch(part, heading) for heading in headings), part
    assert text.count("<details>") >= 5                     # answers that are folded away
    assert f"exercises/{lesson.stem}" in text
    glossary = text.partition("Glossary\n")[2].partition("\n## ")[0]
    words = [row for row in glossary.splitlines() if row.startswith("| ")][2:]
    assert len(words) >= 12 and all(CHINESE.search(row) for row in words)
    for cell in of(lesson, "code"):
        assert len(cell.source.splitlines()) <= MOST_LINES, cell.source


@pytest.mark.parametrize("lesson", PAGES, ids=lambda lesson: lesson.stem)
def test_a_prediction_is_written_before_the_answer_shows(lesson: Path):
    cells = nbformat.read(lesson, as_version=4).cells
    asked = [number for number, cell in enumerate(cells)
             if cell.cell_type == "markdown" and re.search(r"(?m)^\*\*Predict", cell.source)]
    assert asked
    for number in asked:
        assert cells[number + 1].source.startswith('prediction = "?"'), cells[number].source


# Claims ------------------------------------------------------------------------------------------------------

# Words of protocols, of the kernel and of the API: a sentence with one of them says something that can be looked up.
FACT = re.compile(r"\b(TCP|UDP|IPv?[46]?|HTTP|FTP|TFTP|SYN|ACK|FIN|RST|DATA|RRQ|WRQ|OACK|ICMP|ARP|DNS|DHCP|MAC|"
                  r"Ethernet|kernel|Linux|segments?|datagrams?|packets?|frames?|ports?|sockets?|multicast|broadcast|"
                  r"checksum|TIME-WAIT|MSL|headers?|octets?|netascii|SO_\w+|listen|accept|connect|bind|recv\w*|send\w*|shutdown|"
                  r"close)\b")
SOURCE = re.compile(r"\]\(https?://")
# The author's word that a cell only says what the run beside it shows; or asks, leads on, compares, or sums up.
TAGS = {"shown", "no-claim"}


def claims_without_a_source(lesson: Path) -> list[str]:
    """The sentences that say something about networks, in cells that neither name a source nor are tagged."""
    found = []
    for cell in of(lesson, "markdown"):
        if not SOURCE.search(cell.source) and not TAGS & set(cell.metadata.get("tags", [])):
            text = re.sub(r"```.*?```|^#.*$", "", cell.source, flags=re.DOTALL | re.MULTILINE)
            sentences = [sentence.strip() for sentence in re.split(r"(?<=[.:?])\s+|\n\n", text)]
            found += [sentence for sentence in sentences if FACT.search(sentence) and not sentence.endswith("?")]
    return found


@pytest.mark.parametrize("lesson", PAGES, ids=lambda lesson: lesson.stem)
def test_each_claim_names_its_source_in_its_cell(lesson: Path):
    claims = claims_without_a_source(lesson)
    assert not claims, "\n".join(["name a source, or tag the cell as shown or no-claim:", *claims])


def test_a_claim_without_a_source_is_found(tmp_path):
    """The test above can fail: in a notebook with one claim in four cells."""
    cells = [nbformat.v4.new_markdown_cell("A port has 16 bits. How many ports are there?"),
             nbformat.v4.new_markdown_cell("A port has 16 bits ([RFC 9293 §3.1](https://www.rfc-editor.org/x))."),
             nbformat.v4.new_markdown_cell("Here the port had 16 bits.", metadata={"tags": ["shown"]}),
             nbformat.v4.new_markdown_cell("## Ports\n\nNow to something else.")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "it.ipynb")
    assert claims_without_a_source(tmp_path / "it.ipynb") == ["A port has 16 bits."]


# The table of topics -----------------------------------------------------------------------------------------


def test_the_table_of_topics_names_what_there_is():
    """Each heading of a lesson, each check, wrong program and mistake in it. Whether the sense fits, a reader tells."""
    page = (ROOT / "lessons" / "TOPICS.md").read_text("utf-8")
    headings = {(lesson.stem, heading) for lesson in LESSONS for cell in of(lesson, "markdown")
                for heading in re.findall(r"(?m)^#+ (.+)$", cell.source)}
    assert set(re.findall(r"(0\d_\w+): \*\*(.+?)\*\*", page)) <= headings
    checks = {(file.parent.name, name) for file in ROOT.glob("exercises/*/test_*.py")
              for name in re.findall(r"(?m)^def test_(\w+)\(", file.read_text("utf-8"))}
    wrong = {(folder.parent.name, folder.name) for folder in (TESTS / "wrong").glob("*/*")}
    assert set(re.findall(r"`(0\d_\w+)/(\w+)`", page)) <= checks | wrong
    assert set(re.findall(r"(?<![\w/])[CFLTU]\d\d(?!\w)", page)) <= set(mistakes.known())


def test_a_scene_whose_program_does_not_start_says_why(capsys):
    """A learner may have changed the program in its cell; that is no error of the notebook."""
    with over_a_link("print(", "print('never')") as begin:
        begin()
        pytest.fail("the scene goes on without its server")
    said = capsys.readouterr().out
    assert "SyntaxError" in said and "DATA sent: 0." in said
