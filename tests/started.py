"""A pytest plugin (-p started): notes what each check starts, in the file that $STARTED names, a line of JSON each."""
import json
import os
from pathlib import Path

RECORD = "STARTED"


def pytest_runtest_makereport(item, call) -> None:
    """When a check is over: its group, and the command lines of the programs that it has started."""
    from autograder.pytest_plugin import CHECK, STAGE
    if call.when == "teardown" and (stage := item.stash.get(STAGE, None)):
        with Path(os.environ[RECORD]).open("a", encoding="utf-8") as record:
            for event in stage.trace.of("start"):
                record.write(json.dumps({"group": item.stash[CHECK].group, "command": event.text}) + "\n")
