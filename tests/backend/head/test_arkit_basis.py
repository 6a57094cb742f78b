"""ARKit's shapes of a head in FLAME's layout, against those that another method transferred to it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from backend.contract.names import ARKIT_OF_JOINTS, INNER_LIPS_LOWER, INNER_LIPS_UPPER
from backend.contract.performance.channels import INDEX
from backend.contract.performance.transfer.arkit_head import JAW_OPEN
from backend.contract.settings import HeadSettings
from backend.head import arkit_basis as stored
from backend.head.flame.flame_file import load_flame
from backend.head.model import HeadModel
from backend.head.skinning import neutral_pose, pose_vertices

PROXY = Path(__file__).resolve().parents[4] / "shared" / "data" / "flame_layout_proxy"
needs_proxy = pytest.mark.skipif(not PROXY.exists(), reason="the FLAME-layout proxy is not here")

pytestmark = needs_proxy


@lru_cache(maxsize=1)
def head() -> HeadModel:
    model = load_flame(PROXY / "flame_proxy.npz", HeadSettings())
    assert isinstance(model, HeadModel), model
    return model


@pytest.fixture(scope="module")
def basis(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    folder = tmp_path_factory.mktemp("heads")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "cache_folder", lambda: folder)
        made = stored.arkit_basis(head())
        assert isinstance(made, np.ndarray), made
        patch.setattr(stored, "basis_of_head", None)
        np.testing.assert_array_equal(stored.arkit_basis(head()), made)  # read, and not made again
    return made


LEAST = {
    "mouthSmile_L": 0.8, "mouthPucker": 0.8, "mouthFunnel": 0.75, "jawLeft": 0.85, "jawForward": 0.85,
    "mouthLeft": 0.7, "mouthStretch_R": 0.75, "mouthFrown_L": 0.75, "mouthUpperUp_R": 0.65, "mouthRollUpper": 0.75,
    "browOuterUp_L": 0.7, "browDown_R": 0.5, "eyeBlink_L": 0.75, "eyeWide_R": 0.65, "noseSneer_L": 0.55,
    "cheekSquint_R": 0.6, "eyeSquint_L": 0.55, "mouthRollLower": 0.8, "mouthPress_L": 0.5,
}  # fmt: skip
"""Cosine with ICT-FaceKit's shape of that name over all vertices."""


@pytest.mark.parametrize("name", LEAST)
def test_shapes_go_the_way_of_those_of_ict(name: str, basis: np.ndarray) -> None:
    with np.load(PROXY / "flame_proxy_arkit.npz") as file:
        true = file["deltas"][..., file["names"].tolist().index(name)]
    ours = basis[..., INDEX[name.replace("_L", "Left").replace("_R", "Right")]]
    cosine = (ours * true).sum() / np.linalg.norm(ours) / np.linalg.norm(true)
    assert cosine > LEAST[name]


def test_channels_that_joints_make_have_no_displacement(basis: np.ndarray) -> None:
    assert not basis[..., [INDEX[name] for name in ARKIT_OF_JOINTS]].any()


def test_mouth_close_shuts_the_lips_while_the_joint_holds_the_jaw_open(basis: np.ndarray) -> None:
    model = with_expression(head(), basis[..., INDEX["mouthClose"]])
    landmarks = model.landmarks
    gaps = []
    for jaw, weight in ((0.0, 0.0), (JAW_OPEN, 0.0), (JAW_OPEN, 1.0)):
        pose = neutral_pose(model)
        pose.jaw[0, 0], pose.expression[0, 0] = jaw, weight
        posed = pose_vertices(model, pose)[0]
        points = np.einsum("nk,nkc->nc", landmarks.barycentric, posed[model.faces[landmarks.triangle]])
        upper, lower = (points[list(row[2:-2])] for row in (INNER_LIPS_UPPER, INNER_LIPS_LOWER))
        gaps.append(np.linalg.norm(upper - lower, axis=1).mean())
    rest, opened, closed = gaps
    assert opened > 0.02
    assert closed < rest + 0.001


def with_expression(model: HeadModel, displacement: np.ndarray) -> HeadModel:
    return replace(
        model,
        expression_basis=displacement[..., None],
        expression_names=("mouthClose",),
        expression_range=np.array([[0.0, 1.0]]),
    )
