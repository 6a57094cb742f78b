"""A neck that follows the torso: its base stays, the head lies where it lay, and FLAME's parameters give the mesh."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_clips import LOOKS_AT_CAMERA, MadeClip, context, made_clip, made_fit

from backend.contract.camera import rotation_matrices
from backend.contract.settings import FitSettings
from backend.contract.track import MISSING, TRACKED, Track
from backend.data.types import Fit
from backend.head.builtin import builtin_head
from backend.head.flame_codes import pose_of, root_poses
from backend.head.skinning import neutral_pose, pose_vertices
from backend.head.torso import LARGEST_TURN, LEAN, neck_following_torso
from backend.stages.track import track_of

FRAMES = 120
HEAD = builtin_head()
FOOT = HEAD.skinning_weights[:, 0] > 0.99
"""What goes with the torso."""
CARRIED = HEAD.skinning_weights[:, 0] == 0


def turning(low: tuple[float, float, float], degrees: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Head to camera of a head on a still torso that turns about x, y, z; the neck's base takes a share of each."""
    seconds = np.arange(FRAMES) / 30
    turns = np.radians(degrees) * np.sin(2 * np.pi * seconds[:, None] * (0.5, 0.7, 0.4))
    below, whole = rotation_matrices(turns * low), rotation_matrices(turns)
    joint = HEAD.joint_regressor[1] @ HEAD.template
    base = HEAD.skinning_weights[:, 0] @ HEAD.template / HEAD.skinning_weights[:, 0].sum()
    place = base + np.einsum("tij,j->ti", below, joint - base)
    rotation = LOOKS_AT_CAMERA @ whole
    return rotation, place @ LOOKS_AT_CAMERA.T + (0.05, 0.0, 0.8) - np.einsum("tij,j->ti", rotation, joint)


def tracked(fit: Fit, neck: str, folder: Path) -> Track:
    return track_of(fit, HEAD, replace(context(folder), settings={"fit": {"neck": neck}}))


def in_camera(track: Track) -> np.ndarray:
    turned = track.vertices @ np.swapaxes(rotation_matrices(track.head_rotation), 1, 2)
    return turned + track.head_translation[:, None]


def motion(points: np.ndarray) -> float:
    """How far points (T, N, 3) are from their mean places, root mean square, metres."""
    return float(np.sqrt(np.square(points - points.mean(axis=0)).sum(axis=2).mean()))


def moving_fit(rotation: np.ndarray, translation: np.ndarray, clip: MadeClip | None = None) -> Fit:
    clip = clip or made_clip(FRAMES, yaw=0.2)
    return made_fit(
        clip.landmarks, clip.intrinsics, clip.pose, rotation, translation, np.full(FRAMES, TRACKED, np.int8)
    )


@pytest.mark.parametrize("low", [(0.0, 0.0, 0.0), (0.4, 0.0, 0.4), (0.7, 0.0, 0.6)])
def test_the_base_of_the_neck_stays_while_the_head_turns_and_nods(low, tmp_path: Path) -> None:
    fit = moving_fit(*turning(low, (14.0, 25.0, 8.0)))
    before, after = in_camera(tracked(fit, "locked", tmp_path)), in_camera(tracked(fit, "torso", tmp_path))
    assert motion(before[:, FOOT]) > 0.020
    assert motion(after[:, FOOT]) < 0.005


def test_the_head_lies_where_it_lay(tmp_path: Path) -> None:
    fit = moving_fit(*turning((0.3, 0.0, 0.3), (14.0, 25.0, 8.0)))
    before, after = in_camera(tracked(fit, "locked", tmp_path)), in_camera(tracked(fit, "torso", tmp_path))
    face = np.concatenate([HEAD.regions[name] for name in ("face", "left_ear", "right_ear", "left_eyeball")])
    assert CARRIED[face].all() and CARRIED[HEAD.regions["scalp"]].mean() > 0.9
    assert np.abs(after[:, CARRIED] - before[:, CARRIED]).max() < 2e-7


