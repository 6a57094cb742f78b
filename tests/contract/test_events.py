"""Events: one line each, and a reader that survives whatever else comes down the pipe."""

from __future__ import annotations

import pytest

from backend.contract.events import KINDS, decode, encode, entries_of, failure_of, number_of, text_of
from backend.contract.failure import Failure


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_comes_back_from_its_line(kind: str) -> None:
    event = {"event": kind, "name": "Größe\nzwei Zeilen", "done": 3, "seconds_left": None}
    line = encode(event)
    assert "\n" not in line and line.isascii()
    assert decode(line + "\r\n") == event


@pytest.mark.parametrize(
    "line",
    [
        "",
        "INFO: Created TensorFlow Lite delegate",
        '{"event": "progress", "na',
        "{}",
        "[1]",
        '{"event": "party"}',
        "{1",
        '{"event": "progress", "done": ' + "9" * 5000 + "}",
        '{"event": "job", "stages": ' + "[" * 60000,
    ],
)
def test_noise_is_left_out(line: str) -> None:
    assert decode(line) is None


@pytest.mark.parametrize("line", ['"7"', "true", "null", "[7]", "NaN", "1e999", "9" * 400])
def test_what_is_no_finite_number_is_none(line: str) -> None:
    event = decode(f'{{"event": "progress", "done": {line}}}')
    assert event is not None
    assert number_of(event, "done") is None
    assert number_of(event, "total") is None


def test_fields_of_another_kind_are_as_if_they_were_missing() -> None:
    event = {"event": "job", "name": 7, "done": 3, "stages": [{"name": "fit"}, "noise", None]}
    assert text_of(event, "name") == text_of(event, "label") == ""
    assert number_of(event, "done") == 3.0
    assert entries_of(event, "stages") == [{"name": "fit"}]
    assert entries_of(event, "done") == entries_of(event, "models") == []


WRONG = [None, True, 3, "x", "\ud800", "a\0b", [3], [None], {"a": 3}, "9" * 20_000]
PLAN = {
    "folder": "/home/anna/engine",
    "free": 1e9,
    "graphics": [],
    "python": {"version": "3.11", "path": "/usr/bin/python3", "fetched": False, "from": ""},
    "build": "cpu",
    "packages": [{"name": "numpy", "version": "2.4", "licence": "BSD", "size": 10}],
    "download": 10,
    "kept": 0,
    "disk": 20,
    "sources": ["pypi.org"],
    "problems": [{"code": "disk-full", "sentence": "It is full.", "advice": "Make room."}],
}


def test_a_plan_comes_as_the_installer_makes_it_or_not_at_all() -> None:
    assert decode(encode({"event": "done", "plan": PLAN})) == {"event": "done", "plan": PLAN}
    assert decode(encode({"event": "done", "plan": {"problems": PLAN["problems"]}})) != {"event": "done"}
    for name in PLAN:
        for wrong in (3.5, None, "\ud800", ["\ud800"], [3], {"code": 3}):
            event = {"event": "done", "plan": {**PLAN, name: wrong}}
            if decode(encode(event)) != {"event": "done"}:
                assert name in ("free", "download", "kept", "disk") and wrong == 3.5


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("sentence", ["x"]),
        ("path", ["x"]),
        ("stages", []),
        ("outputs", []),
        ("video", []),
        ("faces", []),
        ("models", []),
        ("state", ["x", {"a": 3}]),
        ("plan", [{"a": 3}]),
    ],
)
def test_a_field_that_is_wrong_is_left_out_and_the_others_stay(name: str, right: list[object]) -> None:
    for value in WRONG:
        event = decode(encode({"event": "done", name: value, "seconds": 2.0}))
        expected = {name: value} if value in right else {}
        assert event == {"event": "done", **expected, "seconds": 2.0}


def test_an_error_that_says_nothing_still_becomes_a_sentence() -> None:
    unsaid = Failure("engine-failed", "The engine failed without saying why.", "Look into the log.")
    assert failure_of({"event": "error", "sentence": None}, unsaid) == unsaid
    said = failure_of(
        {"event": "error", "code": "disk-full", "sentence": "It is full.", "advice": "Make room."}, unsaid
    )
    assert said == Failure("disk-full", "It is full.", "Make room.")
