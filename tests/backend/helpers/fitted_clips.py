"""Fits of made clips with their true focal length."""

from __future__ import annotations

from pathlib import Path

from synthetic_clips import MadeClip, context

from backend.contract.settings import FitSettings
from backend.data.types import Camera, Fit, Landmarks
from backend.stages import fit as fit_stage


def fitted(clip: MadeClip, tmp_path: Path, landmarks: Landmarks | None = None, **settings) -> Fit:
    """Fit with the true focal length."""
    camera = Camera(clip.intrinsics.focal_x, "known")
    settings.setdefault("device", "cpu")
    result = fit_stage.run(landmarks or clip.landmarks, clip.head, camera, FitSettings(**settings), context(tmp_path))
    assert isinstance(result, Fit), result
    return result
