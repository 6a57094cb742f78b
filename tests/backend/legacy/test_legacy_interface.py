"""The legacy Python interface: the dictionary's keys, shapes and conventions, read back as its users' scripts do."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from flame_readers import flame, seen_by, six_dof_camera
from portrait_clips import background, film, placement, put
from shared_data import DATA

from backend.export.avatar import write_head
from backend.flame_head_tracker import Tracker, TrackerError, TrackerWarning, track_video
from backend.head.builtin import builtin_head
from backend.landmarks.aligned_crop import dlib68
from backend.parsing import classes
from backend.untrusted.plain_arrays import read_npz

KEYS = {
    "vertices": ((5023, 3), "float32"),
    "shape": ((1, 100), "float32"),
    "exp": ((1, 50), "float32"),
    "pose": ((1, 6), "float32"),
    "tex": ((1, 50), "float32"),
    "light": ((1, 9, 3), "float32"),
    "cam": ((6,), "float32"),
    "img_rendered": ((256, 256, 3), "uint8"),
    "img": ((512, 512, 3), "uint8"),
    "img_aligned": ((512, 512, 3), "uint8"),
    "parsing": ((512, 512), "int64"),
    "parsing_aligned": ((512, 512), "int64"),
    "lmks_dense": ((478, 2), "float64"),
    "lmks_68": ((68, 2), "float64"),
    "blendshape_scores": ((52,), "float32"),
}
BEYOND = {
    "eye_pose": ((1, 6), "float32"),
    "intrinsics": ((3, 3), "float64"),
    "crop_matrix": ((2, 3), "float64"),
    "intrinsics_full": ((3, 3), "float64"),
    "head_to_camera_full": ((3, 4), "float64"),
}
FOCAL = 256 / np.tan(np.radians(10))
"""Of a picture of 512 pixels that shows 20 degrees."""


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face at the side of a larger picture, its head leaning over by 20 degrees."""
    frame = put(background(500, 800), placement(560, 240, 190, roll=20))
    path = tmp_path_factory.mktemp("photo") / "leaning é.png"
    cv2.imencode(".png", frame[..., ::-1])[1].tofile(path)
    return path


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    return Tracker({"device": "cpu", "result_img_size": 512})


@pytest.fixture(scope="module")
def found(tracker: Tracker, picture: Path) -> dict[str, Any]:
    return tracker.load_image_and_run(picture, realign=True)


def described(found: dict[str, Any]) -> dict[str, Any]:
    return {name: (value.shape, value.dtype.name) for name, value in found.items()}


def projected(found: dict[str, Any]) -> np.ndarray:
    """The vertices on `img`, by nothing but `cam` and 20 degrees; pixels from the corner, as the landmarks are."""
    matrix = np.array([[FOCAL, 0, 256], [0, FOCAL, 256], [0, 0, 1]])
    return seen_by(six_dof_camera(found["cam"]), matrix, found["vertices"])


def in_crop(found: dict[str, Any], points: np.ndarray) -> np.ndarray:
    matrix = np.concatenate([found["crop_matrix"], [[0, 0, 1]]])
    inverse = np.linalg.inv(matrix)
    return points @ inverse[:2, :2].T + inverse[:2, 2]


def test_the_dictionary_has_every_key_with_its_shape_and_type(found: dict[str, Any]) -> None:
    assert described(found) == {**KEYS, **BEYOND}
    assert (found["img"] == found["img_aligned"]).all()
    assert not found["pose"][0, :3].any(), "the camera carries the motion of the head"


def test_codes_give_the_vertices(found: dict[str, Any], tmp_path: Path) -> None:
    write_head(tmp_path / "head.npz", builtin_head())
    model = dict(read_npz(tmp_path / "head.npz"))
    shape, expression = np.zeros(300), np.zeros(100)
    shape[:100], expression[:50] = found["shape"], found["exp"]
    pose = np.concatenate([found["pose"][0, :3], np.zeros(3), found["pose"][0, 3:], found["eye_pose"][0]])
    assert np.abs(flame(model, shape, expression, pose) - found["vertices"]).max() < 1e-5


def test_the_camera_sees_the_vertices_where_the_full_frame_has_them(found: dict[str, Any]) -> None:
    rotation, translation = found["head_to_camera_full"][:, :3], found["head_to_camera_full"][:, 3]
    in_camera = found["vertices"] @ rotation.T + translation
    full = in_camera @ found["intrinsics_full"].T
    assert np.abs(projected(found) - in_crop(found, full[:, :2] / full[:, 2:])).max() < 0.1
    np.testing.assert_allclose(found["intrinsics"], [[FOCAL, 0, 256], [0, FOCAL, 256], [0, 0, 1]])


