"""Exports, read back by what their formats' descriptions say: every vertex falls where the engine has it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from flame_readers import flame, seen_by, six_dof_camera
from portrait_clips import film
from synthetic_clips import MadeClip, context, made_clip, made_fit

from backend.contract.camera import project
from backend.contract.failure import Failure
from backend.contract.job import default_job
from backend.contract.marks import FOLDER_MARK
from backend.contract.names import LANDMARKS
from backend.contract.settings import ExportSettings
from backend.contract.track import INTERPOLATED, MISSING, TRACKED, Track
from backend.data.types import TrackFile, Video
from backend.export.avatar import write_head
from backend.export.portraits import person_in
from backend.stages import export
from backend.stages.track import track_of
from backend.untrusted.plain_arrays import read_npz

FRAMES = 6


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    return made_clip(FRAMES)


@pytest.fixture(scope="module")
def track(clip: MadeClip, tmp_path_factory: pytest.TempPathFactory) -> Track:
    status = np.full(FRAMES, TRACKED, np.int8)
    status[2], status[4] = INTERPOLATED, MISSING
    points = clip.landmarks.points.copy()
    points[2] = np.nan
    landmarks = replace(clip.landmarks, points=points)
    fit = made_fit(landmarks, clip.intrinsics, clip.pose, clip.rotation, clip.translation, status)
    return track_of(fit, clip.head, context(tmp_path_factory.mktemp("track")))


@pytest.fixture(scope="module")
def model(clip: MadeClip, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    path = tmp_path_factory.mktemp("head") / "head.npz"
    write_head(path, clip.head)
    return dict(read_npz(path))


@pytest.fixture(scope="module")
def written(clip: MadeClip, track: Track, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("é export")
    random = np.random.default_rng(1)
    small = random.integers(60, 200, (FRAMES, 24, 32, 3), dtype=np.uint8)
    pictures = [cv2.resize(picture, (640, 480), interpolation=cv2.INTER_CUBIC) for picture in small]
    path = film(folder / "clip.mkv", pictures)
    video = Video(
        path, "0", 640, 480, 0, Fraction(30), FRAMES / 30, np.arange(FRAMES), np.arange(FRAMES) / 30, "ffv1", {}
    )
    file = TrackFile(folder / "track.npz", track)
    settings = ExportSettings(frames=True, avatar=True, meshes=True)
    result = export.run(file, video, clip.head, settings, context(folder))
    assert not isinstance(result, Failure)
    assert set(result.files) == {"frames", "avatar", "meshes"}
    return folder / "export"


def engine_pixels(clip: MadeClip, track: Track, frame: int) -> np.ndarray:
    """Where the full frame has every vertex, counted from the picture's corner."""
    return project(clip.in_camera(track.vertices[frame].astype(float), frame), clip.intrinsics) + 0.5


def test_a_frame_file_per_frame_with_a_head(written: Path) -> None:
    names = {path.name for path in (written / "frames").iterdir()} - {FOLDER_MARK}
    assert names == {f"{k}{end}" for k in (0, 1, 2, 3, 5) for end in (".npz", "_compare.jpg")} | {
        "texture.png", "about.json",
    }  # fmt: skip


def test_a_mesh_per_frame_with_a_head_and_one_texture(written: Path, track: Track) -> None:
    folders = sorted(path.name for path in (written / "meshes").iterdir())
    assert folders == [FOLDER_MARK, *(f"{k:05d}" for k in (0, 1, 2, 3, 5)), "texture.png"]
    pictures = {f"{name}.png" for name in ("overlay", "aligned", "parsing", "parsing_colours", "rendered", "texture")}
    assert {path.name for path in (written / "meshes" / "00005").iterdir()} == {
        "head.obj", "head.mtl", "photo.json", *pictures,
    }  # fmt: skip
    lines = (written / "meshes" / "00005" / "head.obj").read_text().splitlines()
    vertices = np.array([line.split()[1:] for line in lines if line.startswith("v ")], float)
    np.testing.assert_allclose(vertices, track.vertices[5], atol=2e-7)
    assert "map_Kd texture.png" in (written / "meshes" / "00005" / "head.mtl").read_text()
    beside = (written / "meshes" / "00005" / "texture.png").read_bytes()
    assert beside == (written / "meshes" / "texture.png").read_bytes()


def test_an_export_replaces_nothing_but_an_earlier_one(
    clip: MadeClip, track: Track, written: Path, tmp_path: Path
) -> None:
    video = Video(Path("no.mkv"), "0", 640, 480, 0, Fraction(30), 1.0, np.arange(FRAMES), np.arange(FRAMES) / 30, "")
    for name in ("frames", "avatar", "meshes"):
        shutil.copytree(written / name, tmp_path / "export" / name)
    mine = tmp_path / "export" / "meshes" / "00002" / "sculpted.blend"
    mine.write_text("weeks of work")
    file = TrackFile(tmp_path / "track.npz", track)
    result = export.run(file, video, clip.head, ExportSettings(meshes=True), context(tmp_path))
    assert isinstance(result, Failure)
    assert "sculpted.blend" in result.sentence and "meshes" in result.sentence
    mine.unlink()
    again = export.run(file, video, clip.head, ExportSettings(meshes=True), context(tmp_path))
    assert isinstance(again, Failure)
    assert again.code == "video-unreadable", "the video is gone"
    assert (tmp_path / "export" / "meshes" / "00002" / "head.obj").is_file(), "the earlier export stays"


