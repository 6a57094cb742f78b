"""Table of expressions as the detector sees them: measured, kept, and looked for by the fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic_clips import context, made_clip

from backend.contract.settings import FitSettings
from backend.data.landmark_mirror import mirror_table
from backend.data.types import Camera, Fit
from backend.fit.geometry.landmark_model import landmark_model
from backend.head.builtin import builtin_head
from backend.head.builtin.detector_motions import MEASURED, OPENED, read_motions, write_motions
from backend.stages import fit as fit_stage
from tools.make_detector_motions import DetectorFrames, motions, states

NAMES = builtin_head().expression_names
SMILE = NAMES.index("mouthSmileLeft")


def made_motions() -> np.ndarray:
    """Symmetric motions (478, 3, M + 1) in tenths of a millimetre."""
    drawn = np.random.default_rng(3).integers(-20, 21, (478, 3, len(MEASURED) + 1)) * 1e-4
    drawn[468:] = 0.0
    flip = np.array([-1.0, 1.0, 1.0])[:, None]
    twins = [MEASURED.index(n.replace("Left", "?").replace("Right", "Left").replace("?", "Right")) for n in MEASURED]
    return (drawn + (drawn[mirror_table()] * flip)[:, :, [*twins, len(MEASURED)]]) / 2


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    made = np.round(made_motions(), 4)
    write_motions(tmp_path / "table.csv", made)
    read, correctives = read_motions(tmp_path / "table.csv", NAMES, mirror_table())
    right = [MEASURED.index(name) for name in MEASURED if not name.endswith("Left")]
    columns = [NAMES.index(MEASURED[k]) for k in right]
    assert np.allclose(read[:, :, columns], made[:, :, right], atol=1e-9)
    assert np.allclose(read[:, :, SMILE], read[mirror_table(), :, NAMES.index("mouthSmileRight")] * (-1, 1, 1))
    jaw = (correctives[:, :, 16] - correctives[:, :, 14]) * np.sin(OPENED)
    large = np.linalg.norm(made[:, :, -1], axis=1) > 3e-4
    assert np.allclose(jaw[large], made[large, :, -1])


def test_motions_that_were_seen_are_found_again() -> None:
    """Landmarks seen beside their places by known motions, in three views of every state: these come back."""
    made, shown = made_motions(), states()
    weights = np.array([[state.get(name, 0.0) for name in (*MEASURED, "jaw")] for state in shown])
    weights[:, -1] /= OPENED
    angle = np.array([0.0, 0.4, -0.4])
    turns = np.zeros((3, 3, 3))
    turns[:, 0, 0] = turns[:, 2, 2] = np.cos(angle)
    turns[:, 0, 2], turns[:, 2, 0], turns[:, 1, 1] = np.sin(angle), -np.sin(angle), 1.0
    rotation = np.repeat(turns, len(shown), axis=0)
    weights = np.tile(weights, (3, 1))
    beside = np.einsum("tai,nim,tm->tna", rotation[:, :2], made, weights)
    many = [np.concatenate([array] * 40) for array in (weights, rotation, beside)]
    found = motions(DetectorFrames(*many, scores=np.zeros((len(many[0]), 52))))
    assert np.abs(found - made)[:, :2].max() < 4e-4
    assert np.corrcoef(found[:, :2].ravel(), made[:, :2].ravel())[0, 1] > 0.99


def test_the_fit_keeps_a_smile_of_which_the_detector_sees_half(tmp_path: Path) -> None:
    clip = made_clip(yaw=0.1)
    head = builtin_head()
    corners = head.faces[head.landmarks.triangle]
    basis = np.einsum("nk,nkce->nce", head.landmarks.barycentric, head.expression_basis[corners])
    half = replace(clip.head, detector_offsets=np.zeros((478, 3)), detector_motions=-0.5 * basis)
    model = landmark_model(half, torch.float64, torch.device("cpu"))
    assert np.allclose(model.expression.numpy(), 0.5 * basis, atol=1e-12)
    found = []
    for one in (clip.head, half):
        result = fit_stage.run(
            clip.landmarks, one, Camera(1400.0, "known"), FitSettings(device="cpu"), context(tmp_path)
        )
        assert isinstance(result, Fit)
        found.append(np.ptp(result.pose.expression[:, SMILE]))
    assert found[1] == pytest.approx(2 * found[0], rel=0.3)
