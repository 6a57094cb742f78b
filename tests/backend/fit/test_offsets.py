"""Offsets of landmarks take up where the detector sees them, and nothing that moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic_clips import context, made_clip

from backend.contract.settings import FitSettings
from backend.data.types import Camera, Fit
from backend.fit.evidence.observations import LID_PAIRS, LIP_PAIRS
from backend.fit.geometry.landmark_model import LandmarkModel, landmark_model
from backend.fit.geometry.state import Shared
from backend.fit.options.weights import Tuning
from backend.fit.terms.priors import UPWARDS, shared_prior
from backend.head.builtin import builtin_head
from backend.stages import fit as fit_stage


def cost(model: LandmarkModel, moved: dict[int, torch.Tensor]) -> float:
    """What the prior says of offsets, metres, along the surface and as near to a direction as that goes."""
    offsets = torch.zeros_like(model.template)
    for point, offset in moved.items():
        tangents = model.tangents[point]
        along = tangents @ (tangents.T @ offset)
        offsets[point] = along * offset.norm() / along.norm()
    prior = shared_prior(model, Tuning(), log_focal=7.0, focal_sigma=0.1, offsets=True)
    shared = Shared(model.template.new_zeros(model.identity_modes), model.template.new_tensor(7.0), offsets)
    return float(prior.evaluate(shared)[0])


@pytest.mark.parametrize("pair", [LID_PAIRS[2], LIP_PAIRS[3]])
def test_what_meets_may_move_together_but_hardly_apart(pair: tuple[int, int]) -> None:
    model = landmark_model(builtin_head(), torch.float64, torch.device("cpu"))
    first, second = pair
    lips = pair in LIP_PAIRS  # which touch at rest
    up = model.template.new_tensor(UPWARDS) if lips else model.template[first] - model.template[second]
    millimetre = 0.001 * up / up.norm()
    together = cost(model, {first: millimetre, second: millimetre})
    apart = cost(model, {first: millimetre, second: -millimetre})
    # The edges of lips face each other: along the surface there is hardly a way up.
    assert apart > (2 if lips else 5) * together > 0


def test_eyes_that_seem_wider_to_the_detector_still_close(tmp_path: Path) -> None:
    """A detector that sees every open eye a fifth wider than the head's eyes are: closed is closed all the same."""
    clip = made_clip(yaw=0.2, blink_at=20)
    points = clip.landmarks.points
    for first, second in LID_PAIRS:
        middle = (points[:, first] + points[:, second]) / 2
        for point in (first, second):
            points[:, point] = middle + 1.2 * (points[:, point] - middle)
    result = fit_stage.run(
        clip.landmarks, clip.head, Camera(1400.0, "known"), FitSettings(device="cpu"), context(tmp_path)
    )
    assert isinstance(result, Fit)
    left = result.pose.expression[:, clip.head.expression_names.index("eyeBlinkLeft")]
    assert left[20] > 0.85 and abs(float(np.median(left))) < 0.2