def test_landmarks_in_pixels_of_the_file_lie_on_the_head_in_the_crop(found: dict[str, Any]) -> None:
    head = builtin_head()
    corners = projected(found)[head.faces[head.landmarks.triangle]]
    modelled = np.einsum("nk,nkc->nc", head.landmarks.barycentric, corners)
    distance = np.linalg.norm(modelled - in_crop(found, found["lmks_dense"]), axis=1)
    eyes = np.linalg.norm(modelled[33] - modelled[263])
    assert np.median(distance) / eyes < 0.03
    inner = slice(17, None)  # a cheek's outline has no fixed place on a head
    of_68 = np.linalg.norm(dlib68(modelled) - in_crop(found, found["lmks_68"]), axis=1)[inner]
    assert np.median(of_68) / eyes < 0.03 and of_68.max() / eyes < 0.12
    np.testing.assert_allclose(found["lmks_68"][30], found["lmks_dense"][4])
    np.testing.assert_allclose(found["lmks_68"][3], found["lmks_dense"][[132, 58]].mean(axis=0))


def test_the_crop_is_level_and_holds_the_face(found: dict[str, Any]) -> None:
    points = in_crop(found, found["lmks_68"])
    right, left = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    assert abs(np.degrees(np.arctan2(*(left - right)[::-1]))) < 4
    assert ((points > 60) & (points < 452)).all()
    turn = np.degrees(np.arctan2(found["crop_matrix"][1, 0], found["crop_matrix"][0, 0]))
    assert turn == pytest.approx(20, abs=5)


def test_parsing_knows_brow_eye_and_lips_by_their_numbers(found: dict[str, Any]) -> None:
    points = np.rint(in_crop(found, found["lmks_dense"]) - 0.5).astype(int)
    assert [found["parsing"][y, x] for x, y in points[[105, 334, 4, 17 - 1]]] == [3, 2, 10, 13]
    assert found["parsing"][2, 2] == 0
    centre = points[[33, 133]].mean(axis=0).astype(int)
    assert found["parsing"][centre[1], centre[0]] == 5


def test_light_and_texture_explain_the_face(found: dict[str, Any], tracker: Tracker) -> None:
    """The rendering is half picture and half lit head: over the face it must look like the picture."""
    small = cv2.resize(found["img"], (256, 256), interpolation=cv2.INTER_AREA).astype(float)
    skin = cv2.resize((found["parsing"] == 1).astype(np.uint8), (256, 256), interpolation=cv2.INTER_NEAREST) > 0
    assert np.sqrt(((found["img_rendered"] - small)[skin] ** 2).mean()) < 20
    assert np.abs(found["light"]).max() > 0.1
    assert np.abs(found["tex"]).max() > 0.01
    assert "own" in tracker.sources["tex_space"]


def test_without_realigning_the_picture_itself_is_fitted(tracker: Tracker, picture: Path) -> None:
    found = tracker.load_image_and_run(picture, realign=False)
    assert described(found) == {**KEYS, **BEYOND}
    assert (found["img"] != found["img_aligned"]).any()
    np.testing.assert_allclose(found["crop_matrix"], [[800 / 512, 0, 0], [0, 800 / 512, -150]])
    rotation, translation = found["head_to_camera_full"][:, :3], found["head_to_camera_full"][:, 3]
    full = (found["vertices"] @ rotation.T + translation) @ found["intrinsics_full"].T
    assert np.abs(projected(found) - in_crop(found, full[:, :2] / full[:, 2:])).max() < 0.1


def test_unknown_keys_are_named() -> None:
    with pytest.raises(TrackerError, match=r"'subsampl_fps' \(did you mean 'subsample_fps'\?\)"):
        Tracker({"subsampl_fps": 30})


def test_a_named_file_that_is_not_there_is_an_error_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(TrackerError, match=r"generic_model\.pkl, which 'flame_model_path' names"):
        Tracker({"flame_model_path": str(tmp_path / "generic_model.pkl")})
    with pytest.warns(TrackerWarning, match="the head.s own texture coordinates are used"):
        Tracker({"template_mesh_file_path": str(tmp_path / "head_template.obj")})


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ({"device": "gpu"}, "'device' must be"),
        ({"device": ["cpu"]}, "'device' must be"),
        ({"flame_model_path": 5}, "'flame_model_path' must be a path, not 5"),
        ({"result_img_size": 0}, "'result_img_size' must be"),
        ({"original_fps": -1}, "'original_fps' must be"),
    ],
)
def test_wrong_values_are_named(config: dict[str, Any], word: str) -> None:
    with pytest.raises(TrackerError, match=word):
        Tracker(config)


