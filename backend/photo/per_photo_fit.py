"""Fit of one photograph out of several: in that photograph's own pixels, with its own lens."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from ..contract.arrays import Floats
from ..contract.camera import Intrinsics
from ..data.types import Fit, Landmarks
from ..head.skinning import select_frames


def own_fit(fit: Fit, index: int, name: str, path: Path, width: int, height: int, scale: float) -> Fit:
    """Return the fit of one photograph; what is scaled about the middle is the same head seen by another lens.

    Args:
        fit: Of all photographs, in the pixels of their common frame.
        index: Which of them.
        name: File name of the photograph.
        path: The picture that Blender shall show.
        width, height: Of the photograph.
        scale: Pixels of the common frame per pixel of the photograph.
    """
    landmarks, one = fit.landmarks, slice(index, index + 1)
    common = np.array([landmarks.width - 1, landmarks.height - 1]) / 2
    middle = np.array([width - 1, height - 1]) / 2
    shading = fit.shading
    if shading is not None:
        shading = dataclasses.replace(shading, light=shading.light[one], gain=shading.gain[one])
    return dataclasses.replace(
        fit,
        landmarks=_own_landmarks(
            landmarks,
            index,
            {"name": name, "path": str(path.absolute())},
            (width, height),
            middle - common / scale,
            scale,
        ),
        intrinsics=Intrinsics.centred(width, height, fit.intrinsics.focal_x / scale),
        pose=select_frames(fit.pose, one),
        rotation=fit.rotation[one],
        translation=fit.translation[one],
        status=fit.status[one],
        confidence=fit.confidence[one],
        reprojection_error=fit.reprojection_error[one] / scale,
        visibility=fit.visibility[one],
        shading=shading,
        pose_sigma=None if fit.pose_sigma is None else fit.pose_sigma[one],
        stated_error=None if fit.stated_error is None else fit.stated_error[one],
    )


def _own_landmarks(
    landmarks: Landmarks, index: int, source: dict[str, str], size: tuple[int, int], corner: Floats, scale: float
) -> Landmarks:
    one = slice(index, index + 1)
    points = landmarks.points[one] / np.float32(scale)
    points[..., :2] += corner.astype(np.float32)
    video = {**landmarks.video, **source, "frames": 1}
    video.pop("photographs", None)
    return dataclasses.replace(
        landmarks,
        frame_index=np.zeros(1, dtype=np.int64),
        time=np.zeros(1),
        width=size[0],
        height=size[1],
        found=landmarks.found[one],
        points=points,
        spread=landmarks.spread[one] / np.float32(scale),
        scores=landmarks.scores[one],
        detection=landmarks.detection[one],
        shot=np.zeros(1, dtype=np.int64),
        masks=None,
        video=video,
        counted=None if landmarks.counted is None else landmarks.counted[one],
        excluded=None,
    )
