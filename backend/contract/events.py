"""Events of a running engine: one JSON object per line on standard output, and nothing else there.

Kinds of events and their fields (all lines also carry ``event``):

    hello      protocol, version, device (in words: ``processor, 8 cores``, or the name of the GPU), pid
    job        stages: list of {name, kind, label}, in the order in which they run
    stage      name, state ('running' | 'cached' | 'done'), seconds (when done), summary (when cached or done)
    progress   name, done, total, seconds_left (null while unknown)
    preview    name, frame (of the video, counted from 0), path of a PNG, at most 360 px high: the landmarks over the
               latest frame while they are found, the head over a frame while it is fitted, the overlay while it is
               written. At most two a second. Every picture is whole when it is named and has a path of its own; the
               newest few stay until the next run begins
    notice     name, code, sentence, advice (something to know; the work goes on)
    heartbeat  seconds since start; at least every two seconds while nothing else is said
    done       outputs: mapping name -> path, seconds
    error      name, code, sentence, advice, log (path of the log file)
    cancelled  (no fields)

``look VIDEO`` (a quick look at a video before it is tracked) says hello, job (its one stage is called ``look``),
progress, notices and errors in the same way, and ends with

    done       outputs: {thumbnail, face_0, face_1 ...: path of a PNG, at most 256 px high}, seconds,
               video: {name, width, height (upright), rate, frames, duration (s, of the whole file), first_frame,
               codec, focal_length_35mm (mm or null, from the metadata), thumbnail_frame},
               faces: list of {number, box, share, frame, point, picture}

    number     0, 1 ... by size over the frames that were looked at, up to sixteen
    box        [left, top, width, height] as shares of the upright picture, in the video's frame number ``frame``
    share      of the frames that were looked at in which the person is seen
    point      [x, y] of the face's centre in that frame, as shares of the picture
    picture    path of its picture

To track the person whose picture was clicked, give ``FaceSettings(choose="nearest", point_x=point[0],
point_y=point[1], point_frame=frame)``: the one who is at that place in that frame, however large the others are and
whenever they come in. ``number`` is nearly always what ``FaceSettings(choose="number")`` takes, but not when two people
are about equally large, or someone is seen between the frames that were looked at. The video's range is given with
``--first-frame`` and ``--last-frame``; frames always count from the start of the file.

``batch`` (many shots) says hello, job, stage, progress, notices and the end in the same way: its stages are the shots,
and one more of the name ``batch`` whose progress is that of them all. The state of a stage may also be 'failed', with
the reason in ``summary``; the work goes on. ``text`` in progress says what is at work. Both ``done`` and, where shots
failed, ``error`` have

    outputs    {manifest, page}
    shots      number of shots by state: done, skipped (done by an earlier run), failed

``models`` (which model files are there) ends with

    done       outputs: {}, seconds, models: list of {name, file (empty: part of the program), kind ('head' |
               'landmarks' | 'beside' (a head) | 'guess' (of the identity) | 'parsing' | 'colour'), version (empty:
               not known), adds (what it is good for), licence (a sentence), licence_name, licence_source,
               commercial (true | false | null: not known), present, usable, problem, advice (empty where usable),
               url (where to get it)}; the built-in head is the first, and the landmarker and the last three kinds
               are listed also where they are not there

``install_deps.py --events`` says hello, job, stage, progress, notices and errors in the same way, with ``weight`` in
each stage of its job (its usual share of the time) and ``text`` in progress (what happens, in words). Its ``done`` has
in outputs the interpreters that are ready, by environment. After ``--plan`` it has ``plan``, after ``--state`` and
``--check`` it has ``state``: both as `backend.setup.report.plan_report` makes them.

An engine that says this listens to standard input: a line ``cancel`` stops it within ten seconds, and the end of its
input within three: then the program that started it is gone. It exits with 0 after ``done``, 1 after ``error``, 2 where
its arguments are not understood, and 130 after ``cancelled``, or 128 and the number of the signal that ended it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from .checks import (
    Check,
    is_number,
    is_object,
    is_path,
    is_real,
    is_text,
    is_whole,
    is_yes_or_no,
    list_of,
    mapping_of,
    maybe,
    object_with,
    parse_json,
)
from .failure import Failure, Notice

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

_PROBLEM: Final = object_with({"code": is_text, "sentence": is_text, "advice": is_text})
_PYTHON: Final = object_with({"version": is_text, "path": is_path, "fetched": is_yes_or_no, "from": is_text})
_PACKAGE: Final = object_with({"name": is_text, "version": is_text, "licence": is_text, "size": is_number})
_INSTALLATION: Final = object_with(
    {
        "folder": is_path,
        "free": is_number,
        "graphics": list_of(is_text),
        "python": _PYTHON,
        "build": is_text,
        "packages": list_of(_PACKAGE),
        "download": is_number,
        "kept": is_number,
        "disk": is_number,
        "sources": list_of(is_text),
    }
)
"""Of a plan that can be carried out; one that can't may have its problems alone."""
_STATE: Final = object_with({}, dict.fromkeys(("state", "reason", "advice", "device"), is_text))
_FACE: Final = object_with(
    {
        "number": is_whole,
        "box": list_of(is_number, 4),
        "share": is_number,
        "frame": is_whole,
        "point": list_of(is_number, 2),
        "picture": is_path,
    }
)
_VIDEO: Final = object_with(
    {"width": is_whole, "height": is_whole, "rate": is_number, "frames": is_whole, "duration": is_number},
    {"focal_length_35mm": maybe(is_number)},
)


