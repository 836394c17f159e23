# Each command sets up what it needs, in .venv, and then does its work. Start with: make 03_chat
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
EXERCISES := $(notdir $(wildcard exercises/[0-9]*))

.PHONY: help watch lab $(EXERCISES)

help::
	@echo "make 03_chat   grade your programs in exercises/03_chat (here: $(EXERCISES))"
	@echo "make watch     the same whenever you save a file, with hints on demand (ARGS=03_chat: in this exercise)"
	@echo "make lab       the lessons, in JupyterLab: begin with START.ipynb"

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The course needs Python 3.11 or later, and this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 …")'
	@echo "Setting up .venv (once; a minute or two) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $(READY)

$(EXERCISES): $(READY)
	@$(BIN)/pytest exercises/$@ $(ARGS)

watch: $(READY)
	@$(BIN)/python -m autograder watch $(ARGS)

# Copies, so that what you write into them never conflicts with a later version of the course.
lab: $(READY)
	@mkdir -p build/lab
	@cp -n lessons/*.ipynb build/lab/ || true
	@$(BIN)/jupyter trust build/lab/*.ipynb >/dev/null
	@$(BIN)/jupyter lab --notebook-dir=build/lab

# For instructors and contributors: what the students' edition does not have.
-include tests/course.mk
