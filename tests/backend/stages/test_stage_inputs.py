"""The small stages: what is known of the camera, whose identity it is, and how a fit becomes a track."""

from __future__ import annotations

import dataclasses
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from small_fits import VERTICES, a_fit, a_head

from backend.contract.camera import Intrinsics, blender_lens, rotation_matrices
from backend.contract.distortion import Distortion
from backend.contract.failure import Failure
from backend.contract.identity_file import KnownIdentity
from backend.contract.settings import CameraSettings, FaceSettings, HeadSettings, ReportSettings, TrackFileSettings
from backend.contract.track import Track, read_track
from backend.data.context import Context
from backend.data.types import Camera, TrackFile, Video
from backend.head.choosing import with_known_identity
from backend.head.model import HeadModel
from backend.head.skinning import pose_vertices
from backend.stages import camera, face, report, track
from backend.stages.head import run as run_head


@pytest.fixture
def context(tmp_path: Path) -> Context:
    def emit(event) -> None:
        events.append(dict(event))

    events: list[dict] = []
    result = Context("stage", emit, lambda: False, tmp_path, tmp_path, {"fit": {"smoothness": 1.0}})
    object.__setattr__(result, "events", events)
    return result


def a_video(width: int = 1920, height: int = 1080, **metadata: object) -> Video:
    return Video(
        Path("clip.mp4"), "0", width, height, 0, Fraction(25), 1.0, np.arange(3), np.zeros(3), "h264", metadata
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (CameraSettings("pixels", focal_pixels=1234.5), Camera(1234.5, "known")),
        (CameraSettings("millimetres", focal_millimetres=50, sensor_width=36), Camera(1920 * 50 / 36, "known")),
        (CameraSettings("angle", angle_of_view=90), Camera(960, "known")),
        (CameraSettings("estimate"), Camera(None, "estimated")),
    ],
)
def test_what_the_user_knows_of_the_focal_length(settings: CameraSettings, expected: Camera, context: Context) -> None:
    result = camera.run(a_video(), settings, context)
    assert isinstance(result, Camera)
    assert result.source == expected.source
    assert result.focal == pytest.approx(expected.focal) if expected.focal else result.focal is None


def test_the_focal_length_of_the_file_is_measured_along_the_longer_side(context: Context) -> None:
    upright = camera.run(a_video(1080, 1920, focal_length_35mm=26), CameraSettings(), context)
    lying = camera.run(a_video(1920, 1080, focal_length_35mm=26), CameraSettings(), context)
    assert upright == lying == Camera(pytest.approx(1920 * 26 / 36), "metadata", pytest.approx(26))


def test_a_file_that_does_not_say_is_noticed(context: Context) -> None:
    assert camera.run(a_video(), CameraSettings(), context) == Camera(None, "estimated")
    assert [event["code"] for event in context.events] == ["focal-unknown"]  # type: ignore[attr-defined]


def test_the_choice_of_a_face_is_handed_on(context: Context) -> None:
    choice = FaceSettings(choose="number", number=2)
    assert face.run(choice, context) == choice


def test_a_track_has_the_vertices_of_the_head_and_survives_the_file(context: Context, tmp_path: Path) -> None:
    head = a_head()
    fit = a_fit(head)
    result = track.run(fit, head, TrackFileSettings(path=str(tmp_path / "é" / "track.npz")), context)
    assert isinstance(result, TrackFile)
    again = read_track(result.path)
    assert isinstance(again, Track)
    np.testing.assert_allclose(again.vertices, pose_vertices(head, fit.pose), atol=1e-6)
    np.testing.assert_allclose(rotation_matrices(again.head_rotation), fit.rotation, atol=1e-9)
    np.testing.assert_allclose(
        again.neutral_vertices, head.template + head.identity_basis @ fit.pose.identity, atol=1e-6
    )
    assert again.landmark_triangle[5] == -1 and again.landmark_triangle[6] == 0
    assert again.header["video"] == {"name": "clip é.mp4", "path": "clip é.mp4", "duration": 2.0}, "no whole path"
    assert again.header["report"]["others"] == [{"number": 1, "width": 40.0}]
    assert again.header["report"]["fit"] == {
        "seconds": {"fit": None},
        "iterations": {"steps": 2},
        "converged": True,
        "outline": None,
        "lens": None,
        "key_frames": [0, 1],
    }
    assert again.header["settings"] == {"fit": {"smoothness": 1.0}}
    assert again.header["focal"] == {"source": "assumed", "uncertainty": 0.2}
    json.dumps(again.header, allow_nan=False)