def test_flames_parameters_give_the_mesh_of_the_track(tmp_path: Path) -> None:
    track = tracked(moving_fit(*turning((0.4, 0.0, 0.4), (14.0, 25.0, 8.0))), "torso", tmp_path)
    rotation, translation = root_poses(HEAD, track)
    posed = pose_vertices(HEAD, pose_of(HEAD, track, track.neck_pose))
    there = posed @ np.swapaxes(rotation, 1, 2) + translation[:, None]
    assert np.abs(track.neck_pose).max() > 0.2
    assert np.abs(there - in_camera(track)).max() < 1e-6


def test_a_still_head_and_a_single_picture_have_a_straight_neck() -> None:
    pose = neutral_pose(HEAD, 3)
    rotation, translation = np.tile(LOOKS_AT_CAMERA, (3, 1, 1)), np.tile((0.0, 0.0, 1.0), (3, 1))
    rotation[2] = LOOKS_AT_CAMERA @ rotation_matrices(np.array([0.0, 0.5, 0.0]))
    shots, known = np.array([0, 0, 1]), np.ones(3, bool)
    bent = neck_following_torso(HEAD, pose, rotation, translation, np.arange(3) / 30, shots, known)
    assert np.abs(bent.neck).max() < 1e-9


def test_frames_without_a_head_take_the_neck_of_the_nearest_one(tmp_path: Path) -> None:
    fit = moving_fit(*turning((0.4, 0.0, 0.4), (14.0, 25.0, 8.0)))
    fit.status[60:62] = MISSING
    neck = tracked(fit, "torso", tmp_path).neck_pose
    np.testing.assert_array_equal(neck[60:62], neck[[59, 62]])


def test_no_neck_is_wrung(tmp_path: Path) -> None:
    fit = moving_fit(*turning((0.0, 0.0, 0.0), (0.0, 88.0, 0.0)))
    neck = tracked(fit, "torso", tmp_path).neck_pose
    assert np.radians(50) < np.linalg.norm(neck, axis=1).max() < LARGEST_TURN + LEAN


def test_a_torso_that_moves_as_a_whole_takes_its_neck_along(tmp_path: Path) -> None:
    rotation, translation = turning((0.4, 0.0, 0.4), (10.0, 20.0, 5.0))
    away = 0.10 * np.sin(2 * np.pi * 1.3 * np.arange(FRAMES) / 30)[:, None] * (1.0, 0.4, 0.0)
    still = in_camera(tracked(moving_fit(rotation, translation), "torso", tmp_path))
    moved = in_camera(tracked(moving_fit(rotation, translation + away), "torso", tmp_path))
    behind = np.linalg.norm((moved - away[:, None] - still)[:, FOOT].mean(axis=1), axis=1)
    assert behind.max() < 0.025  # of a decimetre: the neck leans no farther


def test_the_neck_follows_the_torso_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    assert FitSettings().neck == "torso"
    fit = moving_fit(*turning((0.4, 0.0, 0.4), (14.0, 25.0, 8.0)))
    locked = tracked(fit, "locked", tmp_path)
    assert not locked.neck_turns_torso and not locked.neck_pose.any()
    older = {name: value for name, value in locked.header.items() if name != "neck_turns"}
    assert not replace(locked, header=older).neck_turns_torso


@pytest.mark.parametrize(("tilt", "torso"), [(20.0, 10.0), (90.0, 90.0)])
def test_a_neck_bends_under_a_tilted_head_unless_all_lies_on_the_side(tilt, torso, tmp_path: Path) -> None:
    turned = rotation_matrices(np.radians(tilt) * np.array([0.0, 0.0, 1.0]))
    rotation, translation = turning((0.0, 0.0, 0.0), (5.0, 5.0, 0.0))
    track = tracked(moving_fit(turned @ rotation, translation @ turned.T), "torso", tmp_path)
    up = root_poses(HEAD, track)[0].mean(axis=0)[:, 1]
    assert np.degrees(np.arctan2(up[0], -up[1])) == pytest.approx(torso, abs=3.0)
