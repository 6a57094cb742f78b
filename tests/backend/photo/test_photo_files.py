"""Picture files of every kind that people have: read as they are meant to be seen, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from portrait_clips import FACE_WIDTH, background, placement, portrait, put

from backend.cli.main import main
from backend.contract.failure import Failure
from backend.contract.settings import FaceSettings
from backend.landmarks.networks import Networks, find_networks
from backend.photo import read
from backend.photo.fitting import silent_context
from backend.photo.people import chosen_face
from backend.photo.read import Photo, read_photo

COLOURS = np.array(
    [[[200, 30, 40], [20, 180, 60], [40, 60, 220]], [[250, 250, 10], [5, 5, 5], [128, 128, 128]]], np.uint8
)


def read_well(path: Path) -> Photo:
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
    photo = read_well(tmp_path / "é.png")
    np.testing.assert_array_equal(photo.pixels, COLOURS)
    assert photo.altered == (orientation != 1)


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    layer = np.dstack([COLOURS, np.array([[255, 0, 255], [0, 255, 255]], np.uint8)])
    Image.fromarray(layer).save(tmp_path / "a.png")
    photo = read_well(tmp_path / "a.png")
    np.testing.assert_array_equal(photo.pixels[0, 1], 255)
    np.testing.assert_array_equal(photo.pixels[0, 0], COLOURS[0, 0])
    assert photo.altered


@pytest.mark.parametrize(("mode", "name"), [("CMYK", "a.jpg"), ("L", "a.png"), ("P", "a.png"), ("1", "a.png")])
def test_other_colour_modes_become_rgb(mode: str, name: str, tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8, 3), 255, np.uint8)).convert(mode).save(tmp_path / name)
    np.testing.assert_array_equal(read_well(tmp_path / name).pixels, np.full((8, 8, 3), 255))


@pytest.mark.parametrize("name", ["grey.png", "grey.tif", "colour.png", "colour.tif", "clear.png"])
def test_16_bits_become_8_by_the_same_curve(name: str, tmp_path: Path) -> None:
    values = np.array([[0, 32896, 65535]], np.uint16)
    layers = {"grey": 1, "colour": 3, "clear": 4}[Path(name).stem]
    stored = values if layers == 1 else np.dstack([values] * 3 + [np.full_like(values, 65535)] * (layers - 3))
    assert cv2.imwrite(str(tmp_path / name), stored)
    pixels = read_well(tmp_path / name).pixels
    np.testing.assert_array_equal(pixels, np.repeat([[[0], [128], [255]]], 3, axis=2))


def test_colours_of_other_profiles_become_srgb(tmp_path: Path) -> None:
    """A profile that is sRGB by another name changes no colour; its file counts as altered, for Blender reads none."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    renamed = profile.replace("sRGB".encode("utf-16-be"), "abcd".encode("utf-16-be")).replace(b"sRGB", b"abcd")
    Image.fromarray(COLOURS).save(tmp_path / "plain.png", icc_profile=profile)
    Image.fromarray(COLOURS).save(tmp_path / "other.png", icc_profile=renamed)
    assert not read_well(tmp_path / "plain.png").altered
    other = read_well(tmp_path / "other.png")
    assert other.altered
    assert np.abs(other.pixels.astype(int) - COLOURS).max() <= 2


