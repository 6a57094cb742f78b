"""The person's outline gives ears and cheeks back that no landmark shows, and hair, collars and hands give nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation
from scipy.spatial import ConvexHull
from solver_problems import normal, random_frames, random_model, random_shared
from synthetic_clips import MadeClip, context, made_clip
from torch import Tensor

from backend.bench.measures.outline import Traced, outline_errors, traced_outlines
from backend.contract.camera import project
from backend.contract.settings import FitSettings
from backend.data.types import Camera, Fit, PersonMasks
from backend.fit.conversion import to_state
from backend.fit.geometry.landmark_model import landmark_model
from backend.fit.geometry.state import Shared
from backend.fit.options.weights import Tuning
from backend.fit.outline.search import MASK_WIDER, Found, search
from backend.fit.outline.silhouette import LEFT_EAR, RIGHT_EAR, SCALP, Masks
from backend.fit.outline.term import OutlineMatches, held_to_outline, outline_term
from backend.fit.terms.priors import shared_prior
from backend.landmarks.skin_mask import skin_mask
from backend.raster.rasterizer_numba import NumbaRasterizer
from backend.stages import fit

MASKED = np.arange(0, 12, 2)
EARS = {"ear_protrusion": 2.0, "ear_flare": 2.0}


def drawn(clip: MadeClip, frame: int) -> np.ndarray:
    """The head in the picture (480, 640)."""
    vertices = clip.in_camera(clip.vertices[frame], frame)
    return NumbaRasterizer().rasterize(vertices, clip.head.faces, clip.intrinsics).ids >= 0


def masks_of(clip: MadeClip, *, hair: int = 0, with_skin: bool = True) -> PersonMasks:
    """Masks of a head without background and neck below it; hair stands off by some pixels all around."""
    heads = [drawn(clip, frame) for frame in MASKED]
    people = [binary_dilation(head, iterations=hair) if hair else head for head in heads]
    still = np.tile(np.eye(2, 3), (len(MASKED), 1, 1))

    def stack(masks: list[np.ndarray]) -> np.ndarray:
        return np.stack([np.where(mask, 255, 0).astype(np.uint8) for mask in masks])

    return PersonMasks(MASKED, stack(people), still, stack(heads if with_skin else [head & False for head in heads]))


def searched(clip: MadeClip, masks: PersonMasks) -> tuple[Found, np.ndarray]:
    """What is found beside the true head in the first frame, and the part of each place."""
    model = landmark_model(clip.head, torch.float64, torch.device("cpu"))
    clip_masks = Masks(masks.frame, masks.mask, masks.to_image, 640, 480, masks.skin)
    centre = (clip.intrinsics.centre_x, clip.intrinsics.centre_y)
    term = outline_term(clip.head, model, clip_masks, MASKED, MASKED, centre, Tuning())
    assert term is not None
    vertex = np.array(
        [np.abs(clip.head.template - point).sum(axis=1).argmin() for point in term.points.template.numpy()]
    )
    vertices = clip.in_camera(clip.vertices[0][vertex], 0)
    result = search(term.mesh, vertices, clip.intrinsics.focal_x, centre, clip_masks, 0)
    return result, term.mesh.part[result.vertex]


def ear_error(clip: MadeClip, result: Fit) -> float:
    """Millimetres by which the ears are off, on average."""
    ears = np.concatenate([clip.head.regions[name] for name in ("left_ear", "right_ear")])
    moved = clip.head.identity_basis[ears] @ (result.pose.identity - clip.pose.identity)
    return 1000 * float(np.linalg.norm(moved - moved.mean(axis=0), axis=1).mean())


def fitted(clip: MadeClip, masks: PersonMasks | None, tmp_path: Path, *, known: bool = True) -> Fit:
    settings = FitSettings(key_frames=6, device="cpu")
    camera = Camera(clip.intrinsics.focal_x, "known") if known else Camera(None, "estimated")
    result = fit.run(replace(clip.landmarks, masks=masks), clip.head, camera, settings, context(tmp_path))
    assert isinstance(result, Fit)
    return result


def test_ears_that_no_landmark_shows_are_found_by_the_outline(tmp_path: Path) -> None:
    clip = made_clip(12, looks=EARS)
    without, with_outline = fitted(clip, None, tmp_path), fitted(clip, masks_of(clip), tmp_path)
    assert ear_error(clip, with_outline) < 0.5 * ear_error(clip, without)


def test_what_shapes_the_head_says_nothing_more_of_the_focal_length(tmp_path: Path) -> None:
    clip = made_clip(12, looks=EARS)
    masks = masks_of(clip)
    heard, shaped = (fitted(clip, each, tmp_path, known=False) for each in (replace(masks, skin=None), masks))
    assert shaped.intrinsics.focal_x == pytest.approx(heard.intrinsics.focal_x, rel=0.03)
    assert shaped.focal_uncertainty == pytest.approx(heard.focal_uncertainty, rel=0.1)
    assert ear_error(clip, shaped) < ear_error(clip, heard)


def test_hair_around_the_head_does_not_make_it_larger(tmp_path: Path) -> None:
    clip = made_clip(12)
    without = fitted(clip, None, tmp_path)
    hairy = fitted(clip, masks_of(clip, hair=20, with_skin=False), tmp_path)
    sizes = []
    for result in (without, hairy):
        shape = clip.head.template + clip.head.identity_basis @ result.pose.identity
        sizes.append(np.ptp(np.delete(shape, clip.head.regions["neck"], axis=0), axis=0))
    assert np.abs(1000 * (sizes[1] - sizes[0])).max() < 1.0


def test_the_true_head_lies_between_the_end_of_skin_and_that_of_the_person() -> None:
    clip = made_clip(12)
    bald, part = searched(clip, masks_of(clip))
    ears = (part == LEFT_EAR) | (part == RIGHT_EAR)
    assert ears.sum() > 5
    middle = bald.low[ears] / bald.millimetre + MASK_WIDER
    assert np.abs(np.median(middle)) < 0.6
    hairy, part = searched(clip, masks_of(clip, hair=20))
    ears = (part == LEFT_EAR) | (part == RIGHT_EAR)
    assert (hairy.high[ears] / hairy.millimetre > 5).mean() > 0.8
    assert np.abs(np.median(hairy.low[ears] / hairy.millimetre)) < 1.0
    assert np.isinf(hairy.low[part == SCALP]).all()


def test_gradients_of_the_outline_agree_with_autograd() -> None:
    model = random_model(12)
    shared, frames = random_shared(model), random_frames(model, 3)
    direction = normal(40, 3, 12, 2)
    direction = direction / direction.norm(dim=-1, keepdim=True)
    low = normal(41, 3, 12, scale=80.0)
    matches = OutlineMatches(
        model, direction, low, low + 30, normal(42, 3, 12).abs(), torch.tensor([4.0, 5, 6]).double(), 0.5
    )

    def cost(step: Tensor, dense: Tensor) -> Tensor:
        moved = Shared(shared.identity + dense[:-1], shared.log_focal + dense[-1], shared.offsets)
        return matches.cost(moved, frames.retract(step), 2.0)

    columns = model.identity_modes + 1
    zeros = torch.zeros(3, frames.unknowns).double(), torch.zeros(columns).double()
    step, dense = torch.autograd.functional.jacobian(cost, zeros)
    equations = matches.equations(shared, frames, 2.0, columns + 4)
    assert dense.abs().min() > 0
    assert torch.allclose(equations.frames.gradient, step, rtol=1e-8)
    assert torch.allclose(equations.gradient[:columns], dense, rtol=1e-8)
    assert not equations.gradient[columns:].any() and not equations.coupling[:, :, columns:].any()


@pytest.mark.parametrize("shade", [1.0, 0.5])
def test_skin_is_told_from_hair_cloth_and_background(shade: float) -> None:
    clip = made_clip(1, yaw=0.0)
    points = clip.landmarks.points[0, :, :2].astype(np.float64)
    points = (points - points.mean(axis=0)) * 90 / np.ptp(points[:, 0]) + 128
    crop = np.full((256, 256, 3), (60, 90, 150), np.uint8)
    person = np.zeros((256, 256), np.uint8)
    rows, columns = np.mgrid[:256, :256]
    head = ((columns - 128) / 60) ** 2 + ((rows - 120) / 80) ** 2 < 1
    face = head & (rows > points[:, 1].min())
    crop[head], crop[face] = (50, 35, 25), (shade * np.array([205, 150, 125])).astype(np.uint8)
    person[head] = 255
    mask = skin_mask(crop, person, points)
    assert (mask[face & (columns > 80) & (columns < 176)] > 128).mean() > 0.97
    assert (mask[head & (rows < points[:, 1].min() - 8)] < 64).mean() > 0.97
    assert mask[~head].max() < 128


def test_a_head_that_is_where_its_outline_was_traced_has_no_error_and_a_narrow_one_is_told() -> None:
    clip = made_clip(1, yaw=0.0)
    vertices = clip.in_camera(clip.vertices[0], 0)
    pixels = project(vertices, clip.intrinsics)
    parts = {}
    for side in ("left", "right"):
        ear = pixels[clip.head.regions[f"{side}_ear"]]
        rim = ear[ConvexHull(ear).vertices]
        outward = rim[:, 0] > np.quantile(rim[:, 0], 0.6) if side == "left" else rim[:, 0] < np.quantile(rim[:, 0], 0.4)
        parts[f"{side}_ear"] = rim[outward][np.argsort(rim[outward][:, 1])]
    traced = Traced("made", 0, parts)
    landmarks = clip.landmarks.points[0]
    exact = outline_errors(clip.head, vertices, clip.intrinsics, traced, landmarks)
    assert exact.error < 0.5 and abs(exact.width_at_ears - 1) < 0.01
    narrow = outline_errors(clip.head, vertices * (0.9, 1, 1), clip.intrinsics, traced, landmarks)
    assert narrow.outwards > 3 and narrow.width_at_ears < 0.91


def test_every_outline_of_the_table_is_of_a_picture_that_people_can_find() -> None:
    outlines = traced_outlines()
    assert len(outlines) > 10
    for traced in outlines:
        assert all(len(points) > 1 and np.isfinite(points).all() for points in traced.parts.values())
    assert sum({"left_ear", "right_ear"} <= set(traced.parts) for traced in outlines) > 6


def test_a_prior_held_to_the_outline_pulls_as_prior_and_outline_together_do(tmp_path: Path) -> None:
    clip = made_clip(12, looks=EARS)
    result = fitted(clip, None, tmp_path)
    model = landmark_model(clip.head, torch.float64, torch.device("cpu"))
    shared, frames = to_state(result, model, MASKED, None)
    masks = masks_of(clip)
    clip_masks = Masks(masks.frame, masks.mask, masks.to_image, 640, 480, masks.skin)
    centre = (clip.intrinsics.centre_x, clip.intrinsics.centre_y)
    term = outline_term(clip.head, model, clip_masks, MASKED, MASKED, centre, Tuning())
    assert term is not None
    prior = shared_prior(model, Tuning(), log_focal=float(shared.log_focal), focal_sigma=0.1, offsets=False)
    held = held_to_outline(prior, term, shared, frames)
    modes = model.identity_modes
    outline = term.equations(term.matches(shared, frames), shared, frames, modes + 1).gradient[:modes]
    expected = prior.evaluate(shared)[1][:modes] + outline
    assert outline.abs().max() > 1
    assert torch.allclose(held.evaluate(shared)[1][:modes], expected, atol=1e-6 * float(expected.abs().max()))
