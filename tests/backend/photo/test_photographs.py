"""The stage Photographs: pictures of one person as the frames of a clip that one camera took, exactly."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from portrait_clips import background, placement, portrait, put
from synthetic_clips import context

from backend.contract.failure import Failure
from backend.contract.photographs import photograph_files
from backend.contract.settings import CameraSettings, FaceSettings, FitSettings, LandmarkSettings, PhotographSettings
from backend.data.types import Landmarks, Video
from backend.fit.fitting import fit
from backend.head.builtin import builtin_head
from backend.landmarks.crop import apply
from backend.photo import canvas
from backend.photo.per_photo_fit import own_fit
from backend.run.registry import STAGE_CODE
from backend.video.reader import read_frames


def saved(path: Path, picture: np.ndarray, lens: int | None = None, orientation: int = 1) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    if lens is not None:
        exif.get_ifd(0x8769)[0xA405] = lens
    Image.fromarray(np.ascontiguousarray(picture)).save(path, exif=exif)
    return path


def run(folder: Path, *photographs: Path, told: list[str] | None = None) -> Video:
    settings = PhotographSettings("|".join(map(str, photographs)), str(folder / "copies"))
    listening = dataclasses.replace(
        context(folder), emit=lambda event: told.append(event.get("sentence", "")) if told is not None else None
    )
    video = STAGE_CODE["photographs"].run(settings=settings, context=listening)
    assert isinstance(video, Video), video
    assert video.is_photographs
    return video


def test_a_photograph_that_needs_no_change_is_used_where_it_lies(tmp_path: Path) -> None:
    path = saved(tmp_path / "IMG_0007.png", portrait())
    saved(tmp_path / "IMG_0008.png", background(40, 50))  # the next one of the camera is none of its frames
    video = run(tmp_path, path)
    assert video.path == path and not (tmp_path / "copies").exists()
    frames = list(read_frames(video))
    assert len(frames) == 1
    np.testing.assert_array_equal(frames[0][1], portrait())


def test_one_that_is_stored_lying_gets_an_upright_copy(tmp_path: Path) -> None:
    video = run(tmp_path, saved(tmp_path / "a.png", np.rot90(portrait()), lens=50, orientation=6))
    assert video.path.parent == tmp_path / "copies"
    np.testing.assert_array_equal(next(iter(read_frames(video)))[1], portrait())
    assert video.metadata["focal_length_35mm"] == pytest.approx(50)


def test_lenses_are_brought_to_one_about_the_middle(tmp_path: Path) -> None:
    """The same scene with 50 and 100 mm, 300 x 200 pixels: both show its middle at one scale in the end."""
    scene = cv2.GaussianBlur(background(200, 300, seed=3), (0, 0), 3)
    near = cv2.resize(scene[50:150, 75:225], (300, 200), interpolation=cv2.INTER_CUBIC)
    wide, long = saved(tmp_path / "wide.png", scene, lens=50), saved(tmp_path / "long.png", near, lens=100)
    video = run(tmp_path, wide, long)
    assert (video.width, video.height, len(video)) == (600, 400, 2)
    assert video.metadata["focal_length_35mm"] == pytest.approx(50)
    first, second = (picture.astype(int) for _, picture in read_frames(video))
    inner = np.s_[110:290, 160:440]
    assert np.abs(first[inner] - second[inner]).mean() < 1.5
    assert not second[:90].any(), "black around the smaller one"


def test_without_any_lens_the_longer_sides_count_as_equal(tmp_path: Path) -> None:
    one = saved(tmp_path / "one.png", background(100, 200))
    other = saved(tmp_path / "other.png", background(120, 60))
    video = run(tmp_path, one, other)
    assert (video.width, video.height) == (200, 200)
    assert video.metadata["scales"] == pytest.approx([1, 200 / 120])
    assert "focal_length_35mm" not in video.metadata


def test_a_lens_that_is_not_told_among_others_is_named(tmp_path: Path) -> None:
    told: list[str] = []
    run(tmp_path, saved(tmp_path / "a.png", portrait(), lens=70), saved(tmp_path / "b.png", portrait()), told=told)
    assert any("b.png does not say which lens took it" in sentence for sentence in told)


def test_large_ones_are_reduced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "LARGEST_SIDE", 300)
    video = run(tmp_path, saved(tmp_path / "a.png", portrait(), lens=35))
    assert (video.width, video.height) == (256, 300)
    small = cv2.resize(portrait(), (256, 300), interpolation=cv2.INTER_AREA)
    assert np.abs(next(iter(read_frames(video)))[1].astype(int) - small).max() <= 1


def test_a_folder_stands_for_the_pictures_in_it(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "notes.txt"):
        (tmp_path / name).touch()
    assert photograph_files(str(tmp_path)) == [tmp_path / "a.JPG", tmp_path / "b.png"]
    assert photograph_files(f" {tmp_path / 'b.png'} | {tmp_path} ") == [tmp_path / "b.png", tmp_path / "a.JPG"]
    empty = tmp_path / "empty"
    empty.mkdir()
    for nothing in ("", " | ", str(empty)):
        failure = STAGE_CODE["photographs"].check(PhotographSettings(nothing))
        assert isinstance(failure, Failure) and failure.code.startswith("photo-not-")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Video, Landmarks]:
    """Two photographs of a person, and one of nobody between them."""
    folder = tmp_path_factory.mktemp("three")
    far = put(background(300, 500), placement(330, 140, 90))
    paths = [
        saved(folder / "near.png", portrait(), lens=70),
        saved(folder / "clouds.png", background(80, 90), lens=50),
        saved(folder / "far.png", far, lens=50),
    ]
    told: list[str] = []
    video = run(folder, *paths)
    listening = dataclasses.replace(context(folder), emit=lambda event: told.append(event.get("sentence", "")))
    landmarks = STAGE_CODE["landmarks"].run(
        video=video, face=FaceSettings(), settings=LandmarkSettings(), context=listening
    )
    assert isinstance(landmarks, Landmarks), landmarks
    assert "No face was found in clouds.png. It is left out." in told
    return video, landmarks


def test_every_photograph_is_a_shot_of_its_own(seen: tuple[Video, Landmarks]) -> None:
    video, landmarks = seen
    assert landmarks.found.tolist() == [True, False, True]
    assert landmarks.shot.tolist() == [0, 1, 2]
    assert landmarks.masks is not None and landmarks.masks.frame.tolist() == [0, 2]
    assert landmarks.video["name"] == "near.png and 2 more" and landmarks.video["path"] == str(video.path)


def test_one_photographs_part_of_the_fit_is_in_its_own_pixels(seen: tuple[Video, Landmarks], tmp_path: Path) -> None:
    video, landmarks = seen
    camera = STAGE_CODE["camera"].run(video=video, settings=CameraSettings(), context=context(tmp_path))
    common = fit(landmarks, builtin_head(), camera, FitSettings(), context(tmp_path))
    assert not isinstance(common, Failure)
    own = own_fit(common, 2, "far.png", Path("far.png"), 500, 300, video.metadata["scales"][2])
    assert own.intrinsics.focal_x == pytest.approx(500 * 50 / 36)
    assert own.landmarks.video["name"] == "far.png" and len(own.landmarks) == len(own.pose) == 1
    where = apply(placement(330, 140, 90), np.array([[265.0, 233.0]]))[0]
    assert np.linalg.norm(np.median(own.landmarks.points[0, :, :2], axis=0) - where) < 15
