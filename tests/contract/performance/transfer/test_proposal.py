"""Points of a face that are proposed on a mesh that nobody has touched."""

from __future__ import annotations

import numpy as np
from makehuman import PARTS, needs_makehuman, read_makehuman
from makehuman_landmarks import picked_landmarks, triangles

from backend.contract.failure import Failure
from backend.contract.performance.transfer.arkit_head import arkit_head
from backend.contract.performance.transfer.points import POINTS
from backend.contract.performance.transfer.proposal import propose_points

EARS = (234, 454)


@needs_makehuman
def test_points_on_makehuman_are_near_enough_to_be_dragged_into_place() -> None:
    """Body and eyes, turned about and in another unit: what Blender's users have."""
    head = read_makehuman()
    groups = (*PARTS["Body"], *PARTS["Eyes"])
    index = head.indices(*groups)
    turn = np.array([[-0.8, 0.0, 0.6], [0.0, 1.0, 0.0], [-0.6, 0.0, -0.8]])
    vertices = 10 * head.vertices[index] @ turn.T + (3.0, 0.0, -2.0)
    proposed = propose_points(vertices, np.searchsorted(index, triangles(head, *groups)))
    assert not isinstance(proposed, Failure), proposed
    assert set(proposed) == set(POINTS)
    off = {
        number: np.linalg.norm((proposed[number] - (3.0, 0.0, -2.0)) @ turn / 10 - position)
        for number, (_, position) in picked_landmarks(head).items()
    }
    assert max(off[number] for number in POINTS if number not in EARS) < 0.008
    assert np.mean([off[number] for number in POINTS if number not in EARS]) < 0.004
    assert max(off[number] for number in EARS) < 0.03


def test_slits_of_a_closed_mouth_and_of_the_eyes_are_followed_to_their_corners() -> None:
    head = arkit_head()
    proposed = propose_points(head.neutral, head.faces)
    assert not isinstance(proposed, Failure), proposed
    for number in (13, 14, 78, 308, 159, 145, 386, 374, 33, 133, 263, 362):
        assert np.linalg.norm(proposed[number] - head.neutral[number]) < 0.0065, POINTS[number]


def test_no_face_is_found_on_a_ball() -> None:
    head = arkit_head()
    offset = head.neutral - head.neutral.mean(axis=0)
    ball = 0.1 * offset / np.linalg.norm(offset, axis=1, keepdims=True)
    skin = np.isin(head.faces, head.regions["face"]).all(axis=1)
    found = propose_points(ball, head.faces[skin])
    assert isinstance(found, Failure)
    assert found.code == "face-not-found"
