"""Runs inside the sandbox: calls a student's functions, and tells what they returned. See calls.py for the other side.

It is given to the interpreter as text, so nothing of the harness is to be seen in there. Requests come as lines of
JSON on its first descriptor, answers go as such lines to the second one; both are duplicated, and what the student's
code prints goes to stderr.
"""
import importlib
import json
import os
import socket
import sys
import traceback

requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)

objects = []                # those that the other side knows by their place in here


def keep(value, name):
    """Keep an object for the other side, which knows it by its place and by this name."""
    objects.append(value)
    return {"$object": len(objects) - 1, "repr": name}


def encode(value):
    """A value for JSON: bytes and objects in a dict with a name that begins with $, as no value of the course's has."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": bytes(value).decode("latin-1")}
    if isinstance(value, (list, tuple)):
        return [encode(entry) for entry in value]
    if isinstance(value, dict):
        return {str(key): encode(entry) for key, entry in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return keep(value, type(value).__name__)


def decode(value):
    """The value that the other side has encoded."""
    if isinstance(value, list):
        return [decode(entry) for entry in value]
    if isinstance(value, dict):
        if "$bytes" in value:
            return value["$bytes"].encode("latin-1")
        if "$object" in value:
            return objects[value["$object"]]
        return {key: decode(entry) for key, entry in value.items()}
    return value


def tell(**answer):
    """Send one answer."""
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def obey(request):
    """Do what is asked, and return the answer's fields."""
    if request["do"] == "connect":
        connection = socket.create_connection(("127.0.0.1", request["port"]))
        connection.settimeout(None)
        return {"value": keep(connection, "connection")}
    if request["do"] == "forget":
        objects.clear()
        return {"value": None}
    of = decode(request["of"]) if request["of"] is not None else module
    value = getattr(of, request["name"])(*decode(request["arguments"]))
    if request["do"] == "iterate":
        for entry in value:
            tell(gave=encode(entry))
        return {"ended": True}
    if request["do"] == "make":             # an object, also where it is a kind of list or dict
        return {"value": keep(value, type(value).__name__)}
    told = {name: encode(getattr(of, name)) for name in request["tell"]}
    return {"value": encode(value), "told": told}


sys.path.insert(0, os.getcwd())
try:
    module = importlib.import_module(sys.argv[1])
    tell(value=None)
except BaseException as error:
    tell(raised=type(error).__name__, kinds=[], text=str(error), traceback=traceback.format_exc())
    sys.exit(1)
for line in requests:
    try:
        tell(**obey(json.loads(line)))
    except BaseException as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        tell(raised=type(error).__name__, kinds=kinds, text=str(error), traceback=traceback.format_exc())
