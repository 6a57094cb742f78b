"""Shapes for MakeHuman's head, which has true ones by another sculptor to compare with."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from makehuman import PARTS, MakeHuman, needs_makehuman, read_makehuman
from makehuman_landmarks import picked_landmarks, triangles

from backend.contract.performance.channels import CHANNELS, INDEX
from backend.contract.performance.transfer.mesh import Mesh
from backend.contract.performance.transfer.nearest import nearest_points
from backend.contract.performance.transfer.points import NEEDED, POINTS
from backend.contract.performance.transfer.shapes import KnownLandmarks, Shapes, make_shapes

pytestmark = needs_makehuman

GROUPS = tuple(group for groups in PARTS.values() for group in groups)


@lru_cache(maxsize=1)
def made() -> tuple[MakeHuman, np.ndarray, Shapes]:
    """The mesh, which of its vertices were given, and what they got."""
    head = read_makehuman()
    index = head.indices(*GROUPS)
    faces = np.searchsorted(index, triangles(head, *GROUPS))
    found = picked_landmarks(head)
    known = KnownLandmarks(
        np.array(list(found)),
        np.array([position for _, position in found.values()]),
        np.searchsorted(index, [vertex for vertex, _ in found.values()]),
    )
    shapes = make_shapes(head.vertices[index], faces, known)
    assert isinstance(shapes, Shapes), shapes
    return head, index, shapes


def made_from(numbers: np.ndarray, moved: float = 0.0, seed: int = 0) -> Shapes:
    """Shapes by some of the points, each moved at random by so many metres and laid on the mesh again."""
    head, index, _ = made()
    faces = np.searchsorted(index, triangles(head, *GROUPS))
    found = {number: each for number, each in picked_landmarks(head).items() if number in numbers}
    noise = np.random.default_rng(seed).normal(size=(len(found), 3)) * moved
    mesh = Mesh(head.vertices[index], faces)
    on_body = np.isin(index, head.indices("body"))
    points = nearest_points(np.array([position for _, position in found.values()]) + noise, mesh, on_body)
    corners = faces[points.triangle]
    nearest = corners[np.arange(len(found)), points.barycentric.argmax(axis=1)]
    known = KnownLandmarks(np.array(list(found)), points.values_of(faces, mesh.vertices), nearest)
    shapes = make_shapes(mesh.vertices, faces, known)
    assert isinstance(shapes, Shapes), shapes
    return shapes


def agreement(channel: str) -> tuple[float, float]:
    """Cosine between our shape and the true one over the skin, and how long ours is against it."""
    head, index, shapes = made()
    skin = np.flatnonzero(shapes.parts.skin)
    ours, true = shapes.displacements[skin, :, INDEX[channel]], head.offsets(channel)[index[skin]]
    return float((ours * true).sum() / np.linalg.norm(ours) / np.linalg.norm(true)), float(
        np.linalg.norm(ours) / np.linalg.norm(true)
    )


LEAST = {
    "jawOpen": 0.9, "mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "mouthPucker": 0.75, "mouthLeft": 0.75,
    "mouthRight": 0.75, "jawLeft": 0.75, "jawForward": 0.8, "mouthFrownLeft": 0.7, "mouthDimpleRight": 0.75,
    "mouthStretchLeft": 0.75, "mouthUpperUpLeft": 0.75, "mouthLowerDownRight": 0.6, "browInnerUp": 0.7,
    "browDownLeft": 0.7, "browOuterUpRight": 0.6, "eyeBlinkLeft": 0.6, "eyeBlinkRight": 0.6, "eyeSquintLeft": 0.6,
    "eyeWideLeft": 0.5, "noseSneerLeft": 0.5, "mouthRollUpper": 0.75, "cheekPuff": 0.4,
    "mouthClose": 0.75, "mouthRollLower": 0.45, "eyeLookInLeft": 0.7, "eyeLookOutRight": 0.7,
}  # fmt: skip
"""Cosine that each at least has; two sculptors agree no better (0.5 to 0.95)."""


@pytest.mark.parametrize("channel", LEAST)
def test_shapes_go_the_way_of_those_of_another_sculptor(channel: str) -> None:
    cosine, size = agreement(channel)
    assert cosine > LEAST[channel]
    assert 0.2 < size < 1.6


def test_a_blink_shuts_the_lids_of_eyes_that_are_wider_than_ours() -> None:
    assert max(made()[2].lid_gap) < 3e-4


def test_mouth_close_shuts_the_lips_of_the_open_jaw() -> None:
    assert made()[2].lip_gap < 3e-4


def test_the_ten_points_that_are_needed_are_enough() -> None:
    shapes = made_from(np.array(NEEDED))
    assert max(*shapes.lid_gap, shapes.lip_gap) < 3e-4
    jaw = INDEX["jawOpen"]
    ours, best = (each.displacements[each.parts.skin][..., jaw] for each in (shapes, made()[2]))
    assert (ours * best).sum() / np.linalg.norm(ours) / np.linalg.norm(best) > 0.95


@pytest.mark.parametrize("seed", range(3))
def test_points_that_are_two_millimetres_off_shut_lids_and_lips_all_the_same(seed: int) -> None:
    shapes = made_from(np.array(list(POINTS)), moved=0.002 / np.sqrt(3), seed=seed)
    assert max(*shapes.lid_gap, shapes.lip_gap) < 3e-4


def test_no_vertex_of_the_body_moves_and_every_shape_moves_the_head() -> None:
    head, index, shapes = made()
    below = head.vertices[index][:, 1] < head.joint("neck")[1] - 0.05
    assert np.abs(shapes.displacements[below]).max() < 1e-4
    moved = np.linalg.norm(shapes.displacements, axis=1).max(axis=0)
    still = [name for name in CHANNELS if moved[INDEX[name]] < 1e-3]
    assert not still


def test_teeth_tongue_and_eyes_are_recognised() -> None:
    head, index, shapes = made()
    parts = shapes.parts
    for found, groups in (
        (parts.eyeballs[0], ("helper-l-eye",)),
        (parts.eyeballs[1], ("helper-r-eye",)),
        (parts.upper_teeth, ("helper-upper-teeth",)),
        (parts.lower_teeth, ("helper-lower-teeth",)),
        (parts.tongue, ("helper-tongue",)),
    ):
        assert set(index[found]) == set(head.indices(*groups)), groups


def test_the_left_blink_leaves_the_right_eye_alone() -> None:
    head, index, shapes = made()
    right = head.vertices[index][:, 0] < -0.01
    assert np.abs(shapes.displacements[right][..., INDEX["eyeBlinkLeft"]]).max() < 1e-4
