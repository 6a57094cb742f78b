"""Truth on distortion: shared clips bent by known amounts, and how often one is found where there is none."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from ...contract.arrays import Picture
from ...contract.camera import Intrinsics
from ...contract.distortion import CurvedLens, Distortion
from ...contract.failure import Failure
from ...contract.settings import VideoSettings
from ...fit.lens.straight_edges import LineEvidence, lens_from_edges
from ...stages import video as video_stage
from ...stages.camera import LOOKS
from ...video.reader import read_frames
from ..chain import Setup, context
from ..rows import Row, at_least, at_most

WITH_LINES: Final = ("hard/asl_eat.mkv", "videos/intel_asl_again.mkv", "hard/pyfeat_single_face.mp4")
BENT: Final = (-0.2, -0.1, -0.05, 0.05)
"""Shares by which the corners are moved."""
_FILMS: Final = (".mp4", ".mkv", ".mov", ".mpg", ".gif")


def measure(setup: Setup) -> list[Row] | Failure:
    """Edges of real clips whose rooms have straight lines, bent by code, and of all shared clips as they are.

    Coefficients are for a focal length of half the diagonal, so that they are shares by which corners move.
    """
    found: list[tuple[float, LineEvidence | None]] = []
    for name in WITH_LINES:
        pictures = _pictures(setup, setup.data / name)
        if isinstance(pictures, Failure):
            return pictures
        for k1 in BENT:
            bent = [_bent(picture, k1) for picture in pictures]
            found.append((k1, lens_from_edges(bent, _middle(bent[0]))))
    wrong, clips = 0, 0
    for path in _films(setup.data):
        pictures = _pictures(setup, path)
        if not isinstance(pictures, Failure) and pictures:
            clips += 1
            wrong += lens_from_edges(pictures, _middle(pictures[0])) is not None
    errors = [abs(each.coefficient - k1) for k1, each in found if each is not None]
    return [
        at_least("bent clips whose distortion is found", len(errors), len(found), digits=0, clips=len(found)),
        at_most("corners misjudged, worst of them", 100 * max(errors, default=math.nan), 2, " %"),
        at_most("clips as filmed that are taken to be distorted", wrong, 0, digits=0, clips=clips),
    ]


def _films(data: Path) -> list[Path]:
    files = [each for folder in ("hard", "videos", "truth_clip") for each in (data / folder).glob("*.*")]
    return sorted(each for each in files if each.suffix in _FILMS)


def _pictures(setup: Setup, path: Path) -> list[Picture] | Failure:
    video = video_stage.run(VideoSettings(path=str(path)), context(setup, "video"))
    if isinstance(video, Failure):
        return video
    positions = np.unique(np.linspace(0, len(video) - 1, LOOKS).astype(np.int64)).tolist()
    return [picture for _, picture in read_frames(video, positions)]


def _middle(picture: Picture) -> tuple[float, float]:
    return (picture.shape[1] - 1) / 2, (picture.shape[0] - 1) / 2


def _bent(picture: Picture, k1: float) -> Picture:
    height, width = picture.shape[:2]
    focal = math.hypot(width, height) / 2
    lens = CurvedLens(Intrinsics(width, height, focal, focal, *_middle(picture)), Distortion(k1))
    grid = np.stack(np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float)), axis=-1)
    source = lens.straightened(grid).astype(np.float32)
    bent = cv2.remap(picture, source[..., 0], source[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(bent, dtype=np.uint8)
