"""What large expressions cost, and which shapes must not do the jaw's work."""

from __future__ import annotations

import torch

from backend.head.builtin import builtin_head
from backend.solve.landmark_model import landmark_model
from backend.solve.priors import frame_prior, likeness_to_jaw
from backend.solve.tuning import Tuning, for_the_person

HEAD = builtin_head()
MODEL = landmark_model(HEAD, torch.float32, torch.device("cpu"))


def _column(name: str) -> int:
    return list(HEAD.expression_names).index(name)


def test_shapes_that_could_do_the_jaws_work_are_told_from_those_that_cannot():
    likeness, beside = likeness_to_jaw(MODEL)
    limit = Tuning().jaw_like
    assert all(likeness[_column(name)] > limit for name in ("mouthLowerDownLeft", "mouthShrugLower", "mouthClose"))
    assert all(likeness[_column(name)] < limit for name in ("mouthSmileLeft", "mouthPucker", "browInnerUp"))
    assert beside[_column("mouthSmileLeft")]
    assert not beside[_column("browInnerUp")]


def test_smiles_and_brows_cost_linearly_and_the_jaws_rivals_by_the_square():
    tail = frame_prior(MODEL, Tuning(), neck_free=False).tail
    assert tail[_column("browInnerUp")] < tail[_column("eyeWideLeft")] < tail[_column("mouthSmileLeft")] < 0.1
    assert torch.isinf(tail[_column("mouthLowerDownLeft")])
    assert torch.isinf(frame_prior(MODEL, Tuning(), neck_free=False, tails=False).tail).all()


def test_brows_that_stay_high_are_the_persons_and_cost_more_while_the_person_is_fitted():
    later = frame_prior(MODEL, Tuning(), neck_free=False).tail
    first = frame_prior(MODEL, for_the_person(Tuning()), neck_free=False).tail
    assert first[_column("browInnerUp")] > later[_column("browInnerUp")]
    assert first[_column("mouthSmileLeft")] == later[_column("mouthSmileLeft")]
