"""Albedo: our own space, the published texture files, and files that are something else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from backend.contract.failure import Failure
from backend.contract.shading import BFM, BUILT_IN_SPACE, FLAME_TEXTURE
from backend.head.albedo.albedo_file import licensed_space, space_for
from backend.head.albedo.albedo_space import MODES, built_in_space, mode_names
from backend.head.builtin import builtin_head
from backend.head.model import HeadModel

HEAD = builtin_head()
TRIANGLES, PLACES = 9976, 5118


def flame_like(places: int = PLACES) -> HeadModel:
    """The built-in head with as many triangles and texture coordinates as FLAME has."""
    faces = np.concatenate([HEAD.faces, HEAD.faces[: TRIANGLES - len(HEAD.faces)]])
    uv = np.random.default_rng(0).uniform(0.1, 0.9, (places, 2))
    uv[: HEAD.vertex_count] = uv[0]
    return dataclasses.replace(
        HEAD, name="FLAME 2020", file_name="generic_model.pkl", faces=faces, uv=uv, uv_faces=faces
    )


def texture_file(folder: Path, layout: str, modes: int = 60) -> Path:
    """A file whose mean is red and whose second mode is blue, in one of the published layouts (blue first)."""
    mean = np.zeros((512, 512, 3), dtype=np.float32)
    mean[..., 2] = 0.8
    basis = np.zeros((512 * 512, 3, modes), dtype=np.float32)
    basis[:, 0, 1] = 0.1
    path = folder / layout
    if layout == "FLAME_texture.npz":
        vt, ft = np.full((PLACES, 2), 0.4), np.zeros((TRIANGLES, 3), np.int64)
        np.savez(path, mean=255 * mean.reshape(-1), tex_dir=255 * basis.reshape(-1, modes), vt=vt, ft=ft)
    else:
        np.savez(path, MU=mean.reshape(-1), PC=basis.reshape(-1, modes))
    return path


def test_our_own_space_has_named_modes_that_stay_where_they_belong():
    space = built_in_space(HEAD)
    assert space.kind == BUILT_IN_SPACE and space.modes == MODES == len(set(mode_names()))
    assert space.mean.min() > 0.02 and space.mean.max() < 1
    np.testing.assert_array_equal(space.basis, built_in_space(HEAD).basis)
    changed = {name: np.abs(space.basis[:, :, k]).max(axis=1) > 0.01 for k, name in enumerate(mode_names())}
    lips = np.zeros(HEAD.vertex_count, dtype=bool)
    lips[HEAD.regions["lips"]] = True
    assert changed["lips, blood"][lips].mean() > 0.95 and changed["lips, blood"].sum() < 3 * lips.sum()
    assert not changed["beard, darker"][HEAD.regions["forehead"]].any()
    assert changed["beard, darker"].sum() > 100
    assert changed["skin, melanin"][HEAD.regions["face"]].mean() > 0.9
    assert not changed["skin, melanin"][HEAD.regions["left_eyeball"]].any()


def test_darker_skin_is_darker_everywhere_and_blood_makes_it_redder():
    space, cheek = built_in_space(HEAD), HEAD.regions["nose"]
    codes = np.eye(MODES)
    dark = space.albedo(2 * codes[mode_names().index("skin, melanin")], cheek)
    flushed = space.albedo(2 * codes[mode_names().index("skin, blood")], cheek)
    usual = space.albedo(np.zeros(MODES), cheek)
    assert (dark < usual - 0.1).all()
    assert (flushed[:, 0] / flushed[:, 1] > usual[:, 0] / usual[:, 1] + 0.1).all()


def test_both_sides_of_a_head_are_alike():
    space = built_in_space(HEAD)
    left, right = (space.basis[HEAD.regions[f"{side}_ear"]].mean(axis=0) for side in ("left", "right"))
    np.testing.assert_allclose(left, right, atol=0.01)


@pytest.mark.parametrize(("layout", "kind"), [("FLAME_texture.npz", FLAME_TEXTURE), ("FLAME_albedo_from_BFM.npz", BFM)])
def test_published_texture_spaces_are_read_blue_first(layout: str, kind: str, tmp_path: Path):
    head = flame_like()
    space = licensed_space(texture_file(tmp_path, layout), head)
    assert not isinstance(space, Failure), space
    assert layout in space.name and space.kind == kind
    assert space.modes == 50
    np.testing.assert_allclose(space.mean, np.tile([0.8, 0, 0], (head.vertex_count, 1)), atol=1e-6)
    np.testing.assert_allclose(space.basis[:, :, 1], np.tile([0, 0, 0.1], (head.vertex_count, 1)), atol=1e-6)


def refused(path: Path, head: HeadModel) -> Failure:
    failure = licensed_space(path, head)
    assert isinstance(failure, Failure)
    assert path.name in failure.sentence and failure.sentence.count(". ") == 0 and failure.advice
    return failure


def test_a_texture_file_is_of_no_use_for_another_head(tmp_path: Path):
    failure = refused(texture_file(tmp_path, "FLAME_texture.npz", 2), HEAD)
    assert "Built-in head" in failure.sentence


def test_the_basel_file_needs_flames_texture_coordinates(tmp_path: Path):
    failure = refused(texture_file(tmp_path, "FLAME_albedo_from_BFM.npz", 2), flame_like(PLACES + 40))
    assert "head_template.obj" in failure.sentence


@pytest.mark.parametrize(
    "arrays",
    [
        {"mean": np.zeros(10), "tex_dir": np.zeros((10, 3))},
        {"mean": np.zeros(512 * 512 * 3, np.float16), "tex_dir": np.zeros((10, 3))},
        {"specMU": np.zeros(4)},
        {"MU": np.array(["text"]), "PC": np.zeros((10, 3))},
    ],
)
def test_files_of_another_kind_are_refused(arrays: dict[str, np.ndarray], tmp_path: Path):
    path = tmp_path / "FLAME_albedo_from_BFM.npz"
    np.savez(path, **arrays)
    assert refused(path, flame_like()).code == "texture-of-other-kind"


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path):
    path = texture_file(tmp_path, "FLAME_albedo_from_BFM.npz", 2)
    path.write_bytes(path.read_bytes()[:1000])
    assert refused(path, flame_like()).code == "texture-damaged"


def test_a_folder_without_a_usable_file_gives_our_own_space_and_says_why(tmp_path: Path):
    space, notice = space_for(HEAD, tmp_path)
    assert space.kind == BUILT_IN_SPACE and notice is None
    texture_file(tmp_path, "FLAME_texture.npz", 2)
    space, notice = space_for(HEAD, tmp_path)
    assert space.kind == BUILT_IN_SPACE and notice is not None and "FLAME_texture.npz" in notice.sentence
    space, notice = space_for(flame_like(), tmp_path)
    assert space.kind == FLAME_TEXTURE and notice is None
