"""Exports of a clip whose lens zooms: what has a camera per frame gets it, what has one sees all frames through it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flame_clips import FlameClip, flame_clip
from synthetic_clips import context

from backend.contract.camera import project, rotation_matrices
from backend.contract.failure import Failure
from backend.contract.settings import ExportSettings
from backend.contract.track import Track
from backend.export.portraits import face_view, seen_head
from backend.export.square import SquareClip
from backend.parsing.parser import moved_points
from backend.stages import export


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> FlameClip:
    return flame_clip(tmp_path_factory.mktemp("flame"))


def zooming(clip: FlameClip) -> Track:
    return replace(clip.track, zoom=np.linspace(1.0, 1.5, len(clip.track)))


def test_every_frame_of_an_avatar_has_its_own_focal_length(clip: FlameClip, tmp_path: Path) -> None:
    track = zooming(clip)
    file = replace(clip.file, path=tmp_path / "t.npz", track=track)
    result = export.run(file, clip.video, clip.head, ExportSettings(avatar=True), context(tmp_path))
    assert not isinstance(result, Failure)
    listed = json.loads((tmp_path / "export" / "avatar" / "transforms.json").read_text("utf-8"))["frames"]
    longer = np.array([entry["fl_x"] for entry in listed]) / listed[0]["fl_x"]
    assert longer == pytest.approx(track.zoom)
    width = listed[-1]["w"]
    assert listed[-1]["camera_angle_x"] == pytest.approx(2 * np.arctan(width / 2 / listed[-1]["fl_x"]))


def test_a_window_sees_every_frame_through_one_lens(clip: FlameClip) -> None:
    track = zooming(clip)
    window = SquareClip(track, np.arange(len(track)), None, None)  # type: ignore[arg-type]
    for frame in range(len(track)):
        seen = seen_head(track, frame)
        in_frame = project(seen.in_camera, track.intrinsics_at(frame))
        in_window = project(seen.in_camera @ window.view.turn.T, window.view.intrinsics)
        assert np.abs(moved_points(in_frame, window.into_window(frame)) - in_window).max() < 1e-6


def test_the_view_of_a_face_is_that_of_its_own_frames_lens(clip: FlameClip) -> None:
    track = zooming(clip)
    picture = np.zeros((track.intrinsics.height, track.intrinsics.width, 3), np.uint8)
    for frame in (0, len(track) - 1):
        camera, head = track.intrinsics_at(frame), seen_head(track, frame)
        view = face_view(camera, head, picture).view
        in_frame = moved_points(project(head.in_camera, camera), view.homography)
        assert np.abs(in_frame - project(head.in_camera @ view.turn.T, view.intrinsics)).max() < 1e-6


def test_places_of_landmarks_follow_the_zoom(clip: FlameClip) -> None:
    track = replace(zooming(clip), landmarks=np.full_like(clip.track.landmarks, np.nan))
    last = len(track) - 1
    places = seen_head(track, last).landmarks
    corners = track.vertices[last].astype(np.float64)[track.faces[np.maximum(track.landmark_triangle, 0)]]
    points = np.einsum("nk,nkc->nc", track.landmark_barycentric, corners)
    camera = points @ rotation_matrices(track.head_rotation[last]).T + track.head_translation[last]
    known = track.landmark_triangle >= 0
    assert np.abs(places - project(camera, track.intrinsics_at(last)))[known].max() < 1e-4