@pytest.mark.parametrize("device", ["cuda:0", "cuda:99", "mps"])
def test_a_device_that_is_not_there_is_named_and_the_processor_takes_its_place(device: str) -> None:
    if (device == "cuda:0" and torch.cuda.is_available()) or (device == "mps" and torch.backends.mps.is_available()):
        pytest.skip(f"{device} is there")
    with pytest.warns(TrackerWarning, match=f"asks for {device}, which torch does not find here; the CPU"):
        Tracker({"device": torch.device(device)})


def test_a_picture_without_a_face_is_an_error(tracker: Tracker) -> None:
    with pytest.raises(TrackerError, match="No face"):
        tracker.run(background(300, 400))
    with pytest.raises(TrackerError, match="uint8"):
        tracker.run(np.zeros((20, 20)))


def test_a_video_gives_one_pickled_dictionary_per_frame(tmp_path: Path) -> None:
    """Frames 0, 2, 4 ... of thirty per second; the face is gone from frame 12 on."""
    frames = [put(background(300, 400), placement(150 + 2 * k, 150, 100)) for k in range(12)]
    path = film(tmp_path / "walk.take1.mkv", [*frames, *[background(300, 400)] * 8])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrackerWarning)
        folder = track_video(
            {"video_path": str(path), "save_path": str(tmp_path / "out"), "original_fps": 30, "subsample_fps": 15}
        )
    assert folder == tmp_path / "out" / "walk"
    names = {path.name for path in folder.iterdir()}
    assert names == {f"{k}{end}" for k in range(6) for end in (".npy", "_compare.jpg")} | {"about.json"}
    results = []
    for k in range(6):
        with (folder / f"{k}.npy").open("rb") as stream:
            results.append(pickle.load(stream))
    assert all(described(result) == {**KEYS, **BEYOND} for result in results)
    assert all((result["shape"] == results[0]["shape"]).all() for result in results)
    assert all((result["tex"] == results[0]["tex"]).all() for result in results)
    moved = results[5]["lmks_68"].mean(axis=0) - results[0]["lmks_68"].mean(axis=0)
    np.testing.assert_allclose(moved, [20, 0], atol=1.5)
    for result in results:
        rotation, translation = result["head_to_camera_full"][:, :3], result["head_to_camera_full"][:, 3]
        full = (result["vertices"] @ rotation.T + translation) @ result["intrinsics_full"].T
        assert np.abs(projected(result) - in_crop(result, full[:, :2] / full[:, 2:])).max() < 0.1


IMAGES = DATA / "images"


@pytest.mark.skipif(not IMAGES.is_dir(), reason="the shared photographs are not there")
@pytest.mark.parametrize("name", ["max_Chris.jpeg", "max_Bryan.png", "intel_headpose_female_f000.png"])
def test_one_call_gives_every_key_of_a_real_photograph(tracker: Tracker, name: str) -> None:
    found = tracker.load_image_and_run(IMAGES / name, realign=True)
    assert described(found) == {**KEYS, **BEYOND}
    assert all(np.isfinite(found[key]).all() for key in ("vertices", "shape", "exp", "pose", "tex", "light", "cam"))
    rotation, translation = found["head_to_camera_full"][:, :3], found["head_to_camera_full"][:, 3]
    full = (found["vertices"] @ rotation.T + translation) @ found["intrinsics_full"].T
    assert np.abs(projected(found) - in_crop(found, full[:, :2] / full[:, 2:])).max() < 0.1
    head = builtin_head()
    corners = projected(found)[head.faces[head.landmarks.triangle]]
    modelled = dlib68(np.einsum("nk,nkc->nc", head.landmarks.barycentric, corners))
    eyes = np.linalg.norm(modelled[36] - modelled[45])
    distance = np.linalg.norm(modelled - in_crop(found, found["lmks_68"]), axis=1)
    assert np.median(distance[17:]) / eyes < 0.04
    seen = {classes.NAMES[number] for number in np.unique(found["parsing"])}
    assert {"skin", "nose", "hair", "upper lip", "lower lip", "neck"} <= seen
