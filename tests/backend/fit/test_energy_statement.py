"""Energy of the solvers, as assembled and as docs/solver.md states it: term by term, and in sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from stated_energy import (
    BETWEEN,
    COUNT,
    FACES,
    FRAMES,
    LIDS,
    MATCHES,
    MODEL,
    NO_STEP,
    OF_A_FRAME,
    OF_THE_CLIP,
    OUTLINE,
    PEOPLE,
    SEEN,
    SHARED,
    TUNING,
    VISIBILITY,
    Unknowns,
    after,
    cauchy,
    contact_of_lids,
    contact_of_lips,
    gaze,
    jaw_at_rest,
    landmarks,
    openings,
    outline,
    pi,
    plausible_faces,
    plausible_people,
    smoothness,
)  # fmt: skip
from torch import Tensor

from backend.appearance import bundle_adjustment
from backend.appearance.bundle_adjustment import Bundle, BundleFit
from backend.appearance.pictures.view import DIRECTED_TERMS, Feature
from backend.appearance.point_tracks import PointTracks
from backend.appearance.terms.fixed_albedo_term import Colours, fixed_albedo_term
from backend.appearance.terms.photometric_term import PhotometricTuning
from backend.contract.camera import rotation_matrices
from backend.fit.solvers.identity import ClipUnknowns, IdentityFit, IdentityProblem
from backend.fit.solvers.motion import MotionFit, MotionProblem
from backend.fit.terms.landmark_term import residuals
from backend.fit.terms.smoothness import linearise_smoothness

OF_OBSERVATIONS: dict[Callable[[Unknowns], Tensor], str] = {
    landmarks: "weight",
    openings: "pair_weight",
    gaze: "gaze_precision",
    jaw_at_rest: "jaw_precision",
    contact_of_lips: "",
}


def observed_alone(term: Callable[[Unknowns], Tensor]) -> float:
    """The cost of the observations where all of them but one kind have no weight."""
    off = [name for name in OF_OBSERVATIONS.values() if name and name != OF_OBSERVATIONS[term]]
    observations = replace(SEEN, **{name: torch.zeros_like(getattr(SEEN, name)) for name in off})
    model = MODEL if term is contact_of_lips else replace(MODEL, lips=None)
    return float(residuals(model, SHARED, FRAMES, observations, VISIBILITY, TUNING).cost.sum())


ASSEMBLED: dict[Callable[[Unknowns], Tensor], Callable[[], float]] = {
    **{term: partial(observed_alone, term) for term in OF_OBSERVATIONS},
    contact_of_lids: lambda: float(LIDS.cost(FRAMES.expression).sum()),
    plausible_faces: lambda: float(FACES.evaluate(FRAMES)[0].sum()),
    smoothness: lambda: float(linearise_smoothness(FRAMES, BETWEEN).cost),
    plausible_people: lambda: float(PEOPLE.evaluate(SHARED)[0]),
    outline: lambda: float(OUTLINE.cost(MATCHES, SHARED, FRAMES)),
}


@pytest.mark.parametrize("term", ASSEMBLED, ids=lambda term: term.__name__)
def test_each_term_costs_what_the_page_says(term: Callable[[Unknowns], Tensor]):
    written = float(term(after(*NO_STEP)))
    assert written > 0, "nothing is tested"
    assert ASSEMBLED[term]() == pytest.approx(written, rel=1e-7)


def summed(terms: tuple[Callable[[Unknowns], Tensor], ...], *step: Tensor) -> Tensor:
    return torch.stack([term(after(*step)) for term in terms]).sum()


def test_the_system_of_every_frame_is_the_sum_of_its_terms():
    problem = MotionProblem(MODEL, SHARED, SEEN, FACES, BETWEEN, TUNING, lids=LIDS)
    fit = MotionFit(problem, FRAMES)
    fit.visibility = VISIBILITY
    system = fit.linearise(FRAMES)
    gradient = torch.autograd.functional.jacobian(lambda step: summed(OF_A_FRAME, step, *NO_STEP[1:]), NO_STEP[0])
    for cost in (system.cost, fit.cost(FRAMES)):
        assert cost == pytest.approx(float(summed(OF_A_FRAME, *NO_STEP)), rel=1e-7)
    assert torch.allclose(system.gradient, gradient, rtol=1e-6, atol=1e-3)


def test_the_system_of_the_clip_is_the_sum_of_its_terms():
    problem = IdentityProblem(MODEL, SEEN, FACES, PEOPLE, TUNING, OUTLINE)
    at = ClipUnknowns(SHARED, FRAMES)
    fit = IdentityFit(problem, at)
    fit.visibility = VISIBILITY
    system = fit.linearise(at)
    frames, dense, along = torch.autograd.functional.jacobian(partial(summed, OF_THE_CLIP), NO_STEP)
    assert system.cost == pytest.approx(float(summed(OF_THE_CLIP, *NO_STEP)), rel=1e-7)
    assert torch.allclose(system.gradient, frames, rtol=1e-6, atol=1e-3)
    assert torch.allclose(system.border_gradient, torch.cat([dense, along.flatten()]), rtol=1e-6, atol=1e-3)


def test_pictures_cost_what_the_page_says():
    across, down, size = 0.02, -0.013, 1600
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    random = np.random.default_rng(2)
    shape = (COUNT, MODEL.points)
    harmonics, visible = random.normal(size=(*shape, DIRECTED_TERMS)), random.uniform(size=shape)
    image, middle = across * columns + down * rows, np.array([size / 2, size / 2])
    features: list[Feature | None] = [
        Feature(image, np.array([0.5, 0.5]), middle, v.astype(np.float32), h.astype(np.float32))
        for v, h in zip(visible, harmonics, strict=True)
    ]
    light, trust, tuning = random.normal(size=DIRECTED_TERMS), random.uniform(size=COUNT), PhotometricTuning()
    pixels = pi(MODEL, after(*NO_STEP), torch.zeros(()).double()).numpy() * 0.5 + size / 2
    shown = across * pixels[..., 0] + down * pixels[..., 1]
    colour = shown.mean(axis=0)
    sure = np.arange(MODEL.points) % 7 > 0
    known = Colours(*(a.astype(np.float32) for a in (colour, light)), sure)  # type: ignore[arg-type]
    term = fixed_albedo_term(MODEL, SHARED, features, known, trust.astype(np.float32), tuning)
    inside = ((pixels > 0) & (pixels < size - 1)).all(axis=-1)
    assert inside.all(), "a point fell beside the picture"
    error = (shown - harmonics @ light - colour) / tuning.noise
    written = tuning.evidence * (trust[:, None] * visible * sure * cauchy(error, tuning.spread)).sum()
    assert term.cost(FRAMES, slice(0, COUNT)) == pytest.approx(written, rel=1e-4)


def test_tracks_of_points_cost_what_the_page_says():
    random = np.random.default_rng(3)
    points, moved = random.normal(scale=0.08, size=(20, 3)), random.normal(scale=0.002, size=(4, 20, 3))
    rotation, translation = rotation_matrices(random.normal(scale=0.3, size=(4, 3))), np.tile([0.01, 0.02, 0.6], (4, 1))
    start = Bundle(points, moved, rotation, translation, 6.8)
    now = replace(start, points=points + random.normal(scale=0.003, size=(20, 3)))
    root = random.normal(size=(4, 20, 2, 2))
    tracks = PointTracks(np.arange(20), start.pixels() + random.normal(size=(4, 20, 2)), root @ np.swapaxes(root, 2, 3))
    total = 0.0
    for f in range(4):
        for m in range(20):
            x, y, z = rotation[f] @ (now.points[m] + moved[f, m]) + translation[f]
            e = np.exp(now.log_focal) * np.array([x, y]) / z - tracks.pixels[f, m]
            total += float(cauchy(np.sqrt(e @ tracks.precision[f, m] @ e), bundle_adjustment.SPREAD))
    total += 0.5 * float(((now.points - points) ** 2).sum()) / bundle_adjustment.SHAPE**2
    assert BundleFit(tracks, start, bundle_adjustment.SHAPE).cost(now) == pytest.approx(total, rel=1e-7)
