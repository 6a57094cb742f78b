"""Lens files: our own export read back, its picture against that of the clip, and those that lie beside a clip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend.contract.failure import Failure
from backend.contract.lens_file import LensFile, lens_file_beside, lens_of_track, parse_lens_file
from backend.contract.settings import CameraSettings

STATED = {
    "width": 1920,
    "height": 1080,
    "focal_x": 1500.0,
    "focal_y": 1500.0,
    "principal_point": [979.5, 529.5],
    "distortion": {"k1": -0.1, "k2": 0.01, "k3": 0.0, "p1": 0.001, "p2": 0.0},
}


def lens_of(**changes: object) -> LensFile:
    found = parse_lens_file(json.dumps({**STATED, **changes}).encode())
    assert found is not None
    return found


def test_a_lens_is_that_of_the_same_picture_with_fewer_pixels() -> None:
    half = lens_of().fitted(960, 540, "lens.json")
    assert isinstance(half, LensFile)
    assert (half.focal, half.centre) == (750.0, (489.5, 264.5))
    assert half.lens.distortion == lens_of().lens.distortion


def test_wide_pixels_are_counted_as_square_ones() -> None:
    squeezed = lens_of(width=960, focal_x=750.0, principal_point=[489.5, 529.5]).fitted(1920, 1080, "lens.json")
    assert isinstance(squeezed, LensFile)
    assert (squeezed.focal, squeezed.centre) == (1500.0, (979.5, 529.5))


@pytest.mark.parametrize("size", [(1440, 1080), (1080, 1920)])
def test_a_picture_of_another_shape_is_refused_in_one_sentence(size: tuple[int, int]) -> None:
    problem = lens_of().fitted(*size, "lens.json")
    assert isinstance(problem, Failure) and problem.code == "lens-file-shape"
    assert "1920×1080" in problem.sentence and f"{size[0]}×{size[1]}" in problem.sentence  # noqa: RUF001


def test_a_principal_point_in_the_middle_is_none() -> None:
    assert lens_of(principal_point=[959.5, 539.5]).centre is None


def test_of_a_zoom_the_first_focal_length_counts() -> None:
    zoom = lens_of(zoom={"frame": [1, 2], "focal_x": [1650.0, 1800.0], "focal_y": [1650.0, 1800.0]})
    assert zoom.zooms and zoom.focal == pytest.approx(1650.0)
    assert zoom.lens.intrinsics.focal_x == 1500.0


@pytest.mark.parametrize(
    "changes",
    [{"focal_x": 0.0}, {"width": 2.5}, {"principal_point": [1.0]}, {"distortion": {"k1": "x"}}, {"height": None}],
)
def test_what_is_no_lens_is_none(changes: dict[str, object]) -> None:
    assert parse_lens_file(json.dumps({**STATED, **changes}).encode()) is None
    assert parse_lens_file(b"[1, 2") is None


def test_a_lens_file_lies_beside_a_clip_under_its_name(tmp_path: Path) -> None:
    assert lens_file_beside(tmp_path / "shot.mp4") is None
    (tmp_path / "shot.lens.json").write_text("{}")
    assert lens_file_beside(tmp_path / "shot.mp4") == tmp_path / "shot.lens.json"
    assert lens_file_beside(tmp_path / "shot_0001.png") == tmp_path / "shot.lens.json"
    assert lens_file_beside(tmp_path / "shot_0001.mp4") is None
    (tmp_path / "shot.mp4.lens.json").write_text("{}")
    assert lens_file_beside(tmp_path / "shot.mp4") == tmp_path / "shot.mp4.lens.json"


def test_the_lens_of_a_track_is_told_with_its_principal_point_and_distortion() -> None:
    camera = {name: STATED[name] for name in ("width", "height", "focal_x", "focal_y")}
    middle = {"intrinsics": {**camera, "centre_x": 959.5, "centre_y": 539.5}, "video": {}}
    plain = CameraSettings(**lens_of_track(middle))
    assert plain == CameraSettings("pixels", focal_pixels=1500.0)
    beside = {"intrinsics": {**camera, "centre_x": 979.5, "centre_y": 529.5}, "video": {}}
    told = CameraSettings(**lens_of_track({**beside, "distortion": STATED["distortion"]}, 2.0))
    assert (told.principal_point, told.centre_x, told.centre_y) == ("known", 980.0, 530.0)
    assert (told.distortion, told.focal_pixels, told.k1) == ("known", 3000.0, pytest.approx(-0.4))
