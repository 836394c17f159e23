"""Functions and objects of a student's module, called in a confined process of their own.

They are never imported here: a worker (worker.py) inside the sandbox calls them, and tells in JSON what they returned.
What it tells is the student's side's word, so a value only ever counts for what it is: it is compared with what the
harness knows by itself.
"""
import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .netns import can_ask
from .peers import ScriptedServer
from .program import Program
from .stage import POLL, Unmet
from .words import show

WORKER = Path(__file__).with_name("worker.py").read_text("utf-8")
MOST_ANSWERED = 2 << 20     # bytes of all that one request brings
MOST_SAID, MOST_TRACED = 1000, 1 << 16          # characters of an error's text, and of its traceback, that are kept


@dataclass(frozen=True)
class Handle:
    """Something that lives in the worker: a connection, or an object that the student's code has made."""

    number: int
    name: str

    def __repr__(self) -> str:
        return self.name


class Calls(Program):
    """One of the student's modules, whose functions are called. Its methods are sentences, as those of every Program.

    The file's name is what the trace calls its start; what is called, and what comes of it, are its events.
    """

    def __init__(self, *arguments: Any) -> None:
        self._answers: list[dict] = []
        self._partial = bytearray()
        self._answered = 0                      # bytes of answers since it was last asked
        self._call = ""                         # what was asked for last, for people
        self._awaited = 1                       # answers that are to come: the first one says that it was imported
        super().__init__(*arguments)
        with self.stage.step(f"{self.lane} can be imported"):
            self._result()

    def _command(self, script: str, arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
        return "-P", ["-c", WORKER, script.removesuffix(".py"), *arguments]

    def _heard(self, kind: str, data: bytes) -> None:
        if kind != "screen":
            return super()._heard(kind, data)
        self._output["screen"].clear()          # which is bounded for a screen; here it is what one request brings
        self._answered += len(data)
        if self._answered > MOST_ANSWERED:
            self._stop(f"it returned more than {MOST_ANSWERED >> 20} MiB")
            return None
        self._partial += data
        *lines, self._partial = self._partial.split(b"\n")
        for line in lines:
            try:
                answer = json.loads(line)
                answer = {name: _decode(value) for name, value in answer.items()}
            except (ValueError, RecursionError, AttributeError):        # AttributeError: no dict
                answer = {"raised": "an answer that is no JSON"}
            self._answers.append(answer)
        return None

    # Sentences ----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def connected_to(self, server: ScriptedServer) -> Iterator[Handle]:
        """A connection to this server, for the student's functions to use. It is gone at the end of the block.

        So is whatever they are at then, and nothing of that is left in the trace.
        """
        with self.stage.step(f"{self.lane} gets a connection to {server.lane}"):
            self._ask({"do": "connect", "port": server.port})
            server.accepts(self)
            connection = self._result()
        try:
            yield connection
        finally:
            with self.stage.rehearsal():
                server.hangs_up()
                self.is_free()

    def calls(self, name: str, *arguments: object) -> Any:
        """A function is called, and returns. Returns what it returned."""
        with self.stage.step(self._begins("call", name, arguments)):
            value = self._result()
            self._came("returned", value)
            return value

    def refuses(self, error: str, name: str, *arguments: object) -> None:
        """A function is called, and raises this error, or one of its kind."""
        with self.stage.step(f"{self._begins('call', name, arguments)}  raises {error}"):
            self._raises(error)

    def loops_over(self, name: str, *arguments: object) -> None:
        """A function is called, and from here on a loop runs over what it yields."""
        with self.stage.step(f"a loop runs over {self._begins('iterate', name, arguments)}"):
            pass

    def gives(self, *values: object) -> None:
        """The loop is given exactly these values next."""
        for value in values:
            with self.stage.step(f"the loop is given  {short(value)}"):
                answer = self._answer(short(value))
                if "gave" not in answer:
                    self._instead(answer, short(value))
                found = answer["gave"]
                self._came("gave", found)
                if found != value or type(found) is not type(value):
                    raise Unmet(short(value), short(found))

    def is_over(self) -> None:
        """The loop ends, and no error is raised."""
        with self.stage.step("the loop ends"):
            answer = self._answer("the end of the loop")
            if "ended" not in answer:
                self._instead(answer, "the end of the loop")
            self._came("ended", None)

    def breaks_off(self, error: str) -> None:
        """The loop is broken off by this error, or one of its kind."""
        with self.stage.step(f"the loop is broken off by {error}"):
            self._raises(error)

    # Objects, without a step for each call: for simulations ---------------------------------------------

    def make(self, name: str, *arguments: object) -> Handle:
        """Make an object of one of the student's classes. Raises Unmet if that raises an error."""
        self._request("make", name, arguments)
        return self._result()

    def method(self, of: Handle, name: str, *arguments: object, tell: Sequence[str] = ()) -> tuple[Any, dict]:
        """Call a method. Returns what it returned, and the attributes of the object that are to be told.

        Raises Unmet if it raises an error, or if there is no such attribute.
        """
        self._request("call", name, arguments, of, tell)
        answer = self._answer("that it returns")
        value, told = self._value(answer), answer.get("told")
        if not isinstance(told, dict) or not set(tell) <= set(told):
            raise Unmet(f"an object with {', '.join(tell)}", short(told))
        return value, told

    def is_free(self) -> None:
        """Whatever it is at, it is done with it, and knows no object any more: for the next of many examples.

        No step. Who does not come back from what was called is ended, and started anew.
        """
        if self._awaited:
            self.stage.wait(self._over, hopeless=self.has_ended)
        if self.has_ended() or (self._awaited and not self._over()):
            self._finish()
            self._partial.clear()
            self._answers.clear()
            self._begin()
            self._result()
        self._answers.clear()
        self._ask({"do": "forget"})
        self._result()

    def has_read_everything(self) -> None:
        """As for every Program; or its loop is over, and it will read no more."""
        with self.stage.step(f"{self.lane} has read everything"):
            if can_ask():
                self.stage.wait(self._over, poll=POLL, hopeless=lambda: not self._unread())
            if not self._over():
                super().has_read_everything()

    # How it is done -----------------------------------------------------------------------------------

    def _begins(self, do: str, name: str, arguments: Sequence[object]) -> str:
        """Have a function called, as an event. Returns the call in words."""
        self._request(do, name, arguments)
        self.stage.trace.add(self.lane, "call", text=self._call)
        return self._call

    def _request(self, do: str, name: str, arguments: Sequence[object], of: Handle | None = None,
                 tell: Sequence[str] = ()) -> None:
        self._call = f"{f'{of}.' if of else ''}{name}({', '.join(map(short, arguments))})"
        self._ask({"do": do, "of": _encode(of), "name": name, "arguments": _encode(list(arguments)),
                   "tell": list(tell)})

    def _ask(self, request: dict) -> None:
        self._awaited, self._answered = 1, 0
        self._put(json.dumps(request).encode() + b"\n")

    def _over(self) -> bool:
        return any("gave" not in answer for answer in self._answers)

    def _answer(self, expected: str) -> dict:
        """The next answer, waited for. Raises Unmet if there is none."""
        self.stage.expect(lambda: self._answers, expected, self._nothing, hopeless=self.has_ended)
        answer = self._answers.pop(0)
        self._awaited = int("gave" in answer)
        return answer

    def _nothing(self) -> str:
        return f"nothing: {self.state()}" if self.has_ended() else f"nothing: {self._call} has not come back"

    def _result(self) -> Any:
        return self._value(self._answer("that it returns"))

    def _value(self, answer: dict) -> Any:
        if "value" not in answer:
            self._instead(answer, "that it returns")
        return answer["value"]

    def _raises(self, error: str) -> None:
        answer = self._answer(error)
        kinds = answer.get("kinds")
        if not isinstance(kinds, list) or error not in kinds:
            self._instead(answer, error)
        self._came("raised", error)

    def _came(self, how: str, value: object) -> None:
        shown = "" if how == "ended" else str(value) if how == "raised" else short(value)
        self.stage.trace.add(self.lane, "result", text=how, data=shown.encode("utf-8", "replace"))

    def _instead(self, answer: dict, expected: str) -> None:
        """Something else came than what was expected: record it, and raise Unmet."""
        if "raised" in answer:
            self._came("raised", answer["raised"])
            if traceback := answer.get("traceback"):
                self.stage.trace.add(self.lane, "stderr", data=str(traceback)[-MOST_TRACED:].encode("utf-8", "replace"))
            said = f"{answer['raised']}: {answer.get('text', '')}".removesuffix(": ")[:MOST_SAID]
            raise Unmet(expected, said.encode("utf-8", "replace").decode())
        if "gave" in answer:
            self._came("gave", answer["gave"])
            raise Unmet(expected, f"that the loop is given {short(answer['gave'])}")
        if "ended" in answer:
            self._came("ended", None)
            raise Unmet(expected, "the end of the loop")
        self._came("returned", answer.get("value"))
        raise Unmet(expected, f"that it returned {short(answer.get('value'))}")


def _encode(value: Any) -> Any:
    """A value for the worker, as JSON has it; see worker.py."""
    if isinstance(value, Handle):
        return {"$object": value.number}
    if isinstance(value, bytes):
        return {"$bytes": value.decode("latin-1")}
    if isinstance(value, (list, tuple)):
        return [_encode(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _encode(entry) for key, entry in value.items()}
    return value


def _decode(value: Any) -> Any:
    """What the worker told, as a value."""
    if isinstance(value, list):
        return [_decode(entry) for entry in value]
    if isinstance(value, dict):
        if isinstance(text := value.get("$bytes"), str):
            return text.encode("latin-1", "replace")
        if isinstance(number := value.get("$object"), int):
            return Handle(number, str(value.get("repr")))
        return {key: _decode(entry) for key, entry in value.items()}
    return value


def short(value: object) -> str:
    """A value for a sentence, as Python writes it; bytes as everywhere in the reports."""
    if isinstance(value, bytes):
        return show(value)
    try:
        text = repr(value)
    except RecursionError:
        return "something that is nested very deeply"
    return text if len(text) <= 60 else f"{text[:40]} … ({len(text):,} characters)"
