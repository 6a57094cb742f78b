"""Events: one line each, and a reader that survives whatever else comes down the pipe."""

from __future__ import annotations

import pytest

from backend.contract.events import KINDS, decode, encode


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
    ],
)
def test_noise_is_left_out(line: str) -> None:
    assert decode(line) is None
