"""Programs by other people talk with ours: the quick half of tests/interop.py, each pair once.

TFTP_INTEROP=full in the environment tries all of it, as `make interop` does. The cells are those of interop.py.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import interop
import pytest

FULL = os.environ.get("TFTP_INTEROP") == "full"
TOO_LONG = 1200 if FULL else 200              # s
pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="the programs of other people are started on Linux"),
              pytest.mark.timeout(TOO_LONG + 60)]
PAIRS = list(dict.fromkeys((name, cell.column) for name, peer in interop.PEERS.items()
                           for cell in interop.cells(peer, quick=not FULL)))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[dict]]:
    """What interop.py has seen, by peer and column of its table. In a process of its own: it takes another network."""
    file = tmp_path_factory.mktemp("interop") / "results.json"
    done = subprocess.run([sys.executable, "-P", Path(interop.__file__), f"--json={file}",
                           *([] if FULL else ["--quick"])],
                          capture_output=True, text=True, check=False, timeout=TOO_LONG,
                          env={**os.environ, "PYTHONPATH": str(Path(interop.__file__).parent)})
    assert file.exists(), done.stdout + done.stderr
    found: dict[tuple[str, str], list[dict]] = {}
    for result in json.loads(file.read_text("utf-8")):
        found.setdefault((result["cell"]["peer"], result["cell"]["column"]), []).append(result)
    return found


@pytest.mark.parametrize(("peer", "column"), PAIRS, ids=[f"{interop.label(peer)}-{column}" for peer, column in PAIRS])
def test_peer(results: dict, peer: str, column: str) -> None:
    """Each file came as it had to, and each option that both sides have was granted."""
    outcomes = results[peer, column]
    failed = [f"{interop.Cell(**result['cell'])}\n{result['detail']}" for result in outcomes
              if result["outcome"] == "failed"]
    assert not failed, "\n\n".join(failed)
    if (outcome := outcomes[0]["outcome"]) != "ok":
        pytest.skip(f"{peer}: {outcome}")
