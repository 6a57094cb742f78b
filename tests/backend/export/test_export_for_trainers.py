"""Folders for trainers of avatars, read back by what their readers do: every vertex falls where the engine has it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from flame_clips import FlameClip, flame_clip
from flame_readers import flame, seen_by
from synthetic_clips import context

from backend.contract.camera import Intrinsics
from backend.contract.failure import Failure
from backend.contract.settings import ExportSettings
from backend.export.avatar import centre_notice, with_square_pixels
from backend.export.lids import lid_codes
from backend.export.torso import above_neck_line, neck_line
from backend.head.builtin import builtin_head
from backend.head.flame_codes import pose_of
from backend.head.skinning import pose_vertices
from backend.parsing import classes
from backend.stages import export

WITH_TEETH = 5143


@pytest.fixture(scope="module", params=[False, True], ids=["neck bends", "neck follows torso"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FlameClip:
    made = flame_clip(tmp_path_factory.mktemp("flame"), follows_torso=request.param)
    assert np.abs(made.track.neck_pose).max() > 0.1
    assert made.track.neck_turns_torso == request.param
    return made


@pytest.fixture(scope="module")
def written(clip: FlameClip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(clip, tmp_path_factory.mktemp("out"), ExportSettings(avatar=True, metrical=True, imavatar=True))


def exported(clip: FlameClip, folder: Path, settings: ExportSettings) -> Path:
    """The folder that an export with some settings writes."""
    result = export.run(replace(clip.file, path=folder / "t.npz"), clip.video, clip.head, settings, context(folder))
    assert not isinstance(result, Failure)
    return folder / "export"


def numbers(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def posed(model: dict[str, np.ndarray], data: dict[str, np.ndarray], step: int = 0, lids: bool = True) -> np.ndarray:
    """The mesh as VHAP and GaussianAvatars pose it, without the teeth that they add."""
    parts = ("rotation", "neck_pose", "jaw_pose", "eyes_pose")
    pose = np.concatenate([data[name][step] for name in parts])
    offset = data["static_offset"][0] + (data["dynamic_offset"][step] if lids else 0)
    assert offset.shape == (WITH_TEETH, 3)
    assert np.abs(offset[5023:]).max() == 0
    return flame(model, data["shape"], data["expr"][step], pose, data["translation"][step], offset[:5023])


def entries(folder: Path, name: str = "") -> list[dict[str, Any]]:
    return json.loads((folder / f"transforms{name}.json").read_text("utf-8"))["frames"]


def seen_in(entry: dict[str, Any], vertices: np.ndarray) -> np.ndarray:
    matrix = np.array([[entry["fl_x"], 0, entry["cx"]], [0, entry["fl_y"], entry["cy"]], [0, 0, 1]])
    return seen_by(np.array(entry["transform_matrix"]), matrix, vertices)


def in_pictures(clip: FlameClip, frame: int, entry: dict[str, Any]) -> np.ndarray:
    """Where the avatar's pictures, whose pixels are square, have every vertex."""
    return clip.pixels(frame) * [entry["w"] / 640, entry["h"] / 480]


def radius(listed: list[dict[str, Any]]) -> float:
    """Of the scene, as GaussianAvatars takes it from the places of the cameras."""
    places = np.array([entry["transform_matrix"] for entry in listed])[:, :3, 3]
    return 1.1 * float(np.linalg.norm(places - places.mean(axis=0), axis=1).max())


def test_offsets_fit_flame_with_the_teeth_that_its_readers_add(clip: FlameClip, written: Path) -> None:
    for frame, entry in enumerate(entries(written / "avatar")):
        data = numbers(written / "avatar" / entry["flame_param_path"])
        assert data["static_offset"].shape == data["dynamic_offset"].shape == (1, WITH_TEETH, 3)
        assert np.abs(seen_in(entry, posed(clip.model, data)) - in_pictures(clip, frame, entry)).max() < 0.01
    assert numbers(written / "avatar" / "canonical_flame_param.npz")["static_offset"].shape == (1, WITH_TEETH, 3)


def test_one_file_holds_the_motion_of_the_whole_clip_to_drive_another_avatar(clip: FlameClip, written: Path) -> None:
    motion = numbers(written / "avatar" / "flame_param.npz")
    assert {value.dtype.name for value in motion.values()} == {"float32"}, "its reader drops all else"
    assert motion["dynamic_offset"].shape == (len(clip.track), WITH_TEETH, 3)
    for frame, entry in enumerate(entries(written / "avatar")):
        single = numbers(written / "avatar" / entry["flame_param_path"])
        for name in ("translation", "rotation", "neck_pose", "jaw_pose", "eyes_pose", "expr", "dynamic_offset"):
            np.testing.assert_array_equal(motion[name][frame], single[name][0])


