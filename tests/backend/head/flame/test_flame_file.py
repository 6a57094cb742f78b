"""FLAME files of every historical form are read alike, and found where others put them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flame_writing import FORMS, IDENTITY, fake_chumpy, flame_content, write_npz
from shared_data import DATA

from backend.contract.failure import Failure
from backend.contract.settings import HeadSettings
from backend.head.builtin import builtin_head
from backend.head.flame.flame_file import load_flame
from backend.head.flame.flame_versions import recognise
from backend.head.library import find_models, left_out_notices, resolve_head
from backend.head.model import HeadModel
from backend.head.uv import unwrap_head

PROXY = DATA / "flame_layout_proxy" / "flame_proxy.npz"
needs_proxy = pytest.mark.skipif(not PROXY.is_file(), reason="the FLAME-layout proxy of shared/data is not here")


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return flame_content()


def loaded(path: Path, **settings: Any) -> HeadModel:
    model = load_flame(path, HeadSettings(**settings))
    assert isinstance(model, HeadModel), model
    return model


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_form_of_pickle_gives_the_same_head(form: str, content: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(FORMS[form](content))
    model, head = loaded(path), builtin_head()
    exact = {"rtol": 1e-6 if form == "numpy, protocol 0" else 0, "atol": 1e-9}
    np.testing.assert_allclose(model.template, head.template, **exact)
    np.testing.assert_allclose(model.identity_basis, head.identity_basis[:, :, :IDENTITY], **exact)
    np.testing.assert_allclose(model.expression_basis, head.expression_basis, **exact)
    np.testing.assert_allclose(model.pose_correctives, head.pose_correctives, **exact)
    np.testing.assert_allclose(model.joint_regressor, head.joint_regressor, **exact)
    np.testing.assert_allclose(model.skinning_weights, head.skinning_weights, atol=1e-12)
    np.testing.assert_array_equal(model.faces, head.faces)
    assert model.joint_parents.tolist() == [-1, 0, 1, 1, 1]
    assert model.template.dtype == np.float64


def test_a_formula_that_cannot_be_carried_out_is_said_with_what_to_do(content: dict[str, Any], tmp_path: Path) -> None:
    with fake_chumpy() as chumpy:
        formula = chumpy.formula("ch_ops", "dot", a=chumpy.array(content["v_template"]), b=chumpy.array(np.eye(3)))
        (tmp_path / "mine.pkl").write_bytes(pickle.dumps({**content, "v_template": formula}, 2))
    result = load_flame(tmp_path / "mine.pkl", HeadSettings())
    assert isinstance(result, Failure)
    assert "'v_template' was saved as a formula of chumpy ('dot')" in result.sentence
    assert "v_template.r" in result.advice


def test_an_npz_with_the_same_keys_is_read(content: dict[str, Any], tmp_path: Path) -> None:
    model = loaded(write_npz(tmp_path / "flame.npz", content))
    np.testing.assert_array_equal(model.template, builtin_head().template)
    assert model.file_name == "flame.npz"
    assert len(model.sha256) == 64


def test_modes_are_limited_by_the_settings(content: dict[str, Any], tmp_path: Path) -> None:
    model = loaded(write_npz(tmp_path / "flame.npz", content), identity_modes=3, expression_modes=5)
    assert model.identity_basis.shape[2] == 3
    assert model.expression_basis.shape[2] == 5
    assert model.expression_names == tuple(f"expression_{index:03d}" for index in range(5))
    assert model.expression_range.tolist() == [[-3.0, 3.0]] * 5


@pytest.mark.parametrize(
    ("name", "extra", "version", "licence"),
    [
        ("generic_model.pkl", {}, "FLAME 2017/2019/2020", "non-commercial"),
        ("FLAME2020/generic_model.pkl", {}, "FLAME 2020", "non-commercial"),
        ("FLAME2020/flame2023.pkl", {}, "FLAME 2023", "non-commercial"),
        ("flame2023.pkl", {}, "FLAME 2023", "non-commercial"),
        ("flame2023_no_jaw.pkl", {}, "FLAME 2023 without jaw", "non-commercial"),
        ("flame2023_Open.pkl", {}, "FLAME 2023 Open", "commercial work is allowed"),
        ("renamed.pkl", {"supr_expression_metadata": {"a": 1}}, "FLAME 2023 Open", "commercial work is allowed"),
        ("mine.pkl", {}, "FLAME-layout head", "not known"),
    ],
)
def test_version_and_licence_are_said_in_words(
    name: str, extra: dict[str, Any], version: str, licence: str, content: dict[str, Any]
) -> None:
    found = recognise(Path(name), "", {**content, **extra})
    assert found.name == version
    assert licence in found.licence.sentence


@pytest.mark.parametrize(
    ("sha256", "name"),
    [
        ("efcd14cc4a69f3a3d9af8ded80146b5b6b50df3bd74cf69108213b144eba725b", "FLAME 2020"),
        ("e75a0990728ba038c7da2a420ae4396f7ddd7781366c13026066c5b24f127623", "FLAME 2023 Open"),
        ("8fb1af0db1abb51053ead8fd1f2624a63d01c9602f4a4fb4ea23bd2c82017fa0", "FLAME 2023"),
    ],
)
def test_published_files_are_known_by_their_hash_whatever_they_are_called(
    sha256: str, name: str, content: dict[str, Any]
) -> None:
    assert recognise(Path("flame2023.pkl"), sha256, content).name == name


def test_side_files_beside_the_model_are_used(content: dict[str, Any], tmp_path: Path) -> None:
    head = builtin_head()
    write_npz(tmp_path / "flame.npz", content)
    masks = {"face": np.array([5, 3, 3]), "lips": np.array([], dtype=np.int64)}
    (tmp_path / "FLAME_masks.pkl").write_bytes(pickle.dumps(masks, 2))
    np.savez(tmp_path / "FLAME_texture.npz", vt=head.uv * 0.5, ft=head.uv_faces, mean=np.zeros(3))
    for side, name in enumerate(("l_eyelid.npy", "r_eyelid.npy")):
        np.save(tmp_path / name, np.full(head.template.shape, side + 1.0))
    model = loaded(tmp_path / "flame.npz")
    assert {name: list(indices) for name, indices in model.regions.items()} == {"face": [3, 5], "lips": []}
    np.testing.assert_allclose(model.uv, head.uv * 0.5)
    assert model.eyelids is not None
    assert model.eyelids[0, 0].tolist() == [1.0, 2.0]


def _write_object(path: Path) -> None:
    head = builtin_head()
    lines = [f"vt {u:.6f} {v:.6f}" for u, v in head.uv]
    lines += [
        "f " + " ".join(f"{vertex + 1}/{uv + 1}" for vertex, uv in zip(triangle, corner, strict=True))
        for triangle, corner in zip(head.faces, head.uv_faces, strict=True)
    ]
    path.write_text("# template\nv 0 1.5 0\n" + "\n".join(lines))


def test_texture_coordinates_are_read_from_an_object_file(content: dict[str, Any], tmp_path: Path) -> None:
    head = builtin_head()
    write_npz(tmp_path / "flame.npz", content)
    _write_object(tmp_path / "head_template.obj")
    model = loaded(tmp_path / "flame.npz")
    np.testing.assert_allclose(model.uv, head.uv, atol=1e-6)
    np.testing.assert_array_equal(model.uv_faces, head.uv_faces)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("FLAME_masks.pkl", lambda path: path.write_bytes(b"cos\nsystem\n(S'true'\ntR.")),
        ("FLAME_masks.pkl", lambda path: path.write_bytes(pickle.dumps({"face": np.array([99999])}))),
        ("FLAME_texture.npz", lambda path: np.savez(path, vt=np.zeros((3, 2)), ft=np.zeros((4, 3), dtype=int))),
        ("head_template.obj", lambda path: path.write_text("v 0 0 0\nf 1 1 1\n")),
        ("mediapipe_landmark_embedding.npz", lambda path: np.savez(path, a=np.zeros(1))),
        ("landmark_embedding.npy", lambda path: np.save(path, np.zeros(3))),
        ("head_template.obj", lambda path: path.write_text("vt 0 0\nf 1/" + "9" * 24 + " 1/1 1/1\n")),
        ("FLAME_masks.pkl", lambda path: path.write_bytes(b"")),
        ("landmark_embedding.npy", lambda path: path.write_bytes(b"\x93NUMPY\x01\x00\x05\x00(((((")),
    ],
)
def test_a_wrong_side_file_is_named_and_the_head_is_used_without_it(
    name: str, write: Any, content: dict[str, Any], tmp_path: Path
) -> None:
    write_npz(tmp_path / "flame.npz", content)
    write(tmp_path / name)
    (problem,) = loaded(tmp_path / "flame.npz").left_out
    assert problem.code == "side-file-wrong"
    assert name in problem.sentence


def test_a_wrong_side_file_does_not_hide_another_that_gives_the_same(content: dict[str, Any], tmp_path: Path) -> None:
    head = builtin_head()
    write_npz(tmp_path / "flame.npz", content)
    (tmp_path / "head_template.obj").write_bytes(b"half a down")
    np.savez(tmp_path / "FLAME_texture.npz", vt=head.uv * 0.5, ft=head.uv_faces)
    model = loaded(tmp_path / "flame.npz")
    assert [problem.code for problem in model.left_out] == ["side-file-wrong"]
    np.testing.assert_allclose(model.uv, head.uv * 0.5)


def test_folders_as_other_programs_lay_them_out_are_understood(content: dict[str, Any], tmp_path: Path) -> None:
    """The head in FLAME2020/ among those of women and men, what belongs to it one folder up."""
    folder = tmp_path / "FLAME2020"
    folder.mkdir()
    for name in ("female_model.npz", "generic_model.npz", "male_model.npz"):
        write_npz(folder / name, content)
    _write_object(tmp_path / "head_template.obj")
    head = resolve_head(HeadSettings(), tmp_path)
    assert isinstance(head, HeadModel)
    assert (head.file_name, head.name, head.left_out) == ("generic_model.npz", "FLAME 2020", ())
    np.testing.assert_array_equal(head.uv_faces, builtin_head().uv_faces)
    np.testing.assert_array_equal(loaded(folder / "male_model.npz").uv_faces, builtin_head().uv_faces)


@pytest.mark.parametrize("name", ["generic_model.pkl", "a.npz"])
def test_a_head_that_cannot_be_used_is_passed_over_for_the_next(
    name: str, content: dict[str, Any], tmp_path: Path
) -> None:
    """Nothing, half a download, and a type that numpy takes for a program's text."""
    good = write_npz(tmp_path / "z.npz", content)
    broken = (b"", good.read_bytes()[:90_000], b"\x80\x02cnumpy\ndtype\nX\x05\0\0\0(,)i4\x85R.")
    for bad in broken:
        (tmp_path / name).write_bytes(bad)
        head = resolve_head(HeadSettings(), tmp_path)
        assert isinstance(head, HeadModel)
        assert head.file_name == "z.npz"
        (notice,) = left_out_notices(head)
        assert name in notice.sentence
        assert "the head is 'FLAME-layout head'" in notice.advice


