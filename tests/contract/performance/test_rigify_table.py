"""The table of Rigify's controls is one of a face: left and right are mirror images."""

from __future__ import annotations

import pytest

from backend.contract.performance.characters.rigify import _ONLY_IN, controls_of, face_kind, surface_targets
from backend.contract.performance.transfer.arkit_head import arkit_head

NAMES = {"lips.L": {"lips.L", "eyes"}, "lip_end.L.001": {"lip_end.L.001", "eye_common"}}


def test_no_kind_without_both_markers() -> None:
    assert face_kind({"lips.L", "jaw_master"}) is None and face_kind({"eye_common", "jaw_master"}) is None


@pytest.mark.parametrize("markers", NAMES.values(), ids=NAMES)
def test_left_and_right_controls_follow_mirrored_landmarks(markers: set[str]) -> None:
    kind = face_kind(markers)
    assert kind is not None
    targets = {each.bone: each for each in surface_targets("rig", {*markers, *controls_of(kind)})}
    mirror = arkit_head().mirror
    assert len(targets) > 60
    for name, target in targets.items():
        side, across = (".L", ".R") if ".L" in name else (".R", ".L")
        other = targets[name.replace(side, across)]
        assert {int(mirror[index]) for index in target.landmarks} == set(other.landmarks), name


def test_every_control_belongs_to_one_kind_or_to_both() -> None:
    first, second = _ONLY_IN.values()
    assert not first & second
