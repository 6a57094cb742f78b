"""The back of a filmed head, which no frame shows: it has the hair of the person, of whatever colour, or none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_clips import context, made_fit, made_landmarks

from backend.contract.camera import Intrinsics, project
from backend.contract.failure import Failure
from backend.contract.settings import TextureSettings, VideoSettings
from backend.contract.track import TRACKED
from backend.data.types import HeadPose
from backend.head.builtin import builtin_head
from backend.render.srgb import linear_from_srgb
from backend.sample.appearance import EYES, SKIN_TONES, brows, finished, linear, scalp, skin
from backend.sample.canvas import Canvas, make_canvas
from backend.sample.clip import make_clip
from backend.sample.people import person
from backend.stages import track as track_stage
from backend.stages import video as video_stage
from backend.texture.clip_texture import clip_texture
from backend.texture.hair import HairColours, under_hair

HEAD = builtin_head()
FRAMES = 4
FAINT = 0.05
"""Light that the eye hardly tells from none."""
RECEDED = 0.012
"""Metres by which the hairline is higher than usual, so that some of the scalp shows skin."""
COLOURS = {
    "grey": (150, 146, 142),
    "white": (205, 203, 200),
    "brown": (74, 50, 34),
    "blond": (190, 150, 95),
    "black": (24, 22, 24),
    "bald": None,
}


@pytest.fixture(scope="module")
def canvas() -> Canvas:
    return make_canvas(HEAD, 512)


def filmed(canvas: Canvas, hair: tuple[int, int, int] | None, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The texture that is baked of a painted person who hardly turns, and the painted one, both in linear light."""
    tone = linear(SKIN_TONES[3])
    colour = tone * 0.5 if hair is None else linear(hair)
    texture = brows(canvas, skin(canvas, tone, 1), colour, 1, 0.9)
    higher = replace(canvas, points=canvas.points - np.array([0, RECEDED, 0]))
    texture = texture if hair is None else scalp(higher, texture, colour, 1)
    appearance = finished(canvas, texture, linear(EYES[1]), linear((40, 50, 90)), 1)
    appearance = replace(appearance, hair=appearance.hair * (hair is not None))
    plan = person(HEAD, 1, width=480, height=360, frames=FRAMES, face_width=140, canvas=canvas)
    truth = make_clip(HEAD, replace(plan, appearance=appearance), folder / "clip.mp4", folder / "truth.npz")
    assert not isinstance(truth, Failure)
    pose = HeadPose(
        truth.identity, truth.expression, np.zeros((FRAMES, 3)), truth.jaw, truth.left_eye, truth.right_eye,
        np.zeros((FRAMES, 2)),
    )  # fmt: skip
    corners = truth.vertices[:, HEAD.faces[HEAD.landmarks.triangle]]
    positions = np.einsum("nk,tnkc->tnc", HEAD.landmarks.barycentric, corners)
    in_camera = positions @ np.swapaxes(truth.head_rotation, 1, 2) + truth.head_translation[:, None]
    points = project(in_camera, truth.intrinsics)
    landmarks = replace(made_landmarks(points, np.arange(FRAMES) / 30), width=480, height=360)
    status = np.full(FRAMES, TRACKED, np.int8)
    fit = made_fit(landmarks, truth.intrinsics, pose, truth.head_rotation, truth.head_translation, status)
    video = video_stage.run(VideoSettings(path=str(folder / "clip.mp4")), context(folder))
    assert not isinstance(video, Failure)
    track = track_stage.track_of(fit, HEAD, context(folder))
    baked = clip_texture(track, video, TextureSettings(frames=FRAMES), context(folder))
    assert not isinstance(baked, Failure)
    return linear_from_srgb(baked.picture), appearance.texture


def behind(texture: np.ndarray) -> np.ndarray:
    """The middle colour of the back of the head."""
    vertices = np.asarray(HEAD.regions["scalp"])
    vertices = vertices[HEAD.template[vertices, 2] < -0.06]
    texel = np.zeros((HEAD.vertex_count, 2))
    texel[HEAD.faces.reshape(-1)] = HEAD.uv[HEAD.uv_faces.reshape(-1)]
    column, row = (np.array([[0, 1]]) + texel[vertices] * [1, -1]).T * len(texture)
    return np.median(texture[row.astype(int), column.astype(int)], axis=0)


@pytest.mark.parametrize("name", COLOURS)
def test_the_back_of_the_head_has_the_colour_of_its_hair(canvas: Canvas, name: str, tmp_path: Path) -> None:
    baked, painted = filmed(canvas, COLOURS[name], tmp_path)
    away = np.log((behind(baked) + FAINT) / (behind(painted) + FAINT))
    light = away.mean()
    assert abs(light) < 0.4, "as bright as it is, up to what light and camera leave open"
    assert np.linalg.norm(away - light) < 0.28, "of its own hue"


def test_hair_is_seen_on_a_head_that_faces_the_camera():
    template, regions = HEAD.template, HEAD.regions
    camera = Intrinsics.centred(300, 300, 700)
    vertices = template * (1, -1, -1) + (0, 0, 0.8)
    picture = np.full((300, 300, 3), 0.1, np.float32)
    person = np.ones((300, 300), np.float32)
    person[:, 150:] = 0
    light = np.zeros((9, 3))
    light[0] = 1.0
    hair_colours = HairColours(template, HEAD.faces.astype(np.int32), regions)
    hair_colours.add(picture, person, vertices, camera, light)
    colour, count = hair_colours.mean()
    visible = count > 0
    assert visible.sum() > 40 and under_hair(template, regions)[visible].all()
    np.testing.assert_allclose(colour[visible], 0.1, rtol=1e-4)
    assert (project(vertices[visible], camera)[:, 0] < 155).all(), "nothing is taken from the background"