def test_a_long_clip_keeps_its_vertices_in_a_file(context: Context, tmp_path: Path, monkeypatch) -> None:
    head = a_head()
    fit = a_fit(head, frames=150)
    monkeypatch.setattr(track, "IN_MEMORY", 1000)
    result = track.run(fit, head, TrackFileSettings(path=str(tmp_path / "track.npz")), context)
    assert isinstance(result, TrackFile)
    assert isinstance(result.track.vertices, np.memmap)
    np.testing.assert_allclose(result.track.vertices, pose_vertices(head, fit.pose), atol=1e-6)
    again = read_track(result.path)
    assert isinstance(again, Track)
    np.testing.assert_array_equal(again.vertices, result.track.vertices)


def identity_of(made: Track) -> KnownIdentity:
    return KnownIdentity(made.header["model"], made.identity, made.neutral_vertices.astype(np.float64))


def test_the_identity_of_an_earlier_track_is_taken_over(context: Context, tmp_path: Path) -> None:
    head = a_head()
    first = track.track_of(a_fit(head), head, context)
    fixed = with_known_identity(head, identity_of(first), tmp_path)
    assert isinstance(fixed, HeadModel)
    assert fixed.identity_basis.shape[2] == 0
    np.testing.assert_allclose(fixed.template, first.neutral_vertices, atol=1e-6)
    second = track.track_of(a_fit(fixed), fixed, context)
    np.testing.assert_allclose(second.identity, first.identity)
    np.testing.assert_allclose(second.neutral_vertices, first.neutral_vertices, atol=1e-6)


def test_an_identity_stays_valid_when_its_head_is_made_with_more_modes(context: Context, tmp_path: Path) -> None:
    head = a_head()
    first = track.track_of(a_fit(head), head, context)
    more = np.random.default_rng(1).normal(scale=0.01, size=(VERTICES, 3, 2))
    later = dataclasses.replace(
        head, sha256="later", identity_basis=np.concatenate([head.identity_basis, more], axis=2)
    )
    fixed = with_known_identity(later, identity_of(first), tmp_path / "old.npz")
    assert isinstance(fixed, HeadModel)
    np.testing.assert_allclose(fixed.template, first.neutral_vertices, atol=1e-6)


def test_an_identity_stays_valid_when_modes_of_its_head_change_their_sign(context: Context, tmp_path: Path) -> None:
    head = a_head()
    first = track.track_of(a_fit(head), head, context)
    basis = head.identity_basis.copy()
    basis[..., 0] *= -1.0
    turned = dataclasses.replace(head, sha256="turned", identity_basis=basis)
    fixed = with_known_identity(turned, identity_of(first), tmp_path / "old.npz")
    assert isinstance(fixed, HeadModel) and fixed.fixed_identity is not None
    np.testing.assert_allclose(fixed.template, first.neutral_vertices, atol=1e-6)
    assert fixed.fixed_identity[0] == pytest.approx(-first.identity[0], abs=1e-4)


def test_the_identity_of_another_model_is_refused(context: Context, tmp_path: Path) -> None:
    head = a_head()
    first = track.track_of(a_fit(head), head, context)
    other = dataclasses.replace(head, sha256="other", name="Other", template=head.template + 0.001)
    result = with_known_identity(other, identity_of(first), tmp_path / "old.npz")
    assert isinstance(result, Failure) and result.code == "identity-of-other-model"
    assert "old.npz" in result.sentence and "Other" in result.sentence