def test_pictures_have_square_pixels_for_programs_that_know_but_one_focal_length(
    clip: FlameClip, written: Path
) -> None:
    entry = entries(written / "avatar")[0]
    assert clip.track.intrinsics.focal_x == 1100 and clip.track.intrinsics.focal_y == 1080
    assert (entry["w"], entry["h"]) == (640, round(480 * 1100 / 1080))
    assert entry["fl_y"] == pytest.approx(entry["fl_x"], rel=2e-3)
    assert read(written / "avatar" / "images" / "00000_00.png").shape == (entry["h"], entry["w"], 3)
    assert with_square_pixels(replace(clip.track.intrinsics, focal_y=1100.0)).height == 480
    assert with_square_pixels(replace(clip.track.intrinsics, focal_y=2200.0)).width == 1280


def test_a_lens_with_its_centre_elsewhere_is_told(clip: FlameClip, tmp_path: Path) -> None:
    assert "export-off-centre" in told(clip, tmp_path, ExportSettings(avatar=True)), "12 pixels"
    assert centre_notice(Intrinsics.centred(640, 480, 1000.0)) is None


def test_the_lists_that_vhap_keeps_of_its_steps_are_there(written: Path) -> None:
    first, final = entries(written / "avatar", "_backup"), entries(written / "avatar")
    assert entries(written / "avatar", "_backup_flame") == final
    assert ["flame_param_path" in entry for entry in first + final] == [False] * 4 + [True] * 4
    assert np.array_equal(first[0]["transform_matrix"], np.eye(4)), "before the head was moved to the origin"


def test_with_a_still_head_the_camera_moves_and_the_scene_has_a_size(
    clip: FlameClip, written: Path, tmp_path: Path
) -> None:
    folder = exported(clip, tmp_path, ExportSettings(avatar=True, motion="camera")) / "avatar"
    torso = clip.head.skinning_weights[:, 0] > 0
    same = ~torso if clip.track.neck_turns_torso else np.ones_like(torso)  # the still head's neck is straight
    for frame, entry in enumerate(entries(folder)):
        data = numbers(folder / entry["flame_param_path"])
        assert np.abs(data["rotation"]).max() == np.abs(data["translation"]).max() == 0
        away = seen_in(entry, posed(clip.model, data)) - in_pictures(clip, frame, entry)
        assert np.abs(away[same]).max() < 0.01
    assert radius(entries(folder)) > 0.2
    assert radius(entries(written / "avatar")) < 1e-6


def test_a_program_without_lids_sees_them_close_by_most_of_their_way(clip: FlameClip, written: Path) -> None:
    data = numbers(written / "avatar" / "flame_param" / "00003.npz")
    truth, without = posed(clip.model, data), posed(clip.model, data, lids=False)
    assert clip.head.eyelids is not None
    middle = clip.head.eyelids[:, 1, 0].argmin()  # of the left lid, which is closed here
    assert np.abs(clip.head.eyelids[middle, 1, 0]) > 0.008
    assert np.linalg.norm(truth[middle] - without[middle]) < 0.5 * 0.008
    rest = numbers(written / "avatar" / "flame_param" / "00000.npz")["dynamic_offset"]
    assert np.abs(rest).max() == 0, "no lid is closed in the first frame"


def test_frame_files_have_lids_both_in_their_expression_and_apart(clip: FlameClip, tmp_path: Path) -> None:
    data = numbers(exported(clip, tmp_path, ExportSettings(frames=True)) / "frames" / "3.npz")
    pose = np.concatenate([data[name].ravel() for name in ("head_pose", "neck_pose", "jaw_pose", "eye_pose")])
    assert clip.head.eyelids is not None
    lids = clip.head.eyelids @ data["eyelids"][0]
    truth = pose_vertices(clip.head, pose_of(clip.head, clip.track, clip.track.neck_pose))[3]
    exact = flame(clip.model, data["shape"], data["own_exp"], pose, offset=lids)
    without = flame(clip.model, data["shape"], data["own_exp"], pose)
    expressed = flame(clip.model, data["shape"], data["exp"], pose)
    assert np.abs(exact - truth).max() < 1e-5
    assert np.linalg.norm(expressed - truth) < 0.6 * np.linalg.norm(without - truth)


