"""Makes an exercise of this folder: pytest grades the programs in here, or those that --submission names."""
from pathlib import Path

try:
    from autograder import pytest_plugin
except ImportError as missing:
    raise SystemExit(f"this Python cannot grade ({missing}): run `make 05_tftp` in the course's folder, "
                     "or activate its virtual environment, .venv, as the README says") from None


def pytest_configure(config):
    pytest_plugin.grade(config, exercise="05_tftp", tests=Path(__file__).parent)
