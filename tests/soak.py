"""Whether the grader ever changes its mind: everything graded again and again, on a machine that is busy.

Twice as many processes as there are cores do nothing but use them. Solutions and right programs must pass all checks
each time, wrong ones get the verdict in expected.toml each time. Every verdict that differs is printed; the last line
counts them. Exit status 1 if there is one.
"""
import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from programs import ROOT, TESTS, WORKERS, Graded, expectations, grade_program, programs


def spin() -> None:
    """Use a core until killed."""
    while True:
        pass


def flipped(exercise: str, folder: Path, result: Graded) -> str:
    """What is different from what must be; "" if nothing is."""
    if not result.score:
        return f"no score, exit status {result.status}: {result.output[-300:]}"
    if folder.parent.parent.name == "wrong":
        wanted = expectations(exercise)[folder.name]
        return "" if result.verdict == wanted else f"{result.verdict} in place of {wanted}"
    lost = {name: outcome for name, outcome in result.outcomes.items() if outcome != "passed"}
    return f"lost {lost}" if lost else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, help="of each solution and right program (default 100)")
    parser.add_argument("--wrong-runs", type=int, default=5, help="of each wrong program (default 5)")
    exercises = sorted(folder.name for folder in (TESTS / "wrong").iterdir())
    parser.add_argument("--exercise", choices=exercises, action="append", help="only this one (default: all)")
    parser.add_argument("--jobs", type=int, default=WORKERS, help="gradings at once (default here: %(default)s)")
    parser.add_argument("--keep", type=Path, help="a folder for the output of each run that differs")
    options = parser.parse_args()

    jobs = []                       # round by round, so that whoever stops it early has seen some of everything
    for number in range(max(options.runs, options.wrong_runs)):
        for exercise in options.exercise or exercises:
            right = [ROOT / "solutions" / exercise, *programs("right", exercise)]
            jobs += [(exercise, folder) for folder in right if number < options.runs]
            jobs += [(exercise, folder) for folder in programs("wrong", exercise) if number < options.wrong_runs]
    cores = os.cpu_count() or 1
    busy = [multiprocessing.Process(target=spin, daemon=True) for _ in range(2 * cores)]
    print(f"{len(jobs)} gradings, beside {len(busy)} busy processes on {cores} cores", flush=True)

    flips: Counter[str] = Counter()
    begin, done = time.monotonic(), 0
    for process in busy:
        process.start()
    try:
        with ThreadPoolExecutor(options.jobs) as pool:
            futures = {pool.submit(grade_program, exercise, folder): (exercise, folder) for exercise, folder in jobs}
            for future in as_completed(futures):
                exercise, folder = futures.pop(future)
                done += 1
                if difference := flipped(exercise, folder, future.result()):
                    flips[folder.name] += 1
                    print(f"{exercise} {folder.name}: {difference}", flush=True)
                    if options.keep:
                        options.keep.mkdir(parents=True, exist_ok=True)
                        (options.keep / f"{folder.name}-{done}.txt").write_text(future.result().output)
                if done % 50 == 0:
                    print(f"{done} of {len(jobs)} after {time.monotonic() - begin:.0f} s, {flips.total()} flipped",
                          flush=True)
    finally:
        for process in busy:
            process.kill()
    print(f"{done} gradings, {flips.total()} flipped verdicts, {time.monotonic() - begin:.0f} s")
    sys.exit(bool(flips))


if __name__ == "__main__":
    main()
