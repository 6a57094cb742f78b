"""Light, exposure and albedo of a filmed head: found again where they are known, whatever a frame looks like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_clips import MadeClip, context, made_clip
from textured_heads import as_fit

from backend.contract.failure import Failure
from backend.contract.settings import VideoSettings
from backend.contract.shading import BUILT_IN_SPACE, Shading, light_terms
from backend.contract.track import Track
from backend.data.types import Fit, Video
from backend.head.albedo.albedo_space import AlbedoSpace, built_in_space, built_in_space_of_track, mode_names
from backend.head.builtin import builtin_head
from backend.lighting.clip_light import FRAME, clip_shading, lit_fit
from backend.lighting.light_solver import ClipLight, PointSpace, frame_shading, solve_light
from backend.lighting.skin_colours import SkinObservation
from backend.raster.normals import vertex_normals
from backend.raster.rasterizer_numba import NumbaRasterizer
from backend.render.srgb import linear_from_srgb, srgb_from_linear
from backend.stages import track as track_stage
from backend.stages import video as video_stage

HEAD = builtin_head()
SPACE = built_in_space(HEAD)
FRAMES = 10
LIGHT = np.outer([0.8, 0.25, -0.3, -0.3, 0.03, 0.0, 0.05, 0.0, 0.02], [1.0, 1.0, 1.0])
CODE = np.zeros(len(mode_names()))
CODE[[mode_names().index(name) for name in ("skin, melanin", "lips, blood", "cheeks, blood")]] = 0.8, 1.0, 0.7

Film = tuple[Fit, Video]


def filmed(folder: Path, gain: np.ndarray, clip: MadeClip, light: np.ndarray | None = None) -> Film:
    """A head in our own albedo under a light, each frame with a gain (T, 3), as stills; light (T, 9, 3) or `LIGHT`."""
    folder.mkdir(parents=True, exist_ok=True)
    colour = linear_from_srgb(np.rint(255 * SPACE.albedo(CODE)).astype(np.uint8)).astype(np.float64)
    faces = HEAD.faces.astype(np.int32)
    for frame in range(len(gain)):
        vertices = clip.in_camera(clip.vertices[frame], frame)
        raster = NumbaRasterizer(threads=1).rasterize(vertices, faces, clip.intrinsics)
        frame_light = LIGHT if light is None else light[frame]
        shade = np.maximum(light_terms(vertex_normals(vertices, faces)) @ frame_light, 0.02)
        picture = raster.interpolate(colour * shade, faces) * gain[frame]
        Image.fromarray(srgb_from_linear(picture)).save(folder / f"{frame:04d}.png")
    video = video_stage.run(VideoSettings(path=str(folder / "0000.png")), context(folder))
    assert isinstance(video, Video)
    return as_fit(clip, np.zeros(3)), video


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    return made_clip(FRAMES, yaw=0.5)


def shading_of(film: Film, folder: Path, light: str = "clip") -> Shading:
    fit, video = film
    result = clip_shading(fit, HEAD, video, SPACE, context(folder), light=light)
    assert result is not None and result[1] > 25
    return result[0]


def unlike(shading: Shading, frame: int, light: np.ndarray) -> float:
    """Mean relative difference of the brightness from the true one, over directions that a face shows."""
    normals = np.random.default_rng(0).normal(size=(400, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals = normals[normals[:, 2] < -0.5]
    true, estimated = (
        np.maximum(light_terms(normals) @ values, 0.02).mean(axis=1) for values in (light, shading.light[frame])
    )
    return float(np.abs(estimated / estimated.mean() / (true / true.mean()) - 1).mean())


def test_light_gain_and_skin_are_found_again(tmp_path: Path, clip: MadeClip):
    random = np.random.default_rng(0)
    gain = np.exp(random.uniform(-0.25, 0.25, (FRAMES, 1)) + random.uniform(-0.05, 0.05, (FRAMES, 3)))
    shading = shading_of(filmed(tmp_path, gain, clip), tmp_path)
    assert (
        shading.space == BUILT_IN_SPACE and shading.light.shape == (FRAMES, 9, 3) and shading.gain.shape == (FRAMES, 3)
    )
    assert (shading.light == shading.light[0]).all()
    assert unlike(shading, 0, LIGHT) < 0.04
    np.testing.assert_allclose(
        shading.gain / np.median(shading.gain, axis=0), gain / np.median(gain, axis=0), rtol=0.03
    )
    code = dict(zip(mode_names(), shading.albedo, strict=True))
    assert code["lips, blood"] > 0.4
    assert code["cheeks, blood"] > 0.3
    assert abs(code["brows, darker"]) < 0.5


def test_a_strobe_is_exposure_and_no_light(tmp_path: Path, clip: MadeClip):
    gain = np.where(np.arange(FRAMES)[:, None] % 2, 1.3, 0.25) * np.ones(3)
    shading = shading_of(filmed(tmp_path, gain, clip), tmp_path, FRAME)
    np.testing.assert_allclose(shading.gain / shading.gain[1], gain / gain[1], rtol=0.05)
    assert unlike(shading, 0, LIGHT) < 0.06 and unlike(shading, 1, LIGHT) < 0.06


def test_black_and_blown_out_frames_take_what_their_neighbours_have(tmp_path: Path, clip: MadeClip):
    gain = np.ones((FRAMES, 3))
    gain[3], gain[6] = 0.0, 60.0
    usual = shading_of(filmed(tmp_path / "usual", np.ones((FRAMES, 3)), clip), tmp_path)
    odd = shading_of(filmed(tmp_path / "odd", gain, clip), tmp_path)
    assert np.isfinite(odd.gain).all() and np.isfinite(odd.light).all()
    np.testing.assert_allclose(odd.gain[[3, 6]], odd.gain[[2, 5]], rtol=0.05)
    np.testing.assert_allclose(odd.light, usual.light, atol=0.03)
    np.testing.assert_allclose(odd.albedo, usual.albedo, atol=0.2)


def test_a_lamp_that_goes_round_is_followed_only_where_that_is_asked_for(tmp_path: Path, clip: MadeClip):
    moving = np.repeat(LIGHT[None], FRAMES, axis=0)
    moving[:, 1] = np.linspace(0.3, -0.3, FRAMES)[:, None]
    film = filmed(tmp_path, np.ones((FRAMES, 3)), clip, moving)
    by_frame, one = shading_of(film, tmp_path, FRAME), shading_of(film, tmp_path)
    for frame in (0, FRAMES - 1):
        assert unlike(by_frame, frame, moving[frame]) < 0.5 * unlike(one, frame, moving[frame])
    assert (np.diff(by_frame.light[:, 1].mean(axis=1)) < 0).all()


def test_a_coloured_lamp_tints_the_light_and_not_the_skin(tmp_path: Path, clip: MadeClip):
    warm = np.array([1.25, 1.0, 0.7])
    white = shading_of(filmed(tmp_path / "white", np.ones((FRAMES, 3)), clip), tmp_path)
    tinted = shading_of(filmed(tmp_path / "warm", np.tile(warm, (FRAMES, 1)), clip), tmp_path)
    hue = np.log(tinted.light[0, 0] / white.light[0, 0])
    assert hue[0] - hue[2] > 0.5 * np.log(warm[0] / warm[2])


def test_a_dark_film_leaves_the_fit_as_it_is_and_says_so(tmp_path: Path, clip: MadeClip):
    fit, video = filmed(tmp_path, np.zeros((FRAMES, 3)), clip)
    events: list[dict] = []
    listening = replace(context(tmp_path), emit=events.append)
    assert lit_fit(fit, HEAD, video, "clip", listening) is fit
    assert [event["code"] for event in events if event["event"] == "notice"] == ["light-unknown"]


def test_shading_reaches_the_track(tmp_path: Path, clip: MadeClip):
    fit, video = filmed(tmp_path, np.ones((FRAMES, 3)), clip)
    lit = lit_fit(fit, HEAD, video, "clip", context(tmp_path))
    assert lit.shading is not None and lit.report.shading is not None and lit.report.shading["space"] == SPACE.name
    assert lit.report.shading["psnr"] > 30
    track = track_stage.track_of(lit, HEAD, context(tmp_path))
    assert isinstance(track, Track) and not isinstance(track, Failure)
    assert track.shading is not None
    np.testing.assert_array_equal(track.shading.light, lit.shading.light)
    again: AlbedoSpace = built_in_space_of_track(track_stage.track_of(fit, HEAD, context(tmp_path)))
    assert np.abs(again.mean - SPACE.mean).max() < 0.3 and np.abs(again.mean - SPACE.mean).mean() < 0.01


def some_observation(gain: float, seed: int, light: np.ndarray) -> SkinObservation:
    """Two hundred points of one colour under a light."""
    random = np.random.default_rng(seed)
    normals = random.normal(size=(200, 3)) - (0, 0, 2)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    value = 0.4 * gain * np.maximum(light_terms(normals) @ light, 0.05)
    return SkinObservation(value.astype(np.float32), normals.astype(np.float32), np.ones((200, 3), np.float32))


def test_light_does_not_run_across_a_cut():
    plain, shot = np.ones(200, dtype=bool), np.array([0, 0, 0, 1, 1, 1])
    other = LIGHT * np.array([1, -1, 1, 1, 1, 1, 1, 1, 1])[:, None]
    observations = {frame: some_observation(1.0, frame, LIGHT if frame < 3 else other) for frame in range(6)}
    clip_light = ClipLight(LIGHT, np.full((200, 3), 0.4), np.zeros(0), 40.0)
    _, cut = frame_shading(observations, plain, clip_light, shot, light_by_frame=True)
    _, blended = frame_shading(observations, plain, clip_light, np.zeros(6, np.int64), light_by_frame=True)
    assert cut[2, 1].mean() - cut[3, 1].mean() > 2 * (blended[2, 1].mean() - blended[3, 1].mean())


def test_without_a_space_colours_are_held_near_one():
    observations = {frame: some_observation(1.0, frame, LIGHT) for frame in range(4)}
    estimated = solve_light(observations, np.ones(4), np.ones(200, dtype=bool), None)
    assert estimated.code.size == 0 and estimated.psnr > 35
    assert estimated.colour.std() < 0.05


def test_the_slope_of_a_space_is_its_derivative():
    space = PointSpace(SPACE.mean[::50], SPACE.basis[::50])
    value, slope = space.logarithm(CODE)
    step = 1e-5 * np.random.default_rng(0).normal(size=len(CODE))
    np.testing.assert_allclose(space.logarithm(CODE + step)[0] - value, slope @ step, atol=1e-7)
