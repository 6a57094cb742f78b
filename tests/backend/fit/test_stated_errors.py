"""Stated errors of frames: larger where the head turns, where landmarks do not fit, and in gaps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_clips import LOOKS_AT_CAMERA, MadeClip, context, made_clip, made_fit

from backend.contract.camera import rotation_matrices
from backend.contract.track import INTERPOLATED, MISSING, TRACKED, Track, read_track, write_track
from backend.data.types import Fit
from backend.fit.confidence import frame_confidence
from backend.fit.stated_errors import stated_errors
from backend.report.measures import measure
from backend.report.numbers import report_of
from backend.stages.track import track_of


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    return made_clip(frames=40, yaw=0.5)


def fit_of(clip: MadeClip) -> tuple[Fit, np.ndarray]:
    """The truth as a fit, and its landmarks in head space."""
    fitted = made_fit(
        clip.landmarks, clip.intrinsics, clip.pose, clip.rotation, clip.translation, np.full(40, TRACKED, np.int8)
    )
    corners = clip.head.faces[clip.head.landmarks.triangle]
    points = np.einsum("nk,tnkc->tnc", clip.head.landmarks.barycentric, clip.vertices[:, corners])
    fitted = replace(fitted, reprojection_error=np.full(len(fitted.status), 0.5), pose_sigma=np.full((40, 2), 0.5))
    return fitted, points


def test_a_head_turned_from_its_usual_view_may_be_off_by_more(clip: MadeClip) -> None:
    fitted, points = fit_of(clip)
    still = np.repeat(LOOKS_AT_CAMERA[None], 40, axis=0)
    still[7] = still[7] @ rotation_matrices(np.array([[0.0, 0.5, 0.0]]))[0]

    degrees, millimetres = stated_errors(replace(fitted, rotation=still), points).T

    assert degrees.argmax() == 7
    assert millimetres[7] > millimetres[6] + 2


def test_what_the_fit_leaves_over_counts(clip: MadeClip) -> None:
    fitted, points = fit_of(clip)
    error = fitted.reprojection_error.copy()
    error[20] = 5.0

    before = stated_errors(fitted, points)
    after = stated_errors(replace(fitted, reprojection_error=error), points)

    assert (after[20] > before[20] + 0.5).all()
    assert np.allclose(np.delete(after, 20, axis=0), np.delete(before, 20, axis=0))


def test_missing_frames_state_nothing_and_gaps_what_the_pose_leaves_open(clip: MadeClip) -> None:
    fitted, points = fit_of(clip)
    status, sigma = fitted.status.copy(), fitted.pose_sigma.copy()
    status[3], status[10] = MISSING, INTERPOLATED
    sigma[10] = 20.0
    error = np.where(status == 2, 0.5, np.nan)

    stated = stated_errors(replace(fitted, status=status, pose_sigma=sigma, reprojection_error=error), points)

    assert np.isnan(stated[3]).all()
    assert np.isfinite(stated[10]).all()
    assert stated[10, 0] > stated[9, 0] + 1


def test_a_larger_stated_error_lowers_the_confidence(clip: MadeClip) -> None:
    fitted, _ = fit_of(clip)
    stated = np.full((40, 2), 0.5)
    stated[5] = 6.0

    confidence = frame_confidence(replace(fitted, stated_error=stated))

    assert confidence.argmin() == 5
    assert confidence[5] < 0.5 * confidence[4]


def test_old_tracks_without_stated_errors_are_read_and_new_ones_keep_them(clip: MadeClip, tmp_path: Path) -> None:
    stated = np.stack([np.linspace(0.1, 4, 40), np.linspace(1, 9, 40)], axis=1)
    fitted, _ = fit_of(clip)
    for name, fit in (("old", fitted), ("new", replace(fitted, stated_error=stated))):
        written = write_track(tmp_path / f"{name}.npz", track_of(fit, clip.head, context(tmp_path)))
        assert written is None

    old, new = (read_track(tmp_path / f"{name}.npz") for name in ("old", "new"))

    assert isinstance(old, Track) and isinstance(new, Track)
    assert old.rotation_error is None
    assert np.allclose(new.rotation_error, stated[:, 0])
    assert np.allclose(new.point_error, stated[:, 1])
    report = report_of(new, measure(new), [])
    assert report["frames"]["stated_rotation_error_degrees"][0] == pytest.approx(0.1)
    assert report["summary"]["stated_error"]["point_median_mm"] == pytest.approx(5, abs=0.1)
