"""Records what this machine's kernel sends to the solution of 01_handshake: exercises/01_handshake/kernel.json.

Where a machine cannot have a wire to its kernel, this is replayed, for the same points. To be run where it can have
one, as root or not, after a change of what the checks with the kernel play: python tests/record_kernel.py
"""
import json
import platform
import sys
import tempfile
from pathlib import Path

import pytest
from programs import ROOT, grade

FILE = ROOT / "exercises" / "01_handshake" / "kernel.json"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    """In the graded process: what a check played with the kernel goes into the file that the recorder named."""
    yield
    if kernel := item.funcargs.get("kernel"):
        file = Path("recorded.json")
        file.write_text(json.dumps(json.loads(file.read_text()) | {item.name: kernel.record}))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "recorded.json")
        file.write_text("{}")
        graded = grade("01_handshake", ROOT / "solutions" / "01_handshake", Path(name), "-p", "record_kernel",
                       "-k", "kernel", environment={"PYTHONPATH": str(ROOT / "tests")})
        recorded = json.loads(file.read_text())
    if graded.status:
        sys.exit(graded.output)
    if not recorded or not all(recorded.values()):
        sys.exit("this machine has no wire to its kernel: nothing was recorded")
    FILE.write_text(json.dumps({"kernel": f"{platform.system()} {platform.release()}", **recorded}, indent=1) + "\n")
    print(f"{FILE.relative_to(ROOT)}: {len(recorded)} conversations")


if __name__ == "__main__":
    main()
