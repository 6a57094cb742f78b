"""In a zoom the background grows with the face; when a person walks nearer it stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from synthetic_clips import MadeClip, context, made_clip

from backend.contract.arrays import Picture
from backend.contract.camera import project_clip
from backend.contract.settings import FitSettings
from backend.data.context import Context
from backend.data.types import Camera, Fit, Landmarks, Video
from backend.fit.fitting import fit
from backend.fit.lens import zoom
from backend.fit.lens.background_growth import UNSEEN, Growth, step_between
from backend.fit.lens.zoom import estimate_zoom, notice_of_zoom, smooth_growth, unzoomed

FRAMES, FOCAL, TIMES = 24, 900.0, 1.6
MIDDLE = (319.5, 239.5)


def factors() -> np.ndarray:
    """Focal length of each frame over the first one's."""
    share = np.clip(np.linspace(-0.3, 1.2, FRAMES), 0, 1)
    return TIMES ** (share * share * (3 - 2 * share))


def wall(width: int = 640, height: int = 480) -> np.ndarray:
    """Something with corners everywhere."""
    noise = np.random.default_rng(5).uniform(0, 255, (height // 8, width // 8, 3)).astype(np.float32)
    return cv2.GaussianBlur(cv2.resize(noise, (width, height), interpolation=cv2.INTER_NEAREST), (0, 0), 2)


def grown(picture: np.ndarray, times: float) -> Picture:
    """The picture as a longer lens shows it."""
    height, width = picture.shape[:2]
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = np.column_stack([times * np.eye(2), (1 - times) * centre])
    shown = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.clip(shown, 0, 255).astype(np.uint8)


def zoomed_marks(clip: MadeClip, times: np.ndarray) -> Landmarks:
    """The landmarks as a zooming lens sees them."""
    marks = clip.landmarks
    centre = np.array([clip.intrinsics.centre_x, clip.intrinsics.centre_y])
    points = marks.points.copy()
    points[..., :2] = centre + times[:, None, None] * (points[..., :2] - centre)
    return replace(marks, points=points)


def showing(monkeypatch: pytest.MonkeyPatch, times: np.ndarray) -> None:
    """Let the clip's background grow so."""
    behind = wall()

    def pictures(_video: Video, frames: list[int]) -> Iterator[tuple[int, Picture]]:
        return ((frame, grown(behind, times[frame])) for frame in frames)

    monkeypatch.setattr(zoom, "read_frames", pictures)


CLIP = Video(
    path=Path("clip.mp4"),
    sha256="",
    width=640,
    height=480,
    rotation=0,
    rate=Fraction(25),
    duration=1.0,
    frame_index=np.arange(FRAMES),
    time=np.arange(FRAMES) / 25,
    codec="h264",
)
"""Its pictures come from `showing`."""


@pytest.mark.parametrize("times", [0.97, 1.0, 1.015, 1.06])
def test_the_growth_of_a_wall_is_measured(times: float):
    behind = wall()
    first, second = (cv2.cvtColor(grown(behind, each), cv2.COLOR_RGB2GRAY) for each in (1.0, times))
    step = step_between(first, second, None)
    assert step.growth == pytest.approx(np.log(times), abs=1e-3)
    assert step.sigma < 1e-3


def test_a_bare_wall_tells_nothing():
    blank = np.full((480, 640), 128, dtype=np.uint8)
    assert step_between(blank, blank, None) == UNSEEN


def test_what_the_person_covers_is_no_background():
    behind = wall()
    face = np.array([[220.0, 140.0], [420.0, 340.0]])
    first, second = grown(behind, 1.0), grown(behind, 1.0)
    second[100:, 140:500] = grown(behind, 1.1)[100:, 140:500]
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (first, second)]
    assert step_between(grey[0], grey[1], face).growth == pytest.approx(0.0, abs=2e-3)


def test_steps_that_were_not_seen_are_bridged():
    times = np.arange(31) / 30
    steps = [Growth(0.02, 1e-4)] * 30
    steps[10:15] = [UNSEEN] * 5
    assert smooth_growth(steps, times) == pytest.approx(0.02 * np.arange(31), abs=1e-3)


def test_a_zoom_begins_as_softly_as_is_asked_for():
    times = np.arange(61) / 30
    steps = [Growth(0.0 if step < 30 else 0.02, 0.003) for step in range(60)]

    def sharpest(smoothness: float) -> float:
        return float(np.abs(np.diff(smooth_growth(steps, times, smoothness), n=2)).max())

    assert 0.02 >= sharpest(0.1) > 1.5 * sharpest(1.0) > 6 * sharpest(10.0)
    assert (smooth_growth(steps, times) == smooth_growth(steps, times, 1.0)).all()


def test_a_camera_in_the_hand_is_no_zoom():
    swaying = np.diff(0.01 * np.sin(np.arange(60) / 5))
    assert not smooth_growth([Growth(float(each), 1e-4) for each in swaying], np.arange(60) / 30).any()


def test_a_zoom_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clip, times = made_clip(FRAMES, focal=FOCAL), factors()
    showing(monkeypatch, times)
    result = estimate_zoom(zoomed_marks(clip, times), CLIP, context(tmp_path))
    assert result is not None
    assert result.factor.max() == 1.0
    assert result.factor / result.factor[0] == pytest.approx(times, rel=6e-3)


def test_a_zoom_that_nobody_told_of_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clip, times = made_clip(FRAMES, focal=FOCAL), factors()
    showing(monkeypatch, times)
    notice = notice_of_zoom(zoomed_marks(clip, times), CLIP, context(tmp_path))
    assert notice is not None and notice.code == "zoom"
    assert "the face grows 1.6 times and the background with it" in notice.sentence
    assert "--focal-varies" in notice.advice


def test_a_person_who_walks_nearer_is_no_zoom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clip, times = made_clip(FRAMES, focal=FOCAL), factors()
    showing(monkeypatch, np.ones(FRAMES))
    nearer = zoomed_marks(clip, times)
    assert notice_of_zoom(nearer, CLIP, context(tmp_path)) is None
    assert estimate_zoom(nearer, CLIP, context(tmp_path)) is None


def test_a_face_that_keeps_its_size_asks_no_pictures(tmp_path: Path):
    assert notice_of_zoom(made_clip(FRAMES, focal=FOCAL).landmarks, CLIP, context(tmp_path)) is None


def test_unzoomed_landmarks_are_those_of_one_lens():
    clip, times = made_clip(FRAMES, focal=FOCAL), factors()
    back = unzoomed(zoomed_marks(clip, times), times, MIDDLE)
    assert back.points[..., :2] == pytest.approx(clip.landmarks.points[..., :2], abs=1e-2)
    assert unzoomed(clip.landmarks, None, MIDDLE) is clip.landmarks


def test_the_head_stays_where_it_is_while_the_lens_zooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clip, times = made_clip(FRAMES, yaw=0.3, focal=FOCAL), factors()
    marks = zoomed_marks(clip, times)
    showing(monkeypatch, times)
    settings = FitSettings(key_frames=6, device="cpu")
    result = fit(marks, clip.head, Camera(FOCAL, "known", varies=True), settings, context(tmp_path), CLIP)
    assert isinstance(result, Fit)
    assert result.zoom is not None
    assert result.intrinsics.focal_x == pytest.approx(FOCAL, rel=1e-6)
    assert result.zoom == pytest.approx(times, rel=6e-3)
    depth = result.translation[:, 2] / clip.translation[:, 2]
    assert np.ptp(depth) < 0.02
    points = clip.head.landmarks
    corners = clip.head.faces[points.triangle]
    vertices = clip.vertices[:, corners]
    surface = np.einsum("tncx,nc->tnx", vertices, points.barycentric)
    in_camera = surface @ np.swapaxes(result.rotation, 1, 2) + result.translation[:, None]
    error = project_clip(in_camera, result.intrinsics, result.zoom) - marks.points[..., :2]
    assert np.nanmedian(np.linalg.norm(error, axis=-1)[:, points.known]) < 3.0
    assert result.landmarks is marks


def test_where_the_face_hides_the_background_its_own_growth_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clip, times = made_clip(FRAMES, focal=FOCAL), factors()
    behind, blank = wall(), np.full((480, 640, 3), 128, dtype=np.uint8)

    def pictures(_video: Video, frames: list[int]) -> Iterator[tuple[int, Picture]]:
        return ((frame, grown(behind, times[frame]) if frame < 14 else blank) for frame in frames)

    monkeypatch.setattr(zoom, "read_frames", pictures)
    result = estimate_zoom(zoomed_marks(clip, times), CLIP, context(tmp_path))
    assert result is not None
    assert result.visible_share < 0.6
    assert result.factor / result.factor[0] == pytest.approx(times, rel=0.04)


def test_nothing_behind_the_face_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clip, events = made_clip(FRAMES, focal=FOCAL), []
    blank = np.full((480, 640, 3), 128, dtype=np.uint8)
    monkeypatch.setattr(zoom, "read_frames", lambda _video, frames: ((frame, blank) for frame in frames))
    listening = replace(context(tmp_path), emit=events.append)
    assert estimate_zoom(zoomed_marks(clip, factors()), CLIP, listening) is None
    assert [event["code"] for event in events] == ["zoom-unseen"]


def told(tmp_path: Path) -> tuple[Context, list[dict]]:
    """A context, and what is said in it."""
    events: list[dict] = []
    return replace(context(tmp_path), emit=lambda event: events.append(dict(event))), events


def carried(times: np.ndarray, behind: float) -> np.ndarray:
    """Growth of a wall that stands behind the face, in its distances, while a camera comes nearer by these factors."""
    return (1 + behind) / (1 / times + behind)


@pytest.mark.parametrize(("behind", "code"), [(0.0, "zoom-alone"), (0.3, "zoom-or-move"), (1.0, "zoom-or-move")])
def test_it_is_said_whether_face_and_background_grow_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: float, code: str
):
    clip, times = made_clip(FRAMES, focal=FOCAL), factors()
    showing(monkeypatch, carried(times, behind))
    there, events = told(tmp_path)
    assert estimate_zoom(zoomed_marks(clip, times), CLIP, there) is not None
    assert [event["code"] for event in events if event["event"] == "notice"] == [code]


@pytest.mark.parametrize(("behind", "code"), [(0.05, "zoom"), (0.3, "zoom-or-move"), (1.0, None)])
def test_a_wall_close_behind_leaves_open_whether_the_camera_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: float, code: str | None
):
    clip, times = made_clip(FRAMES, focal=FOCAL), factors()
    showing(monkeypatch, carried(times, behind))
    notice = notice_of_zoom(zoomed_marks(clip, times), CLIP, context(tmp_path))
    assert (None if notice is None else notice.code) == code
