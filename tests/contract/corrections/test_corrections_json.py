"""Corrections as JSON: written and read again the same, and damage named by its part."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.contract.corrections.corrections import (
    DEEPEST_AREA,
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
SQUARE = (AreaKey(0, ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))),)
SQUARE_AS_DATA = [{"frame": 0, "corners": [[0, 0], [1, 0], [1, 1]]}]
HOLE = Area("fingers", SQUARE, without=(Area("ring", SQUARE, 3, 9),))


def test_corrections_are_the_same_after_writing_and_reading() -> None:
    assert parse_corrections(ALL.to_json()) == ALL


def test_an_area_with_a_hole_has_a_schema_that_older_programs_refuse_and_all_else_has_the_first() -> None:
    assert ALL.to_plain()["schema"] == 1 and "without" not in ALL.to_json()
    holed = replace(ALL, areas=(*ALL.areas, Area("hand", SQUARE, without=(HOLE,))))
    assert holed.to_plain()["schema"] == 2 and parse_corrections(holed.to_json()) == holed


def _nested(depth: int) -> Area:
    return Area("hand", SQUARE, without=(_nested(depth - 1),) if depth > 1 else ())


def test_areas_within_each_other_have_an_end() -> None:
    deepest = Corrections(areas=(_nested(DEEPEST_AREA),))
    assert parse_corrections(deepest.to_json()) == deepest
    problem = parse_corrections(Corrections(areas=(_nested(DEEPEST_AREA + 1),)).to_json())
    assert isinstance(problem, Failure) and problem.code == "corrections-damaged"


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
        (
            _damaged(schema=2, areas=[{"name": "hand", "keys": SQUARE_AS_DATA, "without": "ring"}]),
            "corrections-damaged",
        ),
        (
            _damaged(areas=[{"name": "hand", "keys": SQUARE_AS_DATA, "without": [{"name": "ring", "keys": []}]}]),
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
