"""Prior of expressions: the cost of large ones, and shapes that must not do the jaw's work."""

from __future__ import annotations

import pytest
import torch

from backend.fit.geometry.landmark_model import landmark_model
from backend.fit.geometry.state import neutral_frames
from backend.fit.options.weights import Tuning, for_the_person
from backend.fit.terms.expression_rest import motion_prior_of
from backend.fit.terms.priors import frame_prior, likeness_to_jaw
from backend.head.builtin import builtin_head

HEAD = builtin_head()
MODEL = landmark_model(HEAD, torch.float32, torch.device("cpu"))


def _column(name: str) -> int:
    return list(HEAD.expression_names).index(name)


def test_shapes_that_could_do_the_jaws_work_are_told_from_those_that_cannot():
    likeness, limit = likeness_to_jaw(MODEL), Tuning().jaw_like
    assert all(likeness[_column(name)] > limit for name in ("mouthLowerDownLeft", "mouthShrugLower", "mouthClose"))
    assert all(likeness[_column(name)] < limit for name in ("mouthSmileLeft", "mouthPucker", "browInnerUp"))


def test_expressions_cost_linearly_by_what_is_seen_of_them_and_the_jaws_rivals_by_the_square():
    tuning = Tuning()
    tail = frame_prior(MODEL, tuning, neck_free=False).tail
    assert tail[_column("mouthRollUpper")] < tail[_column("browInnerUp")] < tail[_column("mouthSmileLeft")]
    assert tail[_column("eyeWideLeft")] == pytest.approx(tuning.expression_tail_lids * tuning.expression)
    assert torch.isinf(tail[_column("mouthLowerDownLeft")])
    assert torch.isinf(frame_prior(MODEL, tuning, neck_free=False, tails=False).tail).all()


def test_what_stays_high_is_the_persons_and_costs_more_while_the_person_is_fitted():
    later = frame_prior(MODEL, Tuning(), neck_free=False).tail
    first = frame_prior(MODEL, for_the_person(Tuning()), neck_free=False).tail
    assert first[_column("browInnerUp")] > 2 * later[_column("browInnerUp")]
    assert first[_column("eyeWideLeft")] == later[_column("eyeWideLeft")]


def test_what_stays_all_through_a_clip_is_dearer_than_what_comes_and_goes():
    frames = neutral_frames(MODEL, torch.eye(3).expand(40, 3, 3), torch.zeros(40, 3))
    frames.expression[:, _column("mouthRollLower")] = 0.3
    frames.expression[:, _column("browInnerUp")] = torch.linspace(0, 1, 40)
    tail = motion_prior_of(MODEL, Tuning(), frames, neck_free=False).tail
    cheap = frame_prior(MODEL, Tuning(), neck_free=False).tail
    dear = frame_prior(MODEL, for_the_person(Tuning()), neck_free=False).tail
    lips, brows = _column("mouthRollLower"), _column("browInnerUp")
    assert tail[lips] == pytest.approx(float(dear[lips]))
    assert cheap[brows] <= tail[brows] < 0.2 * dear[brows] + cheap[brows]
    assert torch.isinf(tail[_column("mouthLowerDownLeft")])
