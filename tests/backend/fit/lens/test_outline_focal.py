"""The person's outline tells the focal length as far as hair leaves it to be seen, and nothing where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from synthetic_clips import MadeClip, context, made_clip

from backend.contract.settings import FitSettings
from backend.data.types import Camera, Fit, PersonMasks
from backend.fit.lens.outline_likelihood import Likelihood, likelihood_of, log_likelihood
from backend.fit.outline.silhouette import FACE, LEFT_EAR
from backend.raster.rasterizer_numba import NumbaRasterizer
from backend.stages import fit

FRAMES = 12
MASKED = np.array([0, 3, 5, 8, 11])


def silhouettes(clip: MadeClip, hair: float = 0.0) -> PersonMasks:
    """Masks of the head alone, drawn over the whole picture; above the brows hair of some pixels stands off."""
    masks = []
    for frame in MASKED:
        vertices = clip.in_camera(clip.vertices[frame], frame)
        person = NumbaRasterizer().rasterize(vertices, clip.head.faces, clip.intrinsics).ids >= 0
        if hair:
            brows = int(clip.landmarks.points[frame, 105, 1])
            grown = binary_dilation(person, iterations=round(hair))
            person[:brows] = grown[:brows]
        masks.append(np.where(person, 255, 0).astype(np.uint8))
    still = np.tile(np.eye(2, 3), (len(MASKED), 1, 1))
    return PersonMasks(MASKED, np.stack(masks), still)


def fitted(clip: MadeClip, masks: PersonMasks | None, tmp_path: Path, focal: float | None = None) -> Fit:
    landmarks = replace(clip.landmarks, masks=masks)
    settings = FitSettings(key_frames=6, device="cpu")
    camera = Camera(focal, "known" if focal else "estimated")
    result = fit.run(landmarks, clip.head, camera, settings, context(tmp_path))
    assert isinstance(result, Fit)
    return result


def focal_by_outline(result: Fit) -> tuple[float, float]:
    """Focal length in pixels and standard deviation of its logarithm, by the outline alone."""
    outline = result.report.as_json()["outline"]
    return outline["focal"], outline["uncertainty"]


@pytest.mark.parametrize("focal", [600.0, 900.0, 1500.0])
def test_the_outline_of_a_bald_head_gives_the_focal_length_back_within_what_it_claims(focal: float, tmp_path: Path):
    clip = made_clip(FRAMES, yaw=0.3, focal=focal)
    result = fitted(clip, silhouettes(clip), tmp_path)
    estimated, uncertainty = focal_by_outline(result)
    assert abs(np.log(estimated / focal)) < 1.0 * uncertainty < 0.6
    assert abs(np.log(result.intrinsics.focal_x / focal)) < 2.0 * result.focal_uncertainty < 0.65


def test_hair_does_not_pull_the_focal_length_far(tmp_path: Path):
    clip = made_clip(FRAMES, yaw=0.3, focal=900)
    bald = fitted(clip, silhouettes(clip), tmp_path)
    two_centimetres = 0.02 * 900 / 0.75
    hairy = fitted(clip, silhouettes(clip, hair=two_centimetres), tmp_path)
    assert 0.0 < np.log(hairy.intrinsics.focal_x / bald.intrinsics.focal_x) < 0.3
    assert hairy.focal_uncertainty > bald.focal_uncertainty


def test_masks_that_show_no_outline_change_nothing(tmp_path: Path):
    clip = made_clip(FRAMES, yaw=0.3, focal=900)
    without = fitted(clip, None, tmp_path)
    everywhere = PersonMasks(MASKED, np.full((len(MASKED), 480, 640), 255, np.uint8), silhouettes(clip).to_image)
    filled = fitted(clip, everywhere, tmp_path)
    assert without.report.as_json()["outline"] is None
    assert filled.report.as_json()["outline"]["uncertainty"] is None
    assert filled.intrinsics.focal_x == pytest.approx(without.intrinsics.focal_x, rel=1e-4)
    assert filled.focal_uncertainty == pytest.approx(without.focal_uncertainty, rel=1e-3)


def test_masks_on_frames_without_a_face_are_left_out(tmp_path: Path):
    clip = made_clip(FRAMES, yaw=0.3, focal=900)
    points = clip.landmarks.points.copy()
    points[5] = np.nan
    detected = np.arange(FRAMES) != 5
    blinded = replace(clip, landmarks=replace(clip.landmarks, points=points, found=detected))
    assert fitted(blinded, silhouettes(clip), tmp_path).report.as_json()["outline"]["masks"] == len(MASKED) - 1


def test_a_known_focal_length_asks_no_outline(tmp_path: Path):
    clip = made_clip(FRAMES, focal=900)
    result = fitted(clip, silhouettes(clip), tmp_path, focal=900)
    assert result.report.as_json()["outline"] is None
    assert result.intrinsics.focal_x == pytest.approx(900, rel=1e-6)


def test_a_head_outside_the_person_is_far_less_likely_than_hair():
    outside, hairless, hair = log_likelihood(np.array([-15.0, 0.0, 15.0]), hairless=0.5)
    assert hairless > hair > outside + 2


def test_an_outline_that_fits_ever_better_says_only_that_the_lens_is_longer():
    focals = np.geomspace(400.0, 2000.0, 5)
    shrinking = np.tile(4.0 + 24.0 * (400.0 / focals)[:, None], (1, 20))
    said = likelihood_of(focals, shrinking, np.full(20, LEFT_EAR))
    assert said.longer_than() is not None
    assert 200.0 < said.longer_than() < 900.0  # type: ignore[operator]
    assert said.value[-1] > said.value.max() - 0.5


def test_however_many_directions_are_seen_the_head_s_own_shape_stays_in_doubt():
    focals = np.geomspace(400.0, 2000.0, 5)
    crossing = 30.0 * (np.log(900.0) - np.log(focals))[:, None] + 2.0
    few, many = (likelihood_of(focals, np.tile(crossing, (1, n)), np.full(n, FACE)).moments()[1] for n in (8, 400))
    assert few == pytest.approx(many, rel=1e-6)
    assert many > 0.2


def test_nothing_seen_leaves_the_focal_length_open():
    said = likelihood_of(np.geomspace(400.0, 2000.0, 5), np.zeros((5, 0)), np.zeros(0, dtype=np.int64))
    assert said.moments()[1] == np.inf
    assert said.longer_than() is None


def test_a_gaussian_likelihood_is_summed_up_as_itself():
    grid = np.linspace(4.0, 10.0, 300)
    mean, sigma = Likelihood(grid, -0.5 * ((grid - 7.2) / 0.3) ** 2).moments()
    assert mean == pytest.approx(7.2, abs=1e-3)
    assert sigma == pytest.approx(0.3, abs=1e-3)
