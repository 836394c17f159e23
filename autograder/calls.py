"""Functions and objects of a student's module, called in a confined process of their own.

They are never imported here: a worker (worker.py) inside the sandbox calls them, and tells in JSON what they returned.
What it tells is the student's side's word, so a value only ever counts for what it is: it is compared with what the
harness knows by itself.
"""
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .netns import can_ask
from .peers import ScriptedServer
from .program import Program
from .stage import POLL, Unmet
from .trace import Event
from .words import in_hex, is_text, quote, show

WORKER = Path(__file__).with_name("worker.py").read_text("utf-8")
MOST_ANSWERED = 2 << 20     # bytes of all that one request brings
LONG_CALL = 48              # characters of a call in a sentence, above which it says what is given in words, if it can
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
                answer = {name: decode(value) for name, value in answer.items()}
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

    def returns(self, expected: Any, name: str, *arguments: object, shown: Callable[[Any], str] | None = None,
                meaning: str = "") -> None:
        """A function is called, and returns exactly this.

        shown: how such a value is written for people, if not as whole() does. meaning: what it is given, for people.
        """
        said = shown or whole
        with self.stage.step(_of(self._begins("call", name, arguments), meaning)):
            value = self._value(self._answer(said(expected)), said(expected))
            self._came("returned", value)
            same_kind = type(value) is type(expected)
            if value != expected or not same_kind:
                raise Unmet(said(expected), said(value) if same_kind else whole(value), compare=same_kind)

    def finds(self, expected: Mapping[str, object], name: str, *arguments: object, meaning: str = "",
              only: Sequence[str] = ()) -> None:
        """A function is called, and returns a NamedTuple with these fields. Of those that differ the first is shown.

        meaning: what it is given, for people. only: the names of those that are looked at, if not all are, in order.
        """
        with self.stage.step(_of(self._begins("call", name, arguments), meaning)):
            value = self._value(self._answer("that it returns"))
            self._came("returned", value)
            if not isinstance(value, list) or len(value) != len(expected):
                raise Unmet(f"a tuple of {', '.join(expected)}", whole(value))
            returned = dict(zip(expected, value, strict=True))
            for field in only or expected:
                wanted, found = expected[field], returned[field]
                if found != wanted:
                    if type(found) is not type(wanted):
                        raise Unmet(f"{field} {whole(wanted)}, of type {type(wanted).__name__}",
                                    f"{field} {whole(found)}, of type {type(found).__name__}")
                    raise Unmet(f"{field} {whole(wanted)}", f"{field} {whole(found)}", compare=True)

    def refuses(self, error: str, name: str, *arguments: object, says: str = "", begins: str = "",
                meaning: str = "") -> None:
        """A function is called, and raises this error, or one of its kind.

        says: what is in the text of the error. begins: what that begins with. meaning: what the function is given, for
        people.
        """
        wanted = f"{error} with {says} in its text" if says else error
        wanted += f' that begins with "{begins}"' if begins else ""
        with self.stage.step(f"{_of(self._begins('call', name, arguments), meaning)}  raises {wanted}"):
            said = self._raises(error, wanted)
            if says not in said or not said.startswith(begins):
                raise Unmet(wanted, f"{error}: {said}")

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

    def make(self, name: str, *arguments: object, said: str = "") -> Handle:
        """Make an object of one of the student's classes. Raises Unmet if that raises an error.

        said: what it is called in sentences, if not by the name of its class.
        """
        self._request("make", name, arguments)
        made = self._result()
        return Handle(made.number, said or made.name) if isinstance(made, Handle) else made

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
        self.stage.trace.add(self.lane, "call", text=self._call, data=_told(list(arguments)))
        return self._call

    def _request(self, do: str, name: str, arguments: Sequence[object], of: Handle | None = None,
                 tell: Sequence[str] = ()) -> None:
        self._call = f"{f'{of}.' if of else ''}{name}({', '.join(map(short, arguments))})"
        self._ask({"do": do, "of": encode(of), "name": name, "arguments": encode(list(arguments)),
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

    def _value(self, answer: dict, expected: str = "that it returns") -> Any:
        if "value" not in answer:
            self._instead(answer, expected)
        return answer["value"]

    def _raises(self, error: str, expected: str = "") -> str:
        """It raises this error, or one of its kind. Returns the error's text."""
        answer = self._answer(expected or error)
        kinds = answer.get("kinds")
        if not isinstance(kinds, list) or error not in kinds:
            self._instead(answer, expected or error)
        self._came("raised", error)
        return _in_short(str(answer.get("text", "")))

    def _came(self, how: str, value: object) -> None:
        shown = "" if how == "ended" else str(value) if how == "raised" else short(value)
        self.stage.trace.add(self.lane, "result", text=how, data=shown.encode("utf-8", "replace"))
        if how == "returned":
            self.stage.trace.add(self.lane, "returned", data=_told(value))

    def _instead(self, answer: dict, expected: str) -> None:
        """Something else came than what was expected: record it, and raise Unmet."""
        if "raised" in answer:
            self._came("raised", answer["raised"])
            if traceback := answer.get("traceback"):
                self.stage.trace.add(self.lane, "stderr", data=str(traceback)[-MOST_TRACED:].encode("utf-8", "replace"))
            raise Unmet(expected, _in_short(f"{answer['raised']}: {answer.get('text', '')}".removesuffix(": ")))
        if "gave" in answer:
            self._came("gave", answer["gave"])
            raise Unmet(expected, f"that the loop is given {short(answer['gave'])}")
        if "ended" in answer:
            self._came("ended", None)
            raise Unmet(expected, "the end of the loop")
        self._came("returned", answer.get("value"))
        raise Unmet(expected, f"that it returned {short(answer.get('value'))}")


def encode(value: Any) -> Any:
    """A value for the worker, as JSON has it; see worker.py."""
    if isinstance(value, Handle):
        return {"$object": value.number}
    if isinstance(value, bytes):
        return {"$bytes": value.decode("latin-1")}
    if isinstance(value, (list, tuple)):
        return [encode(entry) for entry in value]
    if isinstance(value, dict):
        return {key: encode(entry) for key, entry in value.items()}
    return value


def decode(value: Any) -> Any:
    """What the worker told, as a value."""
    if isinstance(value, list):
        return [decode(entry) for entry in value]
    if isinstance(value, dict):
        if isinstance(text := value.get("$bytes"), str):
            return text.encode("latin-1", "replace")
        if isinstance(number := value.get("$object"), int):
            return Handle(number, str(value.get("repr")))
        return {key: decode(entry) for key, entry in value.items()}
    return value


def told(event: Event) -> Any:
    """What the data of a "call" or a "returned" event says: the arguments in a list, or the value.

    [] where it has none, and for a value that is nested too deeply.
    """
    try:
        return decode(json.loads(event.data or b"[]"))
    except RecursionError:
        return []


def _of(call: str, meaning: str) -> str:
    """A call in words, with what it is given: in place of its arguments where these are long."""
    if not meaning:
        return call
    return f"{call if len(call) <= LONG_CALL else call.partition('(')[0] + '(…)'}  ({meaning})"


def _told(value: Any) -> bytes:
    try:
        return json.dumps(encode(value)).encode()
    except RecursionError:
        return b""


def _in_short(text: str) -> str:
    """The beginning of an error's text, as text that can be shown anywhere."""
    return text[:MOST_SAID].encode("utf-8", "replace").decode()


def whole(value: object) -> str:
    """A value for a comparison: as short() writes it, but all of it."""
    if isinstance(value, bytes):
        return quote(value) if is_text(value) else value.hex(" ")
    try:
        return repr(value)
    except RecursionError:
        return short(value)


def short(value: object) -> str:
    """A value for a sentence, as Python writes it; bytes as everywhere in the reports, if they can be a text."""
    if isinstance(value, bytes):
        return show(value) if is_text(value) else in_hex(value)
    try:
        text = repr(value)
    except RecursionError:
        return "something that is nested very deeply"
    return text if len(text) <= 60 else f"{text[:40]} … ({len(text):,} characters)"
