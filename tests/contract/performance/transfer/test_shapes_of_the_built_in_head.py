"""Transfer of the built-in head's shapes to itself, in another size and pose: nothing may get lost."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from backend.contract.camera import rotation_matrices
from backend.contract.failure import Failure
from backend.contract.performance.channels import INDEX
from backend.contract.performance.transfer.arkit_head import arkit_head
from backend.contract.performance.transfer.shapes import KnownLandmarks, Shapes, make_shapes

PICKED = np.array(
    [33, 133, 159, 145, 78, 0, 13, 14, 17, 1, 129, 2, 152, 105, 168, 263, 362, 386, 374, 308, 358, 334, 234, 454]
)
TURN = rotation_matrices(np.array([1.2, -0.7, 0.4]))
SIZE = 37.0


@lru_cache(maxsize=1)
def vertices() -> np.ndarray:
    return SIZE * arkit_head().neutral @ TURN.T + (5.0, -3.0, 100.0)


def landmarks(numbers: np.ndarray = PICKED) -> KnownLandmarks:
    return KnownLandmarks(numbers, vertices()[numbers], numbers)


@lru_cache(maxsize=1)
def shapes() -> Shapes:
    made = make_shapes(vertices(), arkit_head().faces, landmarks())
    assert isinstance(made, Shapes), made
    return made


def own_size(displacements: np.ndarray) -> np.ndarray:
    return np.einsum("ji,vjk->vik", TURN, displacements) / SIZE


def test_two_dozen_landmarks_give_the_shapes_back_in_any_size_and_pose() -> None:
    off = np.linalg.norm(own_size(shapes().displacements) - arkit_head().displacements, axis=1)
    assert np.sqrt((off**2).mean()) < 8e-5
    assert np.percentile(off, 99.9) < 8e-4


def test_eyeballs_teeth_and_tongue_are_recognised_and_move_as_wholes() -> None:
    head, parts = arkit_head(), shapes().parts
    for found, name in (
        (parts.eyeballs[0], "left_eyeball"),
        (parts.eyeballs[1], "right_eyeball"),
        (parts.lower_teeth, "lower_teeth"),
        (parts.tongue, "tongue"),
    ):
        assert set(found) == set(head.regions[name]), name
    assert set(head.regions["upper_teeth"]) <= set(parts.upper_teeth)
    moved = shapes().displacements
    assert np.abs(moved[head.regions["upper_teeth"]]).max() == 0
    teeth = head.regions["lower_teeth"]
    opened = vertices()[teeth] + moved[teeth][..., INDEX["jawOpen"]]
    before, after = (np.linalg.norm(points[1:] - points[:-1], axis=1) for points in (vertices()[teeth], opened))
    np.testing.assert_allclose(after, before, rtol=1e-6)


def test_what_lies_on_the_lids_goes_with_the_lid_that_it_lies_on() -> None:
    head = arkit_head()
    rim = head.lid_rings[1][0]  # of the left eye: its first half is the upper lid
    lash = vertices()[rim[2:15]]
    tips = lash + SIZE * 0.006 * TURN[:, 2]
    count = len(head.neutral)
    strip = np.array([(i, i + 1, i + 13) for i in range(12)] + [(i + 1, i + 14, i + 13) for i in range(12)]) + count
    made = make_shapes(np.concatenate([vertices(), lash, tips]), np.concatenate([head.faces, strip]), landmarks())
    assert isinstance(made, Shapes)
    blink = made.displacements[..., INDEX["eyeBlinkLeft"]]
    assert np.linalg.norm(blink[rim[2:15]], axis=1).max() > SIZE * 0.004
    np.testing.assert_allclose(blink[count : count + 13], blink[rim[2:15]], atol=SIZE * 2e-4)
    before, after = tips - lash, tips + blink[count + 13 :] - lash - blink[count : count + 13]
    length = np.linalg.norm(after, axis=1) / np.linalg.norm(before, axis=1)
    assert np.abs(length - 1)[2:].max() < 0.1  # a lash is not stretched, it turns with the lid
    assert ((after - before) @ TURN[:, 1] / SIZE)[4:9].max() < -0.001


def test_landmarks_with_left_and_right_exchanged_are_refused() -> None:
    known = landmarks()
    numbers = arkit_head().mirror[known.numbers]
    made = make_shapes(vertices(), arkit_head().faces, replace(known, numbers=numbers))
    assert isinstance(made, Failure)
    assert made.code == "landmarks-no-face"


def test_too_few_landmarks_are_refused() -> None:
    made = make_shapes(vertices(), arkit_head().faces, landmarks(PICKED[:5]))
    assert isinstance(made, Failure)
    assert made.code == "landmarks-few"


@pytest.mark.parametrize("kind", ["sphere", "flat"])
def test_a_mesh_that_is_no_face_is_refused(kind: str) -> None:
    head = arkit_head()
    points = head.neutral.copy()
    middle = points.mean(axis=0)
    offset = points - middle
    if kind == "sphere":
        points = middle + 0.1 * offset / np.linalg.norm(offset, axis=1, keepdims=True)
    else:
        points[:, 2] *= 0.02
    known = KnownLandmarks(PICKED, head.neutral[PICKED], PICKED)
    made = make_shapes(points, head.faces, known)
    assert isinstance(made, Failure)
    assert made.code in {"mesh-no-face", "mesh-folded", "landmarks-off-mesh"}


def test_lips_that_are_one_surface_are_refused() -> None:
    head = arkit_head()
    rim = head.bag_rings[0]
    welded = np.arange(len(head.neutral))
    welded[rim[1:20]] = rim[:20:-1]
    faces = welded[head.faces]
    bag = np.isin(head.faces, np.concatenate([head.regions["mouth_bag"]])).any(axis=1)
    known = KnownLandmarks(PICKED, head.neutral[PICKED], welded[PICKED])
    made = make_shapes(head.neutral, faces[~bag], known)
    assert isinstance(made, Failure)
    assert made.code == "mouth-closed-surface"


def test_a_coarse_mesh_is_refused() -> None:
    made = make_shapes(vertices(), arkit_head().faces[:300], landmarks())
    assert isinstance(made, Failure)
    assert made.code == "mesh-too-coarse"