def test_lids_that_expression_cannot_close_are_told(clip: FlameClip, tmp_path: Path) -> None:
    said = told(clip, tmp_path, ExportSettings(avatar=True))
    assert "export-lids" in said
    assert "mm" in said["export-lids"]
    assert "export-lids" not in told(clip, tmp_path, ExportSettings(metrical=True)), "that one has lids of its own"


def told(clip: FlameClip, folder: Path, settings: ExportSettings) -> dict[str, str]:
    """The notices of an export by their code."""
    events: list[Any] = []
    listening = replace(context(folder), emit=events.append)
    result = export.run(replace(clip.file, path=folder / "t.npz"), clip.video, clip.head, settings, listening)
    assert not isinstance(result, Failure)
    return {event["code"]: event["sentence"] for event in events if event["event"] == "notice"}


def test_the_built_in_head_is_said_to_mean_nothing_to_programs_that_pose_flame(clip: FlameClip, tmp_path: Path) -> None:
    own = replace(clip, head=replace(clip.head, file_name=""))
    for settings in (ExportSettings(avatar=True), ExportSettings(metrical=True), ExportSettings(imavatar=True)):
        assert "FLAME" in told(own, tmp_path, settings)["export-own-head"]
    assert "export-own-head" not in told(clip, tmp_path, ExportSettings(avatar=True))


class AllIsPerson:
    """Stands in for the segmentation network."""

    size = 256

    def run_picture(self, crop: np.ndarray) -> list[np.ndarray]:
        return [np.ones(self.size * self.size, np.float32)]


