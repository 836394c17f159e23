# The commands for instructors and contributors. The Makefile includes them where there is this folder.
.PHONY: grade test bench soak matrix

help::
	@echo "make grade     a sample class, from its roster to feedback and grades, in build/sample"
	@echo "make test      the tests of the course itself"
	@echo "make bench     how fast the grader is;  make soak: whether it ever changes its mind"
	@echo "make matrix    grade every known wrong program, and write tests/MATRIX.md"

# Two of the class cannot be graded, on purpose: the table says so, and so does the exit status.
grade: $(READY)
	@$(BIN)/python tests/classroom.py $(ARGS)

test: $(READY)
	@$(BIN)/ruff check
	@$(BIN)/pytest tests $(ARGS)

bench soak matrix: $(READY)
	@$(BIN)/python tests/$@.py $(ARGS)
