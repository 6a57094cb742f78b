"""Photographs: read as they are meant to be seen, fitted together, written so that other programs can use them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from portrait_clips import background, placement, portrait, put

from backend.cli.main import main
from backend.contract.camera import project, rotation_matrices
from backend.contract.failure import Failure
from backend.contract.track import Track, read_track
from backend.parsing.classes import NAMES
from backend.photo.read import Photo, read_photo

COLOURS = np.array(
    [[[200, 30, 40], [20, 180, 60], [40, 60, 220]], [[250, 250, 10], [5, 5, 5], [128, 128, 128]]], np.uint8
)


def read(path: Path) -> Photo:
    photo = read_photo(path)
    assert isinstance(photo, Photo), photo
    assert photo.pixels.dtype == np.uint8 and photo.pixels.flags.c_contiguous
    return photo


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_turned_by_their_exif_are_seen_upright(orientation: int, tmp_path: Path) -> None:
    stored = {
        1: COLOURS,
        2: COLOURS[:, ::-1],
        3: COLOURS[::-1, ::-1],
        4: COLOURS[::-1],
        5: COLOURS.transpose(1, 0, 2),
        6: np.rot90(COLOURS),
        7: COLOURS[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(COLOURS, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "é.png", exif=exif)
    photo = read(tmp_path / "é.png")
    np.testing.assert_array_equal(photo.pixels, COLOURS)
    assert photo.altered == (orientation != 1)


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    layer = np.dstack([COLOURS, np.array([[255, 0, 255], [0, 255, 255]], np.uint8)])
    Image.fromarray(layer).save(tmp_path / "a.png")
    photo = read(tmp_path / "a.png")
    np.testing.assert_array_equal(photo.pixels[0, 1], 255)
    np.testing.assert_array_equal(photo.pixels[0, 0], COLOURS[0, 0])


@pytest.mark.parametrize(("mode", "name"), [("CMYK", "a.jpg"), ("L", "a.png"), ("P", "a.png"), ("1", "a.png")])
def test_other_colour_modes_become_rgb(mode: str, name: str, tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8, 3), 255, np.uint8)).convert(mode).save(tmp_path / name)
    np.testing.assert_array_equal(read(tmp_path / name).pixels, np.full((8, 8, 3), 255))


def test_16_bits_become_8_by_the_same_curve(tmp_path: Path) -> None:
    values = np.array([[0, 32768, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png").pixels[0, :, 0], [0, 128, 255])


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({0xA405: 26}, 26.0),
        ({0x920A: 50.0, 0xA20E: 4000 / 2.4, 0xA210: 3, 0xA002: 4000, 0xA003: 3000}, 75.0),
        ({0x920A: 4.2}, None),
        ({0xA405: 0}, None),
        ({}, None),
    ],
)
def test_the_lens_is_taken_from_exif(tags: dict[int, float], expected: float | None, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769).update(tags)
    Image.fromarray(COLOURS).save(tmp_path / "a.jpg", exif=exif)
    assert read(tmp_path / "a.jpg").focal_35mm == pytest.approx(expected)


@pytest.mark.parametrize(
    ("content", "code"), [(None, "photo-not-found"), (b"", "photo-unreadable"), (b"no picture", "photo-unreadable")]
)
def test_what_is_no_picture_is_a_sentence(content: bytes | None, code: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    failure = read_photo(path)
    assert isinstance(failure, Failure)
    assert failure.code == code and "a.png" in failure.sentence


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photographs of one person with different lenses and sizes, one of them stored lying on its side."""
    folder = tmp_path_factory.mktemp("photos é")
    near, far = portrait(), put(background(400, 700), placement(480, 180, 120))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 70
    Image.fromarray(near).save(folder / "near.jpg", quality=95, exif=exif)
    turned = Image.Exif()
    turned[0x0112] = 6
    turned.get_ifd(0x8769)[0xA405] = 50
    Image.fromarray(np.ascontiguousarray(np.rot90(far))).save(folder / "far.png", exif=turned)
    Image.fromarray(background(80, 90)).save(folder / "clouds.png")
    names = ("near.jpg", "far.png", "clouds.png")
    arguments = [*(str(folder / name) for name in names), "--out", str(folder / "out"), "--head", "builtin"]
    assert main(["image", *arguments]) == 0
    return folder / "out"