def test_frame_files_have_the_keys_shapes_and_types_of_version_4(written: Path) -> None:
    with np.load(written / "frames" / "0.npz", allow_pickle=False) as archive:
        found = {name: (archive[name].shape, archive[name].dtype.name) for name in archive.files}
    expected = {
        "shape": ((1, 300), "float32"),
        "exp": ((1, 100), "float32"),
        "head_pose": ((1, 3), "float32"),
        "jaw_pose": ((1, 3), "float32"),
        "neck_pose": ((1, 3), "float32"),
        "eye_pose": ((1, 6), "float32"),
        "tex": ((1, 50), "float32"),
        "light": ((1, 9, 3), "float32"),
        "cam": ((1, 6), "float32"),
        "fov": ((1,), "float32"),
        "K": ((1, 3, 3), "float32"),
        "img_rendered": ((1, 256, 256, 3), "uint8"),
        "mesh_rendered": ((1, 256, 256, 3), "uint8"),
        "img": ((1, 512, 512, 3), "uint8"),
        "img_aligned": ((1, 512, 512, 3), "uint8"),
        "parsing": ((1, 512, 512), "int64"),
        "parsing_aligned": ((1, 512, 512), "int64"),
        "lmks_68": ((1, 68, 2), "float32"),
        "lmks_eyes": ((1, 10, 2), "float32"),
        "lmks_ears": ((1, 20, 2), "float32"),
        "blendshape_scores": ((1, 52), "float32"),
    }
    assert {name: found.get(name) for name in expected} == expected
    assert set(found) - set(expected) == {
        "shape_rendered", "crop_to_frame", "frame_index", "time", "status",
    }  # fmt: skip


def test_all_of_a_frame_file_becomes_tensors_and_a_file_beside_says_what_they_mean(written: Path) -> None:
    with np.load(written / "frames" / "0.npz", allow_pickle=False) as archive:
        tensors = {name: torch.from_numpy(archive[name]) for name in archive.files}
    assert tensors["img"].shape == (1, 512, 512, 3)
    about = json.loads((written / "frames" / "about.json").read_text("utf-8"))
    assert about["head_model"] == "Built-in head"
    assert set(about) == {"head_model", "tex_space", "parsing_source"}


@pytest.mark.parametrize("frame", [0, 2, 5])
def test_the_camera_of_a_frame_file_sees_every_vertex_where_the_frame_has_it(
    clip: MadeClip, track: Track, model: dict[str, np.ndarray], written: Path, frame: int
) -> None:
    with np.load(written / "frames" / f"{frame}.npz", allow_pickle=False) as archive:
        data = {name: archive[name] for name in archive.files}
    pose = np.concatenate([data[name].ravel() for name in ("head_pose", "neck_pose", "jaw_pose", "eye_pose")])
    vertices = flame(model, data["shape"], data["exp"], pose)
    assert np.abs(vertices - track.vertices[frame]).max() < 1e-5
    at_512 = 2 * seen_by(six_dof_camera(data["cam"]), data["K"][0], vertices)
    ones = np.ones((len(at_512), 1))
    frame_pixels = np.concatenate([at_512, ones], axis=1) @ data["crop_to_frame"].T
    frame_pixels = frame_pixels[:, :2] / frame_pixels[:, 2:]
    scale = np.sqrt(abs(np.linalg.det(data["crop_to_frame"][:2, :2])))
    assert np.abs(frame_pixels - engine_pixels(clip, track, frame)).max() / scale < 0.1
    focal = 128 / np.tan(np.radians(data["fov"][0]) / 2)
    np.testing.assert_allclose(data["K"][0], [[focal, 0, 128], [0, focal, 128], [0, 0, 1]], rtol=1e-5)
    ears = at_512[np.concatenate([clip.head.regions[name] for name in ("left_ear", "right_ear")])]
    points = (data["lmks_ears"][0] + 1) * 256
    assert np.linalg.norm(points[:, None] - ears[None], axis=2).min(axis=1).max() < 6, "they lie on an ear"
    # Exact landmarks: the 68 points lie on the mesh, so the camera sees their places where the file says.
    corners = vertices[clip.head.faces[clip.head.landmarks.triangle[4]]]
    nose = clip.head.landmarks.barycentric[4] @ corners
    expected = seen_by(six_dof_camera(data["cam"]), data["K"][0], nose[None])[0]
    assert np.abs((data["lmks_68"][0, 30] + 1) / 2 * 256 - expected).max() < 0.05
    assert (data["img"][0, 256, 256] < 250).any(), "the crop shows the footage"