def test_models_in_a_folder_are_found_with_their_problems(content: dict[str, Any], tmp_path: Path) -> None:
    write_npz(tmp_path / "flame2023_Open.npz", content)
    (tmp_path / "broken.pkl").write_bytes(b"")
    (tmp_path / "FLAME_masks.pkl").write_bytes(pickle.dumps({}, 2))
    (tmp_path / "notes.txt").write_text("mine")
    found = find_models(tmp_path)
    assert [(model.path.name, model.name, bool(model.problems)) for model in found] == [
        ("flame2023_Open.npz", "FLAME 2023 Open", False),
        ("broken.pkl", "broken.pkl", True),
    ]
    assert "empty" in found[1].problems[0]
    assert find_models(tmp_path / "absent") == []


def test_the_head_is_chosen_as_the_settings_say(content: dict[str, Any], tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    automatic = resolve_head(HeadSettings(identity_modes=2), nothing)
    assert isinstance(automatic, HeadModel)
    assert automatic.name == builtin_head().name
    assert automatic.identity_basis.shape[2] == 2
    path = write_npz(tmp_path / "flame.npz", content)
    found = resolve_head(HeadSettings(), tmp_path)
    assert isinstance(found, HeadModel)
    assert found.file_name == "flame.npz"
    builtin = resolve_head(HeadSettings(source="builtin"), tmp_path)
    assert isinstance(builtin, HeadModel)
    assert builtin.file_name == ""
    named = resolve_head(HeadSettings(source="file", file=str(path)), nothing)
    assert isinstance(named, HeadModel)
    assert named.file_name == "flame.npz"
    unnamed = resolve_head(HeadSettings(source="file"), tmp_path)
    assert isinstance(unnamed, Failure)
    assert unnamed.code == "model-not-chosen"


def test_files_that_cannot_be_used_are_said_when_the_builtin_head_is_taken(tmp_path: Path) -> None:
    (tmp_path / "flame2023.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    model = resolve_head(HeadSettings(), tmp_path)
    assert isinstance(model, HeadModel)
    assert model.file_name == ""
    (notice,) = left_out_notices(model)
    assert "flame2023.pkl" in notice.sentence
    assert "the head is 'Built-in head'" in notice.advice


@needs_proxy
def test_the_proxy_is_a_head_with_60_identity_and_45_expression_modes() -> None:
    model = loaded(PROXY)
    assert model.identity_basis.shape == (5023, 3, 60)
    assert model.expression_basis.shape == (5023, 3, 45)
    assert "2023 Open" in model.name
    assert model.landmarks.known.all()


@pytest.mark.skipif(not (DATA / "flame_open").is_dir(), reason="FLAME 2023 Open of shared/data is not here")
def test_flame_open_without_expression_is_refused_with_what_is_missing() -> None:
    result = load_flame(DATA / "flame_open" / "flame2023open_identity60_only.npz", HeadSettings())
    assert isinstance(result, Failure)
    assert "lacks posedirs, J_regressor, weights, kintree_table" in result.sentence
    assert "cannot be animated" in result.sentence


@needs_proxy
def test_regions_without_a_file_are_where_they_belong() -> None:
    model = loaded(PROXY)
    place = {name: model.template[indices] for name, indices in model.regions.items()}
    assert set(range(3931, 4477)) == set(model.regions["left_eyeball"].tolist())
    assert set(range(4477, 5023)) == set(model.regions["right_eyeball"].tolist())
    assert place["left_ear"][:, 0].min() > 0.05 > -0.05 > place["right_ear"][:, 0].max()
    assert place["neck"][:, 1].max() < place["lips"][:, 1].max() + 0.02
    assert place["forehead"][:, 1].min() > place["left_eyeball"][:, 1].max()
    assert np.abs(place["nose"][:, 0]).max() < 0.025
    assert np.abs(place["lips"][:, 0]).max() < 0.03
    skin = ("face", "neck", "scalp", "left_ear", "right_ear", "left_eyeball", "right_eyeball")
    together = np.concatenate([model.regions[name] for name in skin])
    assert sorted(together) == list(range(5023))  # every vertex in exactly one of these


def _coverage(uv: np.ndarray, uv_faces: np.ndarray, size: int = 512) -> np.ndarray:
    """How many triangles cover each pixel's centre."""
    covered = np.zeros((size, size), dtype=int)
    for corner in uv[uv_faces] * size:
        low, high = np.floor(corner.min(axis=0)).astype(int), np.ceil(corner.max(axis=0)).astype(int)
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
        inside = np.ones(x.shape, dtype=bool)
        for (ax, ay), (bx, by) in zip(corner, np.roll(corner, -1, axis=0), strict=True):
            inside &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 1e-9
        covered[low[1] : high[1], low[0] : high[0]] += inside
    return covered


@needs_proxy
def test_the_unwrap_has_no_overlaps_and_keeps_the_texture_upright() -> None:
    with np.load(PROXY) as archive:
        template, faces = archive["v_template"], archive["f"].astype(np.int64)
    uv, uv_faces = unwrap_head(template, faces)
    assert uv.min() >= 0
    assert uv.max() <= 1
    corner = uv[uv_faces]
    first, second = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    assert (first[:, 0] * second[:, 1] > first[:, 1] * second[:, 0]).all()  # none flipped: text reads the right way
    covered = _coverage(uv, uv_faces)
    assert covered.max() == 1
    assert (covered == 1).mean() > 0.6
    chin, brow = uv[uv_faces[(faces == 3414).any(axis=1)]], uv[uv_faces[(faces == 3516).any(axis=1)]]
    assert chin[..., 1].mean() < brow[..., 1].mean()
