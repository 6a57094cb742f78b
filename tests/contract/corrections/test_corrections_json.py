"""Corrections as JSON: written and read again the same, and damage named by its part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backend.contract.corrections.corrections import (
    SOFT,
    Area,
    AreaKey,
    Corrections,
    FrameRange,
    KeyPose,
    Matte,
    Pin,
    PinnedFrame,
    parse_corrections,
    read_corrections,
)
from backend.contract.failure import Failure

STRAIGHT = (0.0, 0.0, 0.0)
POSE = KeyPose(
    (0.1, 0.2, 0.3), (0.0, 0.0, 0.6), STRAIGHT, (0.2, 0.0, 0.0), STRAIGHT, STRAIGHT, (0.0, 1.0), (0.5, -0.25)
)
ALL = Corrections(
    pinned=(
        PinnedFrame(12, POSE, (Pin(7, (0.2, 0.3, 0.5), (100.5, 80.25)),), SOFT, 6),
        PinnedFrame(40, POSE),
    ),
    frames=(FrameRange(20, 25),),
    areas=(Area("hand", (AreaKey(3, ((0.1, 0.1), (0.4, 0.1), (0.4, 0.6))),), 0, 30),),
    face_regions=("mouth",),
    matte=Matte("mattes/shot_0001.png", inverted=True, first_frame=1),
)
TOO_FEW = [[0, 0], [1, 1]]


def test_corrections_are_the_same_after_writing_and_reading() -> None:
    assert parse_corrections(ALL.to_json()) == ALL


def test_a_frame_has_one_pinned_frame_and_they_stand_in_order() -> None:
    again = ALL.with_pinned(PinnedFrame(12, POSE)).with_pinned(PinnedFrame(3, POSE))
    assert [each.frame for each in again.pinned] == [3, 12, 40]
    assert again.pinned_at(12) == PinnedFrame(12, POSE)
    assert [each.frame for each in again.without_pinned(4, 40).pinned] == [3]


def _damaged(**changes: Any) -> str:
    return json.dumps({**ALL.to_plain(), **changes})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no JSON", "corrections-not-json"),
        ("[]", "corrections-not-json"),
        (_damaged(schema=99), "corrections-newer"),
        (_damaged(pinned=[{"frame": -1}]), "corrections-damaged"),
        (_damaged(pinned=ALL.to_plain()["pinned"][:1] * 2), "corrections-damaged"),
        (_damaged(frames=[{"first": 9, "last": 3}]), "corrections-damaged"),
        (
            _damaged(areas=[{"name": "hand", "keys": [{"frame": 0, "corners": [[0, 0], [1, 1]]}]}]),
            "corrections-damaged",
        ),
        (_damaged(face_regions=["elbow"]), "corrections-damaged"),
        (_damaged(matte={"path": 3}), "corrections-damaged"),
    ],
)
def test_damage_is_named(text: str, code: str) -> None:
    problem = parse_corrections(text)
    assert isinstance(problem, Failure) and problem.code == code


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    problem = read_corrections(tmp_path / "none.corrections.json")
    assert isinstance(problem, Failure) and problem.code == "corrections-not-read"