def test_the_avatars_lists_name_files_that_are_there(written: Path) -> None:
    folder = written / "avatar"
    lists = {
        name: json.loads((folder / f"transforms{name}.json").read_text()) for name in ("", "_train", "_val", "_test")
    }
    assert [len(lists[name]["frames"]) for name in ("", "_train", "_val", "_test")] == [5, 4, 0, 1]
    assert lists[""]["timestep_indices"] == [0, 1, 2, 3, 4]
    assert [entry["timestep_index_original"] for entry in lists[""]["frames"]] == [0, 1, 2, 3, 5]
    for entry in lists[""]["frames"]:
        picture = cv2.imdecode(np.fromfile(folder / entry["file_path"], np.uint8), cv2.IMREAD_UNCHANGED)
        mask = cv2.imdecode(np.fromfile(folder / entry["fg_mask_path"], np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (entry["h"], entry["w"], 3)
        assert mask.shape == (entry["h"], entry["w"])
        assert (picture[mask == 0] == 255).all()


def test_the_avatars_camera_sees_every_vertex_where_the_frame_has_it(
    clip: MadeClip, track: Track, written: Path
) -> None:
    folder = written / "avatar"
    own = dict(read_npz(folder / "head_model.npz"))
    centre = []
    for entry, frame in zip(
        json.loads((folder / "transforms.json").read_text())["frames"], (0, 1, 2, 3, 5), strict=True
    ):
        with np.load(folder / entry["flame_param_path"], allow_pickle=False) as archive:
            data = {name: archive[name] for name in archive.files}
        assert {name: value.shape for name, value in data.items()} == {
            "translation": (1, 3), "rotation": (1, 3), "neck_pose": (1, 3), "jaw_pose": (1, 3), "eyes_pose": (1, 6),
            "shape": (300,), "expr": (1, 100), "static_offset": (1, clip.head.vertex_count, 3),
        }  # fmt: skip
        pose = np.concatenate([data[name].ravel() for name in ("rotation", "neck_pose", "jaw_pose", "eyes_pose")])
        vertices = flame(own, data["shape"], data["expr"], pose, data["translation"], data["static_offset"][0])
        centre.append(data["translation"][0])
        matrix = np.array([[entry["fl_x"], 0, entry["cx"]], [0, entry["fl_y"], entry["cy"]], [0, 0, 1]])
        pixels = seen_by(np.array(entry["transform_matrix"]), matrix, vertices)
        assert np.abs(pixels - engine_pixels(clip, track, frame)).max() < 0.1
        assert entry["camera_angle_x"] == pytest.approx(2 * np.arctan(entry["w"] / 2 / entry["fl_x"]))
    assert np.abs(np.mean(centre, axis=0)).max() < 1e-6


class WhiteIsPerson:
    """Stands in for the segmentation network."""

    size = 256

    def run_picture(self, crop: np.ndarray) -> list[np.ndarray]:
        return [(crop[..., 0] / np.float32(255)).reshape(-1)]


def test_only_the_person_at_the_face_is_in_the_mask() -> None:
    picture = np.zeros((300, 500, 3), np.uint8)
    picture[60:300, 80:240] = 255
    picture[200:280, 380:460] = 255  # somebody else, or a coat on a chair
    picture[:40] = 60  # grey: the network does not know
    landmarks = np.random.default_rng(0).uniform([120, 90], [200, 190], (LANDMARKS, 2))
    share = person_in(WhiteIsPerson(), picture, landmarks)
    assert share[70:290, 90:230].min() > 0.95
    assert share[:40].max() == 0 and share[:, 300:].max() == 0


def test_a_folder_with_other_things_is_not_replaced(clip: MadeClip, track: Track, tmp_path: Path) -> None:
    mine = tmp_path / "export" / "frames" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    video = Video(Path("no.mkv"), "0", 640, 480, 0, Fraction(30), 1.0, np.arange(FRAMES), np.arange(FRAMES) / 30, "")
    file = TrackFile(tmp_path / "track.npz", track)
    result = export.run(file, video, clip.head, ExportSettings(frames=True), context(tmp_path))
    assert isinstance(result, Failure)
    assert "thesis.txt" in result.sentence
    assert mine.read_text() == "years of work"


def test_export_is_part_of_the_default_job_only_where_it_is_asked_for() -> None:
    assert "export" not in [stage.kind for stage in default_job({}).stages]
    asked = default_job({"export": ExportSettings(avatar=True)}, ["export"])
    assert asked.stage("export").inputs == {"track": "track", "video": "video"}


def test_an_export_without_a_format_is_refused() -> None:
    failure = export.check(ExportSettings(folder="somewhere"))
    assert failure is not None
    assert "format" in failure.sentence
