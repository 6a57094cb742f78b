"""Footage whose pixels are not square: read with square ones, told in its own, and the face keeps its width."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from fake_stages import ROOT
from report_tracks import a_track
from small_videos import opened, turned

from backend.contract.camera import project, rotation_matrices
from backend.contract.pixel_shape import in_file_pixels, in_square_pixels
from backend.contract.track import Track, read_track
from backend.report.plate import write_plate
from backend.video.media import open_media
from backend.video.reader import read_frame

HARD = ROOT.parent / "shared" / "data" / "hard"


def write_anamorphic(path: Path, aspect: Fraction, size: tuple[int, int] = (64, 48)) -> Path:
    """A disc that is round where the pixels have their shape."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    cv2.ellipse(image, (width // 2, height // 2), (round(16 / max(aspect, 1)), round(16 * min(aspect, 1))), 0, 0, 360,
                (230, 230, 230), -1)  # fmt: skip
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("aspect", "size"), [(Fraction(4, 3), (85, 48)), (Fraction(16, 15), (68, 48)), (Fraction(8, 9), (64, 54))]
)
def test_pictures_are_read_with_square_pixels_and_none_is_lost(tmp_path, context, messages, aspect, size) -> None:
    video = opened(write_anamorphic(tmp_path / "a.mp4", aspect), context)
    assert (video.width, video.height) == size
    assert video.file_size == (64, 48)
    assert messages == ["video-pixel-aspect"]
    seen = read_frame(video, 0)
    assert seen is not None
    assert seen.shape == (video.height, video.width, 3)
    rows, columns = np.nonzero(seen[..., 0] > 128)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)


def test_a_turned_clip_has_the_shape_of_its_pixels_turned_too(tmp_path, context) -> None:
    plain = write_anamorphic(tmp_path / "a.mp4", Fraction(4, 3))
    video = opened(turned(plain, (0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)), context)
    assert (video.rotation, video.width, video.height, video.file_size) == (90, 48, 85, (48, 64))
    seen = read_frame(video, 0)
    assert seen is not None
    rows, columns = np.nonzero(seen[..., 0] > 128)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)
    video = dataclasses.replace(video, metadata={"copy_for_blender": "high-range"})
    write_plate(tmp_path / "copy.mp4", video, context)
    copy = opened(tmp_path / "copy.mp4", context)
    assert (copy.rotation, copy.width, copy.height, copy.file_size) == (0, 48, 85, (48, 64))


def test_a_shape_that_no_camera_has_is_not_believed(tmp_path, context, messages) -> None:
    video = opened(write_anamorphic(tmp_path / "a.mp4", Fraction(40, 1)), context)
    assert (video.width, video.height, video.file_size) == (64, 48, None)
    assert messages == []


def test_a_track_is_written_in_the_files_pixels_and_read_in_square_ones() -> None:
    square = a_track(2)
    camera = square.intrinsics
    file_size = (camera.width * 3 // 4, camera.height)
    video = {**square.header["video"], "file_size": list(file_size), "square_size": [camera.width, camera.height]}
    square = dataclasses.replace(square, header={**square.header, "video": video})
    written = in_file_pixels(square)
    assert (written.intrinsics.width, written.intrinsics.height) == file_size
    assert written.intrinsics.focal_x / written.intrinsics.focal_y == pytest.approx(file_size[0] / camera.width)
    again = in_square_pixels(written)
    assert again.intrinsics.matrix() == pytest.approx(camera.matrix())
    np.testing.assert_allclose(again.landmarks, square.landmarks, atol=1e-4)
    assert in_file_pixels(a_track(2)).intrinsics == a_track(2).intrinsics


@pytest.mark.parametrize("stated", ["x", [1], [0, 4], [1.5, 2], {"a": 1}, None])
def test_a_damaged_size_in_a_track_changes_nothing(stated) -> None:
    track = a_track(2)
    track = dataclasses.replace(track, header={**track.header, "video": {"square_size": stated}})
    assert in_square_pixels(track) is track


def test_the_copy_for_blender_keeps_the_files_pixels(tmp_path, context) -> None:
    video = opened(write_anamorphic(tmp_path / "a.mp4", Fraction(4, 3)), context)
    video = dataclasses.replace(video, metadata={"copy_for_blender": "other-picture"})
    write_plate(tmp_path / "copy.mp4", video, context)
    with open_media(tmp_path / "copy.mp4") as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.sample_aspect_ratio) == (64, 48, Fraction(4, 3))


def test_footage_of_square_pixels_is_not_touched(tmp_path, context) -> None:
    video = opened(write_anamorphic(tmp_path / "a.mp4", Fraction(1)), context)
    assert video.file_size is None
    with open_media(video.path) as container:
        stored = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.array_equal(read_frame(video, 0), stored)


@pytest.mark.skipif(not HARD.is_dir(), reason="the hard clips are not here")
def test_the_face_of_an_anamorphic_clip_keeps_its_width(tmp_path) -> None:
    pytest.importorskip("mediapipe")
    command = [sys.executable, "-m", "backend", "track", str(HARD / "anamorphic.mp4"), "--out", str(tmp_path)]
    command += ["--head", "builtin", "--quality", "draft", "--no-overlay", "--no-sheet", "--no-report"]
    command += ["--last-frame", "23", "--cache", str(tmp_path / "c")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    track = read_track(tmp_path / "track.npz")
    assert isinstance(track, Track)
    camera = track.intrinsics
    assert (camera.width, camera.height) == (480, 480)
    assert camera.focal_x / camera.focal_y == pytest.approx(3 / 4)
    corners = track.faces[np.maximum(track.landmark_triangle, 0)]
    neutral = (track.neutral_vertices[corners] * track.landmark_barycentric[..., None]).sum(axis=1)
    width, height = (float(np.linalg.norm(neutral[a] - neutral[b])) for a, b in ((234, 454), (10, 152)))
    assert width / height == pytest.approx(0.825, abs=0.02), "as of the same clip with square pixels"
    # Landmarks of the file are met in pixels of the file.
    rotation = rotation_matrices(track.head_rotation[12])
    posed = (track.vertices[12][corners] * track.landmark_barycentric[..., None]).sum(axis=1)
    seen = project(posed @ rotation.T + track.head_translation[12], camera)
    known = track.landmark_triangle >= 0
    assert np.median(np.linalg.norm(seen - track.landmarks[12], axis=1)[known]) < 3
