"""Landmarks that do not count: by frame, by region of the face, by an area of the picture and by a matte."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from fitted_clips import fitted
from synthetic_clips import MadeClip, context, made_clip

from backend.contract.camera import axis_angles
from backend.contract.corrections.corrections import FACE_REGIONS, Area, AreaKey, Corrections, FrameRange, Matte
from backend.contract.corrections.excluded_areas import area_corners
from backend.contract.corrections.face_regions import landmarks_of
from backend.contract.events import Emit
from backend.contract.failure import Failure
from backend.contract.names import FACE_LANDMARKS, INNER_LIPS_LOWER
from backend.contract.settings import ExcludeSettings
from backend.contract.track import INTERPOLATED, TRACKED
from backend.corrections.exclusion import landmarks_without
from backend.corrections.source import exclusions_of
from backend.data.context import Context
from backend.data.types import Landmarks, PersonMasks, Video
from backend.video.excluded_pixels import ExcludedPixels, excluded_pixels

FRAMES = 40
HIDDEN = slice(15, 24)


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    return made_clip(FRAMES)


@pytest.fixture
def video(clip: MadeClip) -> Video:
    landmarks = clip.landmarks
    return Video(
        path=Path("clip.mp4"),
        sha256="",
        width=landmarks.width,
        height=landmarks.height,
        rotation=0,
        rate=Fraction(30),
        duration=FRAMES / 30,
        frame_index=landmarks.frame_index,
        time=landmarks.time,
        codec="h264",
    )


@pytest.fixture
def place(tmp_path: Path) -> Context:
    return context(tmp_path)


def told(place: Context) -> tuple[list[str], Context]:
    sentences: list[str] = []
    emit: Emit = lambda event: sentences.append(str(event.get("sentence")))  # noqa: E731
    return sentences, replace(place, emit=emit)


def lower_half(landmarks: Landmarks, name: str = "hand") -> Area:
    """An area over all below the nose on the hidden frames."""
    nose = float(landmarks.points[HIDDEN, 4, 1].max()) / landmarks.height
    corners = ((0.0, nose), (1.0, nose), (1.0, 1.0), (0.0, 1.0))
    frames = landmarks.frame_index
    return Area(name, (AreaKey(0, corners),), int(frames[HIDDEN.start]), int(frames[HIDDEN.stop - 1]))


def without(clip: MadeClip, video: Video, place: Context, **what) -> Landmarks:
    result = landmarks_without(clip.landmarks, video, Corrections(**what), place)
    assert isinstance(result, Landmarks), result
    return result


def test_every_landmark_belongs_to_one_region_of_the_face() -> None:
    assert (np.sum([landmarks_of([name]) for name in FACE_REGIONS], axis=0) == 1).all()
    assert landmarks_of(["mouth"])[list(INNER_LIPS_LOWER)].all()


def test_corners_of_an_area_move_straight_between_its_keys_and_stay_beside_them() -> None:
    square = ((0.0, 0.0), (0.1, 0.0), (0.1, 0.1))
    moved = tuple((x + 0.5, y) for x, y in square)
    area = Area("hand", (AreaKey(10, square), AreaKey(20, moved)), 5, 30)
    first = {frame: area_corners(area, frame) for frame in (4, 5, 10, 15, 20, 30, 31)}
    assert first[4] is None and first[31] is None
    assert [None if each is None else round(each[0, 0], 6) for each in first.values()] == [
        None, 0.0, 0.0, 0.25, 0.5, 0.5, None,
    ]  # fmt: skip


def test_without_exclusions_landmarks_stay_the_very_same(clip, video, place) -> None:
    assert landmarks_without(clip.landmarks, video, Corrections(), place) is clip.landmarks


def test_landmarks_in_an_area_do_not_count_while_it_is_there(clip, video, place) -> None:
    result = without(clip, video, place, areas=(lower_half(clip.landmarks),))
    assert result.counted is not None
    assert result.counted[: HIDDEN.start].all() and result.counted[HIDDEN.stop :].all()
    assert not result.counted[HIDDEN, 152].any() and result.counted[HIDDEN, 10].all()
    assert np.flatnonzero(~result.open_face).tolist() == list(range(HIDDEN.start, HIDDEN.stop))
    assert result.found.all() and (result.points == clip.landmarks.points).all()


def test_landmarks_in_a_hole_of_an_area_count_as_the_pixels_there_do(clip, video, place) -> None:
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    below = lower_half(clip.landmarks)
    left = AreaKey(0, ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
    area = Area("all but", (AreaKey(0, whole),), without=(replace(below, without=(Area("left", (left,)),)),))
    excluded = Corrections(areas=(area, below))
    pixels = excluded_pixels(replace(excluded, areas=(area,)), video, place)
    assert isinstance(pixels, ExcludedPixels)
    during, before = pixels.at(HIDDEN.start), pixels.at(0)
    assert during is not None and before is not None and before.all()
    nose, middle = round(below.keys[0].corners[0][1] * video.height), video.width // 2
    assert during[: nose - 1].all() and during[nose + 2 :, : middle - 1].all()
    assert not during[nose + 2 :, middle + 2 :].any()
    points = clip.landmarks.points[HIDDEN.start, :, :2]
    counts = (points[:, 0] > middle + 2) & (points[:, 1] > nose + 2)
    hidden = pixels.hides(HIDDEN.start, points.astype(np.float64))
    assert counts.any() and not hidden[counts].any()
    assert hidden[(points[:, 0] < middle - 2) | (points[:, 1] < nose - 2)].all()
    both = excluded_pixels(excluded, video, place)
    assert isinstance(both, ExcludedPixels) and both.hides(HIDDEN.start, points.astype(np.float64)).all()


def test_a_fit_does_not_follow_landmarks_that_do_not_count(clip, video, place, tmp_path) -> None:
    points = clip.landmarks.points.copy()
    below = points[:, :, 1] > points[:, 4:5, 1]
    points[HIDDEN, :, 1] += 40 * below[HIDDEN]
    astray = replace(clip, landmarks=replace(clip.landmarks, points=points))
    result = without(astray, video, place, areas=(lower_half(astray.landmarks),))
    kept, led = (fitted(clip, tmp_path, landmarks) for landmarks in (result, astray.landmarks))
    away = [axis_angles(fit.rotation @ np.swapaxes(clip.rotation, 1, 2)) for fit in (kept, led)]
    degrees = [np.degrees(np.linalg.norm(each[HIDDEN] - np.median(each, axis=0), axis=1)).mean() for each in away]
    assert degrees[0] < 0.3 * degrees[1]
    assert not kept.visibility[HIDDEN][~result.counted[HIDDEN]].any()
    assert np.nanmax(kept.reprojection_error[HIDDEN]) < 0.5 * np.nanmax(led.reprojection_error[HIDDEN])


def test_a_clip_whose_landmarks_all_count_is_fitted_to_the_last_bit_as_without_the_stage(clip, tmp_path) -> None:
    short = made_clip(12).landmarks
    every = replace(short, counted=np.ones((12, 478), bool))
    first, second = (fitted(made_clip(12), tmp_path, each) for each in (short, every))
    assert (first.pose.expression == second.pose.expression).all() and (first.rotation == second.rotation).all()


def test_excluded_frames_are_bridged_like_gaps(clip, video, place, tmp_path) -> None:
    frames = clip.landmarks.frame_index
    result = without(clip, video, place, frames=(FrameRange(int(frames[18]), int(frames[20])),))
    assert not result.found[18:21].any() and np.isnan(result.points[18:21]).all()
    fit = fitted(clip, tmp_path, result)
    assert (fit.status[18:21] == INTERPOLATED).all() and (np.delete(fit.status, range(18, 21)) == TRACKED).all()


def test_frames_that_keep_too_few_landmarks_become_gaps_and_that_is_said(clip, video, place) -> None:
    sentences, place = told(place)
    everything = Area("all", (AreaKey(0, ((0, 0), (1, 0), (1, 1), (0, 1))),), 3, 5)
    result = without(clip, video, place, areas=(everything,))
    assert not result.found[3:6].any() and result.found[6:].all()
    assert len(sentences) == 1 and "frames 3-5" in sentences[0]


def test_person_masks_whose_head_an_area_touches_are_left_out(clip, video, place) -> None:
    mask = np.full((2, 8, 8), 255, np.uint8)
    masks = PersonMasks(np.array([5, 20]), mask, np.tile(np.eye(2, 3), (2, 1, 1)), mask)
    masked = replace(clip, landmarks=replace(clip.landmarks, masks=masks))
    result = without(masked, video, place, areas=(lower_half(clip.landmarks),))
    assert result.masks is not None and result.masks.frame.tolist() == [5]


@pytest.mark.parametrize("inverted", [False, True])
def test_black_of_a_matte_does_not_count(clip, video, place, tmp_path, inverted) -> None:
    landmarks = clip.landmarks
    nose = int(landmarks.points[0, 4, 1])
    picture = np.full((landmarks.height, landmarks.width), 0 if inverted else 255, np.uint8)
    picture[nose + 5 :] = 255 if inverted else 0
    path = tmp_path / "matte.png"
    assert cv2.imwrite(str(path), picture)
    sentences, place = told(place)
    result = without(clip, video, place, matte=Matte(str(path), inverted))
    assert result.counted is not None and not sentences
    assert not result.counted[0, 152] and result.counted[0, 10]
    below = landmarks.points[0, :FACE_LANDMARKS, 1] > nose + 6
    assert not result.counted[0, :FACE_LANDMARKS][below].any()


def test_frames_for_which_a_matte_has_no_picture_are_named(clip, video, place, tmp_path) -> None:
    black = np.zeros((clip.landmarks.height, clip.landmarks.width), np.uint8)
    for number in range(FRAMES):
        if number not in (3, 4, 9):
            assert cv2.imwrite(str(tmp_path / f"matte_{1001 + number}.png"), black)
    sentences, place = told(place)
    result = without(clip, video, place, matte=Matte(str(tmp_path / "matte_1001.png")))
    assert np.flatnonzero(result.found).tolist() == [3, 4, 9]
    assert any("no picture for frames 3-4, 9: there it excludes nothing" in sentence for sentence in sentences)


def test_a_matte_that_does_not_belong_to_the_clip_is_refused_in_a_sentence(clip, video, place, tmp_path) -> None:
    for number in (1, 2, 3):
        assert cv2.imwrite(str(tmp_path / f"short_{number}.png"), np.full((180, 320), 255, np.uint8))
    assert cv2.imwrite(str(tmp_path / "square.png"), np.full((90, 90), 255, np.uint8))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    size = {"width": 320, "height": 180}
    clip = replace(clip, landmarks=replace(clip.landmarks, **size))
    cases = {"matte-too-short": "short_1.png", "matte-shape": "square.png", "matte-unreadable": "broken.png"}
    for code, name in cases.items():
        matte = Corrections(matte=Matte(str(tmp_path / name)))
        result = landmarks_without(clip.landmarks, replace(video, **size), matte, place)
        assert isinstance(result, Failure) and result.code == code


def test_nothing_left_and_frames_of_another_clip_are_refused(clip, video, place) -> None:
    end = int(clip.landmarks.frame_index[-1])
    all_of_it = landmarks_without(clip.landmarks, video, Corrections(frames=(FrameRange(0, end),)), place)
    beyond = landmarks_without(clip.landmarks, video, Corrections(frames=(FrameRange(5, end + 9),)), place)
    assert isinstance(all_of_it, Failure) and all_of_it.code == "all-excluded"
    assert isinstance(beyond, Failure) and beyond.code == "corrections-of-another-clip"


def test_the_end_of_a_video_of_which_a_part_is_tracked_is_told_as_it_is(clip, video, place) -> None:
    part = replace(clip.landmarks, video={"duration": 3.0})
    ranged = replace(place, settings={"video": {"last_frame": FRAMES - 1}})
    far = landmarks_without(part, video, Corrections(frames=(FrameRange(5, 5000),)), ranged)
    assert isinstance(far, Failure) and f"frame {round(3 * float(part.rate)) - 1}," in far.sentence


def test_settings_add_to_what_the_file_says(tmp_path) -> None:
    file = tmp_path / "a.corrections.json"
    file.write_text(Corrections(frames=(FrameRange(1, 2),), matte=Matte("m.png")).to_json())
    settings = ExcludeSettings(str(file), frames="30-45, 60", face_regions="mouth, Nose")
    read = exclusions_of(settings)
    assert isinstance(read, Corrections)
    assert read.frames == (FrameRange(1, 2), FrameRange(30, 45), FrameRange(60, 60))
    assert read.face_regions == ("mouth", "nose")
    assert read.matte is not None and read.matte.path == str(tmp_path / "m.png")


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (ExcludeSettings(frames="5-"), "bad-frames"),
        (ExcludeSettings(frames="9-3"), "bad-frames"),
        (ExcludeSettings(face_regions="hat"), "bad-region"),
        (ExcludeSettings("nowhere.json"), "corrections-not-read"),
    ],
)
def test_settings_that_say_nothing_sensible_are_refused(settings, code) -> None:
    result = exclusions_of(settings)
    assert isinstance(result, Failure) and result.code == code