def test_a_damaged_profile_leaves_the_colours_as_they_are_stored(tmp_path: Path) -> None:
    Image.fromarray(COLOURS).save(tmp_path / "a.png", icc_profile=b"no profile")
    np.testing.assert_array_equal(read_well(tmp_path / "a.png").pixels, COLOURS)


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
    assert read_well(tmp_path / "a.jpg").focal_35mm == pytest.approx(expected)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (None, "photo-not-found", "no file"),
        (b"", "photo-unreadable", "empty"),
        (b"no picture", "photo-unreadable", "no picture of a kind"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "photo-unreadable", "no picture of a kind"),
    ],
)
def test_what_is_no_picture_is_a_sentence(content: bytes | None, code: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    failure = read_photo(path)
    assert isinstance(failure, Failure)
    assert failure.code == code and "a.png" in failure.sentence and words in failure.sentence


def test_a_photograph_that_ends_early_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "half.jpg"
    Image.fromarray(portrait()).save(path)
    path.write_bytes(path.read_bytes()[:20000])
    failure = read_photo(path)
    assert isinstance(failure, Failure)
    assert "half.jpg is damaged" in failure.sentence


def test_a_folder_is_no_photograph(tmp_path: Path) -> None:
    failure = read_photo(tmp_path)
    assert isinstance(failure, Failure) and "folder" in failure.sentence


def test_more_pixels_than_any_camera_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "LARGEST", 5)
    Image.fromarray(COLOURS).save(tmp_path / "huge.png")
    failure = read_photo(tmp_path / "huge.png")
    assert isinstance(failure, Failure) and failure.code == "photo-too-large"


@pytest.fixture(scope="module")
def networks() -> Networks:
    files = find_networks("", Path("no models"))
    assert not isinstance(files, Failure), files
    return Networks(files)


def found_in(networks: Networks, picture: np.ndarray, choice: FaceSettings, told: list[str]):
    context = silent_context(Path(), lambda event: told.append(event["sentence"]))
    return chosen_face(networks, picture, "group.png", choice, context)


def test_of_several_faces_the_largest_is_taken_unless_another_is_chosen(networks: Networks) -> None:
    both = np.concatenate(
        [put(background(400, 400), placement(200, 200, 90)), put(background(400, 500), placement(250, 200, 150))],
        axis=1,
    )
    told: list[str] = []
    largest = found_in(networks, both, FaceSettings(), told)
    second = found_in(networks, both, FaceSettings(choose="number", number=1), told)
    nearest = found_in(networks, both, FaceSettings(choose="nearest", point_x=0.1, point_y=0.5), told)
    assert [round(face.region.centre_x / 900, 1) for face in (largest, second, nearest)] == [0.7, 0.2, 0.2]
    assert told == ["There are 2 faces in group.png; the largest is taken."], "who has chosen is not told"
    missing = found_in(networks, both, FaceSettings(choose="number", number=2), told)
    assert isinstance(missing, Failure)
    assert missing.sentence == "group.png shows only 2 faces."


@pytest.mark.parametrize(("height", "width", "face"), [(64, 64, 28), (7300, 5500, 2400)])
def test_faces_are_found_in_64_pixels_and_in_40_megapixels(
    networks: Networks, height: int, width: int, face: int
) -> None:
    picture = cv2.warpAffine(
        portrait(), placement(width / 2, height / 2, face), (width, height), borderMode=cv2.BORDER_REPLICATE
    )
    distances = []
    for shown in (picture, portrait()):
        found = found_in(networks, shown, FaceSettings(), [])
        assert not isinstance(found, Failure), found
        distances.append(np.linalg.norm(found.points[468, :2] - found.points[473, :2]))
    assert distances[0] / face == pytest.approx(distances[1] / FACE_WIDTH, rel=0.05)


@pytest.mark.parametrize("shade", [0, 255])
def test_black_and_blown_out_pictures_have_no_face(networks: Networks, shade: int) -> None:
    failure = found_in(networks, np.full((300, 300, 3), shade, np.uint8), FaceSettings(), [])
    assert isinstance(failure, Failure)
    assert failure.code == "no-face" and "group.png" in failure.sentence


def test_a_photograph_that_cannot_be_used_costs_nothing(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    """One sentence, a code that is not zero, and what was there stays as it was."""
    Image.fromarray(background(80, 90)).save(tmp_path / "clouds.png")
    kept = tmp_path / "out" / "clouds" / "mine.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    arguments = ["image", str(tmp_path / "clouds.png"), "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "c")]
    assert main(arguments) == 1
    told = capfd.readouterr().err
    assert "No face was found in clouds.png." in told and "Traceback" not in told
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == [kept]
    assert main([*arguments[:1], str(tmp_path / "nothing.jpg"), *arguments[2:]]) == 1
    assert "There is no file" in capfd.readouterr().err