def track_of(folder: Path, name: str) -> Track:
    track = read_track(folder / name / "track.npz")
    assert isinstance(track, Track), track
    return track


def test_every_photograph_with_a_face_has_its_folder(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["far", "near"]
    files = {path.name for path in (folder / "near").iterdir()}
    expected = {"head.obj", "head.mtl", "texture.png", "track.npz", "overlay.png", "aligned.png", "parsing.png"}
    assert files == {*expected, "photo.json"}
    assert {path.name for path in (folder / "far").iterdir()} == files | {"photo.png"}, "upright copy for Blender"


def test_they_share_one_identity_and_keep_their_own_lens(folder: Path) -> None:
    near, far = track_of(folder, "near"), track_of(folder, "far")
    np.testing.assert_allclose(near.identity, far.identity)
    assert near.intrinsics.focal_x == pytest.approx(600 * 70 / 36)
    assert far.intrinsics.focal_x == pytest.approx(700 * 50 / 36)
    assert near.header["focal"]["source"] == far.header["focal"]["source"] == "metadata"
    assert (far.intrinsics.width, far.intrinsics.height) == (700, 400)


@pytest.mark.parametrize("name", ["near", "far"])
def test_the_head_lies_over_the_face(folder: Path, name: str) -> None:
    track = track_of(folder, name)
    inside = track.vertices[0][track.faces[track.landmark_triangle]]
    places = np.einsum("nk,nkc->nc", track.landmark_barycentric, inside).astype(float)
    pixels = project(places @ rotation_matrices(track.head_rotation[0]).T + track.head_translation[0], track.intrinsics)
    eyes = np.linalg.norm(pixels[33] - pixels[263])
    assert np.median(np.linalg.norm(pixels - track.landmarks[0], axis=1)) / eyes < 0.03


def test_the_mesh_is_a_wavefront_file_with_texture(folder: Path) -> None:
    lines = (folder / "near" / "head.obj").read_text().splitlines()
    rows = {
        kind: [line.split()[1:] for line in lines if line.split()[0] == kind] for kind in ("v", "vt", "f", "mtllib")
    }
    track = track_of(folder, "near")
    np.testing.assert_allclose(np.array(rows["v"], float), track.vertices[0], atol=2e-7)
    assert len(rows["vt"]) == len(track.uv)
    corners = np.array([[corner.split("/") for corner in row] for row in rows["f"]], int) - 1
    np.testing.assert_array_equal(corners[..., 0], track.faces)
    np.testing.assert_array_equal(corners[..., 1], track.uv_faces)
    assert rows["mtllib"] == [["head.mtl"]]
    assert "texture.png" in (folder / "near" / "head.mtl").read_text()
    texture = np.asarray(Image.open(folder / "near" / "texture.png"))
    assert texture.shape[2] == 3 and texture.std() > 20


def test_parsing_and_numbers_say_where_they_come_from(folder: Path) -> None:
    numbers = json.loads((folder / "near" / "photo.json").read_text("utf-8"))
    assert numbers["focal"]["source"] == "metadata"
    assert "own parsing" in numbers["parsing"]["source"]
    assert {"skin", "nose", "hair", "left eye", "upper lip"} <= set(numbers["parsing"]["shares"])
    parsing = np.asarray(Image.open(folder / "near" / "parsing.png"))
    assert parsing.shape == (512, 512)
    assert (parsing == NAMES.index("skin")).mean() == pytest.approx(numbers["parsing"]["shares"]["skin"])


def test_no_face_at_all_is_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    Image.fromarray(background(80, 90)).save(tmp_path / "clouds.png")
    assert main(["image", str(tmp_path / "clouds.png"), "--out", str(tmp_path / "out"), "--events"]) == 1
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert events[-1]["event"] == "error" and "clouds.png" in events[-1]["sentence"]
    assert not (tmp_path / "out").exists()
