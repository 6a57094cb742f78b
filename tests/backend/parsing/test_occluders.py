"""Pixels of the face's own skin: painted occluders are found, bare skin is not taken for one."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from synthetic_clips import MadeClip, made_clip
from textured_heads import as_fit

from backend.appearance.bare_skin import BareSkin
from backend.contract.camera import project
from backend.fit.geometry.surface_samples import choose_samples
from backend.parsing import classes
from backend.parsing.atlas import Atlas, make_atlas
from backend.parsing.occluders import FaceColours, PosedPicture, learn_face_colours
from backend.raster.normals import vertex_normals
from backend.raster.rasterizer_numba import NumbaRasterizer

FRAMES = 12
COVERED = range(4, 7)
"""Frames in which something passes before the face."""
SKIN = np.array([205.0, 150.0, 125.0])
RIGHT_CHEEK, RIGHT_EYE, LEFT_EYE, MOUTH, RIGHT_EAR = 50, (33, 133), (263, 362), 17, 234


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    return made_clip(FRAMES, yaw=0.3, focal=1000.0)


@pytest.fixture(scope="module")
def atlas(clip: MadeClip) -> Atlas:
    return make_atlas(clip.vertices[0], clip.head.faces, clip.head.regions)


@pytest.fixture(scope="module")
def bare(clip: MadeClip) -> list[PosedPicture]:
    return [posed_picture(clip, frame) for frame in range(FRAMES)]


def posed_picture(clip: MadeClip, frame: int) -> PosedPicture:
    """A head with freckles, lips, brows and short hair, lit from the left, before a grey wall."""
    head, random = clip.head, np.random.default_rng(0)
    tone = SKIN * (1 + 0.03 * random.normal(size=(head.vertex_count, 1)))
    for name, colour in (("lips", (180, 85, 85)), ("left_eyebrow", (70, 50, 40)), ("right_eyebrow", (70, 50, 40)),
                         ("scalp", (60, 45, 38)), ("left_eyeball", (230, 230, 230))):  # fmt: skip
        tone[head.regions[name]] = colour
    vertices = clip.in_camera(clip.vertices[frame], frame)
    light = 0.75 - 0.25 * vertex_normals(vertices, head.faces) @ np.array([0.7, 0.2, 0.7])
    raster = NumbaRasterizer(threads=1).rasterize(vertices, head.faces, clip.intrinsics)
    shown = raster.interpolate(tone * light[:, None], head.faces)
    picture = np.where((raster.ids >= 0)[..., None], shown, 120) + random.normal(scale=2, size=shown.shape)
    return PosedPicture(np.clip(picture, 0, 255).astype(np.uint8), clip.intrinsics, vertices)


def landmark(clip: MadeClip, posed: PosedPicture, number: int) -> np.ndarray:
    embedding = clip.head.landmarks
    corners = posed.vertices[clip.head.faces[embedding.triangle[number]]]
    return project((embedding.barycentric[number] @ corners)[None], posed.camera)[0]


def painted(clip: MadeClip, posed: PosedPicture, kind: str) -> tuple[PosedPicture, np.ndarray]:
    """The look with something before the face, and where that is."""
    where = np.zeros(posed.picture.shape[:2], dtype=np.uint8)

    def at(number: int) -> tuple[int, int]:
        x, y = landmark(clip, posed, number)
        return round(x), round(y)

    width = abs(at(RIGHT_EYE[0])[0] - at(LEFT_EYE[0])[0])
    colour = np.array([30.0, 30.0, 34.0])
    if kind == "patch":
        cv2.circle(where, at(RIGHT_CHEEK), width // 3, (1,), -1)
        colour = np.array([60.0, 110.0, 70.0])
    elif kind == "glasses":
        for corners in (RIGHT_EYE, LEFT_EYE):
            middle = (np.array(at(corners[0])) + at(corners[1])) // 2
            cv2.ellipse(where, middle.tolist(), (int(0.34 * width), int(0.27 * width)), 0, 0, 360, (1,), width // 16)
    elif kind == "microphone":
        tip = (at(MOUTH)[0] - width // 3, at(MOUTH)[1])
        cv2.line(where, tip, at(RIGHT_EAR), (1,), max(width // 18, 2))
        cv2.circle(where, tip, width // 7, (1,), -1)
    else:  # a hand: three fingers of skin
        colour = SKIN * [0.68, 0.64, 0.62]
        for finger in range(3):
            x, y = at(MOUTH)
            y -= finger * width // 6
            cv2.line(where, (x - width // 2, y), (x + width // 4, y - width // 12), (1,), width // 6)
    picture = posed.picture.copy()
    shade = 1 + 0.1 * np.sin(np.arange(len(picture)) * 40 / width)[:, None, None]
    picture[where > 0] = np.clip(colour * shade, 0, 255).repeat(picture.shape[1], axis=1)[where > 0]
    return replace(posed, picture=picture), where > 0


def face_pixels(clip: MadeClip, atlas: Atlas, posed: PosedPicture) -> np.ndarray:
    """Where the skin of the face is, as the mesh has it."""
    face = np.zeros(clip.head.vertex_count, dtype=bool)
    face[clip.head.regions["face"]] = True
    face &= atlas.skin
    raster = NumbaRasterizer(threads=1).rasterize(posed.vertices, clip.head.faces, posed.camera)
    shown = (raster.ids >= 0) & face[clip.head.faces].all(axis=1)[raster.ids]
    return cv2.erode(shown.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0


def test_bare_skin_of_a_turning_head_stays(clip: MadeClip, atlas: Atlas, bare: list[PosedPicture]) -> None:
    known = learn_face_colours(atlas, bare)
    for posed in bare[::3]:
        free = known.skin_mask(posed)
        assert free.shape == posed.picture.shape[:2] and free.dtype == np.float32
        assert (free[face_pixels(clip, atlas, posed)] > 0.5).mean() > 0.9
        assert free[:5].max() == 0, "the wall is nobody's skin"


@pytest.mark.parametrize(("kind", "passing", "found"), [
    ("patch", True, 0.95), ("hand", True, 0.6), ("glasses", False, 0.6), ("microphone", False, 0.8),
])  # fmt: skip
def test_most_of_an_occluder_counts_less_and_most_of_the_skin_does_not(
    kind: str, passing: bool, found: float, clip: MadeClip, atlas: Atlas, bare: list[PosedPicture]
) -> None:
    nowhere = np.zeros(bare[0].picture.shape[:2], bool)
    both = [
        painted(clip, posed, kind) if not passing or frame in COVERED else (posed, nowhere)
        for frame, posed in enumerate(bare)
    ]
    known = learn_face_colours(atlas, [posed for posed, _ in both])
    for posed, where in [both[frame] for frame in COVERED]:
        free, face = known.skin_mask(posed), face_pixels(clip, atlas, posed)
        near = cv2.dilate(where.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        assert (free[where & face] < 0.5).mean() > found
        assert (free[face & ~near] > 0.5).mean() > 0.85


def test_what_shall_not_count_is_no_skin_and_its_colours_are_not_learned(
    clip: MadeClip, atlas: Atlas, bare: list[PosedPicture]
) -> None:
    """A sticker of the colour of skin that stays on the cheek through the whole clip, drawn as an area."""
    covered = [painted(clip, posed, "patch") for posed in bare]
    hidden = [replace(posed, hidden=where.astype(bool)) for posed, where in covered]
    known = learn_face_colours(atlas, hidden)
    for posed in hidden[::3]:
        assert known.skin_mask(posed)[posed.hidden].max() < 0.5
    free, face = known.skin_mask(bare[0]), face_pixels(clip, atlas, bare[0])
    assert (free[face & ~hidden[0].hidden] > 0.5).mean() > 0.9


def test_hair_is_not_skin(clip: MadeClip, atlas: Atlas, bare: list[PosedPicture]) -> None:
    known = learn_face_colours(atlas, bare)
    scalp = np.zeros(clip.head.vertex_count, dtype=bool)
    scalp[clip.head.regions["scalp"]] = True
    raster = NumbaRasterizer(threads=1).rasterize(bare[0].vertices, clip.head.faces, bare[0].camera)
    hair = (raster.ids >= 0) & scalp[clip.head.faces].all(axis=1)[raster.ids]
    assert (known.skin_mask(bare[0])[hair] < 0.5).mean() > 0.9


@pytest.mark.parametrize("value", [0, 255])
def test_black_and_burnt_out_frames_show_no_skin_and_spoil_nothing(
    value: int, clip: MadeClip, atlas: Atlas, bare: list[PosedPicture]
) -> None:
    flat = replace(bare[5], picture=np.full_like(bare[5].picture, value))
    known = learn_face_colours(atlas, [*bare[:5], flat, *bare[6:]])
    assert known.skin_mask(flat).max() == 0
    assert (known.skin_mask(bare[0])[face_pixels(clip, atlas, bare[0])] > 0.5).mean() > 0.9


def test_exposure_and_white_balance_do_not_matter(clip: MadeClip, atlas: Atlas, bare: list[PosedPicture]) -> None:
    known = learn_face_colours(atlas, bare)
    tinted = np.clip(bare[2].picture * np.array([0.7, 0.6, 0.5]), 0, 255).astype(np.uint8)
    free = known.skin_mask(replace(bare[2], picture=tinted))
    assert (free[face_pixels(clip, atlas, bare[2])] > 0.5).mean() > 0.9


def test_classes_of_a_network_are_believed(clip: MadeClip, atlas: Atlas, bare: list[PosedPicture]) -> None:
    """A network that calls everything in the upper half of the head hair, and the rest skin."""

    def parse(picture: np.ndarray) -> np.ndarray:
        result = np.full(picture.shape[:2], classes.SKIN)
        result[: len(picture) // 2] = classes.HAIR
        return result

    known = learn_face_colours(atlas, bare, parse)
    free = known.skin_mask(bare[0])
    chin = landmark(clip, bare[0], 152)
    nose = landmark(clip, bare[0], 4)
    forehead = landmark(clip, bare[0], 10)
    above = face_pixels(clip, atlas, bare[0])
    rows = np.arange(len(free))[:, None]
    top, middle = rows < forehead[1] + 20, (rows > nose[1] + 15) & (rows < chin[1] - 5)
    assert free[above & top].mean() < 0.2 < 0.8 < free[above & middle].mean()


def test_a_photograph_and_a_head_beside_the_picture(clip: MadeClip, atlas: Atlas, bare: list[PosedPicture]) -> None:
    known = learn_face_colours(atlas, bare[:1])
    assert isinstance(known, FaceColours)
    assert (known.skin_mask(bare[0])[face_pixels(clip, atlas, bare[0])] > 0.5).mean() > 0.9
    away = replace(bare[0], vertices=bare[0].vertices + np.array([5.0, 0, 0]))
    assert known.skin_mask(away).max() == 0


def test_points_of_the_surface_under_an_occluder_tell_appearance_nothing(
    clip: MadeClip, atlas: Atlas, bare: list[PosedPicture]
) -> None:
    samples = choose_samples(clip.head, 800)
    skin = BareSkin(as_fit(clip, np.zeros(3)), clip.head, samples, learn_face_colours(atlas, bare))
    hidden, where = painted(clip, bare[5], "patch")
    before, after = skin.at(5, bare[5].picture), skin.at(5, hidden.picture)
    assert before.shape == (800,)
    pixels = np.rint(project(samples.at(bare[5].vertices, clip.head.faces), bare[5].camera)).astype(int)
    under = where[pixels[:, 1], pixels[:, 0]]
    assert under.sum() > 20
    assert before[under].mean() > 0.4 > 0.05 > after[under].mean()
    assert np.abs(after[~under] - before[~under]).mean() < 0.1
