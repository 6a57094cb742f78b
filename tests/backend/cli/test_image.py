"""Photographs: read as they are meant to be seen, fitted together, written so that other programs can use them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from portrait_clips import background, placement, portrait, put

from backend.cli.image import KINDS, portrait_job
from backend.cli.main import main
from backend.contract.camera import project, rotation_matrices
from backend.contract.job import STAGES, parse_job
from backend.contract.track import Track, read_track
from backend.parsing.classes import NAMES


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
    assert main(command(folder)) == 0
    return folder / "out"


def command(folder: Path, *names: str) -> list[str]:
    photographs = [str(folder / name) for name in names or ("near.jpg", "far.png", "clouds.png")]
    return ["image", *photographs, "--out", str(folder / "out"), "--cache", str(folder / "cache"), "--head", "builtin"]


def track_of(folder: Path, name: str) -> Track:
    track = read_track(folder / name / "track.npz")
    assert isinstance(track, Track), track
    return track


def test_every_photograph_with_a_face_has_its_folder(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["far", "near"]
    files = {path.name for path in (folder / "near").iterdir()}
    expected = {
        "head.obj",
        "head.mtl",
        "texture.png",
        "track.npz",
        "overlay.png",
        "aligned.png",
        "parsing.png",
        "parsing_colours.png",
        "rendered.png",
    }
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


def test_the_textured_head_in_the_light_of_the_photograph_looks_like_it(folder: Path) -> None:
    shown, drawn, parsing = (
        np.asarray(Image.open(folder / "near" / f"{n}.png")) for n in ("aligned", "rendered", "parsing")
    )
    skin = parsing == NAMES.index("skin")
    away = np.abs(shown.astype(int) - drawn)[skin].mean(axis=1)
    assert (away > 0).mean() > 0.9, "it is drawn over the photograph"
    assert np.median(away) < 10


def test_parsing_and_numbers_say_where_they_come_from(folder: Path) -> None:
    numbers = json.loads((folder / "near" / "photo.json").read_text("utf-8"))
    assert numbers["focal"]["source"] == "metadata"
    assert "own parsing" in numbers["parsing"]["source"]
    assert {"skin", "nose", "hair", "left eye", "upper lip"} <= set(numbers["parsing"]["shares"])
    path = folder / "near" / "parsing.png"
    parsing = np.asarray(Image.open(path))
    assert parsing.shape == (512, 512)
    as_opencv_reads_it = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert as_opencv_reads_it.shape == (512, 512) and (as_opencv_reads_it == parsing).all()
    assert Image.open(folder / "near" / "parsing_colours.png").size == (512, 512)
    assert (parsing == NAMES.index("skin")).mean() == pytest.approx(numbers["parsing"]["shares"]["skin"])


def test_a_second_run_does_nothing_again(folder: Path, capfd: pytest.CaptureFixture) -> None:
    def looks() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    before = looks()
    assert main(command(folder.parent)) == 0
    lines = capfd.readouterr().err.splitlines()
    assert all("reused" in line for line in lines if line.startswith(("Landmarks", "Fit", "Portraits")))
    assert lines[-2:] == [f"  {folder / 'near'}", f"  {folder / 'far'}"]
    assert looks() == before


def test_a_photograph_of_another_name_gets_a_folder_of_its_own(folder: Path, capfd: pytest.CaptureFixture) -> None:
    """What was found in it is not sought again."""
    shutil.copy(folder.parent / "near.jpg", folder.parent / "close.jpg")
    assert main(command(folder.parent, "close.jpg", "far.png", "clouds.png")) == 0
    reused = [line.split()[0] for line in capfd.readouterr().err.splitlines() if " reused " in line]
    assert {"Landmarks", "Fit"} <= set(reused) and "Portraits" not in reused
    assert json.loads((folder / "close" / "photo.json").read_text("utf-8"))["photo"] == "close.jpg"
    assert track_of(folder, "close").header["video"]["name"] == "close.jpg"
    shutil.rmtree(folder / "close")


def test_the_copies_of_one_size_are_gone_in_the_end(folder: Path) -> None:
    left = [path for path in folder.parent.rglob("*") if path.name.startswith(("photograph-", "copies-"))]
    assert left == []


def test_a_folder_of_somebody_else_is_left_alone(folder: Path, capfd: pytest.CaptureFixture) -> None:
    mine = folder.parent / "other" / "near" / "head.obj"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    arguments = command(folder.parent)
    arguments[arguments.index("--out") + 1] = str(folder.parent / "other")
    assert main(arguments) == 1
    assert f"{mine} already exists and was not written by this program." in capfd.readouterr().err
    assert [path for path in (folder.parent / "other").rglob("*") if path.is_file()] == [mine]


def test_its_job_can_be_written_and_read() -> None:
    settings = {kind: STAGES[kind].settings() for kind in ("photographs", *KINDS)}
    job = portrait_job(settings, Path("out"))
    assert parse_job(job.to_json()) == job
