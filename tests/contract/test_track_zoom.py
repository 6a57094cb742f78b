"""A lens that zooms in the track file: kept frame by frame, and not there where the focal length stays the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_track_file import FRAMES, a_track

from backend.contract.failure import Failure
from backend.contract.quality import quality_of
from backend.contract.track import SCHEMA, Track, read_track, write_track


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "zoom.npz"


def zooming() -> Track:
    """The triangle through a lens that zooms."""
    track = a_track()
    return replace(track, zoom=np.array([1.0, 1.2, 1.5, 2.0]), header={**track.header, "schema": SCHEMA})


def test_a_zoom_comes_back_and_one_lens_needs_no_array(path: Path) -> None:
    write_track(path, zooming())
    track = read_track(path)
    assert isinstance(track, Track)
    assert np.array_equal(track.focal_lengths, [500.0, 600.0, 750.0, 1000.0])
    assert track.intrinsics_at(2) == replace(track.intrinsics, focal_x=750.0, focal_y=750.0)
    write_track(path, a_track())
    with np.load(path, allow_pickle=False) as archive:
        assert "zoom" not in archive.files
    still = read_track(path)
    assert isinstance(still, Track)
    assert still.zoom is None and still.intrinsics_at(2) == still.intrinsics


def test_a_lens_without_length_is_refused(path: Path) -> None:
    write_track(path, replace(zooming(), zoom=np.array([1.0, 0.0, 1.0, 1.0])))
    assert isinstance(read_track(path), Failure)


def test_a_zoom_changes_the_size_of_the_face_in_the_picture(path: Path) -> None:
    track = replace(
        zooming(), head_translation=np.tile([0.0, 0.0, 1.0], (FRAMES, 1)), head_rotation=np.zeros((FRAMES, 3))
    )
    points = np.linspace(-0.05, 0.05, 9).reshape(3, 3)
    track = replace(track, neutral_vertices=points, landmark_barycentric=np.random.default_rng(1).random((478, 3)))
    distance = quality_of(track).eye_distance
    assert distance[:3] == pytest.approx(distance[0] * np.array([1.0, 1.2, 1.5]))
