"""Summaries: the main result of every stage in a few words, short enough for a node."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from synthetic_clips import made_clip

from backend.contract import licences
from backend.contract.camera import Intrinsics
from backend.contract.job import STAGES
from backend.contract.licences import Licence
from backend.contract.names import LANDMARKS, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from backend.contract.settings import CameraSettings, FaceSettings, HeadSettings, SmoothSettings
from backend.contract.track import INTERPOLATED, MISSING, TRACKED
from backend.data.context import Context
from backend.data.fit_report import AppearanceReport
from backend.data.stage_code import LONGEST_SUMMARY, shortened
from backend.data.types import ExportFiles, ReportFiles, TextureFiles, Video
from backend.head.builtin import builtin_head
from backend.run.registry import STAGE_CODE
from backend.stages import camera as camera_stage

LONG = 99999


def words(kind: str, output: Any, settings: Any = None) -> str:
    text = STAGE_CODE[kind].summary(output, settings or STAGES[kind].settings())
    assert len(text) <= LONGEST_SUMMARY, text
    return text


def a_video(width: int = 640, height: int = 480, frames: int = 300, rate: Fraction = Fraction(25), **metadata) -> Video:
    index = np.arange(frames)
    return Video(Path("a.mp4"), "", width, height, 0, rate, 12.0, index, index / 25, "h264", metadata)


def statuses(tracked: int, interpolated: int = 0, missing: int = 0) -> np.ndarray:
    parts = [np.full(count, value) for count, value in ((tracked, TRACKED), (interpolated, INTERPOLATED))]
    return np.concatenate([*parts, np.full(missing, MISSING)])


def test_a_video_tells_its_frames_size_and_rate() -> None:
    assert words("video", a_video()) == "300 frames, 640×480, 25 frames/s"  # noqa: RUF001
    assert words("video", a_video(frames=1)).startswith("1 frame,")
    words("video", a_video(7680, 4320, LONG, Fraction(60000, 1001)))


def test_a_face_is_named_by_the_choice() -> None:
    assert words("face", None) == "the largest face"
    ranks = {0: "largest", 1: "2nd largest", 2: "3rd largest", 3: "4th largest", 11: "12th largest", 21: "22nd largest"}
    for number, rank in ranks.items():
        assert words("face", None, FaceSettings(choose="number", number=number)) == f"the {rank} face"
    near = FaceSettings(choose="nearest", point_x=0.7, point_y=0.425, point_frame=LONG)
    assert words("face", None, near) == f"face at 70 %, 42 % in frame {LONG}"


@pytest.mark.parametrize(
    ("name", "licence", "expected"),
    [
        ("Built-in head", licences.PROGRAM, "Built-in head, GPL-3.0-or-later"),
        ("FLAME 2023 Open", licences.OPEN, "FLAME 2023 Open, CC BY 4.0"),
        ("FLAME 2017/2019/2020", licences.RESEARCH, "FLAME 2017/2019/2020, research only"),
        ("FLAME-layout head", licences.UNKNOWN, "FLAME-layout head, Licence not known"),
    ],
)
def test_a_head_comes_with_what_its_licence_allows(name: str, licence: Licence, expected: str) -> None:
    head = dataclasses.replace(builtin_head(), name=name, licence=licence.sentence)
    assert words("head", head) == expected
    words("head", dataclasses.replace(head, name="FLAME-layout head on the FLAME 2023 Open template"))
    assert "known person" in words("head", dataclasses.replace(head, name="X"), HeadSettings(identity_track="a.npz"))


def test_a_camera_speaks_of_the_lens(tmp_path: Path) -> None:
    context = Context("camera", lambda event: None, lambda: False, tmp_path, tmp_path)
    run = camera_stage.run
    given = CameraSettings(focal_mode="millimetres", focal_millimetres=50.0, sensor_width=24.0)
    assert words("camera", run(a_video(1920, 1080), given, context)) == "lens 75 mm, 4000 px (known)"
    phone = run(a_video(2160, 3840, focal_length_35mm=26.0), CameraSettings(), context)
    assert words("camera", phone) == "lens 26 mm, 2773 px (metadata)"
    assert words("camera", run(a_video(), CameraSettings(), context)) == "lens to be estimated"


def test_landmarks_tell_how_often_the_face_was_found() -> None:
    landmarks = made_clip(4).landmarks

    def found(count: int, total: int, others: int = 0) -> Any:
        seen = np.arange(total) < count
        return dataclasses.replace(landmarks, frame_index=np.arange(total), found=seen, others=({},) * others)

    assert words("landmarks", found(298, 300)) == "1 face in 298 of 300 frames"
    assert words("landmarks", found(300, 300)) == "1 face, in all 300 frames"
    assert words("landmarks", found(298, 300, 1)) == "1 of 2 faces in 298 of 300 frames"
    assert words("landmarks", found(1, 1)) == "1 face in 1 frame"
    words("landmarks", found(LONG - 1, LONG, 11))


def test_a_fit_tells_its_error_and_the_lens() -> None:
    def fit(errors: list[float], status: np.ndarray, source: str = "estimated") -> Any:
        camera = Intrinsics.centred(1920, 1080, 1866.7)
        return SimpleNamespace(
            reprojection_error=np.array(errors), status=status, intrinsics=camera, focal_source=source
        )

    assert words("fit", fit([0.7, 0.8, 0.9], statuses(3))) == "error 0.8 px, lens 35 mm (estimated)"
    assert words("fit", fit([np.nan], statuses(0, 0, 1), "assumed")) == "lens 35 mm (assumed)"
    words("fit", fit([123.456], statuses(1)))


def test_smoothing_tells_what_it_smooths() -> None:
    assert words("smooth", None) == "no smoothing"
    assert words("smooth", None, SmoothSettings(pose=0.1, jaw=0.05)) == "pose 0.1 s, jaw 0.05 s"
    everything = SmoothSettings(pose=0.125, expression=0.125, jaw=0.125, eyes=0.125)
    assert words("smooth", None, everything) == "smoothed: pose, expression, jaw, eyes"


def track(*counts: int, error: float = 1.0) -> Any:
    """A track whose head is a point for each landmark, with eyes that are 64 px apart."""
    status = statuses(*counts)
    count = len(status)
    vertices = np.zeros((LANDMARKS, 3))
    vertices[list(LEFT_EYE_CORNERS), 0], vertices[list(RIGHT_EYE_CORNERS), 0] = 0.032, -0.032
    return SimpleNamespace(
        track=SimpleNamespace(
            status=status,
            reprojection_error=np.full(count, error),
            head_rotation=np.zeros((count, 3)),
            head_translation=np.tile([0.0, 0.0, 1.0], (count, 1)),
            focal_lengths=np.full(count, 1000.0),
            neutral_vertices=vertices,
            faces=np.repeat(np.arange(LANDMARKS)[:, None], 3, axis=1),
            landmark_triangle=np.arange(LANDMARKS),
            landmark_barycentric=np.tile([1.0, 0.0, 0.0], (LANDMARKS, 1)),
        )
    )


def test_a_track_begins_with_its_frames() -> None:
    assert words("track", track(300)) == "300 frames, all tracked"
    assert words("track", track(297, 2, 1)) == "300 frames, 2 interpolated, 1 missing"
    assert words("track", track(70000, 10000, 10000)) == "90000 frames, 20000 not tracked"


def test_frames_that_the_model_misses_are_not_called_tracked() -> None:
    assert words("track", track(300, error=3.1)) == "300 frames, all tracked"
    assert words("track", track(300, error=3.3)) == "300 frames, 300 missed by the model"


def test_a_report_names_its_files() -> None:
    names = ("report", "plot", "sheet", "plate", "overlay")
    files = ReportFiles({name: Path(name) for name in names})
    assert words("report", files) == "report, curves, sheet, footage, overlay"
    assert words("report", ReportFiles({})) == "nothing written"


def test_appearance_tells_what_the_pictures_changed() -> None:
    def fit(appearance: AppearanceReport | None = None) -> Any:
        return SimpleNamespace(report=SimpleNamespace(appearance=appearance))

    refined = AppearanceReport(used=True, turned=0.42, steadier=0.21, rasterizer="nvdiffrast")
    assert words("appearance", fit(refined)) == "rotation corrected 0.4°, 21 % steadier"
    assert words("appearance", fit(AppearanceReport(used=False))) == words("appearance", fit()) == "no change"


def test_a_texture_tells_how_much_was_seen_and_how_like_the_footage_it_is() -> None:
    facts = {"size": 2048, "seen": 0.987, "psnr": 31.26}
    assert words("texture", TextureFiles({}, facts)) == "2048 px, 99 % seen, very close match"
    assert words("texture", TextureFiles({}, facts | {"psnr": 12.0})) == "2048 px, 99 % seen, poor match"


def test_an_export_names_what_it_wrote() -> None:
    both = ExportFiles({"avatar": Path("avatar"), "frames": Path("frames")})
    assert words("export", both) == "avatar folder, frame files"


def test_what_is_too_long_is_cut_between_words() -> None:
    assert shortened("a" * LONGEST_SUMMARY) == "a" * LONGEST_SUMMARY
    assert shortened("somewhat longer than what there is room for") == "somewhat longer than what there is…"
