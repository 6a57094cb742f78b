"""The shape of eyes and mouth at rest while pictures refine the head: as the landmarks have it.

Landmarks measure where the edges of lids and lips are, pictures hardly: along an edge nothing is seen of how far apart
the edges are, and shadows and moving skin beside them mislead. On clips of rendered people the eyes of the identity
opened by more than a standard deviation, and the lids were then believed to be half shut at rest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from ...contract import names
from ...fit.geometry.landmark_model import LandmarkModel
from ...fit.geometry.state import Shared
from ...fit.terms.priors import SharedPrior

EDGE: Final = 0.0002
"""Metres by which a point of an edge may lie elsewhere on its eye or mouth than landmarks have it, standard deviation:
a change of the opening that is not seen."""
EDGES: Final = (
    (*names.RIGHT_EYE_UPPER, *names.RIGHT_EYE_LOWER),
    (*names.LEFT_EYE_UPPER, *names.LEFT_EYE_LOWER),
    (*names.INNER_LIPS_UPPER, *names.INNER_LIPS_LOWER, *names.OUTER_LIPS_UPPER, *names.OUTER_LIPS_LOWER),
)


def with_edge_prior(prior: SharedPrior, model: LandmarkModel, fitted: Shared) -> SharedPrior:
    """Return the prior with identities whose eyes and mouth are shaped as those of the fitted one.

    Args:
        prior: Of the clip's unknowns.
        model: The landmark points.
        fitted: What the landmarks alone found.
    """
    modes = model.identity_modes
    if modes == 0 or model.points != names.LANDMARKS:
        return prior
    rows = edge_shapes(model) / EDGE
    added = torch.zeros_like(prior.dense_precision)
    added[:modes, :modes] = rows.T @ rows
    precision = prior.dense_precision + added
    there = torch.cat([fitted.identity, fitted.log_focal[None]])
    # Two quadratic priors are one, about the mean of theirs.
    pull = prior.dense_precision @ prior.dense_mean + added @ there
    mean = torch.linalg.solve(precision.double(), pull.double()).to(prior.dense_mean)
    return replace(prior, dense_precision=precision, dense_mean=mean)


def edge_shapes(model: LandmarkModel) -> Tensor:
    """Return how each identity mode moves the points of an edge against its middle (3 N, I), metres."""
    known = model.known
    moved = []
    for edge in EDGES:
        points = torch.as_tensor(edge, device=model.template.device)
        modes = model.identity[points[known[points]]]
        if len(modes):
            moved.append((modes - modes.mean(0)).flatten(0, 1))
    return torch.cat(moved) if moved else model.identity.new_zeros(0, model.identity_modes)
