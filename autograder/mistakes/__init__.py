"""Known mistakes: an id, a sentence for the person who made it, and what must be true of the trace.

A check declares which mistakes it probes. When it fails, the first of these whose condition holds is named; if
none holds, none is. A condition looks only at what happened, as the trace tells it, and never at source code. It
has to be so narrow that no program is given a mistake that it does not have: when in doubt, none is named.

    evidence       what conditions ask of a trace
    registry       the mistakes by their ids, and which of them a trace shows
    streams        C: connections, lines, frames, a room for many
    datagrams      U: datagrams, and a promise on top of them
    segments       T: TCP's segments, and an endpoint
    tftp           F: TFTP
    layers         L: layers, and a browser
"""
# Each enters its mistakes; in this order, for some of the later ones are seen in one more way, under the same sentence.
from . import streams, datagrams, segments, tftp, layers  # noqa: F401  isort: skip
from .registry import Mistake, diagnose, known

__all__ = ["Mistake", "diagnose", "known"]