def _is_plan(value: Any) -> bool:
    return object_with({}, {"problems": list_of(_PROBLEM)})(value) and ("packages" not in value or _INSTALLATION(value))


_FIELDS: Final[Mapping[str, Check]] = {
    **dict.fromkeys(("name", "code", "sentence", "advice", "version", "device", "summary", "text"), is_text),
    **dict.fromkeys(("path", "log"), is_path),
    **dict.fromkeys(("done", "total", "frame"), is_real),
    **dict.fromkeys(("seconds", "seconds_left"), maybe(is_real)),
    "protocol": is_whole,
    "pid": is_real,
    "stages": list_of(object_with({}, {**dict.fromkeys(("name", "kind", "label"), is_text), "weight": is_real})),
    "state": lambda value: is_text(value) or _STATE(value),
    "outputs": mapping_of(is_path),
    "video": _VIDEO,
    "faces": list_of(_FACE),
    "models": list_of(
        object_with(
            {"file": is_path},
            {
                **dict.fromkeys(("version", "adds", "licence", "problem", "advice", "url"), is_text),
                **dict.fromkeys(("present", "usable"), is_yes_or_no),
                "name": is_text,
                "commercial": maybe(is_yes_or_no),
            },
        )
    ),
    "plan": _is_plan,
}
"""Name of a field -> what it must be, in whichever event it stands."""

Emit = Callable[[Mapping[str, Any]], None]
"""Takes one event. `runner` gives one to every stage; the command line draws bars from it or prints lines."""


def encode(event: Mapping[str, Any]) -> str:
    """Return the event as one line of JSON without a line break inside."""
    return json.dumps(event, ensure_ascii=True, separators=(",", ":"))


def decode(line: str) -> dict[str, Any] | None:
    """Return the event in a line, or None where the line is noise, damaged or of an unknown kind.

    Fields that this version knows are there as the protocol says, or not at all; others are passed on as they are.
    """
    line = line.strip()
    if not line.startswith("{"):
        return None
    data = parse_json(line, lambda value: is_object(value) and value.get("event") in KINDS)
    return None if data is None else checked(data)


def checked(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event without the fields that are not what the protocol says."""
    return {name: value for name, value in event.items() if name not in _FIELDS or _FIELDS[name](value)}


def text_of(event: Mapping[str, Any], name: str) -> str:
    """Return a field that is a text; an empty one where it is missing or something else."""
    value = event.get(name)
    return value if isinstance(value, str) else ""


def number_of(event: Mapping[str, Any], name: str) -> float | None:
    """Return a field that is a finite number; None where it is missing or something else."""
    value = event.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:  # Whole numbers have no largest one.
        return None
    return number if math.isfinite(number) else None


def entries_of(event: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects in a field that is a list; none where it is missing or something else."""
    value = event.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def error_event(failure: Failure, name: str = "") -> dict[str, Any]:
    """Return the event for a failure (of the stage of that name)."""
    return {
        "event": "error",
        "name": name,
        "code": failure.code,
        "sentence": failure.sentence,
        "advice": failure.advice,
    }


def notice_event(notice: Notice, name: str = "") -> dict[str, Any]:
    """Return the event for a notice (of the stage of that name)."""
    return {
        "event": "notice",
        "name": name,
        "code": notice.code,
        "sentence": notice.sentence,
        "advice": notice.advice,
    }


def failure_of(event: Mapping[str, Any], default: Failure) -> Failure:
    """Return what an ``error`` event says went wrong, or `default` where it says nothing."""
    if not text_of(event, "sentence"):
        return default
    return Failure(text_of(event, "code") or default.code, text_of(event, "sentence"), text_of(event, "advice"))
