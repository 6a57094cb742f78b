"""Regressors of others: the published layouts load, anything else is refused, and no guess makes a fit worse."""

from __future__ import annotations

import dataclasses
import pickle
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from flame_writing import flame_content
from portrait_clips import film, portrait
from synthetic_clips import MadeClip, context, made_clip

from backend.contract.failure import Failure, Notice
from backend.contract.settings import FitSettings
from backend.data.types import Camera, Video
from backend.legacy.config import LegacyConfig, read_config
from backend.legacy.parts import Parts, set_up
from backend.regress.deca import PARTS, DecaEncoder, crop_for_deca, load_deca, run_deca
from backend.regress.mica import Mica, crop_for_mica, load_mica, run_mica
from backend.regress.starts import AVERAGE, Start, best_fit, guess_files, guessed_starts, starts_for_clip, with_start
from backend.stages import fit

Layout = dict[str, tuple[int, ...]]


def norm(name: str, width: int) -> Layout:
    parts = dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (width,))
    return {f"{name}.{part}": shape for part, shape in {**parts, "num_batches_tracked": ()}.items()}


def deca_layout() -> Layout:
    """`E_flame` of deca_model.tar: torchvision's ResNet-50 without `fc`, then two linear layers."""
    layout: Layout = {"encoder.conv1.weight": (64, 3, 7, 7), **norm("encoder.bn1", 64)}
    inputs = 64
    for stage, (blocks, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], 1):
        for block in range(blocks):
            name = f"encoder.layer{stage}.{block}"
            layout |= {f"{name}.conv1.weight": (width, inputs, 1, 1), f"{name}.conv2.weight": (width, width, 3, 3)}
            layout |= {f"{name}.conv3.weight": (4 * width, width, 1, 1)}
            layout |= norm(f"{name}.bn1", width) | norm(f"{name}.bn2", width) | norm(f"{name}.bn3", 4 * width)
            if block == 0:
                layout |= {f"{name}.downsample.0.weight": (4 * width, inputs, 1, 1)}
                layout |= norm(f"{name}.downsample.1", 4 * width)
            inputs = 4 * width
    layout |= {"layers.0.weight": (1024, 2048), "layers.0.bias": (1024,)}
    return layout | {"layers.2.weight": (236, 1024), "layers.2.bias": (236,)}


def arcface_layout() -> Layout:
    """`arcface` of mica.tar: insightface's IResNet-100."""
    layout: Layout = {"conv1.weight": (64, 3, 3, 3), **norm("bn1", 64), "prelu.weight": (64,)}
    inputs = 64
    for stage, (blocks, width) in enumerate([(3, 64), (13, 128), (30, 256), (3, 512)], 1):
        for block in range(blocks):
            name = f"layer{stage}.{block}"
            layout |= {f"{name}.conv1.weight": (width, inputs, 3, 3), f"{name}.conv2.weight": (width, width, 3, 3)}
            layout |= norm(f"{name}.bn1", inputs) | norm(f"{name}.bn2", width) | norm(f"{name}.bn3", width)
            layout |= {f"{name}.prelu.weight": (width,)}
            if block == 0:
                layout |= {f"{name}.downsample.0.weight": (width, inputs, 1, 1)} | norm(f"{name}.downsample.1", width)
            inputs = width
    return layout | norm("bn2", 512) | {"fc.weight": (512, 25088), "fc.bias": (512,)} | norm("features", 512)


def mapping_layout() -> Layout:
    """`regressor` of `flameModel` in mica.tar: 512 features, three hidden layers of 300, 300 codes."""
    layout: Layout = {"network.0.weight": (300, 512), "network.0.bias": (300,)}
    for k in (1, 2, 3):
        layout |= {f"network.{k}.weight": (300, 300), f"network.{k}.bias": (300,)}
    return layout | {"output.weight": (300, 300), "output.bias": (300,)}


def weights(layout: Layout, seed: int = 0) -> dict[str, torch.Tensor]:
    """A random number per parameter, stored once and spread over its shape: the files stay small."""
    random = np.random.default_rng(seed)

    def value(name: str) -> float:
        return 1.0 if name.endswith("running_var") else float(random.normal(scale=0.02))

    return {
        name: torch.tensor(1) if name.endswith("tracked") else torch.tensor(value(name)).expand(shape)
        for name, shape in layout.items()
    }


