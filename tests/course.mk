# The commands for instructors and contributors. The Makefile includes them where there is this folder.
.PHONY: grade test bench soak matrix interop real-servers

help::
	@echo "make grade     a sample class, from its roster to feedback and grades, in build/sample"
	@echo "make test      the tests of the course itself"
	@echo "make bench     how fast the grader is;  make soak: whether it ever changes its mind"
	@echo "make matrix    grade every known wrong program, and write tests/MATRIX.md"
	@echo "make interop   the TFTP of the solution, and programs by other people at the other end"
	@echo "make real-servers  grade TFTP servers by other people, and write tests/REAL_SERVERS.md"

# Two of the class cannot be graded, on purpose: the table says so, and so does the exit status.
grade: $(READY)
	@$(BIN)/python tests/classroom.py $(ARGS)

# A test mostly waits, for programs and for what does not come: so there are more at once than cores, by their files.
test: $(READY)
	@$(BIN)/ruff check
	@$(BIN)/pytest tests --numprocesses=4 --dist=loadfile $(ARGS)

bench: $(READY)
	@$(BIN)/python tests/bench.py $(ARGS)
	@$(BIN)/python tests/tftp_bench.py

soak matrix interop: $(READY)
	@$(BIN)/python tests/$@.py $(ARGS)

real-servers: $(READY)
	@$(BIN)/python tests/real_servers.py $(ARGS)
