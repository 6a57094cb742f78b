"""Version 4 of the legacy interface: its dictionary read back as its users' scripts do, lists of pictures, videos."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from flame_readers import flame, seen_by, six_dof_camera
from portrait_clips import background, film, placement, put

from backend.export.avatar import write_head
from backend.flame_head_tracker_v4 import Tracker, TrackerError, TrackerWarning, track_video
from backend.head.builtin import builtin_head
from backend.landmarks.aligned_crop import dlib68
from backend.untrusted.plain_arrays import read_npz

SIZE = 192
KEYS = {
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
    "shape_rendered": ((1, 256, 256, 3), "uint8"),
    "img": ((1, SIZE, SIZE, 3), "uint8"),
    "img_aligned": ((1, SIZE, SIZE, 3), "uint8"),
    "parsing": ((1, 512, 512), "int64"),
    "parsing_aligned": ((1, 512, 512), "int64"),
    "lmks_68": ((1, 68, 2), "float32"),
    "lmks_ears": ((1, 20, 2), "float32"),
    "lmks_eyes": ((1, 10, 2), "float32"),
    "blendshape_scores": ((1, 52), "float32"),
    "crop_matrix": ((1, 2, 3), "float64"),
}
PAINTED = {"texture": ((1, 3, 256, 256), "float32"), "mesh_rendered": ((1, 256, 256, 3), "uint8")}


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """A face at the side of a larger picture, its head leaning over by 20 degrees."""
    return put(background(500, 800), placement(560, 240, 190, roll=20))


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    return Tracker({"device": "cpu", "result_img_size": SIZE})


@pytest.fixture(scope="module")
def found(tracker: Tracker, picture: np.ndarray) -> dict[str, Any]:
    result = tracker.run(picture)
    assert isinstance(result, dict)
    return result


@pytest.fixture(scope="module")
def painted(tracker: Tracker, picture: np.ndarray) -> dict[str, Any]:
    result = tracker.run(picture, photometric_fitting=True)
    assert isinstance(result, dict)
    return result


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    path = tmp_path_factory.mktemp("head") / "head.npz"
    write_head(path, builtin_head())
    return dict(read_npz(path))


def described(found: dict[str, Any]) -> dict[str, Any]:
    return {name: (value.shape, value.dtype.name) for name, value in found.items()}


def projected(found: dict[str, Any], model: dict[str, np.ndarray], number: int = 0) -> np.ndarray:
    """The vertices by nothing but the codes, `cam` and `K`, -1..1 over the crop."""
    pose = np.concatenate(
        [found[name][number] for name in ("head_pose", "neck_pose", "jaw_pose", "eye_pose")], dtype=np.float64
    )
    vertices = flame(model, found["shape"][number], found["exp"][number], pose)
    return seen_by(six_dof_camera(found["cam"][number]), found["K"][number], vertices) / 128 - 1


def test_the_dictionary_has_every_key_with_its_shape_and_type(found: dict[str, Any], painted: dict[str, Any]) -> None:
    assert described(found) == KEYS
    assert described(painted) == KEYS | PAINTED


def test_codes_and_camera_put_the_face_on_its_landmarks(found: dict[str, Any], model: dict[str, np.ndarray]) -> None:
    head = builtin_head()
    vertices = projected(found, model)
    corners = vertices[head.faces[head.landmarks.triangle]]
    points = dlib68(np.einsum("nk,nkc->nc", head.landmarks.barycentric, corners))
    eyes = np.linalg.norm(points[36] - points[45])
    distance = np.linalg.norm(points - found["lmks_68"][0], axis=1)[17:]  # a cheek's outline has no fixed place
    assert np.median(distance) / eyes < 0.03 and distance.max() / eyes < 0.12
    irises = found["lmks_eyes"][0].reshape(2, 5, 2).mean(axis=1)
    assert irises[0, 0] < irises[1, 0], "the right eye comes first"


def test_ear_landmarks_lie_on_the_outline_of_an_ear(found: dict[str, Any], model: dict[str, np.ndarray]) -> None:
    vertices, points = projected(found, model), found["lmks_ears"][0]
    regions = builtin_head().regions
    away = {
        side: np.linalg.norm(points[:, None] - vertices[regions[side]][None], axis=2).min(axis=1).max()
        for side in ("left_ear", "right_ear")
    }
    assert min(away.values()) < 0.03 < max(away.values()), "they are those of one ear"


def test_the_angle_of_view_and_the_matrix_belong_together(tracker: Tracker, picture: np.ndarray) -> None:
    wide = Tracker({"device": "cpu", "result_img_size": SIZE})
    wide.update_init_fov(fov=40)
    result = wide.run(picture)
    assert isinstance(result, dict)
    assert wide.fov == 40 and result["fov"][0] == 40
    focal = 128 / np.tan(np.radians(20))
    np.testing.assert_allclose(result["K"][0], [[focal, 0, 128], [0, focal, 128], [0, 0, 1]], rtol=1e-6)
    assert result["cam"][0, 5] < 0.6 < 0.9 < tracker.run(picture)["cam"][0, 5]  # type: ignore[call-overload,index]
    with pytest.raises(TrackerError, match="from 10 to 60 degrees, not 5"):
        wide.update_init_fov(5)
    with pytest.raises(TrackerError, match="degrees, not 'wide'"):
        wide.update_init_fov("wide")  # type: ignore[arg-type]


def test_a_free_angle_of_view_is_estimated(picture: np.ndarray, model: dict[str, np.ndarray]) -> None:
    result = Tracker({"device": "cpu", "optimize_fov": True}).run(picture)
    assert isinstance(result, dict)
    assert 10 < result["fov"][0] < 50 and result["fov"][0] != 20
    assert result["K"][0, 0, 0] == pytest.approx(128 / np.tan(np.radians(result["fov"][0] / 2)), rel=1e-5)
    nose = builtin_head().regions["nose"]
    seen = projected(result, model)[nose].mean(axis=0)
    assert np.linalg.norm(seen - result["lmks_68"][0, 27:36].mean(axis=0)) < 0.1


def test_pictures_give_a_texture_with_which_the_head_looks_like_them(painted: dict[str, Any]) -> None:
    assert painted["texture"].min() >= 0 and painted["texture"].max() <= 1
    small = cv2.resize(painted["img"][0], (256, 256), interpolation=cv2.INTER_LINEAR).astype(int)
    classes = cv2.resize(painted["parsing"][0].astype(np.uint8), (256, 256), interpolation=cv2.INTER_NEAREST)
    away = np.abs(small - painted["mesh_rendered"][0])[(classes == 1) | (classes == 10)].mean(axis=1)
    assert np.median(away) < 12


def test_what_is_known_of_a_person_is_kept(tracker: Tracker, picture: np.ndarray, painted: dict[str, Any]) -> None:
    result = tracker.run(picture, True, True, painted["shape"], painted["texture"])
    assert isinstance(result, dict)
    np.testing.assert_array_equal(result["shape"], painted["shape"])
    np.testing.assert_allclose(result["texture"], painted["texture"], atol=0.5 / 255)
    assert np.abs(result["exp"] - painted["exp"]).max() < 0.2
    other = np.zeros((1, 300), dtype=np.float32)
    other[0, 0] = 2
    result = tracker.run(picture, shape_code=other)
    assert isinstance(result, dict)
    np.testing.assert_array_equal(result["shape"], other)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"shape_code": np.zeros((2, 300))}, r"'shape_code' is \(2, 300\) instead of"),
        ({"shape_code": np.full((1, 300), np.nan)}, "'shape_code' is"),
        ({"shape_code": np.ones((1, 300))}, "'shape_code' has 300 coefficients, Built-in head has"),
        ({"texture": np.zeros((256, 256, 3))}, r"'texture' is \(256, 256, 3\) instead of"),
        ({"texture": np.full((1, 3, 16, 16), 200.0)}, "'texture' has values outside of 0 to 1"),
    ],
)
def test_a_shape_or_texture_that_is_none_is_named(
    tracker: Tracker, picture: np.ndarray, given: dict[str, Any], word: str
) -> None:
    with pytest.raises(TrackerError, match=word):
        tracker.run(picture, photometric_fitting=True, **given)


def test_a_list_of_files_tells_which_of_them_have_a_face(tracker: Tracker, picture: np.ndarray, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.png" for name in ("clouds", "leaning", "other")]
    for path, one in zip(paths, (background(200, 300), picture, picture[:, 300:]), strict=True):
        cv2.imwrite(str(path), one[..., ::-1])
    with pytest.warns(TrackerWarning, match=r"No face was found in clouds\.png"):
        result, valid = tracker.load_batch_images_and_run(paths)
    assert result is not None and valid is not None
    assert valid.tolist() == [1, 2]
    assert described(result) == {name: ((2, *shape[1:]), kind) for name, (shape, kind) in KEYS.items()}
    with pytest.warns(TrackerWarning):
        assert tracker.load_image_and_run(paths[0]) is None
        assert tracker.run([background(200, 300)]) == (None, None)


def test_pictures_of_one_person_share_the_shape(tracker: Tracker, picture: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrackerWarning)
        pair = tracker.run([picture, background(500, 800), np.roll(picture, 20, axis=1)], estimate_canonical=True)
    assert isinstance(pair, tuple) and pair[0] is not None and pair[1] is not None
    result, valid = pair
    assert valid.tolist() == [0, 2]
    assert (result["shape"][0] == result["shape"][1]).all() and (result["tex"][0] == result["tex"][1]).all()


def test_matting_makes_the_background_white(picture: np.ndarray) -> None:
    result = Tracker({"device": "cpu", "result_img_size": SIZE, "use_matting": True}).run(picture)
    assert isinstance(result, dict)
    assert result["img"][0, :8, :8].min() > 245
    assert np.median(result["img"][0, 60:130, 60:130]) < 230


def test_every_key_of_version_4_is_answered() -> None:
    with pytest.warns(TrackerWarning, match=r"'ear_landmarker_path' is not read: .* 'lmks_ears' is the outline"):
        Tracker({"ear_landmarker_path": "./models/ear_landmarker.pth", "batch_size": 16, "realign": True})
    with pytest.raises(TrackerError, match="'use_matting' must be True or False, not 'yes'"):
        Tracker({"use_matting": "yes"})
    with pytest.raises(TrackerError, match="'batch_size' must be"):
        Tracker({"batch_size": 0})


def test_another_landmark_detector_is_answered(tracker: Tracker) -> None:
    tracker.set_landmark_detector("mediapipe")
    with pytest.warns(TrackerWarning, match="FAN is not part of this program"):
        tracker.set_landmark_detector("FAN")
    with pytest.raises(TrackerError, match="one of mediapipe, FAN, hybrid"):
        tracker.set_landmark_detector("dlib")
    assert tracker.landmark_detector == "mediapipe"


def test_landmarks_alone_can_be_asked_for(tracker: Tracker, picture: np.ndarray) -> None:
    found = tracker.detect_face_landmarks(picture)
    assert found is not None
    shapes = {name: values.shape for name, values in found.items()}
    assert shapes == {"lmks_dense": (478, 2), "lmks_68": (68, 2), "lmks_eyes": (10, 2), "blend_scores": (52,)}
    assert tracker.detect_face_landmarks(background(200, 300)) is None


def test_a_video_gives_one_file_per_frame_and_a_texture(tmp_path: Path, model: dict[str, np.ndarray]) -> None:
    """Frames 0, 2, 4 ... of thirty per second; the face is gone from frame 12 on."""
    frames = [put(background(240, 320), placement(110 + 3 * k, 120, 90, roll=2 * k)) for k in range(12)]
    path = film(tmp_path / "walk.mkv", [*frames, *[background(240, 320)] * 4])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrackerWarning)
        folder = track_video(
            {
                "video_path": str(path),
                "save_path": str(tmp_path / "out"),
                "original_fps": 30,
                "subsample_fps": 15,
                "photometric_fitting": True,
                "optimize_fov": True,
                "batch_size": 16,
                "result_img_size": SIZE,
            }
        )
    names = {path.name for path in folder.iterdir()}
    others = {"about.json", "texture.png"}
    assert names == {f"{k}{end}" for k in range(6) for end in (".npz", "_compare.jpg")} | others
    results = []
    for k in range(6):
        with np.load(folder / f"{k}.npz", allow_pickle=False) as archive:
            results.append(dict(archive))
    without_texture = {name: kind for name, kind in (KEYS | PAINTED).items() if name != "texture"}
    assert all(described(result) == without_texture for result in results)
    assert all((result["shape"] == results[0]["shape"]).all() for result in results)
    head = builtin_head()
    for result in results:
        corners = projected(result, model)[head.faces[head.landmarks.triangle]]
        points = dlib68(np.einsum("nk,nkc->nc", head.landmarks.barycentric, corners))
        eyes = np.linalg.norm(points[36] - points[45])
        assert np.median(np.linalg.norm(points - result["lmks_68"][0], axis=1)[17:]) / eyes < 0.05
    texture = cv2.imread(str(folder / "texture.png"))
    assert texture.shape[0] == texture.shape[1] and texture.std() > 10
    assert cv2.imread(str(folder / "0_compare.jpg")).shape == (256, 768, 3)


def test_a_video_of_squares_is_fitted_as_it_is(tmp_path: Path) -> None:
    path = film(tmp_path / "square.mkv", [put(background(256, 256), placement(128, 130, 90))] * 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrackerWarning)
        folder = track_video(
            {"video_path": str(path), "save_path": str(tmp_path), "realign": False, "result_img_size": 128}
        )
    with np.load(folder / "1.npz") as archive:
        np.testing.assert_allclose(archive["crop_matrix"][0], [[2, 0, 0], [0, 2, 0]], atol=1e-9)
        assert (archive["img"] != archive["img_aligned"]).any()
    assert not (folder / "texture.png").exists()