def deca_file(folder: Path) -> Path:
    torch.save({"E_flame": weights(deca_layout()), "E_detail": {}, "D_detail": {}}, folder / "deca_model.tar")
    return folder / "deca_model.tar"


def mica_file(folder: Path) -> Path:
    flame = {f"regressor.{name}": value for name, value in weights(mapping_layout(), 1).items()}
    flame |= {"generator.v_template": torch.zeros(5023, 3), "generator.shapedirs": torch.zeros(2, 3, 4)}
    # What the trainer leaves beside the weights (micalib/trainer.py): numbers and arrays of numpy among it.
    best = {"average": np.float64(1.3), "now_mean": np.float32(0.9), "smoothed_average": np.inf, "counter": 4}
    kept = {"embeddings_lyhm": {"somebody": [np.zeros(512, np.float32)]}, "best_model": best}
    beside = {"opt": {"state": {}, "param_groups": []}, "scheduler": {}, "validator": kept, "epoch": 3}
    torch.save({"arcface": weights(arcface_layout(), 2), "flameModel": flame, **beside}, folder / "mica.tar")
    return folder / "mica.tar"


def points68() -> np.ndarray:
    """Roughly where the portrait's face is."""
    points = np.tile([265.0, 233.0], (68, 1))
    points[:17] = np.stack([np.linspace(185, 345, 17), 250 + 80 * np.sin(np.linspace(0, np.pi, 17))], axis=1)
    points[36:42], points[42:48], points[30] = [232, 205], [298, 203], [266, 240]
    points[48], points[54] = [240, 275], [292, 274]
    return points


def faces478() -> np.ndarray:
    """Landmarks somewhere on the portrait's face."""
    points = np.full((478, 3), 250.0)
    points[:, :2] += np.random.default_rng(1).normal(scale=40, size=(478, 2))
    return points


def test_networks_have_the_published_names_and_shapes() -> None:
    def layout(network: torch.nn.Module) -> Layout:
        return {name: tuple(value.shape) for name, value in network.state_dict().items()}

    with torch.device("meta"):
        deca, mica = DecaEncoder(), Mica()
    assert layout(deca) == deca_layout()
    assert layout(mica.arcface) == arcface_layout()
    assert layout(mica.regressor) == mapping_layout()


def test_deca_gives_236_codes_in_its_order(tmp_path: Path) -> None:
    network = load_deca(deca_file(tmp_path))
    assert isinstance(network, DecaEncoder)
    face = crop_for_deca(portrait(), points68())
    assert face.shape == (3, 224, 224) and face.min() >= 0 and face.max() <= 1
    codes = run_deca(network, face)
    sizes = {name: getattr(codes, name).size for name in PARTS}
    assert sizes == PARTS == {"shape": 100, "tex": 50, "exp": 50, "pose": 6, "cam": 3, "light": 27}
    assert codes.light.shape == (9, 3)


def test_mica_gives_300_codes_from_an_upright_face(tmp_path: Path) -> None:
    network = load_mica(mica_file(tmp_path))
    assert isinstance(network, Mica)
    face = crop_for_mica(portrait(), points68())
    assert face.shape == (3, 112, 112) and face.min() >= -1 and face.max() <= 1
    assert run_mica(network, face).shape == (300,)


