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


def test_an_error_that_says_nothing_still_becomes_a_sentence() -> None:
    unsaid = Failure("engine-failed", "The engine failed without saying why.", "Look into the log.")
    assert failure_of({"event": "error", "sentence": None}, unsaid) == unsaid
    said = failure_of(
        {"event": "error", "code": "disk-full", "sentence": "It is full.", "advice": "Make room."}, unsaid
    )
    assert said == Failure("disk-full", "It is full.", "Make room.")
