"""What a running engine says: one JSON object per line on standard output, and nothing else there.

Kinds of events and their fields (all lines also carry ``event``):

    hello      protocol, version, device, pid
    job        stages: list of {name, kind, label}, in the order in which they run
    stage      name, state ('running' | 'cached' | 'done'), seconds (when done), summary (when cached or done)
    progress   name, done, total, seconds_left (null while unknown)
    preview    path of a picture of the latest frame
    notice     name, code, sentence, advice (something to know; the work goes on)
    heartbeat  seconds since start; at least every two seconds while nothing else is said
    done       outputs: mapping name -> path, seconds
    error      name, code, sentence, advice, log (path of the log file)
    cancelled  (no fields)

An engine that says this listens to standard input: a line ``cancel`` stops it, and so does the end of its input:
then the program that started it is gone. It exits with 0 after ``done``, 1 after ``error``, 2 where its arguments are
not understood, and 130 after ``cancelled``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

PROTOCOL: Final = 1
KINDS: Final = (
    "hello",
    "job",
    "stage",
    "progress",
    "preview",
    "notice",
    "heartbeat",
    "done",
    "error",
    "cancelled",
)

Emit = Callable[[Mapping[str, Any]], None]
"""Takes one event. `runner` gives one to every stage; the command line draws bars from it or prints lines."""


def encode(event: Mapping[str, Any]) -> str:
    """Return the event as one line of JSON without a line break inside."""
    return json.dumps(event, ensure_ascii=True, separators=(",", ":"))


def decode(line: str) -> dict[str, Any] | None:
    """Return the event in a line, or None where the line is noise, damaged or of an unknown kind."""
    line = line.strip()
    if not line.startswith("{"):
        return None
    try:
        data = json.loads(line)
    except json.JSONDecodeError:
        return None
    if not isinstance(data, dict) or data.get("event") not in KINDS:
        return None
    return data
