"""For people who work in an editor: the checks are played whenever a program is saved, and one report is shown.

The check that failed last is played by itself. When it passes, or when it is asked for, all are played, and the first
that does not pass is the next one to work on. Its hint comes when it is asked for, a sentence at a time.
"""
import queue
import re
import sys
import threading
from collections.abc import Callable

import watchfiles

from . import grading
from .progress import Planned, Progress
from .render.text import MARKS, WIDTH, wrap

KEYS = "Save to check again. Enter: all checks. h hint, l list, n next exercise, q quit"
LEGEND = "✓ passes   ✗ does not   – waits for one that does not   → this is shown"
SENTENCE = re.compile(r"(?<=[^.\s][.!?])\s+")
SAVED, QUIT = "saved", "q"


class Watch:
    """Watches a student's own programs.

    exercise: its name; None for the first one that is not complete. say: prints a line.
    """

    def __init__(self, exercise: str | None, say: Callable[[str], None]) -> None:
        self.progress = Progress(grading.EXERCISES)
        standings = self.progress.all()
        self.exercise = exercise or next((one for one in standings if not one.is_complete), standings[0]).exercise
        self.current: Planned | None = None     # the check that is worked on
        self.told = 0                           # sentences of its hint that have been told
        self._say = say
        self._events: queue.Queue[str] = queue.Queue()

    def run(self) -> None:
        """Play, and play again whenever a program is saved, until q, the end of the input, or Ctrl-C."""
        for work in self._hear, self._watch:
            threading.Thread(target=work, daemon=True).start()
        try:
            self.play()
            while (event := self._events.get()) != QUIT:
                # Whoever saves many files at once has them played once.
                if event != SAVED or SAVED not in list(self._events.queue):
                    self.answer(event)
        except KeyboardInterrupt:
            self._say("")

    def answer(self, event: str) -> None:
        """Do what is to be done when a program was saved, or when this was typed."""
        answers = {SAVED: self.play, "": self.play_all, "h": self.hint, "l": self.list, "n": self.next}
        if event in answers:
            answers[event]()
        else:
            self._say(f"{event!r} is none of the keys.\n{KEYS}")

    def _hear(self) -> None:
        for line in sys.stdin:
            self._events.put(line.strip().lower())
        self._events.put(QUIT)

    def _watch(self) -> None:
        for changes in watchfiles.watch(grading.EXERCISES, watch_filter=watchfiles.PythonFilter()):
            if any(self.exercise in re.split(r"[/\\]", path) for _, path in changes):
                self._events.put(SAVED)

    def play_all(self) -> None:
        """Play all checks: what passed before may not do so any more."""
        self.current = None
        self.play()

    def play(self) -> None:
        """Play the check that is worked on; if it passes, or if there is none, all of them. Show what came of it."""
        self._say(f"\n{'─' * WIDTH}\nexercises/{self.exercise}: checking …")
        again = self.current
        for only in ([again.name] if again else []) + [""]:
            try:
                result = grading.grade(self.exercise, None, only=only)
            except grading.Ungradable as error:
                self._say(f"{error}\n\n{KEYS}")
                return
            self.current = self._first_of(result)
            if self.current:
                break
        if self.current != again:
            self.told = 0
            if again:
                self._say(f"\n✓ {again.rubric}")
        self._show(result, alone=bool(only))

    def _first_of(self, result: grading.Result) -> Planned | None:
        """The first check of these that does not pass."""
        open_ones = {check.name for check in result.score.checks if check.outcome in ("failed", "blocked", "error")}
        standing = self.progress.of(self.exercise)
        return next((check for check in sorted(standing.checks, key=lambda check: check.bonus)
                     if check.name in open_ones), None)

    def _show(self, result: grading.Result, alone: bool) -> None:
        standing = self.progress.of(self.exercise)
        if not self.current:
            self._say(f"\nAll checks pass. Now the three questions in exercises/{self.exercise}/{self.exercise}.ipynb.")
        elif report := result.reports.get(self.current.name):
            parts = [report["steps"], report["timeline"], report["why"]]
            self._say("\n" + "\n\n".join("\n".join(part).rstrip() for part in parts if part))
        else:
            check = next(check for check in result.score.checks if check.name == self.current.name)
            self._say("\n" + "\n".join([*wrap(self.current.rubric, WIDTH, f"{MARKS[check.outcome]} ", "  "), "",
                                        *wrap(check.cause, WIDTH, "  ", "  ")]))
        note = "  (the other checks are as they were when all were played last)\n" if alone else ""
        self._say(f"\n{standing.bar()}\n{note}{self.progress.line()}\n\n{KEYS}")

    def hint(self) -> None:
        """Tell the hint of the check that is worked on, one sentence more than before."""
        if not self.current:
            self._say("All checks pass: there is nothing to hint at.")
            return
        sentences = SENTENCE.split(self.current.hint)
        self.told = min(self.told + 1, len(sentences))
        for number, sentence in enumerate(sentences[:self.told], start=1):
            self._say("\n".join(wrap(sentence, WIDTH, f"  {number}  ", "     ")))
        self._say("  That is all of it." if self.told == len(sentences) else "  There is more: h")

    def list(self) -> None:
        """Tell all checks, and what each said last."""
        standing = self.progress.of(self.exercise)
        for check in standing.checks:
            mark = MARKS.get(standing.outcomes.get(check.name, ""), " ")
            bonus = "bonus: " if check.bonus else ""
            here = "→" if check == self.current else " "
            self._say("\n".join(wrap(f"{bonus}{check.rubric}", WIDTH, f"{here} {mark} {check.points:>2g}  ", " " * 8)))
        self._say(f"\n{LEGEND}\n\n{self.progress.line()}")

    def next(self) -> None:
        """Go on to the next exercise; behind the last one comes the first."""
        names = [standing.exercise for standing in self.progress.all()]
        self.exercise, self.current, self.told = names[(names.index(self.exercise) + 1) % len(names)], None, 0
        self.play()