def test_pictures_and_masks_end_at_the_line_that_vhap_draws(
    clip: FlameClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.export.writing._person_network", lambda context: AllIsPerson())
    folders = {
        name: exported(clip, tmp_path / name, ExportSettings(avatar=True, **settings)) / "avatar"
        for name, settings in {"cut": {}, "black": {"background": "black"}, "whole": {"cut_torso": False}}.items()
    }
    entry = entries(folders["cut"])[2]
    left, right, front = in_pictures(clip, 2, entry)[[3193, 3296, 3285]]
    slope = (right[1] - left[1]) / (right[0] - left[0])
    columns, rows = np.meshgrid(np.arange(entry["w"]), np.arange(entry["h"]))
    below = rows - (front[1] + slope * (columns - front[0]))
    assert (below > 40).sum() > 1000, "there is a torso"
    mask = read(folders["cut"] / "fg_masks" / "00002_00.png")
    assert mask[below > 40].max() == 0 and mask[below < -40].min() == 255
    assert abs(int(np.median(mask[np.abs(below) < 0.5])) - 128) < 4, "the edge is soft, its middle on the line"
    assert read(folders["cut"] / "images" / "00002_00.png")[below > 40].min() == 255
    assert read(folders["black"] / "images" / "00002_00.png")[below > 40].max() == 0
    assert np.median(read(folders["whole"] / "fg_masks" / "00002_00.png")[below > 40]) == 255


def read(path: Path) -> np.ndarray:
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture


@pytest.mark.parametrize("roll", [0.0, 90.0, 180.0])
def test_the_head_stays_whichever_way_up_it_is(clip: FlameClip, roll: float) -> None:
    angle = np.radians(roll)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    for head in (clip.head, builtin_head()):
        in_camera = head.template @ np.diag([1, -1, -1]) @ turn.T + [0, 0, 0.9]
        camera = replace(clip.track.intrinsics, width=640, height=640, centre_x=320, centre_y=320)
        kept = above_neck_line(neck_line(head), in_camera, camera)
        x, y = (in_camera[:, :2] / in_camera[:, 2:] * [camera.focal_x, camera.focal_y] + 320).round().astype(int).T
        face = np.asarray(head.regions["face"])
        assert kept[y[face], x[face]].min() > 0.99
        assert kept.min() == 0


def matrix_of(six: np.ndarray) -> np.ndarray:
    """The rotation of which six numbers are the first two rows."""
    rows = six.reshape(2, 3)
    return np.stack([*rows, np.cross(rows[0], rows[1])])


def axis_angle(six: np.ndarray) -> np.ndarray:
    return cv2.Rodrigues(matrix_of(six))[0].ravel()


@pytest.mark.parametrize("frame", [0, 3])
def test_the_renderer_of_metrical_tracker_sees_every_vertex_of_the_head_where_the_frame_has_it(
    clip: FlameClip, written: Path, frame: int
) -> None:
    folder = written / "metrical"
    saved = torch.load(folder / "checkpoint" / f"{frame:05d}.frame", weights_only=False)
    codes = {name: value[0] for name, value in saved["flame"].items()}
    assert {name: value.shape for name, value in saved["flame"].items()} == {
        "exp": (1, 100), "shape": (1, 300), "tex": (1, 140), "sh": (1, 9, 3),
        "eyes": (1, 12), "eyelids": (1, 2), "jaw": (1, 6),
    }  # fmt: skip
    turns = [axis_angle(codes["jaw"]), axis_angle(codes["eyes"][:6]), axis_angle(codes["eyes"][6:])]
    vertices = flame(clip.model, codes["shape"], codes["exp"], np.concatenate([np.zeros(6), *turns]))
    assert clip.head.eyelids is not None
    vertices = vertices + clip.head.eyelids @ codes["eyelids"]
    # Its renderer's camera looks along +z, x to the left, y up; rows times matrix; focal length in half pictures.
    camera = {name: value[0] for name, value in saved["camera"].items()}
    seen = vertices @ matrix_of(camera["R"]) + camera["t"]
    pixels = 256 - 256 * (camera["fl"][0] * seen[:, :2] / seen[:, 2:] + camera["pp"])
    opencv = {name: value[0] for name, value in saved["opencv"].items()}
    place = np.eye(4)
    place[:3] = np.column_stack([opencv["R"], opencv["t"]])
    np.testing.assert_allclose(seen_by(np.linalg.inv(place) @ FLIP, opencv["K"], vertices), pixels, atol=1e-3)
    # The neck itself bends in the engine and not in that program; all above it is one.
    above = clip.model["weights"][:, 0] < 1e-6
    assert above.sum() > 3000
    assert np.abs(in_frame(folder, pixels) - clip.pixels(frame))[above].max() < 0.02


FLIP = np.diag([1.0, -1.0, -1.0, 1.0])


def in_frame(folder: Path, pixels: np.ndarray) -> np.ndarray:
    """Where pixels of the trainers' window lie in the footage."""
    matrix = np.array(json.loads((folder / "about.json").read_text("utf-8"))["window_to_frame"])
    moved = np.column_stack([pixels, np.ones(len(pixels))]) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def test_meshes_of_metrical_tracker_are_what_its_parameters_give(clip: FlameClip, written: Path) -> None:
    folder = written / "metrical"
    codes = torch.load(folder / "checkpoint" / "00002.frame", weights_only=False)["flame"]
    turns = [axis_angle(codes["jaw"][0]), axis_angle(codes["eyes"][0, :6]), axis_angle(codes["eyes"][0, 6:])]
    vertices = flame(clip.model, codes["shape"], codes["exp"], np.concatenate([np.zeros(6), *turns]))
    assert clip.head.eyelids is not None
    content = (folder / "mesh" / "00002.ply").read_bytes()
    head, body = content.split(b"end_header\n", 1)
    assert b"element vertex 5023" in head and b"element face 9976" in head
    mesh = np.frombuffer(body[: 5023 * 12], "<f4").reshape(-1, 3)
    np.testing.assert_allclose(mesh, vertices + clip.head.eyelids @ codes["eyelids"][0], atol=2e-5)
    corners = np.frombuffer(body[5023 * 12 :], [("count", "u1"), ("corners", "<i4", 3)])
    np.testing.assert_array_equal(corners["corners"], clip.model["f"])
    lines = [line.split() for line in (folder / "canonical.obj").read_text().splitlines()]
    open_mouth = np.array([np.radians(12), 0, 0])
    expected = flame(clip.model, codes["shape"], np.zeros(100), np.concatenate([np.zeros(6), open_mouth, np.zeros(6)]))
    np.testing.assert_allclose([[float(x) for x in line[1:]] for line in lines if line[0] == "v"], expected, atol=1e-6)
    depth = read(folder / "depth" / "00002.png")
    assert depth.dtype == np.uint16 and 700 < np.median(depth[depth > 0]) < 900, "millimetres"


def test_flash_avatar_finds_its_pictures_under_the_next_number(clip: FlameClip, written: Path) -> None:
    folder = written / "metrical"
    assert sorted(path.name for path in (folder / "checkpoint").iterdir()) == [f"{k:05d}.frame" for k in range(4)]
    for name in ("imgs/{}.jpg", "alpha/{}.jpg", "parsing/{}_neckhead.png", "parsing/{}_mouth.png"):
        for number in range(1, 5):
            assert read(folder / name.format(f"{number:05d}")).shape[:2] == (512, 512)


@pytest.mark.parametrize("frame", [0, 3])
def test_imavatars_camera_sees_every_vertex_where_the_frame_has_it(clip: FlameClip, written: Path, frame: int) -> None:
    folder = written / "imavatar"
    content = json.loads((folder / "flame_params.json").read_text("utf-8"))
    entry = content["frames"][frame]
    assert len(content["shape_params"]) == 100 and len(entry["expression"]) == 50 and len(entry["pose"]) == 15
    # Four times as large, no lids; the camera looks along -z, and its first focal length is negative.
    large = {**clip.model, **{name: 4 * clip.model[name] for name in ("v_template", "shapedirs", "posedirs")}}
    codes = (np.pad(content["shape_params"], (0, 200)), np.pad(entry["expression"], (0, 50)))
    vertices = flame(large, *codes, np.array(entry["pose"]))
    seen = vertices @ np.array(entry["world_mat"])[:, :3].T + np.array(entry["world_mat"])[:, 3]
    fx, fy, cx, cy = content["intrinsics"]
    assert (fx < 0 < fy) and (cx, cy) == (0.5, 0.5)
    pixels = 512 * (seen[:, :2] / seen[:, 2:] * [fx, fy] + [cx, cy])
    expected = clip.pixels(frame)
    assert clip.head.eyelids is not None
    lids = np.abs(clip.head.eyelids).max(axis=(1, 2)) > 1e-5
    off = np.abs(in_frame(folder, pixels) - expected).max(axis=1)
    assert off[~lids].max() < (0.02 if frame == 0 else 3), "expression stands for lids, and moves more than these"
    ends = np.array([entry["bbox"][:2], entry["bbox"][2:]])
    assert (ends[0] < ends[1]).all() and np.abs(ends).max() < 1
    keys = np.array(entry["flame_keypoints"])
    assert keys.shape == (70, 2)
    assert (keys[:68] > ends[0] - 0.02).all() and (keys[:68] < ends[1] + 0.02).all()


def test_imavatars_pictures_are_all_there_in_the_kinds_that_its_readers_expect(written: Path) -> None:
    folder = written / "imavatar"
    for number in range(1, 5):
        assert read(folder / "image" / f"{number}.png").shape == (512, 512, 3)
        assert read(folder / "images" / f"{number}.png").shape == (512, 512, 4), "SplattingAvatar wants the mask in it"
        assert read(folder / "mask" / f"{number}.png").shape == (512, 512)
        assert read(folder / "semantic" / f"{number}.png").max() < 19


def test_the_inside_of_an_open_mouth_is_mouth_although_flame_has_a_hole_there(clip: FlameClip, written: Path) -> None:
    content = json.loads((written / "imavatar" / "flame_params.json").read_text("utf-8"))
    keys = (np.array(content["frames"][3]["flame_keypoints"]) + 1) * 256
    upper, lower = keys[62], keys[66]  # of the 68 points: middle of the inner lips
    assert np.linalg.norm(upper - lower) > 6, "open"
    column, row = ((upper + lower) / 2).astype(int)
    assert read(written / "imavatar" / "semantic" / "4.png")[row, column] == classes.MOUTH
    assert read(written / "metrical" / "parsing" / "00004_mouth.png")[row, column] == 255


def test_modes_without_a_place_in_imavatars_files_are_told(clip: FlameClip, tmp_path: Path) -> None:
    expression = np.zeros((4, 60))
    expression[1, 55] = 2.0
    basis = np.zeros((5023, 3, 60))
    basis[:, 1, 55] = 0.001
    many = replace(clip, head=replace(clip.head, expression_basis=basis))
    many = replace(many, file=replace(clip.file, track=replace(clip.track, expression=expression)))
    assert "2.0 mm" in told(many, tmp_path, ExportSettings(imavatar=True))["export-modes"]
    assert "export-modes" not in told(clip, tmp_path, ExportSettings(imavatar=True))


def test_lids_that_nobody_has_need_no_codes(clip: FlameClip) -> None:
    assert lid_codes(replace(clip.head, eyelids=None)) is None
