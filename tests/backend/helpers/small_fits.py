"""A head of a few vertices and a fit of it, where only the shapes of the arrays matter."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from backend.contract.camera import Intrinsics, rotation_matrices
from backend.contract.settings import FitSettings
from backend.contract.track import MISSING, TRACKED
from backend.data.fit_report import FitReport, SolveReport
from backend.data.types import Fit, HeadPose, Landmarks
from backend.head.model import HeadModel, LandmarkEmbedding

VERTICES, IDENTITIES, EXPRESSIONS, FRAMES = 12, 4, 3, 9


def a_head() -> HeadModel:
    random = np.random.default_rng(3)
    faces = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8]])
    weights = random.random((VERTICES, 5))
    return HeadModel(
        name="Blob",
        licence="none",
        file_name="",
        sha256="b10b",
        template=random.normal(scale=0.1, size=(VERTICES, 3)),
        faces=faces,
        identity_basis=random.normal(scale=0.01, size=(VERTICES, 3, IDENTITIES)),
        expression_basis=random.normal(scale=0.01, size=(VERTICES, 3, EXPRESSIONS)),
        expression_names=("a", "b", "c"),
        expression_range=np.tile([0.0, 1.0], (EXPRESSIONS, 1)),
        pose_correctives=random.normal(scale=0.001, size=(VERTICES, 3, 36)),
        joint_regressor=np.full((5, VERTICES), 1 / VERTICES),
        joint_parents=np.array([-1, 0, 1, 1, 1]),
        skinning_weights=weights / weights.sum(axis=1, keepdims=True),
        uv=random.random((VERTICES, 2)),
        uv_faces=faces,
        regions={"lips": np.array([1, 2])},
        eyelids=None,
        landmarks=LandmarkEmbedding(np.zeros(478, int), np.full((478, 3), 1 / 3), np.arange(478) != 5, "by hand"),
    )


def a_fit(head: HeadModel, frames: int = FRAMES) -> Fit:
    random = np.random.default_rng(4)

    def some(*shape: int) -> np.ndarray:
        return random.normal(scale=0.2, size=(frames, *shape))

    points = np.full((frames, 478, 3), np.nan, np.float32)
    landmarks = Landmarks(
        frame_index=np.arange(frames) * 2,
        time=np.arange(frames) / 25,
        rate=Fraction(25),
        width=640,
        height=480,
        found=np.ones(frames, bool),
        points=points,
        spread=points[:, :, 0],
        scores=points[:, :52, 0],
        detection=np.ones(frames, np.float32),
        shot=np.zeros(frames, np.int64),
        masks=None,
        source="two networks",
        others=({"number": np.int64(1), "width": np.float32(40)},),
        number=0,
        video={"name": "clip é.mp4", "path": Path("/a/clip é.mp4"), "duration": np.float64(2)},
        metadata={},
    )
    modes = head.identity_basis.shape[2]
    status = np.full(frames, TRACKED, np.int8)
    status[-1] = MISSING
    return Fit(
        landmarks=landmarks,
        intrinsics=Intrinsics.centred(640, 480, 600.0),
        focal_source="assumed",
        focal_uncertainty=0.2,
        pose=HeadPose(random.normal(size=modes), some(EXPRESSIONS), some(3), some(3), some(3), some(3), some(2)),
        rotation=rotation_matrices(some(3)),
        translation=some(3) + [0, 0, 1.0],  # noqa: RUF005 - a sum of arrays
        status=status,
        confidence=np.ones(frames),
        reprojection_error=np.full(frames, np.nan),
        visibility=np.ones((frames, 478), np.float32),
        landmark_offsets=np.zeros((478, 3)),
        report=FitReport(SolveReport({"fit": float("nan")}, {"steps": 2}, converged=True), key_frames=(0, 1)),
        settings=FitSettings(),
    )
