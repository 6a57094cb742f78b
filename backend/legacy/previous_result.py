"""Start of a fit: the dictionary of the picture before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..contract.arrays import Floats
from ..contract.camera import Intrinsics
from ..contract.failure import Failure
from ..contract.names import LANDMARKS
from ..contract.settings import FitSettings
from ..contract.track import TRACKED
from ..data.fit_report import FitReport
from ..data.types import Fit, HeadPose, Landmarks
from ..head.flame_codes import padded
from ..head.model import HeadModel
from ..landmarks.crop_camera import from_six_dof

_LENGTHS: Final = {"shape": 1, "exp": 1, "pose": 6, "eye_pose": 6, "cam": 6}
"""Keys that are read, and how many numbers each has at least."""


@dataclass(frozen=True)
class PreviousResult:
    """The head as the picture before shows it.

    Attributes:
        shape, expression: Codes, as many as there are.
        jaw: (3,).
        eyes: Left, right (6,).
        camera: Six degrees of freedom (6,).
    """

    shape: Floats
    expression: Floats
    jaw: Floats
    eyes: Floats
    camera: Floats

    def as_fit(self, landmarks: Landmarks, head: HeadModel, focal: float, settings: FitSettings) -> Fit:
        """Return the fit of one picture that begins here: its landmarks, and the head before.

        Args:
            landmarks: Of the one picture.
            head: The head that is fitted.
            focal: Of the picture, pixels.
            settings: With which it is fitted.
        """
        rotation, translation = from_six_dof(self.camera)
        nothing = np.zeros((1, 3))
        return Fit(
            landmarks=landmarks,
            intrinsics=Intrinsics.centred(landmarks.width, landmarks.height, focal),
            focal_source="known",
            focal_uncertainty=0.0,
            pose=HeadPose(
                identity=padded(self.shape, head.identity_basis.shape[2]),
                expression=padded(self.expression, head.expression_basis.shape[2])[None],
                neck=nothing,
                jaw=self.jaw[None],
                left_eye=self.eyes[None, :3],
                right_eye=self.eyes[None, 3:],
                eyelids=np.zeros((1, 2)),
            ),
            rotation=rotation[None],
            translation=translation[None],
            status=np.array([TRACKED], dtype=np.int8),
            confidence=np.ones(1),
            reprojection_error=np.zeros(1),
            visibility=np.ones((1, LANDMARKS), dtype=np.float32),
            landmark_offsets=np.zeros((LANDMARKS, 3)) if head.detector_offsets is None else head.detector_offsets,
            report=FitReport(),
            settings=settings,
        )


def read_previous_result(values: Mapping[str, Any]) -> PreviousResult | Failure:
    """Return the head in a dictionary of version 1.01, which this program or the original has made."""
    codes: dict[str, Floats] = {}
    for key, least in _LENGTHS.items():
        try:
            numbers = np.asarray(values[key], dtype=np.float64).reshape(-1)
        except (KeyError, TypeError, ValueError):
            return _unfit(f"has no numbers under '{key}'")
        if len(numbers) < least or (least > 1 and len(numbers) != least) or not np.isfinite(numbers).all():
            return _unfit(f"has no {least} finite numbers under '{key}'")
        codes[key] = numbers
    if not from_six_dof(codes["cam"])[1][2] > 0:
        return _unfit("has a camera from behind which no face is seen under 'cam'")
    return PreviousResult(codes["shape"], codes["exp"], codes["pose"][3:], codes["eye_pose"], codes["cam"])


def _unfit(problem: str) -> Failure:
    return Failure(
        "previous-result-unfit",
        f"'prev_ret_dict' {problem}.",
        "Give the dictionary that run() returned for the picture before, or None.",
    )