def test_an_identity_from_a_damaged_track_is_refused(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "old.npz"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    result = run_head(HeadSettings(identity_track=str(path)), context)
    assert isinstance(result, Failure) and result.code == "track-damaged"


@pytest.mark.parametrize("taken", ["the folder", "a parent", "the file"])
def test_a_place_that_cannot_be_written_to_is_refused_at_once(taken: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if taken == "the file":
        (out / "track.npz").mkdir(parents=True)
    else:
        out.write_text("in the way")
    path = {"the folder": out, "a parent": out / "deeper", "the file": out}[taken] / "track.npz"
    result = track.check(TrackFileSettings(path=str(path)))
    assert isinstance(result, Failure) and str(out) in result.sentence
    assert taken == "the file" or isinstance(report.check(ReportSettings(folder=str(path.parent))), Failure)


def test_asking_leaves_no_folder_behind(tmp_path: Path) -> None:
    assert track.check(TrackFileSettings(path=str(tmp_path / "a" / "b" / "track.npz"))) is None
    assert list(tmp_path.iterdir()) == []


def test_data_that_json_cannot_hold() -> None:
    data = {"a": np.float32(1), "b": [math.nan, np.arange(2)], "c": (Fraction(1, 2), True, None), 3: Path("x")}
    assert track.plain(data) == {"a": 1.0, "b": [None, [0, 1]], "c": ["1/2", True, None], "3": "x"}


def test_a_known_principal_point_is_counted_from_the_edge_of_the_files_own_pixels(context: Context) -> None:
    settings = CameraSettings(focal_mode="pixels", principal_point="known", centre_x=480.0, centre_y=500.0)
    assert run_camera(a_video(), settings, context).centre == (479.5, 499.5)
    wide = dataclasses.replace(a_video(), file_size=(960, 1080))
    assert run_camera(wide, settings, context).centre == (959.5, 499.5)


def test_a_shifted_lens_moves_the_principal_point_as_blenders_camera_does(context: Context) -> None:
    settings = CameraSettings(focal_mode="pixels", focal_pixels=1500.0, principal_point="shift", shift_x=0.1)
    settings = dataclasses.replace(settings, shift_y=-0.05)
    centre = run_camera(a_video(), settings, context).centre
    lens = blender_lens(Intrinsics(1920, 1080, 1500.0, 1500.0, *centre))
    assert (lens.shift_x, lens.shift_y) == pytest.approx((0.1, -0.05))


def test_a_known_distortion_needs_its_focal_length_and_may_not_fold_the_picture(context: Context) -> None:
    known = CameraSettings(focal_mode="pixels", focal_pixels=1500.0, distortion="known", k1=-0.1)
    assert run_camera(a_video(), known, context).curved.distortion == Distortion(-0.1)
    nothing = camera.run(a_video(), dataclasses.replace(known, k1=0.0), context)
    assert isinstance(nothing, Camera) and nothing.curved is None
    unknown = camera.run(a_video(), dataclasses.replace(known, focal_mode="estimate"), context)
    assert isinstance(unknown, Failure) and unknown.code == "distortion-without-focal"
    folded = camera.run(a_video(), dataclasses.replace(known, k1=-3.0), context)
    assert isinstance(folded, Failure) and folded.code == "distortion-folds"


def run_camera(video: Video, settings: CameraSettings, context: Context) -> Camera:
    result = camera.run(video, settings, context)
    assert isinstance(result, Camera)
    return result


def test_how_evenly_a_zoom_changes_goes_to_the_fit_with_any_focal_length(context: Context) -> None:
    for mode in ("estimate", "pixels", "metadata"):
        settings = CameraSettings(focal_mode=mode, focal_varies=True, zoom_smoothness=3.0)
        found = run_camera(a_video(), settings, context)
        assert (found.varies, found.zoom_smoothness) == (True, 3.0)
