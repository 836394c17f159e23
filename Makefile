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

# In a folder that was moved a virtual environment does not work any more: then it is made anew.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

$(READY): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 or later, or name another one: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The course needs Python 3.11 or later, and this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 …")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@echo "Setting up .venv (once; a minute or two) …"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt || { echo "Not all could be installed (see above; is there a network?). The same command tries again."; exit 1; }
	@echo "$(CURDIR)" > $(READY)

$(EXERCISES): $(READY)
	@$(BIN)/pytest exercises/$@ $(ARGS)

watch: $(READY)
	@$(BIN)/python -m autograder watch $(ARGS)

# Copies, so that what you write into them never conflicts with a later version of the course.
lab: $(READY)
	@mkdir -p build/lab
	@cp -n lessons/*.ipynb build/lab/ || true
	@$(BIN)/jupyter trust build/lab/*.ipynb >/dev/null
	@$(BIN)/jupyter lab --notebook-dir=. build/lab/START.ipynb

# For instructors and contributors: what the students' edition does not have.
-include tests/course.mk
