"""Eyes and mouth of the person keep the shape that landmarks found while pictures refine the head."""

from __future__ import annotations

import numpy as np
import torch

from backend.appearance.terms.edge_prior import edge_shapes, with_edge_prior
from backend.fit.clip import PRECISION
from backend.fit.geometry.landmark_model import landmark_model
from backend.fit.geometry.state import Shared
from backend.fit.options.weights import Tuning
from backend.fit.terms.priors import LOCKED, SharedPrior, shared_prior
from backend.head.builtin import builtin_head
from backend.head.builtin.identity import identity_names

MODEL = landmark_model(builtin_head(), PRECISION, torch.device("cpu"))
FITTED = Shared(
    torch.as_tensor(np.random.default_rng(0).normal(0, 0.5, MODEL.identity_modes)).to(MODEL.template),
    MODEL.template.new_tensor(6.5),
    torch.zeros_like(MODEL.template),
)


def prior() -> SharedPrior:
    return shared_prior(MODEL, Tuning(), log_focal=6.5, focal_sigma=LOCKED, offsets=True)


def cost_of(name: str, known: SharedPrior) -> float:
    """What it costs, beyond the fitted identity, that a mode changes by one and a half standard deviations."""
    identity = FITTED.identity.clone()
    identity[identity_names().index(name)] += 1.5
    changed = Shared(identity, FITTED.log_focal, FITTED.offsets)
    return float(known.evaluate(changed)[0] - known.evaluate(FITTED)[0])


def test_other_eyes_than_the_landmarks_found_cost_much_and_another_skull_what_it_did() -> None:
    free, held = prior(), with_edge_prior(prior(), MODEL, FITTED)
    for name in ("eye_opening", "eye_tilt"):
        assert cost_of(name, held) > 20 + cost_of(name, free)
    away = edge_shapes(MODEL).norm(dim=0).argmin()
    name = identity_names()[int(away)]
    assert abs(cost_of(name, held) - cost_of(name, free)) < 0.5


def test_the_most_likely_identity_has_the_eyes_and_mouth_that_were_found() -> None:
    held = with_edge_prior(prior(), MODEL, FITTED)
    off = edge_shapes(MODEL) @ (held.dense_mean[:-1] - FITTED.identity)
    assert float(off.abs().max()) < 0.0002
    assert float((edge_shapes(MODEL) @ FITTED.identity).abs().max()) > 0.001
    assert float(held.dense_mean[-1]) == float(FITTED.log_focal)
