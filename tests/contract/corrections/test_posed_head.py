"""The head of a track posed without the engine: its vertices are the engine's, its derivatives are true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tracks_to_correct import builtin_track, flame_track

from backend.contract.camera import axis_angles, rotation_matrices
from backend.contract.corrections.corrections import KeyPose
from backend.contract.corrections.posed_head import PosedHead, with_torso_of
from backend.contract.track import Track

TRIANGLES = np.array([40, 1200, 5000, 8000])
SHARES = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.4, 0.3, 0.3], [0.1, 0.1, 0.8]])
JOINTS = ("neck_pose", "jaw_pose", "left_eye_pose", "right_eye_pose")


@pytest.fixture(scope="module", params=["built-in, torso", "built-in, held", "FLAME, torso", "FLAME, held"])
def track(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Track:
    """Both heads, with a neck that turns the torso and one that turns the head."""
    name, neck = request.param.split(", ")
    make = builtin_track if name == "built-in" else flame_track
    return make(tmp_path_factory.mktemp("clip"), follows_torso=neck == "torso")


def distances(track: Track, head_of) -> np.ndarray:
    """Farthest vertex of every frame from where the track has it, metres."""
    heads = [(row, head_of(row)) for row in range(len(track))]
    return np.array(
        [np.linalg.norm(head.vertices(head.pose_at(row)) - track.vertices[row], axis=1).max() for row, head in heads]
    )


def test_vertices_of_a_frame_are_the_tracks(track: Track) -> None:
    assert distances(track, PosedHead(track).on).max() < 1e-5


def test_the_model_alone_is_as_near_as_its_joints_stand_still(track: Track) -> None:
    # The drawn expressions of the FLAME clip are far beyond those of people, and so is what its joints do.
    is_builtin = "Built-in" in track.header["model"]["name"]
    assert distances(track, lambda _row: PosedHead(track)).max() < (1e-5 if is_builtin else 2e-3)


def test_points_lie_in_their_triangles(track: Track) -> None:
    head = PosedHead(track).on(2)
    pose = head.pose_at(2)
    corners = head.vertices(pose)[track.faces[TRIANGLES]]
    assert np.allclose(head.points(pose, TRIANGLES, SHARES), np.einsum("nk,nkx->nx", SHARES, corners), atol=1e-12)


def stepped(pose: KeyPose, step: np.ndarray, *, torso_stays: bool) -> KeyPose:
    """The pose after a step in the columns of the derivatives."""
    turned = {
        name: tuple(axis_angles(rotation_matrices(part) @ rotation_matrices(np.array(getattr(pose, name)))))
        for name, part in zip(("head_rotation", *JOINTS), (step[:3], *step[6:18].reshape(4, 3)), strict=True)
    }
    moved = replace(
        pose,
        **turned,
        head_translation=tuple(pose.head_translation + step[3:6]),
        eyelids=tuple(pose.eyelids + step[18:20]),
        expression=tuple(pose.expression + step[20:]),
    )
    return with_torso_of(moved, pose) if torso_stays else moved


@pytest.mark.parametrize("torso_stays", [False, True])
def test_derivatives_are_the_limits_of_differences(track: Track, torso_stays: bool) -> None:
    head, size = PosedHead(track).on(1), 1e-6
    pose = head.pose_at(1)
    torso_stays = torso_stays and track.neck_turns_torso
    motion = head.motion(pose, TRIANGLES, SHARES, torso_stays=torso_stays)
    for column in range(3 if torso_stays else motion.by.shape[2]):  # The neck follows the head and nothing else.
        step = size * np.eye(motion.by.shape[2])[column]
        there, back = (
            head.motion(stepped(pose, sign * step, torso_stays=torso_stays), TRIANGLES, SHARES).points
            for sign in (1, -1)
        )
        assert np.allclose((there - back) / (2 * size), motion.by[..., column], atol=1e-7), column