def test_the_crop_of_mica_has_eyes_and_mouth_where_arcface_wants_them() -> None:
    """A picture whose colours are its coordinates tells where each pixel of the crop comes from."""
    y, x = np.mgrid[0:512, 0:512]
    coordinates = np.stack([x // 2, y // 2, np.zeros_like(x)], axis=2).astype(np.uint8)
    face = crop_for_mica(coordinates, points68()) * 127.5 + 127.5
    eye = face[:, 52, 38]
    assert np.abs(2 * eye[:2] - points68()[36]).max() < 8
    mouth = face[:, 92, 71]
    assert np.abs(2 * mouth[:2] - points68()[54]).max() < 8


def similarity(given: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Matrix (2, 3) from `given` to `wanted` with the least squares, by singular values (Umeyama 1991, eq. 40-43)."""
    source, target = given - given.mean(axis=0), wanted - wanted.mean(axis=0)
    left, values, right = np.linalg.svd(target.T @ source / len(given))
    sign = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    turn = left @ np.diag(sign) @ right
    matrix = turn * ((values * sign).sum() / (source**2).sum(axis=1).mean())
    return np.column_stack([matrix, wanted.mean(axis=0) - matrix @ given.mean(axis=0)])


@pytest.mark.parametrize(("width", "roll"), [(1.0, 0.0), (0.55, 0.0), (0.7, 25.0)])
def test_the_crop_of_mica_is_the_one_that_insightface_cuts_also_where_the_head_is_turned(
    width: float, roll: float
) -> None:
    cos, sin = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    points = (points68() - 256) * [width, 1.0] @ np.array([[cos, sin], [-sin, cos]]) + 256
    five = np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54]])
    # Eyes, tip of the nose and corners of the mouth in insightface's picture of 112 pixels (utils/face_align.py).
    wanted = np.array(
        [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
    )
    matrix = similarity(five, wanted)
    y, x = np.mgrid[0:512, 0:512]
    coordinates = np.stack([x // 2, y // 2, np.zeros_like(x)], axis=2).astype(np.uint8)
    face = crop_for_mica(coordinates, points) * 127.5 + 127.5
    for corner in ((5, 5), (106, 5), (5, 106), (106, 106), (56, 56)):
        place = np.linalg.solve(matrix[:, :2], np.array(corner) - matrix[:, 2])
        assert np.abs(2 * face[:2, corner[1], corner[0]] - place).max() < 3, corner


@pytest.mark.parametrize(("load", "content", "word"), [
    (load_deca, {"E_detail": {}}, "E_flame"),
    (load_deca, {"E_flame": weights({"layers.0.bias": (1024,)})}, "lacks"),
    (load_mica, {"arcface": {}}, "flameModel"),
    (load_mica, [1, 2], "arcface"),
])  # fmt: skip
def test_other_files_are_refused(load, content, word: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "some.tar")
    failure = load(tmp_path / "some.tar")
    assert isinstance(failure, Failure)
    assert word in failure.sentence and "some.tar" in failure.sentence


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    made = made_clip(3, yaw=0.2)
    return dataclasses.replace(made, head=dataclasses.replace(made.head, name="FLAME 2020"))


def fitted(clip: MadeClip, folder: Path, starts: list[Start]) -> fit.Fit:
    camera = Camera(clip.intrinsics.focal_x, "known")

    def run(head):
        return fit.run(clip.landmarks, head, camera, FitSettings(device="cpu"), context(folder))

    result = best_fit(clip.head, starts, run)
    assert not isinstance(result, Failure)
    return result


def test_a_good_guess_is_taken_and_a_bad_one_is_not(clip: MadeClip, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    bad = Start("bad", 4 * random.normal(size=300))
    good = Start("good", clip.pose.identity)
    alone = fitted(clip, tmp_path, [])
    assert alone.report.start == AVERAGE
    tried = fitted(clip, tmp_path, [bad])
    assert tried.report.start == AVERAGE
    np.testing.assert_array_equal(tried.pose.identity, alone.pose.identity)
    helped = fitted(clip, tmp_path, [bad, good])
    assert helped.report.start == "good"
    assert helped.reprojection_error.mean() < alone.reprojection_error.mean()
    truth = clip.pose.identity
    assert np.linalg.norm(helped.pose.identity - truth) < np.linalg.norm(alone.pose.identity - truth)


def test_codes_and_template_of_a_guess_describe_the_same_head(clip: MadeClip) -> None:
    start = Start("guess", np.ones(300))
    basis = clip.head.identity_basis
    moved = with_start(clip.head, start).template + basis @ np.full(basis.shape[2], 0.5)
    np.testing.assert_allclose(moved, clip.head.template + basis @ np.full(basis.shape[2], 1.5))


def test_files_are_used_for_flame_2020_alone(clip: MadeClip, tmp_path: Path) -> None:
    deca_file(tmp_path)
    mica_file(tmp_path)
    points = faces478()
    events: list[dict] = []
    listening = dataclasses.replace(context(tmp_path), emit=lambda event: events.append(dict(event)))
    files = guess_files(tmp_path / "elsewhere", tmp_path)
    starts = guessed_starts([(portrait(), points)], clip.head, files, listening)
    assert [(start.name, len(start.identity)) for start in starts] == [("mica.tar", 300), ("deca_model.tar", 100)]
    assert events == []
    other = dataclasses.replace(clip.head, name="FLAME 2023 Open")
    assert guessed_starts([(portrait(), points)], other, files, listening) == []
    assert "FLAME 2020" in events[0]["sentence"] and "FLAME 2023 Open" in events[0]["sentence"]
    woman = dataclasses.replace(clip.head, name="FLAME 2017/2019/2020", file_name="female_model.pkl")
    assert guessed_starts([(portrait(), points)], woman, files, listening) == []
    assert "women or men" in events[1]["sentence"]


def test_a_clip_is_looked_at_on_some_of_its_frames(clip: MadeClip, tmp_path: Path) -> None:
    assert starts_for_clip(a_clip(tmp_path), clip.landmarks, clip.head, context(tmp_path)) == []
    deca_file(tmp_path)
    starts = starts_for_clip(a_clip(tmp_path), clip.landmarks, clip.head, context(tmp_path))
    assert [start.name for start in starts] == ["deca_model.tar"]
    fitted_clip = fit.run(
        clip.landmarks, clip.head, Camera(clip.intrinsics.focal_x, "known"), FitSettings(device="cpu"),
        context(tmp_path), a_clip(tmp_path),
    )  # fmt: skip
    assert not isinstance(fitted_clip, Failure)
    assert fitted_clip.report.start == AVERAGE, "weights without meaning explain nothing better"


def test_a_file_that_cannot_be_used_is_named_and_stops_nothing(clip: MadeClip, tmp_path: Path) -> None:
    content = weights(deca_layout())
    content["layers.9.weight"] = content.pop("layers.2.weight")
    torch.save({"E_flame": content}, tmp_path / "deca_model.tar")
    events: list[dict] = []
    listening = dataclasses.replace(context(tmp_path), emit=lambda event: events.append(dict(event)))
    found = fit.run(
        clip.landmarks, clip.head, Camera(clip.intrinsics.focal_x, "known"), FitSettings(device="cpu"),
        listening, a_clip(tmp_path),
    )  # fmt: skip
    assert not isinstance(found, Failure)
    assert found.report.start == AVERAGE
    (notice,) = [event for event in events if event["event"] == "notice" and event["code"] == "regressor-not-used"]
    assert "lacks 'layers.2.weight' and has the unexpected 'layers.9.weight'" in notice["sentence"]
    assert notice["advice"]


def test_the_python_interface_finds_the_file_where_version_1_had_it(tmp_path: Path) -> None:
    """``models/deca_model.tar`` beside ``models/FLAME2020/generic_model.pkl``."""
    (tmp_path / "FLAME2020").mkdir()
    head = tmp_path / "FLAME2020" / "generic_model.pkl"
    head.write_bytes(pickle.dumps(flame_content()))
    deca_file(tmp_path)
    config = read_config({"flame_model_path": str(head), "device": "cpu"}, video=False)
    assert isinstance(config, LegacyConfig)
    told: list[Notice] = []
    parts = set_up(config, told.append, tmp_path / "none")
    assert isinstance(parts, Parts)
    assert parts.guesses == (tmp_path / "deca_model.tar",) and told == []
    starts = guessed_starts([(portrait(), faces478())], parts.head, parts.guesses, context(tmp_path))
    assert [start.name for start in starts] == ["deca_model.tar"]


def a_clip(folder: Path) -> Video:
    random = np.random.default_rng(0)
    path = film(folder / "clip.mkv", list(random.integers(0, 255, (3, 480, 640, 3), dtype=np.uint8)))
    return Video(path, "", 640, 480, 0, Fraction(30), 0.1, np.arange(3), np.arange(3) / 30, "ffv1", {})
