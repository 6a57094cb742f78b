"""Edits of a rig as a part of the performance: sliders, jaw, eyes, head, and sliders that are no channel."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from backend.contract.camera import rotation_matrices
from backend.contract.performance.by_hand import HandEdits, Turns, as_channels, hand_edits, with_hand_edits
from backend.contract.performance.channels import CHANNELS, INDEX
from backend.contract.performance.gaze import COLUMNS, gaze_of
from backend.contract.performance.performance import GEOMETRY, HAND, NOT_TRACKED, Performance

FRAMES = 4


def performance(**channels: float) -> Performance:
    """A face of which one frame has no face; its tongue is not tracked."""
    weights = np.zeros((FRAMES, 52))
    for name, value in channels.items():
        weights[:, INDEX[name]] = value
    weights[:, INDEX["tongueOut"]] = np.nan
    weights[3] = np.nan
    source = tuple(NOT_TRACKED if name == "tongueOut" else GEOMETRY for name in CHANNELS)
    trust = np.array([each != NOT_TRACKED for each in source], dtype=np.float64)
    head = np.tile([0.0, 0.3, 0.0], (FRAMES, 1))
    head[3] = np.nan
    return Performance(
        "take", Fraction(25), np.arange(FRAMES) / 25, weights, gaze_of(weights[:, COLUMNS]), head, None, source, trust
    )


def turns(head=(0, 0, 0), jaw=(0, 0, 0), left=(0, 0, 0), right=(0, 0, 0)) -> Turns:
    """Bones turned by axis-angles on all frames."""
    one = rotation_matrices(np.array([head, jaw, left, right], dtype=np.float64))
    return Turns(*(np.tile(each, (FRAMES,) + (1,) * each.ndim) for each in (one[0], one[1], one[2:])))


def edited(take: Performance, values=None, after: Turns | None = None) -> Performance:
    return with_hand_edits(take, hand_edits(values or {}, turns(), after or turns()))


def test_a_slider_adds_what_it_differs_by_and_nothing_else_changes() -> None:
    take = performance(mouthSmileLeft=0.4, jawOpen=0.2)
    made = edited(take, {"mouthSmileLeft": np.array([0.0, 0.3, -0.9, 0.5])})
    assert made.weights[:3, INDEX["mouthSmileLeft"]] == pytest.approx([0.4, 0.7, 0.0])
    others = [index for name, index in INDEX.items() if name != "mouthSmileLeft"]
    assert np.array_equal(made.weights[:, others], take.weights[:, others], equal_nan=True)
    assert not made.has_face[3] and made.source[INDEX["mouthSmileLeft"]] == HAND
    assert made.source[INDEX["jawOpen"]] == GEOMETRY and np.array_equal(made.trust, take.trust)


def test_a_lid_of_its_own_is_a_blink() -> None:
    made = edited(performance(eyeBlinkRight=0.1), {"Eyelid Right": np.full(FRAMES, 0.5)})
    assert made.weights[0, INDEX["eyeBlinkRight"]] == pytest.approx(0.6)


def test_a_channel_that_nothing_told_counts_from_rest() -> None:
    made = edited(performance(), {"tongueOut": np.array([0.0, 0.8, 0.0, 0.8])})
    assert made.weights[:3, INDEX["tongueOut"]] == pytest.approx([0.0, 0.8, 0.0])
    assert np.isnan(made.weights[3]).all() and made.is_tracked[INDEX["tongueOut"]]
    assert made.trust[INDEX["tongueOut"]] == 1


def test_the_jaws_bone_opens_and_moves_it_aside() -> None:
    take = performance(jawOpen=0.2, jawRight=0.5)
    opened = edited(take, after=turns(jaw=(np.radians(12.5), 0, 0)))
    assert opened.weights[0, INDEX["jawOpen"]] == pytest.approx(0.7)
    aside = edited(take, after=turns(jaw=(0, np.radians(0.9), 0)))
    assert aside.weights[0, [INDEX["jawLeft"], INDEX["jawRight"]]] == pytest.approx([0, 0.3])
    across = edited(take, after=turns(jaw=(0, np.radians(3.6), 0)))
    assert across.weights[0, [INDEX["jawLeft"], INDEX["jawRight"]]] == pytest.approx([0.3, 0])


def test_an_eye_that_is_turned_looks_there() -> None:
    """About the axis up, an eye turns to the subject's left: out for the left one."""
    made = edited(performance(), after=turns(left=(0, 0.57 / 2, 0)))
    assert made.weights[0, INDEX["eyeLookOutLeft"]] == pytest.approx(0.5)
    assert made.weights[0, INDEX["eyeLookInLeft"]] == 0 and made.weights[0, COLUMNS[1]] == pytest.approx(0)
    assert made.gaze[0, 0] == pytest.approx([-0.285, 0])


def test_a_turn_of_the_head_follows_its_own() -> None:
    made = edited(performance(), after=turns(head=(0, 0.2, 0)))
    assert made.head_rotation[0] == pytest.approx([0, 0.5, 0]) and np.isnan(made.head_rotation[3]).all()


def test_what_is_as_it_was_written_is_no_edit() -> None:
    assert hand_edits({}, turns(jaw=(0.1, 0, 0)), turns(jaw=(0.1, 0, 0))).is_nothing
    assert not hand_edits({}, turns(), turns(head=(0, 0.1, 0))).is_nothing
    edits = hand_edits({}, turns(), turns())
    assert not replace(edits, aside=np.full(FRAMES, 0.1)).is_nothing and isinstance(edits, HandEdits)


def test_sliders_of_other_shapes_are_explained_by_those_of_arkit() -> None:
    random = np.random.default_rng(3)
    displacement = random.standard_normal((60, 3, 52)) * 1e-3
    displacement[..., INDEX["cheekPuff"]] = 0
    mixed = 0.5 * displacement[..., INDEX["mouthFunnel"]] + 0.25 * displacement[..., INDEX["browInnerUp"]]
    made = as_channels(mixed[None], np.array([[0.0], [2.0]]), displacement)
    assert made[1, INDEX["mouthFunnel"]] == pytest.approx(1.0, abs=0.01)
    assert made[1, INDEX["browInnerUp"]] == pytest.approx(0.5, abs=0.01)
    assert made[1, INDEX["cheekPuff"]] == 0 and not made[0].any()
